"""Rows with times to an even grid: where each row belongs, and where samples are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError
from power.traces.samples import BLOCK, Block, Codes, Currents

LONGEST_GAP_S = 24 * 3600.0
"""A longer stretch without samples is taken for a damaged time."""
UNEVEN = 0.02
"""The share of steps that may lie between multiples of the sample time before a recording counts as uneven."""

Fail = Callable[[int, str], PowerError]
"""Makes the error for the row with this index in the block at hand, so that it names file and line."""


def estimated_rate(times: NDArray[np.float64], fail: Fail) -> float:
    """Samples a second, from the times (n,) of a recording's first rows, in s.

    The mean of the steps near their median, so that dropouts do not count. PowerError where times repeat, go back
    or are uneven.
    """
    steps = np.diff(times)
    if len(steps) == 0:
        raise fail(0, "there is one row only, and no rate; give --rate HZ")
    check_steps(steps, 1, fail)
    _check_jump(steps, 1, fail)
    median = float(np.median(steps))
    if median == 0:
        raise fail(0, "the times are coarser than the samples; give --rate HZ")
    multiples = steps / median
    off = np.abs(multiples - np.maximum(np.rint(multiples), 1)) > 0.3
    if off.mean() > UNEVEN:
        raise fail(
            int(np.argmax(off)) + 1,
            f"the samples are not even in time ({100 * off.mean():.0f} % of the steps are off); "
            "resample the recording, or give --rate HZ if only the times are inexact",
        )
    rate = 1 / float(steps[np.abs(multiples - 1) < 0.5].mean())
    whole = round(rate)
    return float(whole) if whole and abs(rate - whole) < 2e-6 * rate else rate


def _check_jump(steps: NDArray[np.float64], first: int, fail: Fail) -> None:
    if steps.max(initial=0) > LONGEST_GAP_S:
        raise fail(int(np.argmax(steps)) + first, f"the time jumps by {steps.max():g} s")


def check_steps(steps: NDArray[np.float64], first: int, fail: Fail) -> None:
    """PowerError at the first row whose time is no number, or lies before the one above; `steps`[0] is row `first`."""
    bad = ~np.isfinite(steps)
    if bad.any():
        raise fail(int(np.argmax(bad)) + first, "the time is missing or no number")
    if (steps < 0).any():
        row = int(np.argmax(steps < 0))
        raise fail(row + first, f"the time goes back by {-steps[row]:g} s")


class EvenTime:
    """Places rows on the even grid of `rate`: a step of about one sample time is one sample, a longer one is a gap."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.repeated = 0
        self._last_time = np.nan
        self._last_place = -1
        self._resolution = 0.0

    def place(self, times: NDArray[np.float64], fail: Fail) -> NDArray[np.int64]:
        """Places (n,) of rows with these times, in s, after those of the calls before."""
        first = bool(np.isnan(self._last_time))
        steps = np.diff(times) if first else np.diff(times, prepend=self._last_time)
        if first and not np.isfinite(times[0]):
            raise fail(0, "the time is missing or no number")
        check_steps(steps, int(first), fail)
        self.repeated += int((steps == 0).sum())
        if self.repeated and (steps > 0).any():
            # Times coarser than the samples: only what exceeds their resolution is a gap.
            coarse = float(steps[steps > 0].min())
            self._resolution = min(self._resolution, coarse) if self._resolution else coarse
        _check_jump(steps, int(first), fail)
        samples = steps * self.rate
        gap = samples > 1.5 * max(1.0, self._resolution * self.rate)
        ahead = np.where(gap, np.rint(samples), 1).astype(np.int64)
        if first:
            ahead = np.concatenate(([1], ahead))
        places = self._last_place + np.cumsum(ahead)
        self._last_time, self._last_place = float(times[-1]), int(places[-1])
        return places


def spread(
    places: NDArray[np.int64], current: Currents, voltage: Currents | None, codes: Codes | None
) -> Iterator[Block]:
    """Blocks of rows at `places` (n,), rising: missing ones within a block become NaN; none exceeds BLOCK.

    A sample that is missing keeps the voltage and the digital levels of the one before it.
    """
    low = 0
    while low < len(places):
        start = int(places[low])
        high = int(np.searchsorted(places, start + BLOCK))
        rows = slice(low, high)
        length = int(places[high - 1]) - start + 1
        if length == high - low:
            kept: slice | NDArray[np.int64] = rows
            filled = current[rows]
        else:
            at = places[rows] - start
            before = np.zeros(length, np.int64)
            before[at] = np.arange(low, high)
            kept = np.maximum.accumulate(before)
            filled = np.full(length, np.nan, np.float32)
            filled[at] = current[rows]
        yield Block(start, filled, None if voltage is None else voltage[kept], None if codes is None else codes[kept])
        low = high
