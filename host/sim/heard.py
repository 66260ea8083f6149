"""What a virtual microphone hears: the samples that the host gave, and when each of them is complete."""

from __future__ import annotations

import numpy as np

from host.sim.machine import Machine

LOOK_AHEAD = 512
"""Samples that time may run ahead of the host."""


class Heard:
    """Samples by index, the first one 0, and the clock that they come by, of `sample_ticks` ticks a sample.

    What the host gave while the microphone stood still is heard when it runs again.
    """

    def __init__(self, machine: Machine, sample_ticks: int) -> None:
        self._machine = machine
        self._sample_ticks = sample_ticks
        self._kept = np.zeros(0, "<i2")
        self._kept_from = 0
        self._more: list[np.ndarray] = []
        self.supplied = 0
        """Samples that the host has given."""
        self.first = 0
        """The index of the first sample since the clock started."""
        self._started: int | None = None

    @property
    def running(self) -> bool:
        """Whether the microphone is clocked."""
        return self._started is not None

    def supply(self, pcm: np.ndarray) -> None:
        """More samples from the host."""
        self._more.append(np.asarray(pcm, dtype="<i2"))
        self.supplied += len(pcm)

    def start(self) -> None:
        """The clock starts: the next sample is complete one sample's time from now."""
        self._started = self._machine.now

    def stop(self) -> None:
        """The clock stops."""
        self.first, self._started = self.produced, None

    @property
    def produced(self) -> int:
        """The index after the last sample that is complete."""
        if self._started is None:
            return self.first
        return self.first + (self._machine.now - self._started) // self._sample_ticks

    def tick_of(self, index: int) -> int:
        """When sample `index` is complete, while the clock runs."""
        assert self._started is not None
        return self._started + (index - self.first + 1) * self._sample_ticks

    def take(self, start: int, end: int) -> np.ndarray:
        """The samples [start, end); forgets all before `end`."""
        kept = np.concatenate([self._kept, *self._more])
        taken = kept[start - self._kept_from : end - self._kept_from]
        self._kept, self._more = kept[end - self._kept_from :], []
        self._kept_from = end
        return taken
