"""Sentences of a graph: at random, and whether a given one is in it; with the slots that the board would give."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmware.domain.graph import Add, Arc, Graph, Kind, Multiply, Word
from train.domains.tokens import spelling

WORDS_MAX = 60
"""Of a random sentence: longer ones are drawn anew."""

DRAWS_MAX = 1000


@dataclass(frozen=True)
class Sentence:
    """What is said, its slots as name and value in the order of their ends, and its cost in nats."""

    text: str
    slots: tuple[tuple[str, str], ...] = ()
    cost: float = 0.0


def slot_value(words: Sequence[Word]) -> str:
    """What a slot gives: the values joined by blanks, or, if all of them are arithmetic, the number in digits."""
    values = [word.value for word in words]
    if words and all(isinstance(value, Add | Multiply) for value in values):
        total, group = 0, 0
        for value in values:
            if isinstance(value, Add):
                group += value.number
            elif isinstance(value, Multiply) and value.number < 1000:
                group = max(group, 1) * value.number
            elif isinstance(value, Multiply):
                total, group = total + max(group, 1) * value.number, 0
        return str(total + group)
    texts = [word.value if isinstance(word.value, str) else word.text for word in words]
    return " ".join(text for text in texts if text)


def sentences(graph: Graph, rng: random.Random) -> Iterator[Sentence]:
    """Random sentences without end, each as likely as the graph makes it.

    Raises:
        ValueError: hardly any path has an end within WORDS_MAX words.
    """
    walker = _Walker(graph, rng)
    while True:
        for _ in range(DRAWS_MAX):
            sentence = walker.sentence()
            if sentence is not None:
                yield sentence
                break
        else:
            raise ValueError(f"domain {graph.name!r} has hardly a sentence of at most {WORDS_MAX} words")


class _Walker:
    """Draws paths. Back-off weights may be above one, so a state's ways are weighed, not taken for probabilities."""

    def __init__(self, graph: Graph, rng: random.Random) -> None:
        self._graph = graph
        self._rng = rng
        self._ways: list[dict[int, tuple[list[Arc | None], list[float]]]] = []
        for network in graph.networks:
            ways: dict[int, tuple[list[Arc | None], list[float]]] = {}
            for state, cost in network.finals.items():
                ways[state] = ([None], [math.exp(-cost)])
            for arc in network.arcs:
                arcs, weights = ways.setdefault(arc.source, ([], []))
                arcs.append(arc)
                weights.append(math.exp(-arc.cost))
            self._ways.append(ways)

    def sentence(self) -> Sentence | None:
        words: list[Word] = []
        slots: list[tuple[str, str]] = []
        cost = self._walk(0, words, slots)
        if cost is None or not words:
            return None
        return Sentence(" ".join(word.text for word in words), tuple(slots), cost)

    def _walk(self, network: int, words: list[Word], slots: list[tuple[str, str]]) -> float | None:
        """Cost of a random path; None where it is too long or leads nowhere."""
        state, cost = 0, 0.0
        while state in self._ways[network]:
            arcs, weights = self._ways[network][state]
            (arc,) = self._rng.choices(arcs, weights)
            if arc is None:
                return cost + self._graph.networks[network].finals[state]
            cost += arc.cost
            if arc.kind == Kind.WORD:
                words.append(self._graph.words[arc.label])
                if len(words) > WORDS_MAX:
                    return None
            elif arc.kind == Kind.CALL:
                start = len(words)
                inner = self._walk(arc.label, words, slots)
                if inner is None:
                    return None
                cost += inner
                if arc.slot is not None and len(words) > start:
                    slots.append((arc.slot, slot_value(words[start:])))
            state = arc.target
        return None


@dataclass(frozen=True)
class _Path:
    """The cheapest way so far: its cost, and its words and slots as a chain back to the start."""

    cost: float
    words: tuple[Word, ...] = ()
    slots: tuple[tuple[str, str], ...] = ()


def accepted(graph: Graph, text: str) -> Sentence | None:
    """The sentence with its slots, by its cheapest path; None if it is not in the graph."""
    said = [word for word in map(spelling, text.split()) if word]
    if not said:
        return None
    path = _Chart(graph, said).paths(0, 0).get(len(said))
    return Sentence(" ".join(said), path.slots, path.cost) if path else None


class _Chart:
    """Cheapest paths through each network from each place in the sentence (the graph's calls are no circle)."""

    def __init__(self, graph: Graph, said: list[str]) -> None:
        self._graph = graph
        self._said = said
        self._texts = [tuple(word.text.lower().split()) for word in graph.words]
        self._arcs: list[dict[int, list[Arc]]] = []
        for network in graph.networks:
            by_source: dict[int, list[Arc]] = {}
            for arc in network.arcs:
                by_source.setdefault(arc.source, []).append(arc)
            self._arcs.append(by_source)
        self._done: dict[tuple[int, int], dict[int, _Path]] = {}

    def paths(self, network: int, start: int) -> dict[int, _Path]:
        """Through a network from a place: the cheapest path by the place where it ends."""
        if (network, start) in self._done:
            return self._done[network, start]
        best: dict[tuple[int, int], _Path] = {(0, start): _Path(0.0)}
        waiting = [(0, start)]
        while waiting:
            state, at = waiting.pop()
            here = best[state, at]
            for arc in self._arcs[network].get(state, ()):
                for end, path in self._crossed(arc, at, here):
                    known = best.get((arc.target, end))
                    if known is None or path.cost < known.cost - 1e-9:
                        best[arc.target, end] = path
                        waiting.append((arc.target, end))
        ends: dict[int, _Path] = {}
        for (state, at), path in best.items():
            final = self._graph.networks[network].finals.get(state)
            if final is not None and (at not in ends or path.cost + final < ends[at].cost):
                ends[at] = _Path(path.cost + final, path.words, path.slots)
        self._done[network, start] = ends
        return ends

    def _crossed(self, arc: Arc, at: int, here: _Path) -> Iterator[tuple[int, _Path]]:
        if arc.kind == Kind.EPSILON:
            yield at, _Path(here.cost + arc.cost, here.words, here.slots)
        elif arc.kind == Kind.WORD:
            texts = self._texts[arc.label]
            if tuple(self._said[at : at + len(texts)]) == texts:
                words = (*here.words, self._graph.words[arc.label])
                yield at + len(texts), _Path(here.cost + arc.cost, words, here.slots)
        else:
            for end, inner in self.paths(arc.label, at).items():
                slots = (*here.slots, *inner.slots)
                if arc.slot is not None and inner.words:
                    slots = (*slots, (arc.slot, slot_value(inner.words)))
                yield end, _Path(here.cost + arc.cost + inner.cost, (*here.words, *inner.words), slots)
