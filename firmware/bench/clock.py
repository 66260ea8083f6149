"""From SysTick's ticks to instructions, exactly.

QEMU's `-icount shift=6` gives an instruction 64 ns of virtual time. SysTick's ticks are shorter (40 ns or 31.25 ns), so
that the ticks since it was started belong to one count of instructions only, once it is known how far into a tick that
was: a few loops of known length show it. What a reading itself costs falls out of the same loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from firmware.bench.errors import BenchError

INSTRUCTION_PS = 64_000
"""Of virtual time, at `-icount shift=6`."""
WRAP_INSTRUCTIONS = 5
"""Of the interrupt that counts a wrap of the 24 bits (bench_systick in runner_start.c)."""
CALIBRATIONS = 1000
"""Loops of known length that every image runs first (RUNNER_CALIBRATIONS in runner.h)."""


@dataclass(frozen=True)
class Clock:
    """tick_ps, phase_ps: a tick's length and the start's place in it; overhead: instructions of a pair of readings."""

    tick_ps: int
    phase_ps: int
    overhead: int = 0

    def instructions(self, reading: Sequence[int]) -> int:
        """Instructions since the start, the clock's own interrupts left out; reading: struct runner_time."""
        wraps, elapsed, handled = reading
        time = ((wraps << 24) + elapsed) * self.tick_ps - self.phase_ps
        return -(-time // INSTRUCTION_PS) - handled * WRAP_INSTRUCTIONS

    @classmethod
    def calibrated(cls, clock_hz: int, spans: Sequence[Sequence[int]]) -> Clock:
        """The clock under which all loops take what they do, and the readings always the same.

        spans: seven numbers each: the readings before and after the loops, and their number.
        Raises BenchError if there is none: then the emulator does not count as this module takes for granted.
        """
        tick_ps = 10**12 // clock_hz
        for phase_ps in range(0, tick_ps, gcd(tick_ps, INSTRUCTION_PS)):
            clock = cls(tick_ps, phase_ps)
            rests = {clock.instructions(span[3:6]) - clock.instructions(span[:3]) - (2 * span[6] + 1) for span in spans}
            if len(rests) == 1:
                return cls(tick_ps, phase_ps, rests.pop())
        raise BenchError("the emulated board's clock does not count instructions; use Debian 12's qemu-system-arm")
