"""The text language of domains, read into its parse tree. DOMAINS.md is its description."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from firmware.domain.graph import PHONEMES_MAX, TEXT_MAX
from firmware.domain.phonemes import CLASS
from train.domains.errors import TextError
from train.domains.grammar import (
    Alternative,
    Choice,
    Grammar,
    Maybe,
    Named,
    Node,
    Place,
    Pronunciation,
    Reference,
    Repetition,
    Said,
    Sequence,
    Slot,
    Source,
    walk,
)
from train.domains.tokens import NAME, Token, spelling, tokens, without_comment

LISTS = Path(__file__).parent / "lists"
"""The built-in lists, in the same language."""

BRACKETS_MAX = 12
"""Brackets in brackets."""

SIZE_MAX = 4_000_000
"""Bytes of a file: a domain that fits a board has some ten thousand."""

_DEFINITION = re.compile(rf"[ \t]*<[ \t]*({NAME})[ \t]*>[ \t]*=(?!>)")
_USE = re.compile(r"[ \t]*@use(?![^\s,])[ \t]*")
_PRONOUNCED = re.compile(r"[ \t]*([^\s()\[\]{}<>|+*=:]+)(?:[ \t]+:|:(?=\s|$))")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class File:
    """What stands in one file."""

    source: Source
    phrases: tuple[Alternative, ...]
    lists: tuple[Named, ...]
    uses: tuple[tuple[str, Place], ...]
    pronounced: tuple[tuple[str, Place], ...]


def builtin_names() -> list[str]:
    """Names that @use takes."""
    return sorted(path.stem for path in LISTS.glob("*.txt"))


def read_source(name: str, data: bytes, size_max: int = SIZE_MAX) -> Source:
    """A file's bytes as lines. A byte order mark is passed over; line ends are those of any system.

    Raises:
        TextError: it is too large or not UTF-8, or has control characters.
    """
    if len(data) > size_max:
        raise TextError(name, 1, 1, f"the file has {len(data)} bytes; at most {size_max} are read: use less of it")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = _LINE_END.split(data[: error.start].decode("utf-8"))
        byte = data[error.start]
        raise TextError(
            name, len(before), len(before[-1]) + 1, f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"
        ) from None
    source = Source(name, tuple(_LINE_END.split(text)))
    for number, line in enumerate(source.lines, start=1):
        if line.isprintable():
            continue
        for column, character in enumerate(line, start=1):
            if not character.isprintable() and character not in "\t\u00a0":
                raise TextError(
                    name,
                    number,
                    column,
                    f"character U+{ord(character):04X} cannot be said; take it away or save as UTF-8",
                )
    return source


def parse(name: str, data: bytes) -> Grammar:
    """A domain's text with the built-in lists that it uses.

    Raises:
        TextError: something in it is wrong; the message has the place.
    """
    file = parse_file(read_source(name, data))
    lists: dict[str, Named] = {}
    origin: dict[str, str] = {}
    for builtin in _used(file):
        for named in _builtin(builtin).lists:
            lists[named.name] = named
            origin[named.name] = builtin
    for named in file.lists:
        if named.name in origin:
            raise named.place.error(
                f"list <{named.name}> comes with @use {origin[named.name]} already; give yours another name"
            )
        lists[named.name] = named
    if not file.phrases:
        raise TextError(name, 1, 1, "there is no phrase in it; write one a line, as in: where is the {place}")
    for choice in (Choice(file.phrases), *(named.choice for named in file.lists)):
        _check_references(choice, lists)
    return Grammar(file.source, Choice(file.phrases), lists, dict(file.pronounced))


def _used(file: File) -> list[str]:
    order: list[str] = []
    waiting = [name for name, _ in reversed(file.uses)]
    while waiting:
        name = waiting.pop()
        if name not in order:
            order.append(name)
            waiting.extend(used for used, _ in reversed(_builtin(name).uses))
    return order


@cache
def _builtin(name: str) -> File:
    path = LISTS / f"{name}.txt"
    return parse_file(read_source(f"@use {name}", path.read_bytes()))


def _check_references(choice: Choice, lists: dict[str, Named]) -> None:
    for node in walk(choice):
        if isinstance(node, Reference) and node.name not in lists:
            for builtin in builtin_names():
                if any(named.name == node.name for named in _builtin(builtin).lists):
                    raise node.place.error(f"list <{node.name}> is built in; add the line @use {builtin}")
            near = difflib.get_close_matches(node.name, lists, 1)
            hint = f"did you mean <{near[0]}>?" if near else f"write <{node.name}> = some words | others"
            raise node.place.error(f"there is no list <{node.name}>; {hint}")


def parse_file(source: Source) -> File:
    """One file, its references not yet looked up. TextError as `parse`."""
    reader = _Reader(source)
    for number, line in enumerate(source.lines, start=1):
        reader.line(number, without_comment(line))
    reader.finish()
    return File(
        source,
        tuple(reader.phrases),
        tuple(reader.lists.values()),
        tuple(reader.uses),
        tuple(reader.pronounced.items()),
    )


@dataclass
class _Definition:
    name: str
    place: Place
    indent: int
    tokens: list[Token]


class _Reader:
    """Gathers statements line by line."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.phrases: list[Alternative] = []
        self.lists: dict[str, Named] = {}
        self.uses: list[tuple[str, Place]] = []
        self.pronounced: dict[str, Place] = {}
        self._open: _Definition | None = None

    def line(self, number: int, line: str) -> None:
        text = line.lstrip(" \t\u00a0")
        if not text:
            return
        indent = len(line) - len(text)
        begins = Place(self.source, number, indent + 1)
        if match := _DEFINITION.match(line):
            self.finish()
            self._define(match[1], begins)
            self._open = _Definition(match[1], begins, indent, tokens(self.source, number, line, match.end()))
        elif self._open and (text.startswith("|") or indent > self._open.indent):
            more = tokens(self.source, number, line, 0)
            before = self._open.tokens
            if more and before and before[-1].kind != "|" and more[0].kind != "|":
                before.append(Token("|", more[0].place))
            before.extend(more)
        else:
            self.finish()
            if match := _USE.match(line):
                self._use(number, line, match.end())
            elif match := _PRONOUNCED.match(line):
                self._pronounce(begins, number, line, match)
            else:
                found = tokens(self.source, number, line, 0)
                if not found:
                    raise begins.error("there is no word in this line; write a phrase, or start a comment with #")
                choice = _Expression(found, begins).whole()
                for alternative in choice.alternatives:
                    if alternative.value is not None:
                        raise alternative.place.error(
                            "a value says what a slot gives, and this is no slot; put it in a list: <n> = two => 2"
                        )
                self.phrases.extend(choice.alternatives)

    def finish(self) -> None:
        """Closes a list that the lines before were part of."""
        if self._open:
            choice = _Expression(self._open.tokens, self._open.place).whole()
            self.lists[self._open.name] = Named(self._open.name, choice, self._open.place)
            self._open = None

    def _define(self, name: str, place: Place) -> None:
        if name in self.lists:
            raise place.error(
                f"list <{name}> is in line {self.lists[name].place.line} already; put them together, "
                "or give one another name"
            )
        if len(name) > TEXT_MAX - 2:
            raise place.error(f"this list's name has {len(name)} letters; at most {TEXT_MAX - 2} are possible")

    def _use(self, number: int, line: str, start: int) -> None:
        known = ", ".join(builtin_names())
        names = list(re.finditer(r"[^\s,]+", line[start:]))
        if not names:
            raise Place(self.source, number, start + 1).error(f"@use needs a name; there are {known}")
        for match in names:
            place = Place(self.source, number, start + match.start() + 1)
            if match[0] not in builtin_names():
                raise place.error(f"there are no built-in lists {match[0]!r}; there are {known}")
            self.uses.append((match[0], place))

    def _pronounce(self, place: Place, number: int, line: str, match: re.Match[str]) -> None:
        word = spelling(match[1])
        if not word:
            raise place.error(f"{match[1]!r} is no word; a pronunciation is written as in: gyros : Y IH R OW S")
        sounds: list[str] = []
        variants = self.source.lexicon.setdefault(word, [])
        for symbol in re.finditer(r"[^\s|]+|\|", line[match.end() :] + " |"):
            at = Place(self.source, number, min(match.end() + symbol.start(), len(line)) + 1)
            if symbol[0] != "|":
                sounds.append(phoneme(symbol[0], at))
                continue
            if not 1 <= len(sounds) <= PHONEMES_MAX:
                raise at.error(f"a pronunciation has 1 to {PHONEMES_MAX} phonemes, this one {len(sounds)}")
            found: Pronunciation = tuple(sounds)
            if found not in variants:
                variants.append(found)
            sounds = []
        self.pronounced.setdefault(word, place)


def phoneme(symbol: str, place: Place) -> str:
    """A symbol of ARPAbet, in any case, with or without stress, as the networks count it. TextError if it is none."""
    bare = symbol.upper()
    if len(bare) > 1 and bare[-1] in "012":
        bare = bare[:-1]
    if bare not in CLASS:
        raise place.error(f"{symbol!r} is no phoneme (a phrase has no colon); there are {' '.join(CLASS)}")
    return bare


class _Expression:
    """Recursive descent over a statement's tokens."""

    def __init__(self, found: list[Token], begins: Place) -> None:
        line = found[-1].place.line if found else begins.line
        column = len(without_comment(begins.source.lines[line - 1])) + 1
        self._tokens = [*found, Token("end", Place(begins.source, line, column))]
        self._at = 0
        self._depth = 0

    def whole(self) -> Choice:
        return self._choice("end", None)

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _choice(self, closing: str, opening: Token | None) -> Choice:
        """Alternatives up to the closing sign, which is passed."""
        self._depth += 1
        if self._depth > BRACKETS_MAX and opening:
            raise opening.place.error(f"brackets are more than {BRACKETS_MAX} deep; name the inner ones as a list")
        alternatives = [self._alternative()]
        while self._next.kind == "|":
            self._at += 1
            alternatives.append(self._alternative())
        if self._next.kind != closing:
            self._unbalanced(closing, opening)
        self._at += 1
        self._depth -= 1
        return Choice(tuple(alternatives))

    def _unbalanced(self, closing: str, opening: Token | None) -> None:
        if opening and self._next.kind == "end":
            sign = {"open slot": "{"}.get(opening.kind, opening.kind)
            raise opening.place.error(f"{sign} is never closed; put {closing} where it ends")
        sign = self._next.kind
        if sign in ("count", "+"):
            raise self._next.place.error("a repetition follows what it repeats: <digit>+, (one | two){2,6}")
        if opening:
            raise self._next.place.error(f"{sign} closes no bracket here; {closing} is open")
        raise self._next.place.error(f"{sign} closes no bracket; take it away, or open one")

    def _alternative(self) -> Alternative:
        place = self._next.place
        items: list[Node] = []
        while (node := self._item()) is not None:
            items.append(node)
        if not items and self._next.kind in ("+", "count"):
            raise place.error("a repetition follows what it repeats: <digit>+, (one | two){2,6}")
        if not items:
            raise self._next.place.error("there is nothing here; write words, and [...] for what may be left out")
        node = items[0] if len(items) == 1 else Sequence(tuple(items))
        weight, value = 1.0, None
        if self._next.kind == "value":
            value = self._next.value
            for below in walk(node):
                if isinstance(below, Reference | Slot):
                    raise self._next.place.error("a value stands for words; it cannot follow a list or a slot")
            self._at += 1
        if self._next.kind == "weight":
            weight = self._next.weight
            self._at += 1
            if self._next.kind == "value":
                raise self._next.place.error("the weight follows the value: two => 2 *3")
        if self._next.kind in ("weight", "value") or self._next.kind not in ("|", ")", "]", "}", "end", "count", "+"):
            raise self._next.place.error("value and weight end an alternative; put | or a bracket between")
        return Alternative(node, place, weight, value)

    def _item(self) -> Node | None:
        token = self._next
        node: Node
        match token.kind:
            case "word":
                node = Said(token.text, token.place)
            case "list" | "slot":
                node = Reference(token.text, token.slot, token.place)
            case "(":
                self._at += 1
                return self._repeated(self._choice(")", token))
            case "[":
                self._at += 1
                return self._repeated(Maybe(self._choice("]", token), token.place))
            case "open slot":
                self._at += 1
                assert token.slot
                return self._repeated(Slot(token.slot, self._choice("}", token), token.place))
            case _:
                return None
        self._at += 1
        return self._repeated(node)

    def _repeated(self, node: Node) -> Node:
        token = self._next
        if token.kind not in ("+", "count"):
            return node
        if isinstance(node, Maybe):
            raise token.place.error("what may be left out cannot be repeated; write [(a | b)+], with the + inside")
        self._at += 1
        if self._next.kind in ("+", "count"):
            raise self._next.place.error("one repetition is enough; take the second away")
        least, most = (1, None) if token.kind == "+" else (token.least, token.most)
        return Repetition(node, least, most, token.place)
