"""What the last run of a board left for the power model: its ledger, and how that grew, in a JSON file.

`host replay` writes it at the end of a run, `host listen` as the ledgers come; `power` reads it. Version 1 had no
timeline, no residency and fewer counters, and is still read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from power.errors import PowerError

MOST_SNAPSHOTS = 4096
"""Of a timeline; a longer one is thinned by doubling its spacing."""

Count = Annotated[int, Field(ge=0, lt=1 << 64, strict=True)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
State = Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_NEXT_STEP = "make one with: host replay FILE.wav --board artemis"


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True)


class LedgerRow(_Facts):
    """Time and work in one state: samples heard, cycles awake, entries."""

    samples: Count
    cycles: Count
    entries: Count


class Ledger(_Facts):
    """The fields of a LEDGER frame, cumulative since the board's reset; rows by the state's name in small letters."""

    sample: Annotated[Count, Field(gt=0)]
    rows: dict[State, LedgerRow]
    frames: Count
    inferences: Count
    segments: Count
    speech_samples: Count
    dropped: Count
    segments_lost: Count
    asr_calls: Count | None = None
    """Runs of the recogniser's network; this and what follows is None in a file of version 1."""
    decoder_frames: Count | None = None
    transcripts: Count | None = None
    rejected: Count | None = None
    finals_lost: Count | None = None
    partials_dropped: Count | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Ledger:
        _check_sum(self.sample, self.rows)
        return self


class Snapshot(_Facts):
    """The ledger at one moment of a run, cumulative since the board's reset; states never entered are left out."""

    sample: Annotated[Count, Field(gt=0)]
    rows: dict[State, LedgerRow]

    @field_validator("rows")
    @classmethod
    def _entered(cls, rows: dict[str, LedgerRow]) -> dict[str, LedgerRow]:
        return {name: row for name, row in rows.items() if row.samples or row.cycles or row.entries}

    @model_validator(mode="after")
    def _adds_up(self) -> Snapshot:
        _check_sum(self.sample, self.rows)
        return self


class Timeline:
    """Gathers snapshots in the course of a run, in bounded memory: at most MOST_SNAPSHOTS, first and last among them.

    Where there are more, every second one goes and the spacing doubles. A day of ledgers leaves one every 34 s.
    """

    def __init__(self, most: int = MOST_SNAPSHOTS) -> None:
        """`most`: at least 3."""
        self._most = most
        self._kept: list[Snapshot] = []
        self._last: Snapshot | None = None
        self._spacing = 1
        self._count = 0

    def add(self, snapshot: Snapshot) -> None:
        """Takes the next one. One that is not after the last is of a board that was reset: the timeline begins anew."""
        if self._last is not None and not _grows(self._last, snapshot):
            self.clear()
        if self._count % self._spacing == 0:
            self._kept.append(snapshot)
            if len(self._kept) >= self._most:
                del self._kept[1::2]
                self._spacing *= 2
        self._last = snapshot
        self._count += 1

    def clear(self) -> None:
        """Forgets all of it."""
        self._kept.clear()
        self._last, self._spacing, self._count = None, 1, 0

    def snapshots(self) -> tuple[Snapshot, ...]:
        """What is kept so far, oldest first."""
        if self._last is None or self._kept[-1] is self._last:
            return tuple(self._kept)
        return (*self._kept, self._last)


def _check_sum(sample: int, rows: dict[str, LedgerRow]) -> None:
    heard = sum(row.samples for row in rows.values())
    if heard != sample:
        raise ValueError(f"the states add up to {heard} samples, the board heard {sample}")


_NO_ROW = LedgerRow(samples=0, cycles=0, entries=0)


def _grows(before: Snapshot, after: Snapshot) -> bool:
    """`after` can be a later ledger of the same board without a reset between."""
    if after.sample <= before.sample:
        return False
    for name, row in before.rows.items():
        new = after.rows.get(name, _NO_ROW)
        if new.samples < row.samples or new.cycles < row.cycles or new.entries < row.entries:
            return False
    return True


class _RowColumns(_Facts):
    samples: list[Count]
    cycles: list[Count]
    entries: list[Count]


class _Columns(_Facts):
    """A timeline as the file has it: a list for each counter, which is a third of the bytes."""

    sample: list[Count]
    rows: dict[State, _RowColumns]

    @classmethod
    def of(cls, timeline: Iterable[Snapshot]) -> _Columns:
        timeline = list(timeline)
        names = list(dict.fromkeys(name for snapshot in timeline for name in snapshot.rows))
        columns = {}
        for name in names:
            rows = [snapshot.rows.get(name, _NO_ROW) for snapshot in timeline]
            columns[name] = _RowColumns.model_construct(
                samples=[row.samples for row in rows],
                cycles=[row.cycles for row in rows],
                entries=[row.entries for row in rows],
            )
        return cls.model_construct(sample=[snapshot.sample for snapshot in timeline], rows=columns)

    def snapshots(self) -> list[Snapshot]:
        counts = {len(column) for row in self.rows.values() for column in (row.samples, row.cycles, row.entries)}
        if counts - {len(self.sample)}:
            raise ValueError(f"the columns are not all {len(self.sample)} long")
        columns = {
            name: [
                LedgerRow(samples=samples, cycles=cycles, entries=entries)
                for samples, cycles, entries in zip(row.samples, row.cycles, row.entries, strict=True)
            ]
            for name, row in self.rows.items()
        }
        return [
            Snapshot(sample=sample, rows={name: rows[at] for name, rows in columns.items()})
            for at, sample in enumerate(self.sample)
        ]


class Residency(_Facts):
    """How long a virtual board was in each power state since power came, in seconds of its time."""

    core: dict[Name, Seconds]
    """By the core's power state: "run", "sleep", "deep sleep"."""
    powered: dict[Name, Seconds]
    """With power, by peripheral."""
    burst: Seconds
    """Of the time in "run": at the burst clock."""
    peripherals: dict[Name, dict[Name, Seconds]] = {}
    """With power, by peripheral, then by the core's power state."""
    banks: dict[Name, dict[Name, Seconds]] = {}
    """With power, by memory bank, then by the core's power state."""
    bank_bytes: dict[Name, Count] = {}
    """How large each bank is."""


class LinkBytes(_Facts):
    """Bytes on the link in the run, as the board sees it."""

    sent: Count
    received: Count


class LastRun(_Facts):
    """One run of a board, up to its last ledger."""

    schema_version: Literal[2] = 2
    board: Name
    rate: Annotated[int, Field(gt=0, le=1_000_000, strict=True)]
    """Samples a second."""
    firmware: Name
    """The version that HELLO names."""
    build: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    """The image's build id, as HELLO names it; None where it names none."""
    cycles_are: Literal["cycles", "instructions", "nothing"]
    """What the ledger's cycles count: a core's cycles (silicon), instructions (a virtual board), nothing (native)."""
    ledger: Ledger
    link_bytes: LinkBytes | None = None
    """Over the same time as the ledger; None if not known."""
    recording: str | None = None
    """What the board heard; None for its own microphone."""
    wall: AwareDatetime
    """When the last ledger came, with its time zone."""
    timeline: Annotated[tuple[Snapshot, ...], Field(max_length=MOST_SNAPSHOTS)] = ()
    """How the ledger grew, oldest first; the last one is `ledger` itself. Empty if not known."""
    residency: Residency | None = None
    """Of a virtual board that knows it, at the last ledger."""
    ended: bool = True
    """False while the board is still listened to, and where the listening program was killed."""

    @property
    def image(self) -> str:
        """Version and build id of the firmware, for people."""
        return self.firmware if self.build is None else f"{self.firmware}, build {self.build}"

    @model_validator(mode="before")
    @classmethod
    def _first_version(cls, value: Any) -> Any:
        """A file of version 1 has all that it needs."""
        is_first = isinstance(value, dict) and type(value.get("schema_version")) is int and value["schema_version"] == 1
        return {**value, "schema_version": 2} if is_first else value

    @field_validator("timeline", mode="before")
    @classmethod
    def _from_columns(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        try:
            return _Columns.model_validate(value).snapshots()
        except ValidationError as error:
            raise ValueError(_first_of(error)) from error

    @field_serializer("timeline", when_used="json")
    def _to_columns(self, timeline: tuple[Snapshot, ...]) -> dict[str, Any]:
        return _Columns.of(timeline).model_dump()

    @model_validator(mode="after")
    def _timeline_grows(self) -> LastRun:
        for at, (before, after) in enumerate(pairwise(self.timeline)):
            if not _grows(before, after):
                raise ValueError(f"timeline: snapshot {at + 1} is not after the one before it")
        if self.timeline and self.timeline[-1] != Snapshot(sample=self.ledger.sample, rows=self.ledger.rows):
            raise ValueError("timeline: its last snapshot is not the ledger")
        return self

    @field_validator("recording", mode="before")
    @classmethod
    def _printable(cls, value: object) -> object:
        """A file name may hold bytes that are no text."""
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def path() -> Path:
    """Where the last run is kept: $XDG_STATE_HOME, or else ~/.local/state, and there earshot/last_run.json."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The XDG specification has relative paths ignored.
    return (state if state.is_absolute() else Path.home() / ".local/state") / "earshot/last_run.json"


def write(run: LastRun, file: Path | None = None) -> Path:
    """Keeps `run` in `file` (else in `path()`), whole or not at all; where it is now. OSError if it cannot."""
    file = file or path()
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(run.model_dump_json() + "\n")
        Path(unfinished).replace(file)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return file


def read(file: Path | None = None) -> LastRun:
    """The run in `file` (else in `path()`); PowerError, with the next step, if there is none or it is damaged."""
    file = file or path()
    try:
        return LastRun.model_validate_json(file.read_bytes())
    except FileNotFoundError as error:
        raise PowerError(f"there is no run in {file}; {_NEXT_STEP}") from error
    except OSError as error:
        raise PowerError(f"{file} cannot be read ({error.strerror}); {_NEXT_STEP}") from error
    except ValidationError as error:
        # The file's own text may be in it, and that may hold anything.
        what = "".join(letter if letter.isprintable() else "?" for letter in _first_of(error))
        raise PowerError(f"{file} is damaged: {what}; {_NEXT_STEP}") from error


def _first_of(error: ValidationError) -> str:
    """Where something is wrong and what, in one sentence."""
    first = error.errors()[0]
    where, what = ".".join(str(part) for part in first["loc"]), first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
