"""Weighted automata: built from pieces with probabilities, freed of epsilons, determinised, minimised.

Probabilities, not costs, and the sum over paths, not the best one, so that ambiguous phrases add up; every state that a
builder leaves has outgoing probabilities (and its own of ending) that sum to one, and every operation keeps that.
Determinisation: M. Mohri, "Finite-State Transducers in Language and Speech Processing", 1997, section 3.3. As the sums
are one, the result comes out with its weights pushed to the front; equal states then merge by comparing their arcs.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field

from firmware.domain.binary import COST_STEPS

ARCS_MAX = 100_000
"""Of what is built: no domain of 64 KiB comes from more."""

GROWTH_MAX = 4
"""Determinisation may make so many times as many states; beyond that the automaton keeps its own."""

RAREST = 1e-30
"""Less likely ways are dropped: beyond any beam, and they would come to nothing as products go on."""

SHARE_DIGITS = 4
"""Subsets of states whose shares agree so far are one: loops of other weights have no finite deterministic form."""

STEPS_PER_NAT = COST_STEPS / math.log(2)
"""States merge if the binary form could not tell their costs apart."""


class TooLargeError(ValueError):
    """An automaton has more than ARCS_MAX arcs."""


@dataclass
class Automaton:
    """States 0 (start) to len(arcs) - 1; arcs[state] has (label, probability, target), label None for an epsilon."""

    arcs: list[list[tuple[Hashable | None, float, int]]] = field(default_factory=list)
    finals: dict[int, float] = field(default_factory=dict)
    size: int = 0

    def state(self) -> int:
        """A new state."""
        self.arcs.append([])
        return len(self.arcs) - 1

    def arc(self, source: int, target: int, label: Hashable | None, probability: float = 1.0) -> None:
        """Adds an arc."""
        self.size += 1
        if self.size > ARCS_MAX:
            raise TooLargeError
        self.arcs[source].append((label, probability, target))


def compact(automaton: Automaton) -> Automaton:
    """The smallest equal automaton that is found: no epsilons, deterministic where that does not explode, minimal."""
    rows, ends = _without_epsilons(automaton)
    plain = _minimised(_reached(rows, ends))
    found = _determinised(rows, ends, GROWTH_MAX * len(rows) + 100)
    if found is None:
        return plain
    found = _minimised(found)
    return found if len(found.arcs) <= GROWTH_MAX * len(plain.arcs) else plain


Row = dict[Hashable, dict[int, float]]


def _without_epsilons(automaton: Automaton) -> tuple[dict[int, Row], dict[int, float]]:
    """For each state that a label leads to, and the start: probabilities by label and target; and of ending."""
    rows: dict[int, Row] = {}
    ends: dict[int, float] = {}
    for state in _epsilon_order(automaton):
        row: Row = {}
        end = automaton.finals.get(state, 0.0)
        for label, probability, target in automaton.arcs[state]:
            if label is not None:
                by_target = row.setdefault(label, {})
                by_target[target] = by_target.get(target, 0.0) + probability
                continue
            end += probability * ends.get(target, 0.0)
            for further, targets in rows[target].items():
                for last, share in targets.items():
                    if probability * share >= RAREST:
                        by_target = row.setdefault(further, {})
                        by_target[last] = by_target.get(last, 0.0) + probability * share
        rows[state] = row
        if end >= RAREST:
            ends[state] = end
    needed = {0} | {target for row in rows.values() for targets in row.values() for target in targets}
    return {s: r for s, r in rows.items() if s in needed}, {s: e for s, e in ends.items() if s in needed}


def _epsilon_order(automaton: Automaton) -> list[int]:
    """All states, each behind those that its epsilons lead to; builders make no circles of epsilons."""
    order: list[int] = []
    seen = [False] * len(automaton.arcs)
    for root in range(len(automaton.arcs)):
        stack = [(root, False)]
        while stack:
            state, done = stack.pop()
            if done:
                order.append(state)
            elif not seen[state]:
                seen[state] = True
                stack.append((state, True))
                stack.extend((t, False) for label, _, t in automaton.arcs[state] if label is None and not seen[t])
    return order


def _determinised(rows: dict[int, Row], ends: dict[int, float], states_max: int) -> Automaton | None:
    """Subsets of states with each one's share; None if there are more than states_max of them."""
    result = Automaton()
    numbers: dict[tuple[tuple[int, float], ...], int] = {((0, 1.0),): result.state()}
    waiting: list[dict[int, float]] = [{0: 1.0}]
    number = 0
    while waiting:
        following = []
        for subset in waiting:
            merged: Row = {}
            end = 0.0
            for state, share in subset.items():
                end += share * ends.get(state, 0.0)
                for label, targets in rows[state].items():
                    into = merged.setdefault(label, {})
                    for target, probability in targets.items():
                        into[target] = into.get(target, 0.0) + share * probability
            if end:
                result.finals[number] = end
            for label, targets in merged.items():
                whole = math.fsum(targets.values())
                shares = {target: probability / whole for target, probability in targets.items()}
                key = tuple(sorted((target, round(share, SHARE_DIGITS)) for target, share in shares.items()))
                if key not in numbers:
                    if len(numbers) >= states_max:
                        return None
                    numbers[key] = result.state()
                    following.append(shares)
                result.arc(number, numbers[key], label, whole)
            number += 1
        waiting = following
    return result


def _reached(rows: dict[int, Row], ends: dict[int, float]) -> Automaton:
    """The same states, numbered anew, only those that the start reaches."""
    result = Automaton()
    numbers = {0: result.state()}
    waiting = [0]
    while waiting:
        state = waiting.pop()
        if state in ends:
            result.finals[numbers[state]] = ends[state]
        for label, targets in rows[state].items():
            for target, probability in targets.items():
                if target not in numbers:
                    numbers[target] = result.state()
                    waiting.append(target)
                result.arc(numbers[state], numbers[target], label, probability)
    return result


def _minimised(automaton: Automaton) -> Automaton:
    """States with the same arcs into the same classes become one (E. F. Moore, 1956), until none are left."""
    labels: dict[Hashable, int] = {}
    arcs = [
        [(labels.setdefault(label, len(labels)), _step(p), target) for label, p, target in row]
        for row in automaton.arcs
    ]
    ends = [_step(automaton.finals[s]) if s in automaton.finals else None for s in range(len(arcs))]
    classes = [0] * len(arcs)
    count = 1
    while True:
        numbers: dict[Hashable, int] = {}
        # The start is seen first and keeps number 0.
        refined = [
            numbers.setdefault((ends[s], tuple(sorted((lb, p, classes[t]) for lb, p, t in arcs[s]))), len(numbers))
            for s in range(len(arcs))
        ]
        if len(numbers) == count:
            break
        count, classes = len(numbers), refined
    result = Automaton()
    for _ in range(count):
        result.state()
    done: set[int] = set()
    for state, own in enumerate(classes):
        if own in done:
            continue
        done.add(own)
        if state in automaton.finals:
            result.finals[own] = automaton.finals[state]
        merged: dict[tuple[Hashable | None, int], float] = {}
        for label, probability, target in automaton.arcs[state]:
            key = (label, classes[target])
            merged[key] = merged.get(key, 0.0) + probability
        for (label, target), probability in merged.items():
            result.arc(own, target, label, probability)
    return result


def _step(probability: float) -> int:
    return round(-math.log(probability) * STEPS_PER_NAT)
