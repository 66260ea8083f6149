"""Figures of components from measured traces, with what they rest on, and what the traces cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError
from power.figures import BoardParts, Range
from power.last_run import LastRun
from power.traces import intervals
from power.traces.align import Alignment, align, state_intervals
from power.traces.determine import Combination, combinations
from power.traces.intervals import Interval, mean_interval, student
from power.traces.modelled import LISTENING_STATES, Rail
from power.traces.states import SETTLE_S, STATES, Cells, cells_of, name_of, segments_of, whole
from power.traces.store import Trace
from power.values import Values
from power.work import work

Floats = NDArray[np.float64]

LEAST_SECONDS = 1.0
LEAST_STAYS = 3
LONG_S = 60.0
"""Fewer stays in a state will do where they last this long together."""
WIDEST = 0.10
"""Half an interval's width over its mean, beyond which a value is not called measured."""
VARIANTS = 4000
SEED = 1


@dataclass(frozen=True)
class StateFit:
    """One state: modelled, measured, and what the measurement rests on. Currents in A, at the rail."""

    state: str
    measured: Interval
    seconds: float
    samples: int
    stays: int
    modelled: Range | None
    """Typical, and 2.5 and 97.5 % of what the figures' ranges allow; None without a ledger, or for a state with more
    than listening in it."""
    remarks: tuple[str, ...]
    too_little: tuple[str, ...]
    """Why it is not enough to call it measured; empty: it is."""

    @property
    def difference(self) -> float | None:
        """Measured over modelled, less one."""
        return None if self.modelled is None else self.measured.mean / self.modelled.typ - 1


class Source(NamedTuple):
    """A trace that went into a fit."""

    trace: Trace
    volts: float | None
    alignment: Alignment | None


@dataclass(frozen=True)
class Fit:
    """All of a fit."""

    parts: BoardParts
    sources: tuple[Source, ...]
    firmware: str
    """Its build, as the ledger or the user names it; "not known"."""
    volts: float
    settle_s: float
    accuracy: float
    """The instrument's, as a share of the reading, 95 %; 0: not in the intervals."""
    states: tuple[StateFit, ...]
    combinations: tuple[Combination, ...]
    notes: tuple[str, ...] = field(default=())


def fit(
    traces: Sequence[Trace],
    parts: BoardParts,
    run: LastRun | None,
    *,
    channels: tuple[int, ...] | None = None,
    settle_s: float = SETTLE_S,
    accuracy: float = 0.0,
    widest: float = WIDEST,
    firmware: str | None = None,
) -> Fit:
    """Fits the model of `parts` to traces.

    Args:
        traces: of the board's supply rail; those without state codes need `run` with a timeline.
        parts: the board.
        run: the ledger of the same firmware at the same kind of sound; None: states only.
        channels: the digital channel of each bit of the state code; None: as imported.
        settle_s: left out after each change of state.
        accuracy: of the instrument, 0..1; added to every interval.
        widest: relative half width beyond which a value is not called measured.
        firmware: the build; None: as the run names it.

    PowerError where a trace has no state codes and cannot be aligned, or the run is none of this board.
    """
    notes: list[str] = []
    sources, parts_of_cells, aligned = [], [], []
    for trace in traces:
        alignment = None
        if trace.has_codes:
            segments = segments_of(trace, channels or trace.facts.channels)
            parts_of_cells.append(cells_of(trace, segments, settle_s=settle_s))
        else:
            alignment, found = _aligned(trace, run)
            aligned.append(found)
        sources.append(Source(trace, _volts(trace), alignment))
    volts = _common_volts([source.volts for source in sources], parts, notes)
    rail = None if run is None else Rail(parts, volts, work(run, parts))
    cells = Cells.joined(parts_of_cells) if parts_of_cells else None
    measured = []
    for code, name in enumerate(STATES):
        mine = None if cells is None else cells.of(cells.code == code)
        row = _by_codes(mine) if mine is not None and len(mine) else None
        if row is None and aligned:
            row = _by_ledger(code, aligned)
        if row is not None:
            measured.append(_judged(name, row, rail, accuracy, widest))
    if cells is not None and (odd := np.unique(cells.code[cells.code >= len(STATES)])).size:
        names = ", ".join(name_of(int(code)) for code in odd)
        notes.append(f"the traces have {names}, which no state has: are the channels in the right order (--channels)?")
    if cells is not None and len(measured) == 1 and rail is not None:
        notes.append("the traces have one state only: are the state pins wired?")
    found_combinations: tuple[Combination, ...] = ()
    if rail is not None:
        rows = [row for row in measured if row.state in LISTENING_STATES and row.state in rail.done.states]
        found_combinations = combinations(
            rail, [(row.state, row.measured, not row.too_little) for row in rows], accuracy
        )
    if accuracy == 0:
        notes.append("the instrument's own accuracy is not in the intervals; add it with --accuracy")
    build = firmware or (run.image if run is not None else "not known")
    return Fit(
        parts, tuple(sources), build, volts, settle_s, accuracy, tuple(measured), found_combinations, tuple(notes)
    )


class _Row(NamedTuple):
    interval: Interval
    seconds: float
    samples: int
    stays: int
    remarks: tuple[str, ...]


def _by_codes(mine: Cells) -> _Row:
    """A state from its cells."""
    remarks = []
    if not mine.replaced.any():
        longest = 1000 * float(mine.segment_s.max())
        remarks.append(f"its stays, of at most {longest:.0f} ms, are taken whole: no settling time is left out")
    interval = mean_interval(mine.amperes, mine.seconds)
    stays = len(np.unique(mine.segment[mine.seconds > 0]))
    return _Row(interval, float(mine.seconds.sum()), int(mine.samples.sum()), stays, tuple(remarks))


class _Intervals(NamedTuple):
    """The ledger's intervals in one trace (align.state_intervals), entries into each state, samples a second."""

    amperes: Floats
    seconds: Floats
    shares: Floats
    entries: tuple[int, ...]
    rate: float


def _aligned(trace: Trace, run: LastRun | None) -> tuple[Alignment, _Intervals]:
    if run is None:
        raise PowerError(f"{trace.facts.source} has no state codes; give the ledger of the same run: --ledger FILE")
    cells = cells_of(trace, whole(trace), settle_s=0.0)
    try:
        alignment = align(cells, run)
    except PowerError as error:
        name = trace.facts.source
        raise PowerError(f"{name} has no state codes, and cannot be aligned with the ledger: {error}") from error
    rows = run.ledger.rows
    entries = tuple(rows[name].entries if name in rows else 0 for name in STATES)
    return alignment, _Intervals(*state_intervals(cells, run, alignment), entries, trace.rate)


def _by_ledger(code: int, aligned: Sequence[_Intervals]) -> _Row | None:
    """A state from intervals of several states each: weighted least squares of the current on the states' shares.

    Its error is robust against unequal scatter and correlation within a tenth of the trace (K.-Y. Liang and S. Zeger,
    "Longitudinal data analysis using generalized linear models", Biometrika 73(1), 1986).
    """
    amperes = np.concatenate([each.amperes for each in aligned])
    seconds = np.concatenate([each.seconds for each in aligned])
    shares = np.concatenate([each.shares for each in aligned])
    present = np.flatnonzero((shares * seconds[:, None]).sum(axis=0) > 0)
    if code not in present:
        return None
    x = shares[:, present]
    mine = float((shares[:, code] * seconds).sum())
    samples = round(sum(float((each.shares[:, code] * each.seconds).sum()) * each.rate for each in aligned))
    stays = sum(each.entries[code] for each in aligned)
    remark = ("by the ledger's times, without state codes: no settling time is left out",)
    gram = x.T @ (seconds[:, None] * x)
    clusters = np.array_split(np.arange(len(x)), min(intervals.LEAST_BATCHES, len(x)))
    if np.linalg.matrix_rank(gram) < len(present) or len(clusters) <= len(present):
        unknown = Interval(math.nan, -math.inf, math.inf, len(clusters), False)
        return _Row(unknown, mine, samples, stays, (*remark, "the states' shares do not tell it from others"))
    inverse = np.linalg.inv(gram)
    means = inverse @ (x.T @ (seconds * amperes))
    rest = seconds * (amperes - x @ means)
    scores = np.array([x[rows].T @ rest[rows] for rows in clusters])
    spread = inverse @ (scores.T @ scores) @ inverse * len(clusters) / (len(clusters) - len(present))
    place = int(np.searchsorted(present, code))
    mean = float(means[place])
    half = student(len(clusters) - len(present)) * math.sqrt(max(float(spread[place, place]), 0.0))
    interval = Interval(mean, mean - half, mean + half, len(clusters), False)
    return _Row(interval, mine, samples, stays, remark)


def _judged(name: str, row: _Row, rail: Rail | None, accuracy: float, widest: float) -> StateFit:
    own = row.interval
    extra = accuracy * abs(own.mean) if accuracy else 0.0
    interval = own._replace(low=own.low - extra, high=own.high + extra)
    why = []
    if row.seconds < LEAST_SECONDS:
        why.append(f"{row.seconds:.2g} s only, of at least {LEAST_SECONDS:g}")
    if row.stays < LEAST_STAYS and row.seconds < LONG_S:
        why.append(f"{row.stays} stays only, of at least {LEAST_STAYS} (or {LONG_S:g} s)")
    if own.batches < intervals.LEAST_BATCHES:
        why.append(f"{own.batches} independent values only, of at least {intervals.LEAST_BATCHES}")
    if own.correlated:
        why.append("it drifts: the interval is too narrow for what a longer trace would show")
    if not interval.relative <= widest:
        why.append(f"the interval is +-{100 * interval.relative:.0f} %, over {100 * widest:g} %")
    return StateFit(name, interval, row.seconds, row.samples, row.stays, _modelled(name, rail), row.remarks, tuple(why))


def _modelled(name: str, rail: Rail | None) -> Range | None:
    if rail is None:
        return None
    typical = rail.current(name, Values.typical(rail.parts))
    sampled = rail.current(name, Values.sampled(rail.parts, VARIANTS, SEED))
    if typical is None or sampled is None:
        return None
    low, high = np.quantile(sampled, [0.025, 0.975])
    typ = float(typical[0])
    return Range(min(float(low), typ), typ, max(float(high), typ))


def _volts(trace: Trace) -> float | None:
    """The supply of a trace: as given, or the mean of what was recorded."""
    summary = trace.facts.summary
    if trace.facts.volts is not None:
        return trace.facts.volts
    if summary.energy_j is not None and summary.charge_c > 0:
        return summary.energy_j / summary.charge_c
    return None


def _common_volts(found: list[float | None], parts: BoardParts, notes: list[str]) -> float:
    rail = parts.rails[parts.rail_of("mcu")].volts
    known = [volts for volts in found if volts is not None]
    if not known:
        if rail is None:
            raise PowerError("the traces do not tell the supply; import them with --volts")
        notes.append(f"the supply was not recorded: taken to be the board's rail, {rail:g} V; import with --volts")
        return rail
    if max(known) > 1.02 * min(known):
        raise PowerError(
            f"the traces are of different supplies, {min(known):.3g} and {max(known):.3g} V; fit them one by one"
        )
    volts = sum(known) / len(known)
    if rail is not None and abs(volts - rail) > 0.05 * rail:
        notes.append(
            f"measured at {volts:.3g} V, where the board's rail has {rail:g} V: the core at work is taken to draw the "
            "same power at both, all else the same current"
        )
    return volts
