"""Where each key of a TOML document is written: tomllib gives values without their lines.

The scanner takes a document that tomllib has accepted, so it need not judge: it follows the grammar of TOML 1.0 far
enough to find keys and the elements of arrays.
"""

from __future__ import annotations

import re
import tomllib

Place = tuple[str | int, ...]
"""The path of a value: keys of tables, and positions in arrays."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


def lines(text: str) -> dict[Place, int]:
    """The line (from 1) on which each table, key and array element of `text` begins; () is line 1.

    `text` must be valid TOML. A table that several headers name has the line of its first.
    """
    return _Scanner(text.replace("\r\n", "\n")).document()


def line_of(found: dict[Place, int], place: Place) -> int:
    """The line of `place`, or of the nearest that it lies in: what is missing is missed where its table begins."""
    while place not in found:
        place = place[:-1]
    return found[place]


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted = (0, 1)
        self._found: dict[Place, int] = {(): 1}
        self._tables: dict[Place, int] = {}
        """How many elements each array of tables has so far."""

    def document(self) -> dict[Place, int]:
        table: Place = ()
        while self._more():
            if self._text.startswith("[[", self._at):
                table = self._header(2)
                index = self._tables.get(table, -1) + 1
                self._tables[table] = index
                table = (*table, index)
                self._note_all(table)
            elif self._text[self._at] == "[":
                table = self._header(1)
                self._note_all(table)
            else:
                self._pair(table)
        return self._found

    def _more(self) -> bool:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        return self._at < len(self._text)

    def _line(self) -> int:
        at, line = self._counted
        line += self._text.count("\n", at, self._at)
        self._counted = (self._at, line)
        return line

    def _note(self, place: Place) -> None:
        self._found.setdefault(place, self._line())

    def _note_all(self, place: Place) -> None:
        for length in range(1, len(place) + 1):
            self._note(place[:length])

    def _header(self, brackets: int) -> Place:
        self._at += brackets
        keys = self._key()
        self._at += brackets
        # A header names, of an array of tables, the newest element.
        table: Place = ()
        for position, key in enumerate(keys):
            table = (*table, key)
            if table in self._tables and (position < len(keys) - 1 or brackets == 1):
                table = (*table, self._tables[table])
        return table

    def _key(self) -> list[str]:
        keys = []
        while True:
            self._more()
            match = _STRING.match(self._text, self._at) or _BARE.match(self._text, self._at)
            if match is None:
                raise ValueError("this is no TOML")
            word = match.group()
            keys.append(tomllib.loads(f"key = {word}")["key"] if word[0] in "\"'" else word)
            self._at = match.end()
            self._more()
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _pair(self, table: Place) -> None:
        place = (*table, *self._key())
        for length in range(len(table) + 1, len(place) + 1):
            self._note(place[:length])
        self._at += 1
        self._value(place)

    def _value(self, place: Place) -> None:
        self._more()
        self._note(place)
        opening = self._text[self._at]
        if opening == "[":
            self._array(place)
        elif opening == "{":
            self._at += 1
            while self._more() and self._text[self._at] != "}":
                if self._text[self._at] == ",":
                    self._at += 1
                else:
                    self._pair(place)
            self._at += 1
        else:
            match = _STRING.match(self._text, self._at) or _SCALAR.match(self._text, self._at)
            self._at = match.end() if match else self._at

    def _array(self, place: Place) -> None:
        self._at += 1
        index = 0
        while self._more() and self._text[self._at] != "]":
            if self._text[self._at] == ",":
                self._at += 1
                index += 1
            else:
                self._value((*place, index))
        self._at += 1
