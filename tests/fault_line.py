"""A line that hurts what it carries, the same way each time for the same seed.

    line = FaultLine(seed=1, flipped=0.01)
    session.feed(line.carry(board.hear(pcm)))
    board.send(line.carry(said_by_the_host))

Time has no part in it: whoever wants a gap of a minute does not call `carry`, or sets `cut`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class FaultLine:
    """Carries bytes one way or both; rates are per byte, 0..1."""

    seed: int = 0
    flipped: float = 0.0
    """One bit of the byte changes."""
    lost: float = 0.0
    """The byte does not come."""
    doubled: float = 0.0
    """The byte comes twice."""
    inserted: float = 0.0
    """A byte of noise comes before it."""
    cut: bool = False
    """Nothing comes through."""
    faults: int = 0
    """So far."""
    carried: int = 0
    """Bytes that were put in, uncut."""
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Starts the row of faults that the seed stands for."""
        self._random = random.Random(self.seed)

    def carry(self, data: bytes) -> bytes:
        """What comes out at the other end."""
        if self.cut:
            return b""
        self.carried += len(data)
        out = bytearray()
        for byte in data:
            if self._happens(self.inserted):
                out.append(self._random.randrange(256))
            if self._happens(self.lost):
                continue
            hurt = byte ^ 1 << self._random.randrange(8) if self._happens(self.flipped) else byte
            out += bytes([hurt]) * (2 if self._happens(self.doubled) else 1)
        return bytes(out)

    def _happens(self, rate: float) -> bool:
        happens = rate > 0 and self._random.random() < rate
        self.faults += happens
        return happens
