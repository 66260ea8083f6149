"""Reads protocol.toml, the one definition of the wire format, and generates the rest from it.

`python -m firmware.link.protocol --out DIR` writes protocol.h and protocol.c into DIR (the build does).
`python -m firmware.link.protocol` writes what is kept in the source tree: frames.py and the tables of PROTOCOL.md.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

DEFINITION = Path(__file__).with_name("protocol.toml")

INTEGERS = {"u8": (0, 1), "u16": (0, 2), "u32": (0, 4), "u64": (0, 8), "i16": (1, 2)}
"""Type name to (signed, bytes)."""

FRAME_OVERHEAD = 3
"""Bytes of a frame's body besides the payload: type and CRC."""


class ProtocolError(ValueError):
    """A protocol.toml that does not hold; the message is one sentence."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    doc: str = Field(min_length=1)


class Value(_Part):
    """One value of an enum; its place is its number."""


class Enum(_Part):
    """Named numbers, from 0, in a byte."""

    values: tuple[Value, ...] = Field(min_length=1, max_length=256)


class Item(_Part):
    """One field of a record or frame."""

    type: str
    per: str | None = None
    min: int | None = None
    max: int | str | None = None
    default: int | None = None

    @property
    def sized(self) -> tuple[str, int] | None:
        """`("char", n)`, `("string", n)`, `("bytes", n)` or `("pairs", n)` for those types."""
        match = re.fullmatch(r"(char|string|bytes|pairs)\[(\d+)\]", self.type)
        return (match[1], int(match[2])) if match else None


class Record(_Part):
    """Fields that repeat inside a frame."""

    fields: tuple[Item, ...] = Field(min_length=1)


class Frame(Record):
    """One kind of message; `type` is its first byte."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    type: int = Field(ge=1, le=255)
    sender: Literal["board", "host", "both"] = Field(alias="from")


class Protocol(BaseModel):
    """The whole definition, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int = Field(ge=1, le=255)
    timing: dict[str, int]
    enum: tuple[Enum, ...]
    record: tuple[Record, ...] = ()
    frame: tuple[Frame, ...] = Field(min_length=1)

    def enum_of(self, name: str) -> Enum | None:
        """The enum called `name`, if there is one."""
        return next((e for e in self.enum if e.name == name), None)

    def record_of(self, name: str) -> Record | None:
        """The record called `name`, if there is one."""
        return next((r for r in self.record if r.name == name), None)

    def repeats(self, item: Item) -> int:
        """How often the field stands in its frame."""
        enum = self.enum_of(item.per) if item.per else None
        return len(enum.values) if enum else 1

    def bytes_of(self, item: Item) -> int:
        """The most bytes that the field can take, repeats included."""
        if item.sized:
            kind, count = item.sized
            one = count + (kind != "char")
        elif item.type in INTEGERS:
            one = INTEGERS[item.type][1]
        elif record := self.record_of(item.type):
            one = self.payload_bytes(record)
        else:
            one = 1
        return one * self.repeats(item)

    def payload_bytes(self, record: Record) -> int:
        """The most bytes that a record or a frame's payload can take."""
        return sum(self.bytes_of(item) for item in record.fields)

    @property
    def payload_max(self) -> int:
        """The most bytes that any frame's payload can take."""
        return max(self.payload_bytes(frame) for frame in self.frame)

    def told(self, doc: str) -> str:
        """A doc with the timing put in."""
        return doc.format(**self.timing)

    @model_validator(mode="after")
    def _check(self) -> Protocol:
        for parts in (self.enum, self.record, self.frame):
            _unique([part.name for part in parts], "names")
        _unique([frame.type for frame in self.frame], "types")
        for record in (*self.record, *self.frame):
            _unique([item.name for item in record.fields], f"fields of {record.name}")
            for item in record.fields:
                self._check_item(record, item)
        return self

    def _check_item(self, record: Record, item: Item) -> None:
        where = f"{record.name}.{item.name}"
        known = item.sized or item.type in INTEGERS or item.type == "flag"
        if not known and not self.enum_of(item.type) and not self.record_of(item.type):
            raise ValueError(f"{where} has the unknown type {item.type}")
        if item.sized and not 1 <= item.sized[1] <= 255:
            raise ValueError(f"{where} holds {item.sized[1]} bytes; from 1 to 255 are possible")
        if item.per is not None and not self.enum_of(item.per):
            raise ValueError(f"{where} repeats for the unknown enum {item.per}")
        if isinstance(item.max, str) and item.max not in [other.name for other in record.fields]:
            raise ValueError(f"{where} has the unknown field {item.max} as its max")
        if (item.min is None) != (item.max is None):
            raise ValueError(f"{where} has only one of min and max")


def _unique(values: list[str] | list[int], what: str) -> None:
    if len(set(values)) != len(values):
        raise ValueError(f"{what} repeat: {values}")


def parse(text: str) -> Protocol:
    """The definition in `text` (TOML); ProtocolError, in one sentence, if it does not hold."""
    try:
        return Protocol.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"protocol.toml: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(f"protocol.toml: {where + ': ' if where else ''}{first['msg']}") from error


def load() -> Protocol:
    """The definition that this package ships."""
    return parse(DEFINITION.read_text(encoding="utf-8"))


def main() -> None:
    """Command line: see the module's docstring."""
    from firmware.link import protocol_c, protocol_md, protocol_python

    parser = argparse.ArgumentParser(prog="python -m firmware.link.protocol", description=__doc__)
    parser.add_argument("--out", type=Path, help="write protocol.h and protocol.c into this folder")
    out = parser.parse_args().out
    protocol = load()
    if out is None:
        protocol_python.TARGET.write_text(protocol_python.source(protocol), encoding="utf-8")
        protocol_md.TARGET.write_text(protocol_md.updated(protocol), encoding="utf-8")
    else:
        out.mkdir(parents=True, exist_ok=True)
        (out / "protocol.h").write_text(protocol_c.header(protocol), encoding="utf-8")
        (out / "protocol.c").write_text(protocol_c.source(protocol), encoding="utf-8")


if __name__ == "__main__":
    main()
