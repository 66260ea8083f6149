"""From the parse tree to the graph: lists become networks that are called, or stand where they are used.

Every phrase and every alternative has a probability. By itself it goes with the root of the number of sentences that it
stands for (at most BREADTH_MAX of them): if phrases were equally likely, a sentence of `to {city}` would be a thousand
times less likely than any fixed phrase beside it, and if sentences were, fixed phrases would drown. A weight multiplies
that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

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
)
from train.domains.lexicon import Lexicon
from train.domains.references import References

BREADTH_MAX = 10_000
"""Sentences beyond which a phrase does not become likelier."""

GOING_ON = 0.8
"""Probability that a repetition without an upper bound goes on: five times on average."""


@dataclass(frozen=True)
class _Network:
    """A list, or an inline slot's choice, as a network: with what its words give a slot, or as words alone."""

    name: str
    valued: bool


@dataclass(frozen=True)
class _Call:
    """Label of an arc."""

    network: _Network
    slot: str | None


class Compiler:
    """One domain on its way to a graph. TextError where the grammar makes no sense, as References says."""

    def __init__(self, name: str, grammar: Grammar, lexicon: Lexicon) -> None:
        self.grammar = grammar
        self.references = References(grammar)
        self._name = name
        self._lexicon = lexicon
        self._words: dict[tuple[str, int], Word] = {}
        self._breadths: dict[str, float] = {}
        self._slots: dict[str, Choice] = {}
        self._slot_names: dict[str, str] = {}

    def graph(self) -> Graph:
        """The domain.

        Raises:
            TextError: a word that cannot be said.
            DomainError: it is too large, or has a word that the binary form cannot hold.
        """
        self._lexicon.prepare(sorted(self.references.words()))
        root = self._compact("the phrases", self.grammar.phrases, False)
        networks: dict[_Network, Automaton] = {}
        waiting = _called(root)
        while waiting:
            network = waiting.pop()
            if network not in networks:
                made = self._compact(
                    f"the words of list <{network.name}>", self._choice_of(network.name), network.valued
                )
                networks[network] = made
                waiting += _called(made)
        return self._assembled(root, networks)

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

    def _shares(self, alternatives: tuple[Alternative, ...]) -> Iterator[tuple[Alternative, float]]:
        weights = [a.weight * math.sqrt(self._breadth(a.node)) for a in alternatives]
        whole = math.fsum(weights)
        for alternative, weight in zip(alternatives, weights, strict=True):
            yield alternative, weight / whole

    # Networks.

    def _compact(self, what: str, choice: Choice, valued: bool) -> Automaton:
        automaton = Automaton()
        start, end = automaton.state(), automaton.state()
        automaton.finals[end] = 1.0
        try:
            self._choice(automaton, choice, start, end, valued)
        except TooLargeError:
            raise DomainError(
                f"{what} of domain {self._name!r} have more than {ARCS_MAX} arcs: use fewer words or repetitions"
            ) from None
        return compact(automaton)

    def _choice(self, automaton: Automaton, choice: Choice, start: int, end: int, valued: bool) -> None:
        for alternative, share in self._shares(choice.alternatives):
            entry = automaton.state()
            automaton.arc(start, entry, None, share)
            if alternative.value is None or not valued:
                self._build(automaton, alternative.node, entry, end, valued)
            else:
                self._valued(automaton, alternative, entry, end)

    def _build(self, automaton: Automaton, node: Node, start: int, end: int, valued: bool) -> None:
        match node:
            case Said():
                automaton.arc(start, end, self._word(node))
            case Reference():
                if node.slot is None and node.name in self.references.inline:
                    self._choice(automaton, self.grammar.lists[node.name].choice, start, end, valued)
                else:
                    automaton.arc(start, end, self._call(node.name, node.slot, valued))
            case Slot():
                automaton.arc(start, end, self._call(self._inline_slot(node), node.slot, valued))
            case Sequence():
                for item in node.items[:-1]:
                    between = automaton.state()
                    self._build(automaton, item, start, between, valued)
                    start = between
                self._build(automaton, node.items[-1], start, end, valued)
            case Choice():
                self._choice(automaton, node, start, end, valued)
            case Maybe():
                share = _said_share(node)
                entry = automaton.state()
                automaton.arc(start, entry, None, share)
                automaton.arc(start, end, None, 1 - share)
                self._choice(automaton, node.choice, entry, end, valued)
            case Repetition():
                self._repetition(automaton, node, start, end, valued)

    def _repetition(self, automaton: Automaton, node: Repetition, start: int, end: int, valued: bool) -> None:
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
            self._build(automaton, node.node, start, after, valued)
            start = after
        if node.most is None:
            again = automaton.state()
            automaton.arc(start, again, None, GOING_ON)
            automaton.arc(start, end, None, 1 - GOING_ON)
            self._build(automaton, node.node, again, start, valued)
        else:
            automaton.arc(start, end, None)

    def _valued(self, automaton: Automaton, alternative: Alternative, start: int, end: int) -> None:
        """The words give one value: the first all of it, the others nothing."""
        inner = Automaton()
        entry, leave = inner.state(), inner.state()
        self._build(inner, alternative.node, entry, leave, False)
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
                assert isinstance(label, Word)
                for states, value in ((first, alternative.value), (rest, _nothing(alternative.value))):
                    word = Word(label.text, label.pronunciations, value)
                    automaton.arc(states[state], rest[target], word, probability)

    def _word(self, said: Said) -> Word:
        key = (said.text, id(said.place.source))
        if key not in self._words:
            self._words[key] = Word(said.text, self._lexicon.pronunciations(said))
        return self._words[key]

    def _call(self, name: str, slot: str | None, valued: bool) -> _Call:
        """Values are for slots: where none is under way, a list without them serves, whose words are plain ones."""
        wanted = slot is not None or valued
        return _Call(_Network(name, wanted and self.references.has_values(self._choice_of(name))), slot)

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

    def _assembled(self, root: Automaton, networks: dict[_Network, Automaton]) -> Graph:
        words: dict[Word, int] = {}
        number = {key: i for i, key in enumerate(networks, start=1)}

        def network(name: str, automaton: Automaton) -> Network:
            arcs = []
            for source, row in enumerate(automaton.arcs):
                for label, probability, target in row:
                    cost = max(0.0, -math.log(probability))
                    if isinstance(label, Word):
                        index = words.setdefault(label, len(words))
                        arcs.append(Arc(source, target, Kind.WORD, index, cost))
                    else:
                        assert isinstance(label, _Call)
                        arcs.append(Arc(source, target, Kind.CALL, number[label.network], cost, label.slot))
            finals = {state: max(0.0, -math.log(p)) for state, p in automaton.finals.items()}
            return Network(name, len(automaton.arcs), finals, tuple(arcs))

        made = [network("phrases", root), *(network(key.name, automaton) for key, automaton in networks.items())]
        return Graph(self._name, tuple(words), tuple(made))


def _called(automaton: Automaton) -> list[_Network]:
    """Each once, in the order of the arcs."""
    labels = (label for row in automaton.arcs for label, _, _ in row)
    return list(dict.fromkeys(label.network for label in labels if isinstance(label, _Call)))


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
