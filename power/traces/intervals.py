"""Confidence intervals of means over time, where neighbouring values hang together.

Method: non-overlapping batch means. The series is cut into batches of equal length; where the batches are long against
the correlation, their means are as good as independent, and Student's t gives the interval of the whole mean
(B. Schmeiser, "Batch size effects in the analysis of simulation output", Operations Research 30(3), 1982). The length
is doubled until the means' correlation with their neighbours is no longer beyond chance, after G. S. Fishman,
"Grouping observations in digital simulation", Management Science 24(5), 1978. The mean is total charge over total time,
a ratio, and its variance that of the ratio's linear part (W. G. Cochran, Sampling Techniques, chapter 6).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
LEAST_BATCHES = 10
MOST_BATCHES = 400
"""More would not narrow an interval, and would test for correlation that no one can see."""


class Interval(NamedTuple):
    """A mean and the interval that covers the true one with probability LEVEL; infinite where that is not known."""

    mean: float
    low: float
    high: float
    batches: int
    """On which it rests."""
    correlated: bool
    """Whether even the longest batches still hang together: then the interval is too narrow."""

    @property
    def half_width(self) -> float:
        """Half the interval's width."""
        return (self.high - self.low) / 2

    @property
    def relative(self) -> float:
        """Half width over the mean."""
        return self.half_width / abs(self.mean) if self.mean else math.inf


def mean_interval(values: Floats, weights: Floats) -> Interval:
    """The mean of `values` (n,), in order of time, that hold for `weights` (n,) each, and its interval."""
    used = weights > 0
    values, weights = values[used], weights[used]
    if not len(values):
        return Interval(math.nan, -math.inf, math.inf, 0, False)
    mean = float((values * weights).sum() / weights.sum())
    if len(values) < 2:
        return Interval(mean, -math.inf, math.inf, 1, False)
    size = max(1, math.ceil(len(values) / MOST_BATCHES))
    correlated = False
    while True:
        sums, times = _batches(values, weights, size)
        correlated = _correlated(sums / times)
        if not correlated or len(sums) // 2 < LEAST_BATCHES:
            break
        size *= 2
    count = len(sums)
    scatter = sums - mean * times
    error = math.sqrt(count / (count - 1) * float((scatter**2).sum())) / float(times.sum())
    half = student(count - 1) * error
    return Interval(mean, mean - half, mean + half, count, correlated)


def _batches(values: Floats, weights: Floats, size: int) -> tuple[Floats, Floats]:
    """Sums and weights of batches of `size` values; what is left over goes to the last."""
    count = max(len(values) // size, min(2, len(values)))
    at = np.minimum(np.arange(count) * size, len(values) - 1)
    return np.add.reduceat(values * weights, at), np.add.reduceat(weights, at)


def _correlated(means: Floats) -> bool:
    """Whether the means hang together with their neighbours beyond what chance gives in one series of twenty."""
    off = means - means.mean()
    spread = float((off**2).sum())
    if len(means) < 4 or spread == 0:
        return False
    lag = float((off[1:] * off[:-1]).sum()) / spread
    return lag > 1.645 / math.sqrt(len(means))


def student(freedom: int) -> float:
    """The two-sided quantile of Student's t at LEVEL, by the expansion around the normal's, within 0.5 % from 3 on.

    M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    if freedom < 3:
        return {1: 12.706, 2: 4.303}[max(freedom, 1)]
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))
