"""Domains at random, and what they say, by trying all paths."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hypothesis import strategies as st

from firmware.domain.graph import Add, Arc, DomainError, Graph, Kind, Multiply, Network, Word
from firmware.domain.phonemes import PHONEMES

VALUES = st.one_of(
    st.none(), st.sampled_from(["", "x", "3"]), st.builds(Add, st.integers(0, 99)), st.sampled_from([Multiply(100)])
)


@st.composite
def words(draw: st.DrawFn, most: int = 4, phonemes: int = 3) -> tuple[Word, ...]:
    """A few words over a few phonemes, so that they share and repeat them."""
    few = PHONEMES[:phonemes]
    count = draw(st.integers(1, most))
    said = st.lists(st.sampled_from(few), min_size=1, max_size=3).map(tuple)
    return tuple(
        Word(f"w{i}", tuple(draw(st.lists(said, min_size=1, max_size=2, unique=True))), draw(VALUES))
        for i in range(count)
    )


COSTS = st.integers(-8, 40).map(lambda steps: steps / 8 * math.log(2))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Small networks that call later ones; loops, epsilons, empty phrases and slots among them."""
    vocabulary = draw(words())
    count = draw(st.integers(1, 3))
    networks = [draw(_networks(index, count, len(vocabulary))) for index in range(count)]
    try:
        return Graph("random", vocabulary, tuple(networks))
    except DomainError:
        # A circle without a word, by a call that leads back: without these.
        straight = tuple(
            Network(n.name, n.states, n.finals, tuple(a for a in n.arcs if a.kind == Kind.WORD or a.target > a.source))
            for n in networks
        )
        return Graph("random", vocabulary, straight)


@st.composite
def _networks(draw: st.DrawFn, index: int, count: int, vocabulary: int) -> Network:
    states = draw(st.integers(2, 4))
    arcs = []
    for i in range(draw(st.integers(3, 9))):
        # The first ones make a way from start to end.
        source = i if i < states - 1 else draw(st.integers(0, states - 1))
        target = i + 1 if i < states - 1 else draw(st.integers(0, states - 1))
        cost = draw(COSTS)
        kind = draw(st.sampled_from([Kind.WORD, Kind.WORD, Kind.EPSILON, Kind.CALL, Kind.CALL]))
        if kind == Kind.CALL and index + 1 < count:
            slot = draw(st.sampled_from([None, "a", "b"]))
            arcs.append(Arc(source, target, kind, draw(st.integers(index + 1, count - 1)), cost, slot))
        elif kind == Kind.EPSILON and target > source:
            arcs.append(Arc(source, target, kind, 0, cost))
        else:
            arcs.append(Arc(source, target, Kind.WORD, draw(st.integers(0, vocabulary - 1)), cost))
    finals = draw(st.dictionaries(st.integers(0, states - 1), COSTS, max_size=1)) | {states - 1: draw(COSTS)}
    return Network(f"n{index}", states, finals, tuple(arcs))


def phrases(graph: Graph, most_words: int) -> dict[tuple[str, ...], float]:
    """Cheapest cost in nats of every phrase of one to so many words."""
    found: dict[tuple[str, ...], float] = {}
    best: dict[tuple, float] = {}
    for words_, cost in _walk(graph, (), 0, 0, (), 0.0, most_words, best):
        if words_:
            found[words_] = min(cost, found.get(words_, math.inf))
    return found


def _walk(  # noqa: PLR0917
    graph: Graph,
    stack: tuple[tuple[int, int], ...],
    network: int,
    state: int,
    said: tuple[str, ...],
    cost: float,
    most: int,
    best: dict[tuple, float],
) -> Iterator[tuple[tuple[str, ...], float]]:
    """stack holds, for each call under way, the caller and where it goes on."""
    key = (stack, network, state, said)
    if best.get(key, math.inf) <= cost + 1e-9:
        return
    best[key] = cost
    here = graph.networks[network]
    if state in here.finals:
        ended = cost + here.finals[state]
        if stack:
            caller, target = stack[-1]
            yield from _walk(graph, stack[:-1], caller, target, said, ended, most, best)
        else:
            yield said, ended
    for arc in here.arcs:
        if arc.source != state:
            continue
        if arc.kind == Kind.EPSILON:
            yield from _walk(graph, stack, network, arc.target, said, cost + arc.cost, most, best)
        elif arc.kind == Kind.CALL:
            inner = (*stack, (network, arc.target))
            yield from _walk(graph, inner, arc.label, 0, said, cost + arc.cost, most, best)
        elif len(said) < most:
            more = (*said, graph.words[arc.label].text)
            yield from _walk(graph, stack, network, arc.target, more, cost + arc.cost, most, best)
