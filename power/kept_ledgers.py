"""Which ledger a command works with: a file, the last run, or else the one that is shipped with the firmware."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from power import last_run
from power.errors import PowerError
from power.figures import BoardParts
from power.last_run import LastRun

SHIPPED = Path(__file__).with_name("ledgers")

LedgerOption = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        help="A kept run, instead of the last one.",
        metavar="FILE",
        show_default="the last run's, or else the shipped one",
    ),
]
"""The option of a command that works with a run."""


@dataclass(frozen=True)
class KeptLedger:
    """A run, and where it is from."""

    run: LastRun
    file: Path
    says: str
    """Of what it is, for people: "the last run"."""
    is_shipped: bool

    @property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()

    @property
    def name(self) -> str:
        """The file as a report names it."""
        return f"ledgers/{self.file.name}" if self.is_shipped else self.file.name


def find(file: Path | None, parts: BoardParts) -> KeptLedger:
    """The run in `file`, else the last one, else the one that is shipped for the board; PowerError if none can be read.

    Whether the run's counts stand for the board's core is the model's to say.
    """
    if file is not None:
        return KeptLedger(last_run.read(file), file, "a kept run", False)
    kept = last_run.path()
    if kept.exists():
        return KeptLedger(last_run.read(kept), kept, "the last run", False)
    found = shipped(parts)
    if found is None:
        raise PowerError(
            f"there is no run in {kept}, and none is shipped for {parts.name}; make one with: "
            f"host replay FILE.wav --board {parts.ledgers_of[0] if parts.ledgers_of else parts.name}"
        )
    return found


def shipped(parts: BoardParts) -> KeptLedger | None:
    """The ledger of the current firmware that stands for the board's core; None if there is none."""
    for name in parts.ledgers_of:
        file = SHIPPED / f"{name}.json"
        if file.exists():
            return KeptLedger(last_run.read(file), file, "shipped with the firmware", True)
    return None
