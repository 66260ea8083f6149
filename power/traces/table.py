"""Text tables as instruments export them, read in blocks: separators, decimal commas, quotes, byte order marks.

The usual row (plain numbers, as many columns as the header) goes through numpy; a block that holds anything else is
read again row by row, so that what is wrong can be named with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError

READ_BYTES = 1 << 22
LONGEST_LINE = 1 << 16
_SEPARATORS = b",;\t"
_QUOTED = b"\x1f"
"""Stands for a separator between quotes: in no sane file, and no part of a number."""
_NOTHING = {"", "nan", "-nan", "null", "none", "-", "n/a"}


class Rows(NamedTuple):
    """Consecutive rows of a table."""

    line: int
    """The first row's line in the file, from 1."""
    numbers: NDArray[np.float64]
    """(n, columns asked for); NaN where a field is empty or says NaN."""
    letters: NDArray[np.uint8]
    """(n, letters) ASCII of the columns asked for as letters, side by side."""
    lines: NDArray[np.int64] | None
    """(n,) each row's line, where lines without a row lie between them."""

    def fail(self, table: Table) -> Callable[[int, str], PowerError]:
        """Makes the error for a row of this block, naming file and line."""
        return lambda row, what: table.error(self.at(row), what)

    def at(self, row: int) -> int:
        """The line of a row of this block."""
        return self.line + row if self.lines is None else int(self.lines[row])


class Table:
    """An open text table: its layout, from its first lines."""

    def __init__(self, path: Path, separator: str | None = None, decimal: str | None = None) -> None:
        """Looks at the head of the file. PowerError if it is no text table.

        `separator` and `decimal` override what the head tells.
        """
        self.path = path
        head = self._head()
        lines = head.split(b"\n")
        skipped = 0
        while skipped < len(lines) - 1 and (not lines[skipped].strip() or lines[skipped].lstrip().startswith(b"#")):
            skipped += 1
        first = lines[skipped].rstrip(b"\r")
        second = lines[skipped + 1].rstrip(b"\r") if skipped + 1 < len(lines) else b""
        self._quotes = b'"' in head
        self.separator = self._separator(first, second) if separator is None else separator.encode()
        if len(self.separator) != 1:
            raise PowerError(f"{path}: the separator {separator!r} is not one letter")
        self._all_quoted = self._quotes and b'"' + self.separator + b'"' in (second or first)
        fields = self._fields(first)
        comma = decimal == "," if decimal is not None else self._decimal_comma(second or first)
        self._decimal_comma_used = comma
        if comma and self.separator == b"," and not self._all_quoted:
            raise PowerError(f"{path}:{skipped + 2}: commas cannot both separate fields and mark decimals")
        self.header: list[str] | None = None
        self.first_line = skipped + 1
        if not all(self._is_number(field) for field in fields):
            self.header = fields
            self.first_line += 1
        self.columns = len(fields)
        self._data_at = sum(len(line) + 1 for line in lines[: self.first_line - 1])
        self.size = path.stat().st_size
        self.bytes_read = 0
        self.cut_short = False

    def _head(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                head = file.read(LONGEST_LINE)
        except OSError as error:
            raise PowerError(f"{self.path} cannot be read: {error.strerror}") from error
        self._mark = 3 if head.startswith(b"\xef\xbb\xbf") else 0
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise PowerError(f"{self.path} is UTF-16 text; save it as UTF-8")
        head = head[self._mark :]
        if not head.strip():
            raise PowerError(f"{self.path} is empty")
        if b"\0" in head:
            raise PowerError(f"{self.path} is no text: a zero byte at offset {head.index(0) + self._mark}")
        if b"\n" not in head and (len(head) >= LONGEST_LINE - 3 or b"\r" in head):
            raise PowerError(f"{self.path}:1: a line longer than {LONGEST_LINE} bytes, or without a line end")
        return head

    def _separator(self, first: bytes, second: bytes) -> bytes:
        """The separator: the one whose count agrees between the first two lines, a semicolon or tab before a comma."""
        for letter in (b";", b"\t", b","):
            if letter in first and (not second or first.count(letter) == second.count(letter) or letter != b","):
                return letter
        return b","

    def _fields(self, line: bytes) -> list[str]:
        if self._all_quoted or self._quotes:
            line = line.replace(b'"' + self.separator + b'"', _QUOTED) if self._all_quoted else line
            line = line.replace(b'"', b"")
        parts = line.split(_QUOTED if self._all_quoted and _QUOTED in line else self.separator)
        return [part.decode("utf-8", "replace").strip() for part in parts]

    def _decimal_comma(self, line: bytes) -> bool:
        fields = self._fields(line)
        return any(
            field.count(",") == 1 and field.replace(",", "", 1).lstrip("+-").isdigit() for field in fields
        ) and not any(self._is_plain_fraction(field) for field in fields)

    @staticmethod
    def _is_plain_fraction(field: str) -> bool:
        return field.count(".") == 1 and field.replace(".", "", 1).lstrip("+-").isdigit()

    def _is_number(self, field: str) -> bool:
        try:
            float(field.replace(",", ".") if self._decimal_comma_used else field)
        except ValueError:
            return False
        return True

    def column(self, name: str) -> int | None:
        """The place of the column called `name` (letters' case and blanks aside), or with that number from 1."""
        plain = _plain(name)
        for place, title in enumerate(self.header or ()):
            if _plain(title) == plain:
                return place
        if name.isdigit() and 1 <= int(name) <= self.columns:
            return int(name) - 1
        return None

    def titles(self) -> str:
        """The columns for an error message."""
        return _printable(", ".join(self.header)) if self.header else f"no header, {self.columns} columns"

    def error(self, line: int, what: str) -> PowerError:
        """An error at a line of this file."""
        return PowerError(f"{self.path}:{line}: {what}")

    def read(
        self, numbers: list[int], letters: list[tuple[int, int]], times: frozenset[int] = frozenset()
    ) -> Iterator[Rows]:
        """The table's rows, from the start.

        Args:
            numbers: places of the columns to read as numbers.
            letters: (place, letters) of the columns to read as that many ASCII letters.
            times: those of `numbers` that may hold dates with a time of day; they become s since 1970.
        """
        line = self.first_line
        for text in self._chunks():
            rows = self._fast(text, line, numbers, letters) or self._slow(text, line, numbers, letters, times)
            line += text.count(b"\n")
            if len(rows.numbers):
                yield rows

    def _chunks(self) -> Iterator[bytes]:
        """Whole lines, about READ_BYTES at a time, quotes and decimal commas resolved."""
        self.bytes_read, self.cut_short = 0, False
        rest = b""
        line = self.first_line
        with self.path.open("rb") as file:
            file.seek(self._mark + self._data_at)
            self.bytes_read = file.tell()
            while text := self._more(file):
                text = rest + text
                end = text.rfind(b"\n") + 1
                rest = text[end:]
                if len(rest) > LONGEST_LINE:
                    raise self.error(line + text[:end].count(b"\n"), f"a line longer than {LONGEST_LINE} bytes")
                if end:
                    line += text[:end].count(b"\n")
                    yield self._clean(text[:end])
        if rest.strip():
            last = self._clean(rest + b"\n")
            mark = _QUOTED if self._all_quoted else self.separator
            if last.count(mark) < self.columns - 1:
                self.cut_short = True
            else:
                yield last

    def _more(self, file: BinaryIO) -> bytes:
        text = file.read(READ_BYTES)
        self.bytes_read += len(text)
        return text

    def _clean(self, text: bytes) -> bytes:
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        if self._quotes:
            if self._all_quoted:
                text = text.replace(b'"' + self.separator + b'"', _QUOTED)
            text = text.replace(b'"', b"")
        return text.replace(b",", b".") if self._decimal_comma_used else text

    def _fast(self, text: bytes, line: int, numbers: list[int], letters: list[tuple[int, int]]) -> Rows | None:
        """A block of plain rows, or None where it holds anything else."""
        mark = (_QUOTED if self._all_quoted else self.separator)[0]
        codes = np.frombuffer(text, np.uint8)
        marks = np.flatnonzero((codes == mark) | (codes == 10))
        if len(marks) % self.columns or not len(marks):
            return None
        ends = marks.reshape(-1, self.columns)
        if (codes[ends[:, -1]] != 10).any() or (codes[ends[:, :-1]] == 10).any():
            return None
        starts = np.empty_like(ends)
        starts[:, 1:] = ends[:, :-1] + 1
        starts[0, 0] = 0
        starts[1:, 0] = ends[:-1, -1] + 1
        picked = []
        for place, width in letters:
            if (ends[:, place] - starts[:, place] != width).any():
                return None
            picked.append(codes[starts[:, place, None] + np.arange(width)])
        plain = codes.copy()
        digits = all(bool((field - 48 <= 9).all()) for field in picked)
        read = {*numbers, *(place for place, _ in letters)} if digits else set(numbers)
        unread = [place for place in range(self.columns) if place not in read]
        if unread:
            # Fields that nobody reads, or whose letters are no digits: blanked.
            if (ends[:, unread] == starts[:, unread]).any():
                return None
            step = np.zeros(len(codes) + 1, np.int8)
            step[starts[:, unread]] += 1
            step[ends[:, unread]] -= 1
            plain[np.cumsum(step[:-1], dtype=np.int8).astype(bool)] = 48
        plain[ends] = 44
        try:
            values = np.fromstring(plain.tobytes(), sep=",")
        except ValueError:
            return None
        if values.size != ends.size:
            return None
        side = np.concatenate(picked, axis=1) if picked else np.empty((len(ends), 0), np.uint8)
        return Rows(line, values.reshape(ends.shape)[:, numbers], side, None)

    def _slow(
        self, text: bytes, line: int, numbers: list[int], letters: list[tuple[int, int]], times: frozenset[int]
    ) -> Rows:
        """A block row by row; PowerError at the first line that does not hold."""
        mark = _QUOTED if self._all_quoted else self.separator
        values, sides, lines = [], [], []
        for at, row in enumerate(text[:-1].split(b"\n"), line):
            if not row.strip():
                continue
            fields = row.split(mark)
            if len(fields) != self.columns:
                raise self.error(at, f"{len(fields)} columns, where the first row has {self.columns}")
            values.append([self._number(at, place, fields[place], place in times) for place in numbers])
            side = b""
            for place, width in letters:
                field = fields[place].strip()
                if len(field) != width:
                    raise self.error(at, f"{self._title(place)} is {_shown(field)}, not {width} letters")
                side += field
            sides.append(side)
            lines.append(at)
        count = len(lines)
        return Rows(
            line,
            np.array(values, np.float64).reshape(count, len(numbers)),
            np.frombuffer(b"".join(sides), np.uint8).reshape(count, sum(width for _, width in letters)),
            np.array(lines, np.int64),
        )

    def _number(self, line: int, place: int, field: bytes, may_be_date: bool) -> float:
        text = field.decode("utf-8", "replace").strip()
        if text.lower() in _NOTHING:
            return float("nan")
        try:
            return float(text)
        except ValueError:
            if may_be_date and (seconds := _seconds(text)) is not None:
                return seconds
        raise self.error(line, f"{self._title(place)} is {_shown(field)}, not a number")

    def _title(self, place: int) -> str:
        return _printable(self.header[place]) if self.header else f"column {place + 1}"


def _seconds(text: str) -> float | None:
    """A date with a time of day, without zone or in UTC, in s since 1970; None where it is none."""
    try:
        moment = np.datetime64(text.removesuffix("Z").replace(" ", "T"), "ns")
    except ValueError:
        return None
    return float(moment.astype(np.int64)) / 1e9 if not np.isnat(moment) else None


def _plain(title: str) -> str:
    return "".join(title.split()).lower()


def _shown(field: bytes) -> str:
    return repr(_printable(field[:40].decode("utf-8", "replace").strip()))


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
