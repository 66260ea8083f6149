"""What a domain says: words, and networks of arcs over them that call each other (a recursive transition network).

The compiler of the text language builds a Graph, firmware/domain/binary.py packs it, and the decoder on the board walks
it. A phrase is a path through the root network, networks[0], from state 0 to a final state; a call arc is crossed by
a path through the network that it calls. (W. A. Woods, "Transition Network Grammars for Natural Language Analysis",
1970, without registers.)

Every class refuses what makes no sense with a DomainError when it is made: a Graph that exists is sound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from firmware.domain.phonemes import CLASS

PHONEMES_MAX = 32
"""Of a pronunciation."""

TEXT_MAX = 63
"""Bytes in UTF-8 of a word's text, a value, or a name."""

NUMBER_MAX = 2**30 - 1
"""Of Add and Multiply."""

DEPTH_MAX = 16
"""Networks that may be under way at once, the root among them."""


class DomainError(ValueError):
    """A domain that the board could not use; the message says what is wrong, in one sentence."""


@dataclass(frozen=True)
class Add:
    """A word such as `seven` or `forty`: adds `number` to the group of the slot's number."""

    number: int

    def __post_init__(self) -> None:
        """Refuses a number that the binary form cannot hold."""
        if not 0 <= self.number <= NUMBER_MAX:
            raise DomainError(f"a word cannot add {self.number}: give 0 to {NUMBER_MAX}")


@dataclass(frozen=True)
class Multiply:
    """A word such as `hundred` or `thousand`: multiplies the group; from 1000 on it closes it, too."""

    number: int

    def __post_init__(self) -> None:
        """Refuses a number that the binary form cannot hold."""
        if not 1 <= self.number <= NUMBER_MAX:
            raise DomainError(f"a word cannot multiply by {self.number}: give 1 to {NUMBER_MAX}")


Value = None | str | Add | Multiply
"""What a word gives to the slot that it stands in: its text (None), another text, or arithmetic."""


@dataclass(frozen=True)
class Word:
    """A word as it is shown, and how it may be said: each pronunciation in ARPAbet without stress."""

    text: str
    pronunciations: tuple[tuple[str, ...], ...]
    value: Value = None

    def __post_init__(self) -> None:
        """Refuses a word that cannot be shown or said."""
        _check_text("word", self.text)
        if isinstance(self.value, str):
            _check_text(f"value of {self.text!r}", self.value, may_be_empty=True)
        if not self.pronunciations:
            raise DomainError(f"word {self.text!r} has no pronunciation")
        for pronunciation in self.pronunciations:
            if not 1 <= len(pronunciation) <= PHONEMES_MAX:
                raise DomainError(
                    f"a pronunciation of {self.text!r} has {len(pronunciation)} phonemes; it needs 1 to {PHONEMES_MAX}"
                )
            for phoneme in pronunciation:
                if phoneme not in CLASS:
                    raise DomainError(f"{phoneme!r}, in {self.text!r}, is no ARPAbet phoneme without stress")


class Kind(IntEnum):
    """Of an arc."""

    WORD = 0
    EPSILON = 1
    CALL = 2


@dataclass(frozen=True)
class Arc:
    """From one state of a network to another.

    label is the word's index in Graph.words (WORD) or the network's in Graph.networks (CALL), 0 for EPSILON. cost is in
    nats: -ln p; below zero for a back-off weight above one. slot, of a CALL, names what was said there.
    """

    source: int
    target: int
    kind: Kind
    label: int = 0
    cost: float = 0.0
    slot: str | None = None

    def __post_init__(self) -> None:
        """Refuses a cost that is no number, a slot without a call, an epsilon with a label."""
        if not math.isfinite(self.cost):
            raise DomainError(f"an arc costs {self.cost}; give a finite number of nats, or leave the arc out")
        if self.slot is not None:
            if self.kind != Kind.CALL:
                raise DomainError(f"slot {self.slot!r} is on an arc that calls no network")
            _check_text("slot", self.slot)
        if self.kind == Kind.EPSILON and self.label != 0:
            raise DomainError(f"an epsilon arc has label {self.label}; it must be 0")


@dataclass(frozen=True)
class Network:
    """States 0 (the start) to states - 1; finals gives the cost in nats of ending in a state."""

    name: str
    states: int
    finals: dict[int, float]
    arcs: tuple[Arc, ...]

    def __post_init__(self) -> None:
        """Refuses states that are not there, and a network that no path leaves."""
        _check_text("network", self.name)
        if self.states < 1:
            raise DomainError(f"network {self.name!r} has {self.states} states; it needs a start at least")
        if not self.finals:
            raise DomainError(f"network {self.name!r} has no final state: no phrase could end in it")
        for state, cost in self.finals.items():
            self._check_state("final", state)
            if not math.isfinite(cost):
                raise DomainError(f"ending network {self.name!r} in state {state} costs {cost}; give a finite number")
        for arc in self.arcs:
            self._check_state("arc's source", arc.source)
            self._check_state("arc's target", arc.target)

    def _check_state(self, what: str, state: int) -> None:
        if not 0 <= state < self.states:
            raise DomainError(f"{what} in network {self.name!r} is state {state}; it has 0 to {self.states - 1}")


@dataclass(frozen=True)
class Graph:
    """A whole domain. networks[0] is the root: a phrase starts in its state 0 and ends in one of its finals."""

    name: str
    words: tuple[Word, ...]
    networks: tuple[Network, ...]

    def __post_init__(self) -> None:
        """Refuses labels that are not there, recursion, and circles that emit no word."""
        _check_text("domain", self.name)
        if not self.networks:
            raise DomainError(f"domain {self.name!r} has no network")
        for network in self.networks:
            for arc in network.arcs:
                if arc.kind == Kind.WORD and not 0 <= arc.label < len(self.words):
                    raise DomainError(
                        f"an arc of network {network.name!r} is word {arc.label}; there are {len(self.words)}"
                    )
                if arc.kind == Kind.CALL and not 0 <= arc.label < len(self.networks):
                    raise DomainError(
                        f"an arc of network {network.name!r} calls network {arc.label}; there are {len(self.networks)}"
                    )
        self._check_depth()
        empty = self.empty_costs()
        for network in self.networks:
            silent_order(network, empty)

    def call_order(self) -> list[int]:
        """Networks that the root reaches, each after all that call it. DomainError if one calls itself."""
        return list(reversed(_postorder(self.networks)))

    def empty_costs(self) -> dict[int, float]:
        """Cost in nats, by network, of the cheapest path that emits no word; networks that have none are left out."""
        costs: dict[int, float] = {}
        # All, not only those that the root reaches: a Graph is sound as a whole.
        for index in _postorder(self.networks, range(len(self.networks))):
            reached = silent_costs(self.networks[index], costs)
            ends = [cost + reached[state] for state, cost in self.networks[index].finals.items() if state in reached]
            if ends:
                costs[index] = min(ends)
        return costs

    def _check_depth(self) -> None:
        depth = [1] * len(self.networks)
        for index in reversed(_postorder(self.networks, range(len(self.networks)))):
            if depth[index] > DEPTH_MAX:
                name = self.networks[index].name
                raise DomainError(f"network {name!r} is called {depth[index]} deep; at most {DEPTH_MAX} are possible")
            for callee in _callees(self.networks[index]):
                depth[callee] = max(depth[callee], depth[index] + 1)


def silent_order(network: Network, empty: dict[int, float]) -> list[int]:
    """The states, such that arcs without a word (epsilons, and calls of networks in `empty`) lead onwards only.

    Raises:
        DomainError: they lead in a circle.
    """
    following: list[list[int]] = [[] for _ in range(network.states)]
    waiting = [0] * network.states
    for arc in silent_arcs(network, empty):
        following[arc.source].append(arc.target)
        waiting[arc.target] += 1
    ready = [state for state in range(network.states) if waiting[state] == 0]
    order = []
    while ready:
        state = ready.pop()
        order.append(state)
        for target in following[state]:
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    if len(order) < network.states:
        state = next(state for state in range(network.states) if waiting[state])
        raise DomainError(f"network {network.name!r} goes round in a circle without a word, near state {state}")
    return order


def silent_costs(network: Network, empty: dict[int, float]) -> dict[int, float]:
    """Cost in nats of the cheapest path without a word from the start, by state that has one."""
    arcs: dict[int, list[Arc]] = {}
    for arc in silent_arcs(network, empty):
        arcs.setdefault(arc.source, []).append(arc)
    costs = {0: 0.0}
    for state in silent_order(network, empty):
        for arc in arcs.get(state, ()) if state in costs else ():
            cost = costs[state] + arc.cost + (empty[arc.label] if arc.kind == Kind.CALL else 0.0)
            costs[arc.target] = min(cost, costs.get(arc.target, math.inf))
    return costs


def silent_arcs(network: Network, empty: dict[int, float]) -> Iterator[Arc]:
    """Arcs that a path may cross without a word: epsilons, and calls of networks in `empty`."""
    for arc in network.arcs:
        if arc.kind == Kind.EPSILON or (arc.kind == Kind.CALL and arc.label in empty):
            yield arc


def _callees(network: Network) -> list[int]:
    return sorted({arc.label for arc in network.arcs if arc.kind == Kind.CALL})


def _postorder(networks: tuple[Network, ...], roots: range = range(1)) -> list[int]:
    """Networks reached from `roots`, each after all that it calls."""
    order: list[int] = []
    state = [0] * len(networks)  # 1: under way, 2: done
    for root in roots:
        stack = [(root, iter(_callees(networks[root])))] if state[root] == 0 else []
        while stack:
            index, callees = stack[-1]
            state[index] = 1
            callee = next(callees, None)
            if callee is None:
                state[index] = 2
                order.append(index)
                stack.pop()
            elif state[callee] == 1:
                raise DomainError(f"network {networks[callee].name!r} calls itself; the board cannot follow that")
            elif state[callee] == 0:
                stack.append((callee, iter(_callees(networks[callee]))))
    return order


def _check_text(what: str, text: str, may_be_empty: bool = False) -> None:
    if not text and not may_be_empty:
        raise DomainError(f"a {what} is empty; it needs a text")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise DomainError(f"{what} {text!r} has half a surrogate pair, which is no text") from None
    if size > TEXT_MAX:
        raise DomainError(f"{what} {text!r} has {size} bytes; at most {TEXT_MAX} are possible")
    if text and not text.isprintable():
        raise DomainError(f"{what} {text!r} has characters that cannot be shown")
    if text != text.strip():
        raise DomainError(f"{what} {text!r} has blanks around it")
