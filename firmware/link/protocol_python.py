"""The Python of the protocol: frames.py, a typed dataclass a frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from firmware.link.protocol import INTEGERS, Item, Protocol, Record

TARGET = Path(__file__).with_name("frames.py")
LINE = 120
"""Characters in a line, as pyproject.toml has it."""
SIZED = {
    "char": ("Chars", "str"),
    "string": ("Text", "str"),
    "bytes": ("Bytes", "bytes"),
    "pairs": ("Pairs", "tuple[tuple[str, str], ...]"),
}
"""Type name to (its class in layout.py, its annotation)."""


def source(protocol: Protocol) -> str:
    """The text of frames.py."""
    return "\n".join(_lines(protocol)) + "\n"


def class_name(name: str) -> str:
    """`reset_cause` -> `ResetCause`."""
    return "".join(part.capitalize() for part in name.split("_"))


def _lines(protocol: Protocol) -> Iterator[str]:
    yield '"""The frames of the link. Generated from protocol.toml by `python -m firmware.link.protocol`; edit that."""'
    yield ""
    yield "# ruff: noqa: E501"
    yield "from __future__ import annotations"
    yield from ("", "from dataclasses import dataclass", "from enum import IntEnum", "from typing import ClassVar", "")
    parts = "Bytes, Chars, Choice, Field, Flag, Frame, Integer, Nested, Pairs, Range, Record, Repeated, Text"
    used = [part for part in parts.split(", ") if part in _used(protocol)]
    line = f"from firmware.link.layout import {', '.join(used)}"
    if len(line) <= LINE:
        yield line
    else:
        yield from ("from firmware.link.layout import (", *(f"    {part}," for part in used), ")")
    yield from ("", f"VERSION = {protocol.version}")
    for name, chunks in protocol.timing.items():
        yield f"{name.upper()} = {chunks}"
    for enum in protocol.enum:
        yield from ("", "", f"class {class_name(enum.name)}(IntEnum):", f'    """{protocol.told(enum.doc)}"""', "")
        for number, value in enumerate(enum.values):
            yield f"    {value.name.upper()} = {number}"
            yield f'    """{value.doc}"""'
    for record in protocol.record:
        yield from _class(protocol, record, "Record", None)
    for frame in protocol.frame:
        yield from _class(protocol, frame, "Frame", frame.type)
    yield from ("", "", "FRAMES: dict[int, type[Frame]] = {")
    for frame in protocol.frame:
        yield f"    {class_name(frame.name)}.TYPE: {class_name(frame.name)},"
    yield "}"


def _used(protocol: Protocol) -> set[str]:
    items = [item for record in (*protocol.record, *protocol.frame) for item in record.fields]
    used = {_field(protocol, item).split("(")[0] for item in items} | {"Field", "Frame", "Integer"}
    used |= {"Record"} if protocol.record else set()
    used |= {"Range"} if any(item.max is not None for item in items) else set()
    used |= {_once(protocol, item).split("(")[0] for item in items}
    return used


def _class(protocol: Protocol, record: Record, base: str, number: int | None) -> Iterator[str]:
    yield from ("", "", "@dataclass(frozen=True, slots=True)", f"class {class_name(record.name)}({base}):")
    yield from (f'    """{protocol.told(record.doc)}"""', "")
    if number is not None:
        yield f"    TYPE: ClassVar[int] = {number}"
    layout = [f"{_field(protocol, item)}," for item in record.fields]
    if len(layout) == 1:
        yield f"    LAYOUT: ClassVar[tuple[Field, ...]] = ({layout[0]})"
    else:
        yield "    LAYOUT: ClassVar[tuple[Field, ...]] = ("
        yield from (f"        {field}" for field in layout)
        yield "    )"
    ranged = [item for item in record.fields if item.max is not None]
    if ranged:
        yield "    RANGES: ClassVar[dict[str, Range]] = {"
        for item in ranged:
            most = f'"{item.max}"' if isinstance(item.max, str) else item.max
            yield f'        "{item.name}": Range({item.min}, {most}),'
        yield "    }"
    yield ""
    for item in record.fields:
        default = "" if item.default is None else f" = {item.default}"
        yield f"    {item.name}: {_annotation(protocol, item)}{default}"
        yield f'    """{item.doc}"""'


def _field(protocol: Protocol, item: Item) -> str:
    once = _once(protocol, item)
    return f"Repeated({once}, {protocol.repeats(item)})" if item.per else once


def _once(protocol: Protocol, item: Item) -> str:
    name = f'"{item.name}"'
    if item.sized:
        kind, count = item.sized
        return f"{SIZED[kind][0]}({name}, {count})"
    if item.type in INTEGERS:
        signed, width = INTEGERS[item.type]
        return f"Integer({name}, {width}{', signed=True' if signed else ''})"
    if item.type == "flag":
        return f"Flag({name})"
    kind = "Choice" if protocol.enum_of(item.type) else "Nested"
    return f"{kind}({name}, {class_name(item.type)})"


def _annotation(protocol: Protocol, item: Item) -> str:
    if item.sized:
        once = SIZED[item.sized[0]][1]
    elif item.type in INTEGERS:
        once = "int"
    else:
        once = "bool" if item.type == "flag" else class_name(item.type)
    return f"tuple[{once}, ...]" if item.per else once
