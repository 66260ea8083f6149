"""A graph as the decoder needs it: the same phrases at the same costs, with the order that saves the board a search.

Between two words a path first returns from networks, then calls others; never both ways, if no network accepts the
empty phrase. So normal form has three rules:

- no network accepts the empty phrase: an epsilon beside each call of one that did takes its place, and gives no slot;
- the start is a network's first state, and epsilons lead to later states of theirs;
- networks stand behind all that call them.

What no phrase uses is left out: states, arcs, networks, words; of arcs that differ in cost alone, all but the cheapest.
A root loses its empty phrase.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmware.domain.graph import Arc, DomainError, Graph, Kind, Network, silent_costs


def normal_form(graph: Graph) -> Graph:
    """The graph in normal form; in normal form already, the very same.

    Raises:
        DomainError: there is no phrase of at least one word.
    """
    empty = graph.empty_costs()
    order = graph.call_order()
    kept: dict[int, _Rough] = {}
    for index in reversed(order):
        rough = _trimmed(_without_empty_phrase(graph.networks[index], empty, kept.keys(), index in empty))
        if rough.finals:
            kept[index] = rough
    if 0 not in kept:
        raise DomainError(f"domain {graph.name!r} has no phrase: no word lies on a way from its start to its end")
    number = {index: i for i, index in enumerate(_call_order(kept))}
    roughs = [kept[index] for index in number]
    used = sorted({arc.label for rough in roughs for arc in rough.arcs if arc.kind == Kind.WORD})
    word = {label: i for i, label in enumerate(used)}
    labels = {Kind.WORD: word, Kind.CALL: number, Kind.EPSILON: {0: 0}}
    networks = tuple(
        _numbered(replace(rough, arcs=[replace(arc, label=labels[arc.kind][arc.label]) for arc in rough.arcs]))
        for rough in roughs
    )
    return Graph(graph.name, tuple(graph.words[label] for label in used), networks)


@dataclass(frozen=True)
class _Rough:
    """A network that is being changed; it may have no final."""

    name: str
    start: int
    states: int
    finals: dict[int, float]
    arcs: list[Arc]


def _without_empty_phrase(network: Network, empty: dict[int, float], callees: Iterable[int], nullable: bool) -> _Rough:
    """Only calls of `callees` stay. States that the start reaches without a word get a twin that does not end."""
    callees = set(callees)
    arcs = []
    for arc in network.arcs:
        if arc.kind != Kind.CALL or arc.label in callees:
            arcs.append(arc)
        if arc.kind == Kind.CALL and arc.label in empty:
            arcs.append(Arc(arc.source, arc.target, Kind.EPSILON, cost=arc.cost + empty[arc.label]))
    if not nullable:
        return _Rough(network.name, 0, network.states, dict(network.finals), arcs)
    twin = {state: network.states + i for i, state in enumerate(sorted(silent_costs(network, empty)))}
    for arc in [arc for arc in arcs if arc.source in twin]:
        target = twin[arc.target] if arc.kind == Kind.EPSILON else arc.target
        arcs.append(replace(arc, source=twin[arc.source], target=target))
    return _Rough(network.name, twin[0], network.states + len(twin), dict(network.finals), arcs)


def _trimmed(rough: _Rough) -> _Rough:
    """Without states that no path from start to end goes through."""
    forward: dict[int, list[int]] = {}
    backward: dict[int, list[int]] = {}
    for arc in rough.arcs:
        forward.setdefault(arc.source, []).append(arc.target)
        backward.setdefault(arc.target, []).append(arc.source)
    useful = _reached([rough.start], forward) & _reached(rough.finals, backward)
    finals = {state: cost for state, cost in rough.finals.items() if state in useful}
    return replace(rough, finals=finals, arcs=[a for a in rough.arcs if a.source in useful and a.target in useful])


def _reached(starts: Iterable[int], following: dict[int, list[int]]) -> set[int]:
    reached = set(starts)
    waiting = list(reached)
    while waiting:
        for state in following.get(waiting.pop(), ()):
            if state not in reached:
                reached.add(state)
                waiting.append(state)
    return reached


def _call_order(roughs: dict[int, _Rough]) -> Iterator[int]:
    """The root, and what it still calls, callers first; the smallest index first where there is a choice."""
    following = {index: [arc.label for arc in rough.arcs if arc.kind == Kind.CALL] for index, rough in roughs.items()}
    reached = _reached([0], following)
    edges = {(index, callee) for index in reached for callee in following[index]}
    return _topological(sorted(reached), edges)


def _numbered(rough: _Rough) -> Network:
    """States in the order of the epsilons, the start first; arcs sorted, twins merged."""
    arcs, start = list(rough.arcs), rough.start
    states = {start, *rough.finals} | {arc.source for arc in arcs} | {arc.target for arc in arcs}
    if any(arc.kind == Kind.EPSILON and arc.target == start for arc in arcs):
        arcs.append(Arc(rough.states, start, Kind.EPSILON))
        start = rough.states
        states.add(start)
    edges = {(arc.source, arc.target) for arc in arcs if arc.kind == Kind.EPSILON}
    # Nothing leads to the start without a word: it may come first.
    order = _topological([start, *sorted(states - {start})], edges)
    number = {state: i for i, state in enumerate(order)}
    cheapest: dict[tuple[int, Kind, int, int, str], Arc] = {}
    for arc in arcs:
        moved = replace(arc, source=number[arc.source], target=number[arc.target])
        key = (moved.source, moved.kind, moved.label, moved.target, moved.slot or "")
        if moved.cost < (cheapest[key].cost if key in cheapest else math.inf):
            cheapest[key] = moved
    finals = {number[state]: cost for state, cost in sorted(rough.finals.items(), key=lambda item: number[item[0]])}
    return Network(rough.name, len(states), finals, tuple(cheapest[key] for key in sorted(cheapest)))


def _topological(items: list[int], edges: set[tuple[int, int]]) -> Iterator[int]:
    """The items, each behind all that have an edge to it; else in the order given."""
    place = {item: i for i, item in enumerate(items)}
    following: dict[int, list[int]] = {}
    waiting = dict.fromkeys(items, 0)
    for source, target in edges:
        following.setdefault(source, []).append(target)
        waiting[target] += 1
    ready = [place[item] for item in items if waiting[item] == 0]
    heapq.heapify(ready)
    while ready:
        item = items[heapq.heappop(ready)]
        yield item
        for target in following.get(item, ()):
            waiting[target] -= 1
            if waiting[target] == 0:
                heapq.heappush(ready, place[target])
