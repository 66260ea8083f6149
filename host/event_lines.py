"""What happens on the link as lines: one plain `kind key=value ...` line an event, or one JSON object a frame."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import IntEnum
from typing import Any, Protocol

from firmware.link import (
    Config,
    Damage,
    DomainState,
    DomainUpload,
    Final,
    Frame,
    Hello,
    Ledger,
    ListenerState,
    Log,
    Partial,
    Score,
    Segment,
    State,
)
from host.status import BoardStatus
from host.transcript import slot_object

_HEX = {"model_crc32": 8, "asr_crc32": 8, "domain_crc32": 8, "build": 16, "unit": 16}
"""HELLO's fields that read better so, and their digits."""


class View(Protocol):
    """Where a listening session shows what happens."""

    def item(self, item: Frame | Damage) -> None:
        """A new frame, or a damaged one, already in the status."""

    def notice(self, kind: str, text: str) -> None:
        """Something about the connection: lost, back, waiting, silent, ..."""

    def refresh(self) -> None:
        """Time has passed."""

    def close(self) -> None:
        """Nothing more will be shown but the summary."""


class PlainLines:
    """One line an event, `kind key=value ...`: times in seconds, probabilities 0..1, text in double quotes.

    A transcript is a line when it is final; what repeats itself until then (partials, the blocks of an upload) is none.
    """

    def __init__(self, status: BoardStatus, write: Callable[[str], object]) -> None:
        """`write` takes one line without its end."""
        self._status = status
        self._write = write

    def item(self, item: Frame | Damage) -> None:
        """See View."""
        if isinstance(item, Damage):
            values: dict[str, Any] = {"count": self._status.damaged, "reason": item.reason}
            self._line("damaged", values)
        elif not _passing(item):
            self._line(kind_of(item), dict(plain_values(item, self._status)))

    def notice(self, kind: str, text: str) -> None:
        """See View."""
        self._line(kind, {"text": text})

    def refresh(self) -> None:
        """See View."""

    def close(self) -> None:
        """See View."""

    def _line(self, kind: str, values: dict[str, Any]) -> None:
        self._write(" ".join([kind, *(f"{key}={_plain(value)}" for key, value in values.items())]))


class JsonLines:
    """One JSON object a line, {"type": KIND, ...}: a frame, see `frame_dict`, or what a notice says."""

    def __init__(self, status: BoardStatus, write: Callable[[str], object]) -> None:
        """`write` takes one line without its end."""
        self._status = status
        self._write = write

    def item(self, item: Frame | Damage) -> None:
        """See View."""
        if isinstance(item, Damage):
            entry = {"type": "damaged", "count": self._status.damaged, "reason": item.reason, "data": item.data.hex()}
            self._line(entry)
        else:
            self._line(frame_dict(item, self._status.rate))

    def notice(self, kind: str, text: str) -> None:
        """See View."""
        self._line({"type": kind, "text": text})

    def refresh(self) -> None:
        """See View."""

    def close(self) -> None:
        """See View."""

    def _line(self, entry: dict[str, Any]) -> None:
        self._write(json.dumps(entry, ensure_ascii=False))


def plain_values(frame: Frame, status: BoardStatus) -> Iterator[tuple[str, Any]]:
    """What a plain line says of a frame."""
    rate = status.rate
    match frame:
        case Segment():
            yield "id", frame.id
            yield from _span(frame, rate)
            yield "peak", frame.peak_q8 / 256
        case State():
            yield "t", frame.sample / rate
            yield "state", frame.state
            yield "speaking", frame.speaking
            yield "probability", frame.probability_q8 / 256
            yield "dropped", frame.dropped
        case Final():
            yield "id", frame.id
            yield from _span(frame, rate)
            yield "confidence", frame.confidence_q8 / 256
            yield "text", frame.text
            yield from ((f"slot.{name}", value) for name, value in frame.slots)
        case Partial():
            yield "id", frame.id
            yield "text", frame.text
        case DomainState():
            yield from ((f.name, getattr(frame, f.name)) for f in fields(frame) if f.name not in ("crc32", "offset"))
            yield "crc32", f"{frame.crc32:08x}"
        case Score():
            yield "t", frame.sample / rate
            yield "probability", frame.probability_q8 / 256
        case Ledger():
            yield "t", frame.sample / rate
            for name, share in status.state_shares().items():
                yield name.lower(), share
            awake = status.awake_share()
            if awake is not None:
                yield "awake", awake
            yield "frames", frame.frames
            yield "inferences", frame.inferences
            yield "segments", frame.segments
            yield "speech", frame.speech_samples / rate
            yield "dropped", frame.dropped
            yield "transcripts", frame.transcripts
            yield "rejected", frame.rejected
            yield "segments_lost", frame.segments_lost
            yield "transcripts_lost", frame.finals_lost
        case Hello():
            yield from ((f.name, getattr(frame, f.name)) for f in fields(frame) if f.name not in _HEX)
            yield from ((name, f"{getattr(frame, name):0{digits}x}") for name, digits in _HEX.items())
        case Config() | Log():
            yield from ((f.name, getattr(frame, f.name)) for f in fields(frame))


def kind_of(frame: Frame) -> str:
    """The frame's name in small letters, with _ between words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(frame).__name__).lower()


def frame_dict(frame: Frame, rate: int) -> dict[str, Any]:
    """A frame for JSON: its fields as on the wire, enums by name, and for people `..._s` (seconds) and 0..1 values."""
    entry: dict[str, Any] = {"type": kind_of(frame)}
    for field_ in fields(frame):
        value = getattr(frame, field_.name)
        if isinstance(frame, Ledger) and field_.name == "rows":
            value = {
                state.name.lower(): {"samples": row.samples, "cycles": row.cycles, "entries": row.entries}
                for state, row in zip(ListenerState, frame.rows, strict=True)
            }
        elif isinstance(frame, Final) and field_.name == "slots":
            value = slot_object(frame.slots)
        elif isinstance(value, IntEnum):
            value = value.name.lower()
        entry[field_.name] = value
        if field_.name in ("sample", "start", "end"):
            entry[f"{field_.name}_s"] = round(value / rate, 6)
        elif field_.name in ("probability_q8", "peak_q8", "confidence_q8"):
            entry[field_.name.removesuffix("_q8")] = value / 256
    return entry


def _passing(frame: Frame) -> bool:
    return isinstance(frame, Partial) or (
        isinstance(frame, DomainState) and frame.upload is DomainUpload.RECEIVING and not frame.refused
    )


def _span(frame: Segment | Final, rate: int) -> Iterator[tuple[str, float]]:
    yield "start", frame.start / rate
    yield "end", frame.end / rate
    yield "length", (frame.end - frame.start) / rate


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case IntEnum():
            return value.name.lower()
        case float():
            return f"{value:.3f}"
        case str() if not value or not value.replace("_", "").replace(".", "").replace("-", "").isalnum():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)
