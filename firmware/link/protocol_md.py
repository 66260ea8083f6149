"""The tables of PROTOCOL.md, between its two markers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from firmware.link.protocol import Item, Protocol, ProtocolError, Record

TARGET = Path(__file__).with_name("PROTOCOL.md")
START = "<!-- tables from protocol.toml: python -m firmware.link.protocol -->"
END = "<!-- end of the tables -->"
SENDERS = {"board": "board to host", "host": "host to board", "both": "both ways"}


def updated(protocol: Protocol) -> str:
    """PROTOCOL.md as it should read; ProtocolError if a marker is missing."""
    text = TARGET.read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise ProtocolError(f"{TARGET.name} lacks the marker {START if START not in text else END}")
    before, rest = text.split(START, 1)
    return before + START + "\n" + tables(protocol) + END + rest.split(END, 1)[1]


def tables(protocol: Protocol) -> str:
    """A section for each frame, record and enum."""
    return "\n".join(_lines(protocol)) + "\n"


def _lines(protocol: Protocol) -> Iterator[str]:
    yield f"Protocol version {protocol.version}; a payload has at most {protocol.payload_max} bytes."
    for frame in protocol.frame:
        yield from ("", f"### {frame.type} {frame.name.upper()} ({SENDERS[frame.sender]})", "")
        yield from (protocol.told(frame.doc), "")
        yield from _fields(protocol, frame)
    for record in protocol.record:
        yield from ("", f"### Record {record.name}", "", protocol.told(record.doc), "")
        yield from _fields(protocol, record)
    for enum in protocol.enum:
        yield from ("", f"### Enum {enum.name}", "", protocol.told(enum.doc), "")
        yield from ("| value | name | meaning |", "|---|---|---|")
        for number, value in enumerate(enum.values):
            yield f"| {number} | {value.name.upper()} | {value.doc} |"
    yield ""


def _fields(protocol: Protocol, record: Record) -> Iterator[str]:
    ranged = any(item.max is not None for item in record.fields)
    yield "| field | type | meaning |" + (" range | default |" if ranged else "")
    yield "|---|---|---|" + ("---|---|" if ranged else "")
    for item in record.fields:
        row = f"| {item.name} | {_type(protocol, item)} | {item.doc} |"
        yield row + (f" {item.min} to {item.max} | {item.default} |" if ranged else "")


def _type(protocol: Protocol, item: Item) -> str:
    return f"{item.type} x {protocol.repeats(item)}" if item.per else item.type
