"""The decoder's judge: the same search without a beam, on the graph itself, in Python.

It keeps every path's whole stack of calls, and of paths with equal scores all that they said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware.domain.binary import COST_ZERO, cost_byte
from firmware.domain.graph import Add, Graph, Kind, Multiply, Word
from firmware.domain.phonemes import CLASS

Stack = tuple[tuple[int, int, str | None], ...]
"""Calls under way: the caller, the state where it goes on, and the slot."""
Said = tuple[object, ...]
"""Words, and where slots begin and end: ("begin", name), ("end", name)."""


@dataclass
class Paths:
    """The best score of those that are in one place, and all that such paths said."""

    score: int
    said: frozenset[Said]


Place = tuple[object, ...]


def _better(found: dict[Place, Paths], place: Place, score: int, said: frozenset[Said]) -> None:
    there = found.get(place)
    if there is None or score > there.score:
        found[place] = Paths(score, said)
    elif score == there.score:
        found[place] = Paths(score, there.said | said)


def _cost(nats: float) -> int:
    return (cost_byte(nats) - COST_ZERO) * 32


class Exhaustive:
    """Takes a graph in normal form with the binary's costs: decode(encode(graph))."""

    def __init__(self, graph: Graph, word_cost_q8: int = 0) -> None:
        self.graph = graph
        self.word_cost_q8 = word_cost_q8

    def decode(self, posteriors_q8: NDArray[np.int16]) -> tuple[int, frozenset[Said]] | None:
        """The best score of a whole phrase, and all phrases that have it; None if there is none."""
        silence = 0
        live: dict[Place, Paths] = {}
        for row in posteriors_q8.astype(int).tolist():
            following: dict[Place, Paths] = {}
            for (stack, network, target, word, said_as, at, blank), paths in live.items():
                phonemes = [CLASS[p] for p in self.graph.words[word].pronunciations[said_as]]
                here = (stack, network, target, word, said_as)
                _better(following, (*here, at, True), paths.score + row[0], paths.said)
                if not blank:
                    _better(following, (*here, at, False), paths.score + row[phonemes[at]], paths.said)
                if at + 1 < len(phonemes) and (blank or phonemes[at + 1] != phonemes[at]):
                    _better(following, (*here, at + 1, False), paths.score + row[phonemes[at + 1]], paths.said)
                if at + 1 == len(phonemes):
                    last = 0 if blank else phonemes[at]
                    for paths_, place in self._following(stack, network, target, paths, last):
                        _better(following, place, paths_.score + row[self._first(place)], paths_.said)
            start = Paths(silence, frozenset([()]))
            for paths_, place in self._following((), 0, 0, start, 0):
                _better(following, place, paths_.score + row[self._first(place)], paths_.said)
            silence += row[0]
            live = following
        self.live = len(live)
        ends: dict[Place, Paths] = {}
        for (stack, network, target, word, said_as, at, _), paths in live.items():
            if at + 1 == len(self.graph.words[word].pronunciations[said_as]):
                for paths_, place in self._walk(stack, network, target, paths):
                    if place is None:
                        _better(ends, (), paths_.score, paths_.said)
        return (ends[()].score, ends[()].said) if ends else None

    def _first(self, place: Place) -> int:
        _, _, _, word, said_as, _, _ = place
        return CLASS[self.graph.words[word].pronunciations[said_as][0]]

    def _following(
        self, stack: Stack, network: int, state: int, paths: Paths, last: int
    ) -> Iterator[tuple[Paths, Place]]:
        """Words that may begin in the next frame."""
        for found, place in self._walk(stack, network, state, paths):
            if place is not None and self._first(place) != last:
                yield found, place

    def _walk(self, stack: Stack, network: int, state: int, paths: Paths) -> Iterator[tuple[Paths, Place | None]]:
        """All words that may come next, and None for the phrase's end."""
        here = self.graph.networks[network]
        if state in here.finals:
            ended = Paths(paths.score - _cost(here.finals[state]), paths.said)
            if stack:
                caller, target, slot = stack[-1]
                if slot is not None:
                    ended.said = frozenset((*said, ("end", slot)) for said in ended.said)
                yield from self._walk(stack[:-1], caller, target, ended)
            else:
                yield ended, None
        for arc in here.arcs:
            if arc.source != state:
                continue
            score = paths.score - _cost(arc.cost)
            if arc.kind == Kind.EPSILON:
                yield from self._walk(stack, network, arc.target, Paths(score, paths.said))
            elif arc.kind == Kind.CALL:
                inside = paths.said
                if arc.slot is not None:
                    inside = frozenset((*said, ("begin", arc.slot)) for said in inside)
                yield from self._walk((*stack, (network, arc.target, arc.slot)), arc.label, 0, Paths(score, inside))
            else:
                word = self.graph.words[arc.label]
                more = Paths(score - self.word_cost_q8, frozenset((*said, word) for said in paths.said))
                for said_as in range(len(word.pronunciations)):
                    yield more, (stack, network, arc.target, arc.label, said_as, 0, False)


def text(said: Said) -> str:
    """As it is shown."""
    return " ".join(item.text for item in said if isinstance(item, Word))


def slots(said: Said) -> tuple[tuple[str, str], ...]:
    """Names and values, in the order in which the slots begin."""
    under_way: list[tuple[int, list[Word]]] = []
    found: list[tuple[str, str]] = []
    for item in said:
        if isinstance(item, Word):
            for _, words in under_way:
                words.append(item)
        elif item[0] == "begin":
            under_way.append((len(found), []))
            found.append((item[1], ""))
        else:
            index, words = under_way.pop()
            found[index] = (found[index][0], value(words))
    return tuple(found)


def value(words: list[Word]) -> str:
    """Of a slot with these words."""
    if all(isinstance(word.value, Add | Multiply) for word in words):
        total = group = 0
        for word in words:
            if isinstance(word.value, Add):
                group += word.value.number
            elif word.value.number < 1000:
                group = max(group, 1) * word.value.number
            else:
                total, group = total + max(group, 1) * word.value.number, 0
        return str(total + group)
    texts = [word.value if isinstance(word.value, str) else word.text for word in words]
    return " ".join(text for text in texts if text)
