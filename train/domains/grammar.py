"""The parse tree of a domain: phrases and named lists of words, alternatives, optionals, repetitions and slots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from firmware.domain.graph import Value
from train.domains.errors import TextError

Pronunciation = tuple[str, ...]
"""ARPAbet symbols without stress."""


@dataclass(frozen=True)
class Source:
    """A file of the language: its name as the user gave it, its lines, and the pronunciations that it gives itself."""

    name: str
    lines: tuple[str, ...]
    lexicon: dict[str, list[Pronunciation]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Place:
    """Where something stands: line and column count from 1."""

    source: Source = field(repr=False)
    line: int
    column: int

    def error(self, message: str) -> TextError:
        """What is wrong here; the message says what to do, too."""
        text = self.source.lines[self.line - 1] if self.line <= len(self.source.lines) else ""
        return TextError(self.source.name, self.line, self.column, message, text)

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Said:
    """A word, in lower case."""

    text: str
    place: Place


@dataclass(frozen=True)
class Reference:
    """`<name>`, or with a slot `{name}` and `{slot:name}`."""

    name: str
    slot: str | None
    place: Place


@dataclass(frozen=True)
class Slot:
    """`{slot = a | b}`: a list that has no name of its own."""

    slot: str
    choice: Choice
    place: Place


@dataclass(frozen=True)
class Sequence:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Alternative:
    """One of a choice: how much likelier than it would be by itself, and what it gives to a slot."""

    node: Node
    place: Place
    weight: float = 1.0
    value: Value = None


@dataclass(frozen=True)
class Choice:
    """One of them."""

    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class Maybe:
    """`[...]`."""

    choice: Choice
    place: Place


@dataclass(frozen=True)
class Repetition:
    """`+` and `{least,most}`; no most is any number."""

    node: Node
    least: int
    most: int | None
    place: Place


Node = Said | Reference | Slot | Sequence | Choice | Maybe | Repetition


@dataclass(frozen=True)
class Named:
    """`<name> = ...`."""

    name: str
    choice: Choice
    place: Place


@dataclass(frozen=True)
class Grammar:
    """All of a domain: its file, its phrases, every list, own and built-in, by name, and where it pronounces what."""

    source: Source
    phrases: Choice
    lists: dict[str, Named]
    pronounced: dict[str, Place]


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, lists not entered."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> Iterator[Node]:
    """The nodes right below."""
    match node:
        case Sequence():
            yield from node.items
        case Choice():
            yield from (a.node for a in node.alternatives)
        case Maybe() | Slot():
            yield node.choice
        case Repetition():
            yield node.node
