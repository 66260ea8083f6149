"""A trace at a glance, gathered while its blocks go by."""

from __future__ import annotations

import math

import numpy as np

from power.traces.samples import Block, Counts
from power.traces.states import TRANSIT_S, RunFinder, decoder, name_of
from power.traces.store import StateTime, Summary


class Summarizer:
    """Takes blocks and gives their summary; memory grows with the changes of state only."""

    def __init__(self, rate: float, channels: tuple[int, ...], volts: float | None) -> None:
        """`volts`: the supply where blocks have no voltage."""
        self._rate, self._volts = rate, volts
        self._decode = decoder(channels)
        self._runs = RunFinder()
        self._first: int | None = None
        self._next = 0
        self._samples = self._gaps = self._longest = self._open = 0
        self._sum = self._energy = 0.0
        self._measured_volts = False
        self._least, self._greatest = math.inf, -math.inf

    def add(self, block: Block) -> None:
        """The next block."""
        if self._first is None:
            self._first = self._next = block.start
        self._missing(block.start - self._next)
        lost = np.isnan(block.current)
        if lost.any():
            # Runs of lost samples: where they begin and end.
            flags = np.concatenate(([False], lost, [False])).astype(np.int8)
            starts, stops = np.flatnonzero(np.diff(flags) == 1), np.flatnonzero(np.diff(flags) == -1)
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
                if start > 0:
                    self._open = 0
                self._missing(stop - start)
            if not lost[-1]:
                self._open = 0
            known = block.current[~lost]
        else:
            self._open = 0
            known = block.current
        self._next = block.stop
        if block.codes is not None:
            self._runs.add(block.start, self._decode[block.codes])
        if not len(known):
            return
        self._samples += len(known)
        self._sum += float(known.sum(dtype=np.float64))
        self._least = min(self._least, float(known.min()))
        self._greatest = max(self._greatest, float(known.max()))
        if block.voltage is not None:
            self._measured_volts = True
            volts = block.voltage if len(known) == len(block.current) else block.voltage[~lost]
            self._energy += float(np.nansum(known.astype(np.float64) * volts))

    def _missing(self, count: int) -> None:
        """`count` samples without a value, right after what went before."""
        if count <= 0:
            return
        if self._open == 0:
            self._gaps += 1
        self._open += count
        self._longest = max(self._longest, self._open)

    def summary(self, counts: Counts) -> Summary:
        """Of all blocks so far."""
        total = self._next - (self._first or 0)
        charge = self._sum / self._rate
        energy = self._energy / self._rate if self._measured_volts else None
        if energy is None and self._volts is not None:
            energy = charge * self._volts
        segments = self._runs.segments(int(TRANSIT_S * self._rate))
        states = {}
        for code in np.unique(segments.code).tolist():
            mine = segments.code == code
            seconds = float((segments.stop - segments.start)[mine].sum()) / self._rate
            states[name_of(code)] = StateTime(seconds=seconds, entries=int(mine.sum()))
        some = self._samples > 0
        return Summary(
            duration_s=total / self._rate,
            samples=self._samples,
            missing=total - self._samples,
            gaps=self._gaps,
            longest_gap_s=self._longest / self._rate,
            mean_a=self._sum / self._samples if some else None,
            min_a=self._least if some else None,
            max_a=self._greatest if some else None,
            charge_c=charge,
            energy_j=energy,
            states=states,
            uncertain_codes=counts.uncertain_codes,
            repeated_times=counts.repeated_times,
            cut_short=counts.cut_short,
        )
