"""How the fields of a record stand in bytes: little-endian, in order, without gaps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Self


class Malformed(ValueError):
    """A payload of the wrong length, or with a value that its type has not."""


class Reader:
    """Takes bytes off the front of a payload."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes; Malformed if there are fewer."""
        taken = self._payload[self._at : self._at + count]
        if len(taken) < count:
            raise Malformed(f"the payload ends after {len(self._payload)} bytes")
        self._at += count
        return taken

    def end(self) -> None:
        """Malformed unless all is taken."""
        if self._at != len(self._payload):
            raise Malformed(f"the payload has {len(self._payload)} bytes, {self._at} were expected")


@dataclass(frozen=True)
class Integer:
    """An integer of `width` bytes."""

    name: str
    width: int
    signed: bool = False

    def pack(self, value: Any) -> bytes:
        """ValueError if it does not fit."""
        try:
            return int(value).to_bytes(self.width, "little", signed=self.signed)
        except OverflowError as error:
            raise ValueError(f"{self.name} is {value}, which does not fit {self.width} bytes") from error

    def unpack(self, reader: Reader) -> int:
        """The number."""
        return int.from_bytes(reader.take(self.width), "little", signed=self.signed)


@dataclass(frozen=True)
class Choice:
    """A byte that is one of an enum's values."""

    name: str
    enum: type[IntEnum]

    def pack(self, value: Any) -> bytes:
        """ValueError if the enum has no such value."""
        return bytes([self.enum(value)])

    def unpack(self, reader: Reader) -> IntEnum:
        """The enum's member."""
        (byte,) = reader.take(1)
        try:
            return self.enum(byte)
        except ValueError as error:
            raise Malformed(f"{self.name} is {byte}, which is no {self.enum.__name__}") from error


@dataclass(frozen=True)
class Flag:
    """A byte that is 0 or 1."""

    name: str

    def pack(self, value: Any) -> bytes:
        """Any truth value."""
        return bytes([bool(value)])

    def unpack(self, reader: Reader) -> bool:
        """False or True."""
        (byte,) = reader.take(1)
        if byte > 1:
            raise Malformed(f"{self.name} is {byte}; a flag is 0 or 1")
        return bool(byte)


@dataclass(frozen=True)
class Chars:
    """ASCII in `width` bytes, padded with zeros."""

    name: str
    width: int

    def pack(self, value: Any) -> bytes:
        """ValueError if it is too long, not ASCII, or has a zero in it."""
        if not value.isascii() or "\0" in value or len(value) > self.width:
            raise ValueError(f"{self.name} is {value!r}; at most {self.width} ASCII characters are possible")
        return str(value).encode("ascii").ljust(self.width, b"\0")

    def unpack(self, reader: Reader) -> str:
        """The text without its padding."""
        text = reader.take(self.width).rstrip(b"\0")
        if b"\0" in text or not text.isascii():
            raise Malformed(f"{self.name} is not zero-padded ASCII")
        return text.decode("ascii")


@dataclass(frozen=True)
class Text:
    """A length byte and at most `most` bytes of UTF-8."""

    name: str
    most: int

    def pack(self, value: Any) -> bytes:
        """ValueError if it is too long."""
        text = str(value).encode()
        if len(text) > self.most:
            raise ValueError(f"{self.name} has {len(text)} bytes; at most {self.most} are possible")
        return bytes([len(text)]) + text

    def unpack(self, reader: Reader) -> str:
        """The text; a board may cut it in mid-character, so what is no UTF-8 becomes U+FFFD."""
        (length,) = reader.take(1)
        if length > self.most:
            raise Malformed(f"{self.name} claims {length} bytes; at most {self.most} are possible")
        return reader.take(length).decode(errors="replace")


@dataclass(frozen=True)
class Bytes:
    """A length byte and at most `most` bytes."""

    name: str
    most: int

    def pack(self, value: Any) -> bytes:
        """ValueError if there are too many."""
        if len(value) > self.most:
            raise ValueError(f"{self.name} has {len(value)} bytes; at most {self.most} are possible")
        return bytes([len(value)]) + bytes(value)

    def unpack(self, reader: Reader) -> bytes:
        """The bytes."""
        (length,) = reader.take(1)
        if length > self.most:
            raise Malformed(f"{self.name} claims {length} bytes; at most {self.most} are possible")
        return reader.take(length)


BETWEEN_NAME_AND_VALUE = "\x1f"
"""ASCII's unit separator (US)."""
BETWEEN_PAIRS = "\x1e"
"""ASCII's record separator (RS)."""


@dataclass(frozen=True)
class Pairs:
    """Names and values, in order, as Text: name US value RS name US value; no name is empty."""

    name: str
    most: int

    def pack(self, value: Any) -> bytes:
        """ValueError if they are too long, a name is empty, or a separator is in one of them."""
        for name, content in value:
            if not name or any(mark in name + content for mark in (BETWEEN_NAME_AND_VALUE, BETWEEN_PAIRS)):
                raise ValueError(f"{self.name} has the pair {name!r}, {content!r}, which cannot be sent")
        joined = BETWEEN_PAIRS.join(name + BETWEEN_NAME_AND_VALUE + content for name, content in value)
        return Text(self.name, self.most).pack(joined)

    def unpack(self, reader: Reader) -> tuple[tuple[str, str], ...]:
        """The pairs; Malformed if one has no name, or not one separator."""
        text = Text(self.name, self.most).unpack(reader)
        pairs = [tuple(pair.split(BETWEEN_NAME_AND_VALUE)) for pair in text.split(BETWEEN_PAIRS)] if text else []
        if any(len(pair) != 2 or not pair[0] for pair in pairs):
            raise Malformed(f"{self.name} holds no pairs of name and value")
        return tuple((name, content) for name, content in pairs)


@dataclass(frozen=True)
class Nested:
    """A record inside a frame."""

    name: str
    record: type[Record]

    def pack(self, value: Any) -> bytes:
        """The record's own fields."""
        return bytes(value.pack())

    def unpack(self, reader: Reader) -> Record:
        """The record."""
        return self.record.take(reader)


@dataclass(frozen=True)
class Repeated:
    """A field that stands `count` times."""

    item: Integer | Choice | Flag | Nested
    count: int

    @property
    def name(self) -> str:
        """The field's name."""
        return self.item.name

    def pack(self, value: Any) -> bytes:
        """ValueError unless there are `count` of them."""
        if len(value) != self.count:
            raise ValueError(f"{self.name} has {len(value)} values, not {self.count}")
        return b"".join(self.item.pack(one) for one in value)

    def unpack(self, reader: Reader) -> tuple[Any, ...]:
        """All of them."""
        return tuple(self.item.unpack(reader) for _ in range(self.count))


Field = Integer | Choice | Flag | Chars | Text | Bytes | Pairs | Nested | Repeated


@dataclass(frozen=True)
class Range:
    """What a board accepts for a field: from `least` to `most`, a number or another field's name."""

    least: int
    most: int | str


@dataclass(frozen=True, slots=True)
class Record:
    """Named values in a fixed order."""

    LAYOUT: ClassVar[tuple[Field, ...]] = ()
    RANGES: ClassVar[dict[str, Range]] = {}

    def pack(self) -> bytes:
        """The payload; ValueError, naming the field, if a value does not fit its type."""
        return b"".join(field.pack(getattr(self, field.name)) for field in self.LAYOUT)

    @classmethod
    def take(cls, reader: Reader) -> Self:
        """The record at the front of `reader`; Malformed if it is none."""
        return cls(*(field.unpack(reader) for field in cls.LAYOUT))

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """The record that `payload` holds; Malformed if it is none, or more than one."""
        reader = Reader(payload)
        record = cls.take(reader)
        reader.end()
        return record

    def refusal(self) -> str | None:
        """The sentence with which a board would refuse the first value out of range, or None."""
        for name, accepted in self.RANGES.items():
            value = int(getattr(self, name))
            most = getattr(self, accepted.most) if isinstance(accepted.most, str) else accepted.most
            if not accepted.least <= value <= most:
                return f"{name} is {value}, not from {accepted.least} to {most}"
        return None


@dataclass(frozen=True, slots=True)
class Frame(Record):
    """A record that travels by itself."""

    TYPE: ClassVar[int] = 0
