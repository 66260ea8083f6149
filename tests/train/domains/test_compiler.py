"""The compiler: probabilities, values, what is shared, and that the graph says what the text says."""

import math
import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordy import phrases

from firmware.domain.binary import BYTES_MAX, decode
from firmware.domain.graph import Kind
from train.domains.automaton import Automaton, compact
from train.domains.build import build_text, contexts
from train.domains.sampling import accepted
from train.numerals import cardinal


def graph(text):
    return build_text("some", "some.txt", text.encode()).graph


def probability(built, sentence):
    found = accepted(built, sentence)
    return math.exp(-found.cost) if found else 0.0


NUMBERS = graph("@use numbers\n{number}\npay {number} dollars")


def test_every_number_to_9999_comes_back_in_digits():
    for number in [*range(130), *range(197, 9999, 37), 1000, 2000, 2005, 2100, 9999]:
        for said in {cardinal(number), cardinal(number, conjunction=True)}:
            assert accepted(NUMBERS, said).slots == (("number", str(number)),), said
    assert accepted(NUMBERS, "pay a hundred dollars").slots == (("number", "100"),)
    assert accepted(NUMBERS, "twelve hundred fifty").slots == (("number", "1250"),)
    assert accepted(NUMBERS, "fifty hundred") is None


def test_every_state_s_ways_sum_to_one():
    """What calls lead to counts as one: networks are normalised by themselves."""
    built = graph(
        "@use numbers, times, dates, prices\nat {time}\n[on] <date>\n{price} (a *3 | b)\n<digit>+ *2\n"
        "x{2,} [y *0.5] z\n{number}"
    )
    for network in built.networks:
        leaving = [0.0] * network.states
        for arc in network.arcs:
            leaving[arc.source] += math.exp(-arc.cost)
        for state, cost in network.finals.items():
            leaving[state] += math.exp(-cost)
        assert leaving == pytest.approx([1.0] * network.states, abs=0.1)  # merged states agree to a cost's step
        assert leaving[0] == pytest.approx(1.0, abs=0.01)


def test_weights_and_optionals_are_what_the_manual_says():
    built = graph("say (a *3 | b)\nthank you [now *3]\nstop *2")
    assert probability(built, "say a") == pytest.approx(3 * probability(built, "say b"))
    assert probability(built, "thank you now") == pytest.approx(3 * probability(built, "thank you"))
    # Roots of the sentences: 2, 2, and 1 times the weight.
    whole = 2 * math.sqrt(2) + 2
    assert probability(built, "stop") == pytest.approx(2 / whole)
    times = graph("<d>{2,4}\n<d> = one")
    assert [probability(times, " ".join(["one"] * n)) for n in range(1, 6)] == pytest.approx(
        [0, 1 / 3, 1 / 3, 1 / 3, 0]
    )


def test_the_same_phrase_twice_is_as_likely_as_both():
    assert probability(graph("a\na\nb"), "a") == pytest.approx(2 / 3)


def test_lists_of_many_uses_are_called_and_others_stand_where_they_are_used():
    cities = "<city> = " + " | ".join(f"{a} {b}" for a in ("new", "old", "big") for b in ("york", "town", "rome"))
    few = graph(f"go to <city>\n{cities}")
    many = graph("\n".join(f"{cardinal(n)} <city>" for n in range(60)) + "\n" + cities)
    assert [network.name for network in few.networks] == ["phrases"]
    assert [network.name for network in many.networks] == ["phrases", "city"]
    # Calls that come back to the same place are one: all sixty share their end.
    assert contexts(decode(build_text("x", "x", b"go {city} now\nrun {city} now\n<city> = a | b").binary)) == 2


def test_words_of_no_slot_are_plain_ones_and_share_their_arcs():
    built = graph("@use numbers\n<number>\n<digit>\n{number} now")
    assert {word.value for word in built.words if word.text == "seven"} == {None, *graph_values("seven")}
    root = built.networks[0]
    assert (
        sum(built.words[arc.label].text == "seven" for arc in root.arcs if arc.kind == Kind.WORD and arc.source == 0)
        == 1
    )


def graph_values(text):
    return {word.value for word in NUMBERS.words if word.text == text and word.value is not None}


def test_a_value_of_several_words_is_given_once():
    built = graph("to {city}\n<city> = [the] big apple => NYC | (los angeles | l.a.) => LA | paris")
    assert accepted(built, "to the big apple").slots == (("city", "NYC"),)
    assert accepted(built, "to los angeles").slots == (("city", "LA"),)
    assert accepted(built, "to paris").slots == (("city", "paris"),)


def test_a_thousand_words_and_five_hundred_phrases_fit_and_take_seconds():
    text = phrases(500, 1000).encode()
    started = time.process_time()
    built = build_text("some", "some.txt", text)
    assert time.process_time() - started < 5
    assert len({word.text for word in built.graph.words}) >= 1000
    assert built.phrases >= 500
    assert len(built.binary) <= BYTES_MAX


# Pieces of an expression: the text, its sentences with their probability, and how many ways it counts.
LEAVES = st.sampled_from("abc").map(lambda letter: (letter, {(letter,): 1.0}, 1))


def joined(left, right):
    found = {}
    for (a, p), (b, q) in product(left[1].items(), right[1].items()):
        found[a + b] = found.get(a + b, 0.0) + p * q
    return f"{left[0]} {right[0]}", found, left[2] * right[2]


def chosen(left, right):
    weights = [math.sqrt(left[2]), math.sqrt(right[2])]
    found = {}
    for piece, weight in zip((left, right), weights, strict=True):
        for words, p in piece[1].items():
            found[words] = found.get(words, 0.0) + p * weight / sum(weights)
    return f"({left[0]} | {right[0]})", found, left[2] + right[2]


def maybe(piece):
    found = {words: p / 2 for words, p in piece[1].items()}
    found[()] = found.get((), 0.0) + 0.5
    return f"[{piece[0]}]", found, 1 + piece[2]


TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, inner).map(lambda pair: chosen(*pair))
        | st.tuples(inner, inner).map(lambda pair: joined(*pair))
        | inner.map(maybe)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(TREES, TREES)
def test_the_graph_gives_every_sentence_its_probability(left, right):
    """Against all sentences of the expression, enumerated, with their probabilities added up."""
    text, sentences, _ = joined(left, right)
    built = graph(f"x {text}")
    assert len(built.networks) == 1
    total = 0.0
    for words, p in sentences.items():
        found = sum_of_paths(built, ["x", *words])
        assert found == pytest.approx(p, rel=0.05 * (len(words) + 1)), words
        total += found
    assert total == pytest.approx(1.0, abs=0.1)


def sum_of_paths(built, words):
    states = {0: 1.0}
    network = built.networks[0]
    for word in words:
        following = {}
        for arc in network.arcs:
            if arc.source in states and built.words[arc.label].text == word:
                following[arc.target] = following.get(arc.target, 0.0) + states[arc.source] * math.exp(-arc.cost)
        states = following
    return sum(p * math.exp(-network.finals[s]) for s, p in states.items() if s in network.finals)


def test_compaction_is_deterministic_and_minimal():
    tree = Automaton()
    start, end = tree.state(), tree.state()
    tree.finals[end] = 1.0
    words = ["tap", "taps", "top", "tops"]
    for word in words:
        state = start
        for letter in word:
            following = tree.state()
            tree.arc(state, following, letter, 0.25 if state == start else 1.0)
            state = following
        tree.arc(state, end, None)
    small = compact(tree)
    assert len(small.arcs) == 5  # t, a or o, p, s
    assert sum(len(row) for row in small.arcs) == 5
    assert all(len({label for label, _, _ in row}) == len(row) for row in small.arcs)


def test_what_would_explode_by_determinisation_stays_as_it_is():
    """The twelfth word from the end is an a: a deterministic automaton has 2^12 states."""
    built = graph("<x>+ a <x>{12}\n<x> = a | b")
    assert built.networks[0].states < 40
    assert accepted(built, "b b b a" + " b" * 12)
    assert accepted(built, "b b b b" + " b" * 12) is None


def test_loops_of_other_weights_come_to_an_end():
    """They have no finite deterministic form."""
    built = graph("x a+ b\nx (a a)+ c")
    assert built.networks[0].states < 12
    assert accepted(built, "x a a a a c")
    assert accepted(built, "x a a a c") is None
