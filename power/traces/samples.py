"""What every reader gives: evenly sampled blocks of current, and what is known of the recording as a whole."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError

BLOCK = 1 << 18
"""Samples that a reader hands over at a time, about: it bounds the memory of everything that reads a trace."""

Currents = NDArray[np.float32]
Codes = NDArray[np.uint8]


class Block(NamedTuple):
    """Consecutive samples. Between one block's end and the next one's start, samples are missing."""

    start: int
    """The first sample's place on the recording's even grid; sample k was taken at k / rate seconds."""
    current: Currents
    """(n,) A; NaN where the instrument lost the sample."""
    voltage: Currents | None
    """(n,) V; None where the recording has none."""
    codes: Codes | None
    """(n,) the digital channels as they were, channel k in bit k; None where the recording has none."""

    @property
    def stop(self) -> int:
        """One after the last sample's place."""
        return self.start + len(self.current)


@dataclass
class Counts:
    """What a reader had to put up with; whole after the last block."""

    lost: int = 0
    """Samples that the instrument marks as lost, or that are no number."""
    uncertain_codes: int = 0
    """Samples in which a digital channel was both 0 and 1, or not known: the channel keeps its last level."""
    repeated_times: int = 0
    """Rows with the time of the row before, where times are coarser than samples."""
    cut_short: bool = False
    """The file ends within a sample, which is left out."""


@dataclass
class Recording(ABC):
    """A file that holds a trace. `blocks` may be called again: each time it reads the file from its start."""

    path: Path
    format: str
    rate: float
    """Samples a second."""
    instrument: str
    """As far as the file tells."""
    volts: float | None = None
    """The supply, where it is one known value."""
    started: datetime | None = None
    has_codes: bool = False
    counts: Counts = field(default_factory=Counts)
    done: float = 0.0
    """The share of the file that has been read, 0..1: for a progress bar."""

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """The samples in order; PowerError naming file and place where the file does not hold."""

    def digest(self) -> str:
        """SHA-256 of the file, in hex."""
        return sha256(self.path)


def narrowed(values: NDArray[np.float64]) -> Currents:
    """`values` as float32; what is beyond its range becomes infinite, for the reader to refuse."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex; PowerError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PowerError(f"{path} cannot be read: {error.strerror}") from error
