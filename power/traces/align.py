"""Where a run's ledger lies in a trace without state codes: the offset and the ratio of the two clocks.

The work between two snapshots of the ledger (instructions a second) and the current measured in the same time rise and
fall together. The search takes the offset and ratio with the highest correlation of the two: first on a common grid,
for every offset at once by Fourier transforms, ratio by ratio; then, for the best few places, on the snapshots' own
intervals. It is refused where the correlation is low, or another place gives nearly the same: then the recording
repeats itself, or little happens in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError
from power.last_run import LastRun, LedgerRow
from power.traces.states import STATES, Cells
from power.work import BURST_STATES

Floats = NDArray[np.float64]

WIDEST_RATIO = 0.02
"""How far the board's clock may be from the instrument's: an RC oscillator without a crystal is within 2 %."""
LEAST_CORRELATION = 0.9
"""Of work and current where they are of one run, 0.99 is usual; by chance, short runs come to 0.8."""
MOST_RIVAL = 0.9
LEAST_REST = 20.0
"""It is ambiguous where the second-best place's correlation is over MOST_RIVAL of the best one's, and what it leaves
unexplained is less than LEAST_REST times as much."""
LEAST_INTERVALS = 8
GRID = 4096
"""Bins of the coarse search, at most."""
CANDIDATES = 6
"""Places that are looked at closely."""


class Expected(NamedTuple):
    """What a run's timeline says, between its snapshots; n intervals."""

    edges_s: Floats
    """(n + 1,) s on the board's clock."""
    shares: Floats
    """(n, states) of the time, in the order of STATES."""
    work: Floats
    """(n,) cycles or instructions a second; where the run counts none, the share of time beyond SLEEP and HEAR."""
    burst: Floats
    """(n,) the part of `work` that is done at the burst clock, where a cycle takes another charge."""


@dataclass(frozen=True)
class Alignment:
    """A moment t on the board's clock is offset_s + ratio x t in the trace."""

    offset_s: float
    ratio: float
    correlation: float
    """Of work and current over the intervals, 0..1."""
    rival: float
    """The highest correlation elsewhere."""
    uncertainty_s: float
    """Half width of the offsets that fit not significantly worse (95 %)."""
    intervals: int
    """Of the ledger, that the trace covers."""


def expected(run: LastRun) -> Expected:
    """What `run` did and when; PowerError where it has no timeline."""
    shots = run.timeline
    if len(shots) < LEAST_INTERVALS + 1:
        raise PowerError(
            f"the run has {len(shots)} snapshots of its ledger, too few to find it in a trace without state codes; "
            "wire the state pins to the instrument's digital channels, or make a longer run"
        )
    edges = np.array([shot.sample for shot in shots], np.float64)
    nothing = LedgerRow(samples=0, cycles=0, entries=0)
    samples = np.array([[shot.rows.get(name, nothing).samples for name in STATES] for shot in shots], np.float64)
    cycles = np.array([[shot.rows.get(name, nothing).cycles for name in STATES] for shot in shots], np.float64)
    spans = np.diff(edges)
    shares = np.diff(samples, axis=0) / spans[:, None]
    rates = np.diff(cycles, axis=0) / spans[:, None] * run.rate
    if not rates.any():
        rates = np.where(np.isin(STATES, ("sleep", "hear")), 0.0, shares)
    burst = rates[:, np.isin(STATES, list(BURST_STATES))].sum(axis=1)
    return Expected(edges / run.rate, shares, rates.sum(axis=1), burst)


class Charge:
    """The charge and the measured time of a trace up to any moment."""

    def __init__(self, cells: Cells) -> None:
        """`cells`: of the whole trace, one after another."""
        self._starts = np.append(cells.start_s, cells.start_s[-1] + max(float(cells.seconds[-1]), 1e-9))
        self._charge = np.concatenate(([0.0], np.cumsum(cells.amperes * cells.seconds)))
        self._seconds = np.concatenate(([0.0], np.cumsum(cells.seconds)))
        self.start_s, self.stop_s = float(self._starts[0]), float(self._starts[-1])

    def between(self, edges_s: Floats) -> tuple[Floats, Floats]:
        """Mean current and measured seconds (n,) between consecutive moments (n + 1,) of the trace."""
        return self.within(edges_s[:-1], edges_s[1:])

    def within(self, low_s: Floats, high_s: Floats) -> tuple[Floats, Floats]:
        """Mean current and measured seconds (n,) from moments `low_s` to `high_s` of the trace."""
        charge = np.interp(high_s, self._starts, self._charge) - np.interp(low_s, self._starts, self._charge)
        seconds = np.interp(high_s, self._starts, self._seconds) - np.interp(low_s, self._starts, self._seconds)
        return np.divide(charge, seconds, out=np.zeros_like(charge), where=seconds > 0), seconds


def align(cells: Cells, run: LastRun) -> Alignment:
    """Finds `run` in the trace of `cells`; PowerError where it cannot be told, with the reason."""
    what = expected(run)
    charge = Charge(cells)
    if np.ptp(what.work) <= 1e-9 * max(abs(float(what.work.mean())), 1e-9):
        raise PowerError("the run did the same all the time: nothing in it can be found in a trace; use state codes")
    places = [_refined(charge, what, offset, ratio) for offset, ratio in _search(charge, what)]
    ranked = sorted(((_fit(charge, what, *place)[0], place) for place in places), reverse=True)
    if not ranked:
        raise PowerError(f"the trace and the run have too little in common to compare; {_REMEDY}")
    correlation, (offset, ratio) = ranked[0]
    rival = max([0.0, *(score for score, _ in ranked[1:])])
    _, count, rest = _fit(charge, what, offset, ratio)
    if count < LEAST_INTERVALS:
        raise PowerError(f"the trace covers {count} intervals of the ledger, too few; {_REMEDY}")
    if correlation < LEAST_CORRELATION:
        raise PowerError(
            f"the trace does not follow the run: the best correlation of current and work is {correlation:.2f}, "
            f"under {LEAST_CORRELATION}; are they of the same run? {_REMEDY}"
        )
    if rival > MOST_RIVAL * correlation and 1 - rival**2 < LEAST_REST * rest:
        raise PowerError(
            f"the run fits the trace at more than one place (correlation {correlation:.2f} and {rival:.2f}); {_REMEDY}"
        )
    return Alignment(offset, ratio, correlation, rival, _uncertainty(charge, what, offset, ratio), count)


_REMEDY = "wire the state pins to the instrument's digital channels, or record a run that varies more"


def _fit(charge: Charge, what: Expected, offset: float, ratio: float) -> tuple[float, int, float]:
    """Correlation, intervals inside the trace, and the unexplained part of the current's variance there."""
    edges = offset + ratio * what.edges_s
    amperes, seconds = charge.between(edges)
    inside = (edges[:-1] >= charge.start_s) & (edges[1:] <= charge.stop_s) & (seconds > 0.5 * np.diff(edges))
    count = int(inside.sum())
    if count < LEAST_INTERVALS:
        return -1.0, count, math.inf
    y, w = amperes[inside], np.sqrt(seconds[inside])
    y = y - np.average(y, weights=w * w)
    total = float((w * w * y * y).sum())
    work, burst = what.work[inside], what.burst[inside]
    columns = np.stack([np.ones(count), work - burst, burst], axis=1)
    scale = np.maximum(np.abs(columns).max(axis=0), 1e-300)
    solved, *_ = np.linalg.lstsq(columns / scale * w[:, None], y * w, rcond=1e-9)
    fitted = columns / scale @ solved
    slope = float((w * w * (work - np.average(work, weights=w * w)) * y).sum())
    if total <= 0 or slope <= 0:
        return 0.0, count, math.inf
    rest = float((w * w * (y - fitted) ** 2).sum()) / total
    return math.sqrt(max(1 - rest, 0.0)), count, rest


def _search(charge: Charge, what: Expected) -> list[tuple[float, float]]:
    """Offsets and ratios of the best few places on the coarse grid, the best first, none near another."""
    run_s = float(what.edges_s[-1] - what.edges_s[0])
    trace_s = charge.stop_s - charge.start_s
    bin_s = max(run_s, trace_s) / GRID
    # What happens within an interval of the ledger is not known: both are smoothed over one.
    smooth_s = max(float(np.median(np.diff(what.edges_s))), bin_s)
    grid = np.arange(int(run_s / bin_s), dtype=np.float64) * bin_s + bin_s / 2 + what.edges_s[0]
    done = np.concatenate(([0.0], np.cumsum(what.work * np.diff(what.edges_s))))
    low, high = np.maximum(grid - smooth_s / 2, what.edges_s[0]), np.minimum(grid + smooth_s / 2, what.edges_s[-1])
    pattern = (np.interp(high, what.edges_s, done) - np.interp(low, what.edges_s, done)) / (high - low)
    middle = float(grid[len(grid) // 2])
    # A ratio that is off by one step moves the ends by one bin against the middle.
    steps = max(1, math.ceil(WIDEST_RATIO * min(run_s, trace_s) / (2 * bin_s)))
    # By the trace's moment at the middle of the run: the best of all ratios.
    count = int((trace_s + 2.5 * run_s) / bin_s)
    best = np.full(count, -1.0)
    ratios = np.ones(count)
    for ratio in 1 + WIDEST_RATIO * np.linspace(-1, 1, 2 * steps + 1):
        score, begins = _scores(charge, pattern, float(ratio), bin_s, smooth_s)
        centres = begins + ratio * (middle - what.edges_s[0])
        at = np.clip(((centres - charge.start_s + run_s) / bin_s).astype(np.int64), 0, count - 1)
        # Of scores that fall into one bin, the last, which is the highest, stays.
        order = np.argsort(score, kind="stable")
        row = np.full(count, -1.0)
        row[at[order]] = score[order]
        better = row > best
        best[better], ratios[better] = row[better], ratio
    found: list[tuple[float, float]] = []
    left = best.copy()
    lobe = _lobe(best, int(best.argmax()))
    while len(found) < CANDIDATES and left.max() > 0:
        at_best = int(left.argmax())
        centre = (at_best + 0.5) * bin_s + charge.start_s - run_s
        found.append((centre - float(ratios[at_best]) * middle, float(ratios[at_best])))
        left[max(0, at_best - lobe) : at_best + lobe + 1] = -1.0
    return found


def _lobe(score: Floats, peak: int) -> int:
    """How many bins from its peak the correlation has fallen to less than half of it, with as much again beyond."""
    far = 1
    while far < len(score):
        around = [score[at] for at in (peak - far, peak + far) if 0 <= at < len(score)]
        if not around or max(around) < 0.5 * score[peak]:
            break
        far += 1
    return 2 * far


def _scores(charge: Charge, pattern: Floats, ratio: float, bin_s: float, smooth_s: float) -> tuple[Floats, Floats]:
    """Correlation of the pattern with the trace for each offset on the grid, and where the pattern then begins, in s.

    The trace is smoothed over `smooth_s` of the board's time. At least half of the shorter of the two must overlap.
    Correlations with parts of a series left out, by Fourier transforms: D. Padfield, "Masked object registration in
    the Fourier domain", IEEE Transactions on Image Processing 21(5), 2012.
    """
    width = bin_s * ratio
    count = int((charge.stop_s - charge.start_s) / width)
    centres = charge.start_s + (np.arange(count, dtype=np.float64) + 0.5) * width
    half = smooth_s * ratio / 2
    amperes, seconds = charge.within(centres - half, centres + half)
    known = (seconds > half / 2).astype(np.float64)
    current = np.where(known > 0, amperes - amperes[known > 0].mean(), 0.0)
    wave = pattern - pattern.mean()
    size = 1 << (count + len(wave)).bit_length()

    def transform(values: Floats) -> NDArray[np.complex128]:
        return np.fft.rfft(values, size)

    ones = np.conj(transform(np.ones(len(wave))))
    pattern_f, square_f = np.conj(transform(wave)), np.conj(transform(wave * wave))
    current_f, current_square_f, known_f = transform(current), transform(current * current), transform(known)

    def correlate(left: NDArray[np.complex128], right: NDArray[np.complex128]) -> Floats:
        return np.roll(np.fft.irfft(left * right, size), len(wave) - 1)[: count + len(wave) - 1]

    overlap = np.maximum(correlate(known_f, ones), 1e-9)
    x, y = correlate(known_f, pattern_f), correlate(current_f, ones)
    xx = correlate(known_f, square_f) - x * x / overlap
    yy = correlate(current_square_f, ones) - y * y / overlap
    xy = correlate(current_f, pattern_f) - x * y / overlap
    enough = overlap >= 0.5 * min(known.sum(), len(wave))
    # A stretch in which one of them hardly varies correlates with anything.
    varies = (xx > 0.02 * overlap * wave.var()) & (yy > 0.02 * overlap * current.var())
    score = np.where(enough & varies, xy / np.sqrt(np.where(varies, xx * yy, 1.0)), -1.0)
    offsets = charge.start_s + (np.arange(len(score), dtype=np.float64) - (len(wave) - 1)) * width
    return score, offsets


def _refined(charge: Charge, what: Expected, offset: float, ratio: float) -> tuple[float, float]:
    """The best offset and ratio near those given, on the snapshots' own intervals, by a grid that closes in."""
    run_s = float(what.edges_s[-1] - what.edges_s[0])
    middle = float(what.edges_s[0] + run_s / 2)
    centre = offset + ratio * middle
    # The coarse search sees the work of an interval as spread over all of it.
    spacing = float(np.median(np.diff(what.edges_s)))
    reach_s = max(3 * max(run_s, charge.stop_s - charge.start_s) / GRID, spacing / 2)
    while reach_s > 2e-4:
        reach_ratio = 2 * reach_s / run_s
        trials = [
            (_fit(charge, what, c - r * middle, r)[0], c, r)
            for c in centre + reach_s * np.linspace(-1, 1, 7)
            for r in ratio + reach_ratio * np.linspace(-1, 1, 7)
        ]
        _, centre, ratio = max(trials)
        reach_s *= 0.5
    return float(centre - ratio * middle), float(ratio)


def _uncertainty(charge: Charge, what: Expected, offset: float, ratio: float) -> float:
    """How far the offset may move until the fit is worse by the 95 % quantile of chi square with one freedom."""
    _, count, rest = _fit(charge, what, offset, ratio)
    limit = rest * (1 + 3.84 / max(count - 3, 1)) + 1e-12
    step = 1e-3
    while step < charge.stop_s - charge.start_s:
        if all(_fit(charge, what, offset + sign * step, ratio)[2] > limit for sign in (-1, 1)):
            return step
        step *= 1.25
    return step


def state_intervals(cells: Cells, run: LastRun, found: Alignment) -> tuple[Floats, Floats, Floats]:
    """The ledger's intervals that lie in the trace: mean currents (m,), measured seconds (m,), shares (m, states)."""
    what = expected(run)
    charge = Charge(cells)
    edges = found.offset_s + found.ratio * what.edges_s
    amperes, seconds = charge.between(edges)
    inside = (edges[:-1] >= charge.start_s) & (edges[1:] <= charge.stop_s) & (seconds > 0.5 * np.diff(edges))
    return amperes[inside], seconds[inside], what.shares[inside]
