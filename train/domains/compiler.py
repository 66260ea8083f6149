"""From the parse tree to the graph: lists become networks that are called, or stand where they are used.

Every phrase and every alternative has a probability. By itself it goes with the root of the number of sentences that it
stands for (at most BREADTH_MAX of them): if phrases were equally likely, a sentence of `to {city}` would be a thousand
times less likely than any fixed phrase beside it, and if sentences were, fixed phrases would drown. A weight multiplies
that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from firmware.domain.graph import Add, Arc, DomainError, Graph, Kind, Multiply, Network, Value, Word
from train.domains.automaton import ARCS_MAX, Automaton, TooLargeError, compact
from train.domains.grammar import (
    Alternative,
    Choice,
    Grammar,
    Maybe,
    Node,
    Reference,
    Repetition,
    Said,
    Sequence,
    Slot,
    children,
    walk,
)
from train.domains.lexicon import Lexicon

BREADTH_MAX = 10_000
"""Sentences beyond which a phrase does not become likelier."""

GOING_ON = 0.8
"""Probability that a repetition without an upper bound goes on: five times on average."""

INLINE_WORDS_MAX = 128
"""Words of a list times its uses, up to which it stands where it is used: some hundred bytes, and the decoder then
follows `one`, `one hundred` and `one thousand` as one word until they part. More are called."""

NESTED_MAX = 12
"""Lists in lists."""


@dataclass(frozen=True)
class _Call:
    """Label of an arc: a list, or an inline slot's choice, with its slot."""

    network: str
    slot: str | None


@dataclass(frozen=True)
class _WordLabel:
    """Label of an arc."""

    word: Word


@dataclass
class Compiler:
    """One domain on its way to a graph."""

    name: str
    grammar: Grammar
    lexicon: Lexicon
    used_words: set[str] = field(default_factory=set)
    used_lists: set[str] = field(default_factory=set)
    _slots: dict[str, Choice] = field(default_factory=dict)
    _slot_names: dict[str, str] = field(default_factory=dict)

    def graph(self) -> Graph:
        """The domain.

        Raises:
            TextError: lists that name each other, a slot within a slot, what may be empty where it cannot.
            DomainError: it is too large, or has a word that the binary form cannot hold.
        """
        order = self._checked_order
        choices = [self.grammar.phrases, *(self.grammar.lists[name].choice for name in order)]
        self.used_lists = set(order)
        self.used_words = {node.text for choice in choices for node in walk(choice) if isinstance(node, Said)}
        self.lexicon.prepare(sorted(self.used_words))
        if self._nullable[None]:
            for alternative in self.grammar.phrases.alternatives:
                if self._empty(alternative.node):
                    raise alternative.place.error("this phrase may be empty: all of it may be left out; add a word")
        inline = self._inlined(order)
        networks: dict[str, Automaton] = {}
        root = self._compact("the phrases", self.grammar.phrases, inline)
        waiting = sorted(self._called(root))
        while waiting:
            name = waiting.pop()
            if name in networks:
                continue
            choice = self._choice_of(name)
            networks[name] = self._compact(f"list <{name}>", choice, inline)
            waiting.extend(sorted(self._called(networks[name]) - networks.keys()))
        return self._assembled(root, networks)

    # What refers to what.

    @cached_property
    def _checked_order(self) -> list[str]:
        """Lists that the phrases reach, each behind all that use it."""
        order: list[str] = []
        state: dict[str, int] = {}

        def visit(choice: Choice, path: list[str]) -> None:
            for reference in _references(choice):
                name = reference.name
                if state.get(name) == 1:
                    circle = " -> ".join(f"<{n}>" for n in [*path[path.index(name) :], name])
                    raise reference.place.error(
                        f"{circle} goes round in a circle, which has no end; for repetition write <{name}>+"
                    )
                if len(path) >= NESTED_MAX:
                    raise reference.place.error(
                        f"lists are more than {NESTED_MAX} deep here; put some of them together"
                    )
                if name not in state:
                    state[name] = 1
                    visit(self.grammar.lists[name].choice, [*path, name])
                    state[name] = 2
                    order.append(name)

        visit(self.grammar.phrases, [])
        reached = set(order)
        for name in sorted(self.grammar.lists.keys() - reached):
            if name not in state:
                state[name] = 1
                visit(self.grammar.lists[name].choice, [name])
                state[name] = 2
        order = [name for name in order if name in reached]
        # Depth counts along every path, also through lists that were visited before.
        depth: dict[str, int] = {}
        for name in order:
            below = list(_references(self.grammar.lists[name].choice))
            depth[name] = 1 + max((depth[r.name] for r in below), default=0)
            if depth[name] > NESTED_MAX:
                raise self.grammar.lists[name].place.error(
                    f"lists are more than {NESTED_MAX} deep here; put some of them together"
                )
        order.reverse()
        self._check_slots(order)
        return order

    def _check_slots(self, order: list[str]) -> None:
        holds: dict[str, str] = {}
        for name in reversed(order):
            choice = self.grammar.lists[name].choice
            for node in walk(choice):
                if isinstance(node, Slot):
                    holds[name] = node.slot
                elif isinstance(node, Reference) and (node.slot or node.name in holds):
                    holds[name] = node.slot or holds[node.name]
        for choice in (self.grammar.phrases, *(self.grammar.lists[name].choice for name in order)):
            for node in walk(choice):
                if isinstance(node, Reference) and node.slot and node.name in holds:
                    raise node.place.error(
                        f"slot {node.slot} would hold slot {holds[node.name]}, which is in <{node.name}>: "
                        f"write <{node.name}>, whose slots come back by themselves"
                    )
                if isinstance(node, Slot):
                    for inner in walk(node.choice):
                        if isinstance(inner, Slot) or (
                            isinstance(inner, Reference) and (inner.slot or inner.name in holds)
                        ):
                            raise inner.place.error(
                                f"slot {node.slot} would hold another slot; write one of them as <list>"
                            )

    @cached_property
    def _nullable(self) -> dict[str | None, bool]:
        """Of each list, and of the phrases (None): may it be empty?"""
        found: dict[str | None, bool] = {}
        self._nullable_so_far = found
        for name in reversed(self._checked_order):
            found[name] = self._empty(self.grammar.lists[name].choice)
        found[None] = self._empty(self.grammar.phrases)
        return found

    def _empty(self, node: Node) -> bool:
        match node:
            case Said():
                return False
            case Reference():
                return self._nullable_so_far[node.name]
            case Repetition():
                if self._empty(node.node):
                    raise node.place.error("what is repeated here may be empty; take [...] or {0,...} out of it")
                return node.least == 0
            case Maybe():
                self._empty(node.choice)
                return True
            case _:
                below = [self._empty(child) for child in children(node)]
                return all(below) if isinstance(node, Sequence) else any(below)

    def _inlined(self, order: list[str]) -> set[str]:
        """Lists that are small, or used in one place. A slot always calls, and so do all other uses of a large list."""
        inline: set[str] = set()
        words: dict[str, int] = {}
        for name in reversed(order):
            count = 0
            for node in walk(self.grammar.lists[name].choice):
                if isinstance(node, Reference):
                    count += words[node.name] if node.slot is None else 1
                elif isinstance(node, Said):
                    count += 1
            words[name] = count
        uses = dict.fromkeys(order, 0)
        for caller in (None, *order):
            times = uses[caller] if caller in inline else 1
            choice = self.grammar.phrases if caller is None else self.grammar.lists[caller].choice
            for reference in _references(choice):
                uses[reference.name] = min(uses[reference.name] + (0 if reference.slot else times), ARCS_MAX)
            # Callers come first: when a list's turn comes, its uses are complete.
            following = order[0 if caller is None else order.index(caller) + 1 :]
            if following and (words[following[0]] * uses[following[0]] <= INLINE_WORDS_MAX or uses[following[0]] == 1):
                inline.add(following[0])
        return inline

    # Probabilities.

    def _breadth(self, node: Node) -> float:
        """Sentences that a node stands for, at most BREADTH_MAX."""
        match node:
            case Said():
                return 1
            case Reference():
                if node.name not in self._breadths:
                    self._breadths[node.name] = self._breadth(self.grammar.lists[node.name].choice)
                return self._breadths[node.name]
            case Maybe():
                return min(BREADTH_MAX, 1 + self._breadth(node.choice))
            case Sequence():
                count = 1.0
                for item in node.items:
                    count = min(BREADTH_MAX, count * self._breadth(item))
                return count
            case Repetition():
                one = self._breadth(node.node)
                if node.most is None:
                    return BREADTH_MAX
                count, row = 0.0, 1.0
                for times in range(node.most + 1):
                    count += row if times >= node.least else 0.0
                    row = min(BREADTH_MAX, row * one)
                return min(BREADTH_MAX, count)
            case _:
                return min(BREADTH_MAX, sum(self._breadth(child) for child in children(node)))

    @cached_property
    def _breadths(self) -> dict[str, float]:
        return {}

    def _shares(self, alternatives: tuple[Alternative, ...]) -> Iterator[tuple[Alternative, float]]:
        weights = [a.weight * math.sqrt(self._breadth(a.node)) for a in alternatives]
        whole = math.fsum(weights)
        for alternative, weight in zip(alternatives, weights, strict=True):
            yield alternative, weight / whole

    # Networks.

    def _compact(self, what: str, choice: Choice, inline: set[str]) -> Automaton:
        automaton = Automaton()
        start, end = automaton.state(), automaton.state()
        automaton.finals[end] = 1.0
        try:
            self._choice(automaton, choice, start, end, inline)
        except TooLargeError:
            raise DomainError(
                f"{what} of domain {self.name!r} has more than {ARCS_MAX} arcs: use fewer words, or smaller repetitions"
            ) from None
        return compact(automaton)

    def _choice(self, automaton: Automaton, choice: Choice, start: int, end: int, inline: set[str]) -> None:
        for alternative, share in self._shares(choice.alternatives):
            entry = automaton.state()
            automaton.arc(start, entry, None, share)
            if alternative.value is None:
                self._build(automaton, alternative.node, entry, end, inline)
            else:
                self._valued(automaton, alternative, entry, end)

    def _build(self, automaton: Automaton, node: Node, start: int, end: int, inline: set[str]) -> None:
        match node:
            case Said():
                automaton.arc(start, end, self._word(node))
            case Reference():
                if node.slot is None and node.name in inline:
                    self._choice(automaton, self.grammar.lists[node.name].choice, start, end, inline)
                else:
                    automaton.arc(start, end, _Call(node.name, node.slot))
            case Slot():
                automaton.arc(start, end, _Call(self._inline_slot(node), node.slot))
            case Sequence():
                for item in node.items[:-1]:
                    between = automaton.state()
                    self._build(automaton, item, start, between, inline)
                    start = between
                self._build(automaton, node.items[-1], start, end, inline)
            case Choice():
                self._choice(automaton, node, start, end, inline)
            case Maybe():
                share = _said_share(node)
                entry = automaton.state()
                automaton.arc(start, entry, None, share)
                automaton.arc(start, end, None, 1 - share)
                self._choice(automaton, node.choice, entry, end, inline)
            case Repetition():
                self._repetition(automaton, node, start, end, inline)

    def _repetition(self, automaton: Automaton, node: Repetition, start: int, end: int, inline: set[str]) -> None:
        """Bounded: each number of times is equally likely. Without an upper bound: GOING_ON."""
        most = node.least if node.most is None else node.most
        if node.most is None and most == 0:  # {0,}
            entry = automaton.state()
            automaton.arc(start, entry, None, GOING_ON)
            automaton.arc(start, end, None, 1 - GOING_ON)
            start, most = entry, 1
        for times in range(most):
            if times >= node.least and node.most is not None:
                stop = 1 / (node.most - times + 1)
                entry = automaton.state()
                automaton.arc(start, end, None, stop)
                automaton.arc(start, entry, None, 1 - stop)
                start = entry
            after = automaton.state()
            self._build(automaton, node.node, start, after, inline)
            start = after
        if node.most is None:
            again = automaton.state()
            automaton.arc(start, again, None, GOING_ON)
            automaton.arc(start, end, None, 1 - GOING_ON)
            self._build(automaton, node.node, again, start, inline)
        else:
            automaton.arc(start, end, None)

    def _valued(self, automaton: Automaton, alternative: Alternative, start: int, end: int) -> None:
        """The words give one value: the first all of it, the others nothing."""
        inner = Automaton()
        entry, leave = inner.state(), inner.state()
        self._build(inner, alternative.node, entry, leave, set())
        first = [automaton.state() for _ in inner.arcs]
        rest = [automaton.state() for _ in inner.arcs]
        automaton.arc(start, first[entry], None)
        automaton.arc(rest[leave], end, None)
        automaton.arc(first[leave], end, None)
        for state, row in enumerate(inner.arcs):
            for label, probability, target in row:
                if label is None:
                    automaton.arc(first[state], first[target], None, probability)
                    automaton.arc(rest[state], rest[target], None, probability)
                    continue
                assert isinstance(label, _WordLabel)
                for states, value in ((first, alternative.value), (rest, _nothing(alternative.value))):
                    word = Word(label.word.text, label.word.pronunciations, value)
                    automaton.arc(states[state], rest[target], _WordLabel(word), probability)

    def _word(self, said: Said) -> _WordLabel:
        return _WordLabel(Word(said.text, self.lexicon.pronunciations(said)))

    def _inline_slot(self, node: Slot) -> str:
        """Name of the network of a slot's own choice; the same choice has the same."""
        shape = _shape(node.choice)
        if shape not in self._slot_names:
            name = node.slot
            while name in self.grammar.lists or name in self._slots:
                name += "'"
            self._slot_names[shape] = name
            self._slots[name] = node.choice
        return self._slot_names[shape]

    def _choice_of(self, name: str) -> Choice:
        return self._slots[name] if name in self._slots else self.grammar.lists[name].choice

    @staticmethod
    def _called(automaton: Automaton) -> set[str]:
        return {label.network for row in automaton.arcs for label, _, _ in row if isinstance(label, _Call)}

    def _assembled(self, root: Automaton, networks: dict[str, Automaton]) -> Graph:
        words: dict[Word, int] = {}
        number = {name: i for i, name in enumerate(networks, start=1)}

        def network(name: str, automaton: Automaton) -> Network:
            arcs = []
            for source, row in enumerate(automaton.arcs):
                for label, probability, target in row:
                    cost = max(0.0, -math.log(probability))
                    if isinstance(label, _WordLabel):
                        index = words.setdefault(label.word, len(words))
                        arcs.append(Arc(source, target, Kind.WORD, index, cost))
                    else:
                        assert isinstance(label, _Call)
                        arcs.append(Arc(source, target, Kind.CALL, number[label.network], cost, label.slot))
            finals = {state: max(0.0, -math.log(p)) for state, p in automaton.finals.items()}
            return Network(name, len(automaton.arcs), finals, tuple(arcs))

        made = [network("phrases", root), *(network(name, automaton) for name, automaton in networks.items())]
        return Graph(self.name, tuple(words), tuple(made))


def _references(choice: Choice) -> Iterator[Reference]:
    return (node for node in walk(choice) if isinstance(node, Reference))


def _said_share(node: Maybe) -> float:
    """Half, or by the weights of what may be left out, against one for leaving it out."""
    weight = sum(a.weight for a in node.choice.alternatives) / len(node.choice.alternatives)
    return weight / (1 + weight)


def _nothing(value: Value) -> Value:
    if isinstance(value, Add):
        return Add(0)
    return Multiply(1) if isinstance(value, Multiply) else ""


def _shape(node: Node) -> str:
    """The node as text, without places."""
    match node:
        case Said():
            return repr((node.text, id(node.place.source)))
        case Reference():
            return f"<{node.name}>"
        case Choice():
            inner = "|".join(f"{_shape(a.node)}*{a.weight!r}={a.value!r}" for a in node.alternatives)
            return f"({inner})"
        case Repetition():
            return f"{_shape(node.node)}{{{node.least},{node.most}}}"
        case Maybe():
            return f"[{_shape(node.choice)}]"
        case Sequence():
            return " ".join(map(_shape, node.items))
        case Slot():
            return f"{{{node.slot}={_shape(node.choice)}}}"
