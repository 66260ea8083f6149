"""What happens on the link as lines: one plain `kind key=value ...` line an event, or one JSON object a frame."""

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import IntEnum
from typing import Any, Protocol

from firmware.link import Config, Damage, Frame, Hello, Ledger, ListenerState, Log, Score, Segment, State
from host.status import BoardStatus


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
    """One line an event, `kind key=value ...`: times in seconds, probabilities 0..1, text in double quotes."""

    def __init__(self, status: BoardStatus, write: Callable[[str], object]) -> None:
        """`write` takes one line without its end."""
        self._status = status
        self._write = write

    def item(self, item: Frame | Damage) -> None:
        """See View."""
        if isinstance(item, Damage):
            values: dict[str, Any] = {"count": self._status.damaged, "reason": item.reason}
            self._line("damaged", values)
        else:
            self._line(type(item).__name__.lower(), dict(plain_values(item, self._status)))

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
    """One JSON object a line: {"frame": NAME, ...}, see `frame_dict`, or {"event": NAME, ...}."""

    def __init__(self, status: BoardStatus, write: Callable[[str], object]) -> None:
        """`write` takes one line without its end."""
        self._status = status
        self._write = write

    def item(self, item: Frame | Damage) -> None:
        """See View."""
        if isinstance(item, Damage):
            entry = {"event": "damaged", "count": self._status.damaged, "reason": item.reason, "data": item.data.hex()}
            self._line(entry)
        else:
            self._line(frame_dict(item, self._status.rate))

    def notice(self, kind: str, text: str) -> None:
        """See View."""
        self._line({"event": kind, "text": text})

    def refresh(self) -> None:
        """See View."""

    def close(self) -> None:
        """See View."""

    def _line(self, entry: dict[str, Any]) -> None:
        self._write(json.dumps(entry))


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
            yield "segments_lost", frame.segments_lost
        case Hello():
            yield from ((f.name, getattr(frame, f.name)) for f in fields(frame) if f.name != "model_crc32")
            yield "model_crc32", f"{frame.model_crc32:08x}"
        case Config() | Log():
            yield from ((f.name, getattr(frame, f.name)) for f in fields(frame))


def frame_dict(frame: Frame, rate: int) -> dict[str, Any]:
    """A frame for JSON: its fields as on the wire, enums by name, and for people `..._s` (seconds) and 0..1 values."""
    entry: dict[str, Any] = {"frame": type(frame).__name__.lower()}
    for field_ in fields(frame):
        value = getattr(frame, field_.name)
        if isinstance(frame, Ledger) and field_.name == "rows":
            value = {
                state.name.lower(): {"samples": row.samples, "cycles": row.cycles, "entries": row.entries}
                for state, row in zip(ListenerState, frame.rows, strict=True)
            }
        elif isinstance(value, IntEnum):
            value = value.name.lower()
        entry[field_.name] = value
        if field_.name in ("sample", "start", "end"):
            entry[f"{field_.name}_s"] = round(value / rate, 6)
        elif field_.name in ("probability_q8", "peak_q8"):
            entry[field_.name.removesuffix("_q8")] = value / 256
    return entry


def _span(segment: Segment, rate: int) -> Iterator[tuple[str, float]]:
    yield "start", segment.start / rate
    yield "end", segment.end / rate
    yield "length", (segment.end - segment.start) / rate


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
