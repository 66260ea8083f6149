"""What every virtual board can do, and the error that they raise."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from host.errors import HostError


class SimulationError(HostError):
    """The virtual board cannot go on, or cannot start; the message is one sentence that says why."""


class VirtualBoard(Protocol):
    """The real image of a board, run in lockstep with the samples that it is given."""

    name: str
    rate: int

    def hear(self, pcm: np.ndarray) -> bytes:
        """Lets the board hear `pcm`, and runs it until it waits for more.

        pcm: int16, one dimension, any count, `rate` samples a second. What does not fill a chunk waits for the rest.
        Returns the bytes that the board has put on the link meanwhile. Raises SimulationError.
        """

    def send(self, data: bytes) -> None:
        """Bytes from the host to the board's link; the image takes them up at its next chunk."""

    def close(self) -> None:
        """Lets go of whatever runs the board; it cannot be used any more."""
