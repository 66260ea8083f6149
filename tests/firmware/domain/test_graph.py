import pytest

from firmware.domain.graph import DEPTH_MAX, Add, Arc, DomainError, Graph, Kind, Multiply, Network, Word

YES = Word("yes", (("Y", "EH", "S"),))
SAY_YES = (Arc(0, 1, Kind.WORD, 0),)


def call(label: int, slot: str | None = None) -> Arc:
    return Arc(0, 1, Kind.CALL, label, 0.0, slot)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: Word("", (("Y",),)), "a word is empty"),
        (lambda: Word("x" * 64, (("Y",),)), "64 bytes; at most 63"),
        (lambda: Word("a\nb", (("Y",),)), "cannot be shown"),
        (lambda: Word(" a", (("Y",),)), "blanks around it"),
        (lambda: Word("\ud800", (("Y",),)), "half a surrogate pair"),
        (lambda: Word("yes", ()), "no pronunciation"),
        (lambda: Word("yes", ((),)), "0 phonemes"),
        (lambda: Word("yes", (("Y",) * 33,)), "33 phonemes"),
        (lambda: Word("yes", (("EH1",),)), "'EH1', in 'yes', is no ARPAbet phoneme"),
        (lambda: Add(-1), "cannot add -1"),
        (lambda: Multiply(0), "cannot multiply by 0"),
        (lambda: Arc(0, 1, Kind.WORD, 0, float("inf")), "costs inf"),
        (lambda: Arc(0, 1, Kind.WORD, 0, 0.0, "place"), "calls no network"),
        (lambda: Arc(0, 1, Kind.EPSILON, 1), "must be 0"),
        (lambda: Network("n", 0, {0: 0.0}, ()), "needs a start"),
        (lambda: Network("n", 1, {}, ()), "no final state"),
        (lambda: Network("n", 1, {1: 0.0}, ()), "is state 1; it has 0 to 0"),
        (lambda: Network("n", 1, {0: float("nan")}, ()), "costs nan"),
        (lambda: Network("n", 2, {1: 0.0}, (Arc(0, 2, Kind.WORD),)), "target in network 'n' is state 2"),
        (lambda: Graph("d", (), ()), "no network"),
        (lambda: Graph("d", (), (Network("n", 2, {1: 0.0}, SAY_YES),)), "is word 0; there are 0"),
        (lambda: Graph("d", (YES,), (Network("n", 2, {1: 0.0}, (call(1),)),)), "calls network 1; there are 1"),
    ],
)
def test_what_makes_no_sense_is_refused(made, says):
    with pytest.raises(DomainError, match=says):
        made()


def test_recursion_is_refused():
    networks = (Network("a", 2, {1: 0.0}, (call(1),)), Network("b", 2, {1: 0.0}, (*SAY_YES, call(0))))
    with pytest.raises(DomainError, match="'a' calls itself"):
        Graph("d", (YES,), networks)


def test_a_circle_without_a_word_is_refused():
    circle = Network("n", 2, {1: 0.0}, (Arc(0, 1, Kind.EPSILON), Arc(1, 0, Kind.EPSILON)))
    with pytest.raises(DomainError, match="circle without a word"):
        Graph("d", (YES,), (circle,))


def test_a_circle_through_a_call_that_may_be_empty_is_refused():
    maybe = Network("maybe", 2, {0: 0.0, 1: 0.0}, SAY_YES)
    loop = Network("loop", 1, {0: 0.0}, (Arc(0, 0, Kind.CALL, 1),))
    with pytest.raises(DomainError, match="'loop' goes round in a circle"):
        Graph("d", (YES,), (loop, maybe))


def test_calls_may_be_nested_so_deep_and_no_deeper():
    def nested(depth: int) -> tuple[Network, ...]:
        inner = [Network(f"n{i}", 2, {1: 0.0}, (call(i + 1),)) for i in range(depth - 1)]
        return (*inner, Network("last", 2, {1: 0.0}, SAY_YES))

    Graph("d", (YES,), nested(DEPTH_MAX))
    with pytest.raises(DomainError, match=f"called {DEPTH_MAX + 1} deep"):
        Graph("d", (YES,), nested(DEPTH_MAX + 1))
