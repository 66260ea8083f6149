"""A transcript as the host handles it: what a board wrote down, whose it is, and how it is put into JSON."""

import json
from dataclasses import dataclass
from typing import Any

from firmware.link import Final, Hello

Slots = tuple[tuple[str, str], ...]
"""Names and values, in the order of the text."""


@dataclass(frozen=True)
class Transcript:
    """One FINAL of one board. Times in samples since that board's reset, at `rate` samples a second."""

    board: str
    unit: int
    """The chip's own number; 0 where it has none."""
    boot: int
    """The number of the board's boot; 0 where it keeps no count."""
    id: int
    start: int
    end: int
    rate: int
    confidence_q8: int
    """256 would be certain."""
    text: str
    slots: Slots = ()
    domain: str = ""
    """The name of the domain that it was decoded with."""

    @property
    def start_s(self) -> float:
        """Its start in seconds."""
        return self.start / self.rate

    @property
    def end_s(self) -> float:
        """Its end in seconds."""
        return self.end / self.rate

    @property
    def confidence(self) -> float:
        """0..1."""
        return self.confidence_q8 / 256

    def as_dict(self) -> dict[str, Any]:
        """For JSON: times in seconds, confidence 0..1, slots as an object."""
        return {
            "id": self.id,
            "start_s": round(self.start_s, 6),
            "end_s": round(self.end_s, 6),
            "confidence": round(self.confidence, 4),
            "text": self.text,
            "slots": slot_object(self.slots),
        }


def transcript_of(final: Final, hello: Hello, domain: str | None = None) -> Transcript:
    """What `final` says, and whose it is; `domain` is the name of the one in force, if another one than HELLO's."""
    return Transcript(
        board=hello.board,
        unit=hello.unit,
        boot=hello.boot,
        id=final.id,
        start=final.start,
        end=final.end,
        rate=hello.rate or 1,
        confidence_q8=final.confidence_q8,
        text=final.text,
        slots=final.slots,
        domain=hello.domain if domain is None else domain,
    )


def slot_object(slots: Slots) -> dict[str, str | list[str]]:
    """Values by name; a name that stands more than once has the list of its values."""
    found: dict[str, list[str]] = {}
    for name, value in slots:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def clock(seconds: float) -> str:
    """12.3 s as 0:00:12."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def slots_text(slots: Slots) -> str:
    """name=value of each, with blanks between them; a value with a blank in it in double quotes."""
    return " ".join(
        f"{name}={json.dumps(value, ensure_ascii=False) if ' ' in value else value}" for name, value in slots
    )
