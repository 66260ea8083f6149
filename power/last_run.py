"""What the last run of a board left for the power model: its ledger, in a JSON file.

`host replay` and `host listen` write it at the end of a run, `power report` reads it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from power.errors import PowerError

Count = Annotated[int, Field(ge=0, lt=1 << 64, strict=True)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
State = Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]

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

    @model_validator(mode="after")
    def _adds_up(self) -> Ledger:
        heard = sum(row.samples for row in self.rows.values())
        if heard != self.sample:
            raise ValueError(f"the states add up to {heard} samples, the board heard {self.sample}")
        return self


class LinkBytes(_Facts):
    """Bytes on the link in the run, as the board sees it."""

    sent: Count
    received: Count


class LastRun(_Facts):
    """One run of a board, up to its last ledger."""

    schema_version: Literal[1] = 1
    board: Name
    rate: Annotated[int, Field(gt=0, le=1_000_000, strict=True)]
    """Samples a second."""
    firmware: Name
    """The version that HELLO names."""
    cycles_are: Literal["cycles", "instructions", "nothing"]
    """What the ledger's cycles count: a core's cycles (silicon), instructions (a virtual board), nothing (native)."""
    ledger: Ledger
    link_bytes: LinkBytes | None = None
    """Over the same time as the ledger; None if not known."""
    recording: str | None = None
    """What the board heard; None for its own microphone."""
    wall: AwareDatetime
    """When the run ended, with its time zone."""

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
            out.write(run.model_dump_json(indent=2) + "\n")
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
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        # The file's own text may be in it, and that may hold anything.
        what = "".join(letter if letter.isprintable() else "?" for letter in f"{where}: {first['msg']}")
        raise PowerError(f"{file} is damaged: {what}; {_NEXT_STEP}") from error
