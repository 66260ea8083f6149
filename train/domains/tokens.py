"""A line of the text language, cut into tokens."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from firmware.domain.graph import NUMBER_MAX, TEXT_MAX, Add, Multiply, Value
from train.domains.grammar import Place, Source

NAME = r"[A-Za-z][A-Za-z0-9_-]*"
WEIGHT_MIN, WEIGHT_MAX = 1e-6, 1e6
REPETITIONS_MAX = 100

_BLANKS = re.compile(r"[ \t\u00a0]+")
_LIST = re.compile(rf"<[ \t]*({NAME})[ \t]*>")
_COUNT = re.compile(r"\{[ \t]*(\d*)[ \t]*(,?)[ \t]*(\d*)[ \t]*\}")
_SLOT = re.compile(rf"\{{[ \t]*({NAME})[ \t]*(?:(\}})|:[ \t]*({NAME})[ \t]*\}}|=)")
_WEIGHT = re.compile(r"\*[ \t]*(\d+(?:\.\d*)?|\.\d+)")
_VALUE = re.compile(
    r'=>[ \t]*(?:"(?P<quoted>[^"]*)"|(?P<number>[+*]\d+)|'
    r"(?P<plain>[^\s|()\[\]{}*\"#=][^|()\[\]{}*\"=]*?))[ \t]*(?=[|)\]}*]|\s\#|$)"
)
_WORD = re.compile(r"[^\s()\[\]{}<>|+*=]+")
_MARKS = '.,;:?!"“”„«»…¿¡'
_SPELLING = re.compile(r"[^\W_]+(?:['.&-][^\W_]+)*'?|'[^\W_]+(?:['.&-][^\W_]+)*'?")


@dataclass(frozen=True)
class Token:
    """kind is the sign itself, or one of word, list, slot, open slot, count, weight, value, end.

    glued: no blank stands before it. least and most are a count's, weight and value those of their kinds.
    """

    kind: str
    place: Place
    glued: bool = False
    text: str = ""
    slot: str | None = None
    least: int = 0
    most: int | None = None
    weight: float = 1.0
    value: Value = None


def without_comment(line: str) -> str:
    """The line up to a `#` at its start or behind a blank, in which no quoted value stands."""
    quoted = False
    for index, character in enumerate(line):
        if character == '"':
            quoted = not quoted and line[:index].rstrip().endswith("=>")
        elif character == "#" and not quoted and (index == 0 or line[index - 1].isspace()):
            return line[:index].rstrip()
    return line.rstrip()


def spelling(run: str) -> str | None:
    """A run of characters as a word: lower case, marks around it taken away; "" if they were all, None if no word."""
    word = unicodedata.normalize("NFC", run.replace("\u2019", "'")).lower().strip(_MARKS)
    if len(word) > 2 and word[0] == word[-1] == "'":
        word = word[1:-1]
    if "." in word and run.endswith("."):  # a.m. keeps its own
        word += "."
    if not word:
        return ""
    return word if _SPELLING.fullmatch(word.removesuffix(".") if "." in word[:-1] else word) else None


def tokens(source: Source, number: int, line: str, start: int) -> list[Token]:
    """The tokens of a line (number counts from 1) behind its first `start` characters."""
    found: list[Token] = []
    at, glued = start, False
    while at < len(line):
        if blanks := _BLANKS.match(line, at):
            at, glued = blanks.end(), False
            continue
        token, at = _token(Place(source, number, at + 1), line, at, glued)
        if token:
            found.append(token)
        glued = True
    return found


def _token(place: Place, line: str, at: int, glued: bool) -> tuple[Token | None, int]:
    sign = line[at]
    if sign in "()[]|+}":
        return Token(sign, place, glued), at + 1
    if sign == "<":
        if not (match := _LIST.match(line, at)):
            raise place.error("a list is written <name>: a letter, then letters, digits, - and _; close it with >")
        return Token("list", place, glued, match[1]), match.end()
    if sign == "{":
        return _brace(place, line, at, glued)
    if sign == "*":
        if not (match := _WEIGHT.match(line, at)):
            raise place.error(
                "* needs a number behind it, as in *3: how much likelier; for repetition write + or {2,6}"
            )
        weight = float(match[1])
        if not WEIGHT_MIN <= weight <= WEIGHT_MAX:
            raise place.error("a weight is from 0.000001 to 1000000; take the alternative away instead")
        return Token("weight", place, glued, weight=weight), match.end()
    if line.startswith("=>", at):
        return _value(place, line, at, glued)
    if sign == "=":
        raise place.error("= belongs behind a list's name at the start of a line, or behind a slot's name in {}")
    if sign == ">":
        raise place.error("> closes no list; write <name>, or take it away")
    match = _WORD.match(line, at)
    assert match
    return _word(place, match[0], glued), match.end()


def _word(place: Place, run: str, glued: bool) -> Token | None:
    word = spelling(run)
    if word is None:
        if run.startswith(("@use", "@")):
            raise place.error("@use stands at the start of a line: @use numbers, times")
        signs = "".join(sorted({c for c in run if not (c.isalnum() or c in "'-.&")})) or run
        raise place.error(f"{run!r} is no word ({signs!r} has no sound); write it as it is said: five dollars, at home")
    if not word:
        return None  # punctuation by itself
    if len(word.encode()) > TEXT_MAX:
        raise place.error(f"this word has {len(word.encode())} bytes; at most {TEXT_MAX} are possible")
    return Token("word", place, glued, word)


def _brace(place: Place, line: str, at: int, glued: bool) -> tuple[Token, int]:
    if match := _COUNT.match(line, at):
        least, comma, most = match.groups()
        if not least and not most:
            raise place.error("a repetition needs a number: {3}, {2,6} or {2,}")
        # Longer numbers are too large at any rate; int() would refuse some thousand digits.
        first = int(least[:6] or 0)
        last = int(most[:6]) if most else (None if comma else first)
        if (last is not None and last < max(first, 1)) or max(first, last or 0) > REPETITIONS_MAX:
            raise place.error(
                f"a repetition is {{least,most}}: most at least 1 and not below least, both at most {REPETITIONS_MAX}"
            )
        return Token("count", place, glued, least=first, most=last), match.end()
    if not (match := _SLOT.match(line, at)):
        raise place.error("a slot is {list}, {name:list} or {name = some words | others}; a repetition is {2,6}")
    name, closed, of = match.groups()
    if len(name) > TEXT_MAX:
        raise place.error(f"this slot's name has {len(name)} bytes; at most {TEXT_MAX} are possible")
    if closed or of:
        return Token("slot", place, glued, of or name, slot=name), match.end()
    return Token("open slot", place, glued, slot=name), match.end()


def _value(place: Place, line: str, at: int, glued: bool) -> tuple[Token, int]:
    match = _VALUE.match(line, at)
    if not match:
        raise place.error('a value is text (=> 2), text in quotes (=> "No. 2"), or a number (=> +20, => *100)')
    value: Value
    if match["number"]:
        digits = match["number"][1:]
        number = int(digits[:12])
        if number > NUMBER_MAX or (number == 0 and match["number"][0] == "*"):
            raise place.error(f"a number in a value is at most {NUMBER_MAX}, and a factor at least 1")
        value = Add(number) if match["number"][0] == "+" else Multiply(number)
    else:
        text = match["quoted"] if match["quoted"] is not None else match["plain"]
        value = unicodedata.normalize("NFC", " ".join(text.split()))
        if len(value.encode()) > TEXT_MAX:
            raise place.error(f"this value has {len(value.encode())} bytes; at most {TEXT_MAX} are possible")
        if not value.isprintable():
            raise place.error("this value has characters that cannot be shown; write it in letters and digits")
    return Token("value", place, glued, value=value), match.end()
