"""Which sums of figures the states of a trace determine, and which figures follow where others are held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from power.errors import PowerError
from power.figures import Figure, Range
from power.traces.intervals import Interval, student
from power.traces.modelled import SLOPES, Rail
from power.units import conversion
from power.values import Values

Floats = NDArray[np.float64]

VARIANTS = 4000
SEED = 1
NORMAL_95 = 1.959964
MOST_MISFIT = 2.0


State = tuple[str, Interval, bool]
"""Name, mean current, and whether it is measured well enough."""


@dataclass(frozen=True)
class Combination:
    """A sum of figures that enters the states' currents as one."""

    name: str
    """"floor", "run", "burst_run"."""
    formula: str
    unit: str
    """A, or C for the charge of one of the ledger's counts."""
    value: Range | None
    """With its 95 % interval; None: the states at hand do not determine it."""
    modelled: Range
    remark: str
    enough: bool
    """Whether all the states that it rests on are measured well enough."""
    error: float = math.nan
    """Standard error, with the instrument's accuracy."""


def combinations(rail: Rail, states: Sequence[State], accuracy: float) -> tuple[Combination, ...]:
    """Floor and slopes by weighted least squares over the states' means.

    Args:
        rail: the model of the states.
        states: name, mean current, and whether it is measured well enough; each in `rail.done`.
        accuracy: the instrument's, 0..1: common to all states, so that it scales every sum alike.

    A sum is determined where it is the same in all solutions: where its unit vector has no part in the null space of
    the states' equations (C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, chapter 2).
    """
    typical = Values.typical(rail.parts)
    names = ["floor", *(name for name in SLOPES if name == "run" or rail.has_burst(typical))]
    usable = [row for row in states if math.isfinite(row[1].half_width) and row[1].mean > 0]
    well = [row for row in usable if row[2]]
    best, rest = (_solution(rail, names, rows, accuracy) for rows in (well, usable))
    # States measured well enough come first; the others only tell what those leave open.
    return tuple(
        _combination(rail, name, best if best.known[place] else rest, place, accuracy)
        for place, name in enumerate(names)
    )


class _Solution(NamedTuple):
    states: Sequence[State]
    slopes: list[str]
    """By which each state's work goes."""
    values: Floats
    covariance: Floats
    known: list[bool]
    misfit: float
    """How far the states scatter beyond their errors; 1: not."""
    weights: Floats
    """(unknowns, states): how much each state's mean moves each unknown, over its error."""


def _solution(rail: Rail, names: list[str], states: Sequence[State], accuracy: float) -> _Solution:
    typical = Values.typical(rail.parts)
    work = [rail.done.states[state].per_s for state, _, _ in states]
    slopes = [rail.slope_of(state, typical) for state, _, _ in states]
    scale = max([*work, 1.0])
    matrix = np.zeros((len(states), len(names)))
    for row, (per_s, slope) in enumerate(zip(work, slopes, strict=True)):
        matrix[row, 0] = 1.0
        matrix[row, names.index(slope)] = per_s / scale
    means = np.array([interval.mean for _, interval, _ in states])
    errors = np.array([_error(interval, accuracy) for _, interval, _ in states])
    units = np.array([1.0 if name == "floor" else 1 / scale for name in names])
    values, covariance, known, misfit, weights = _solved(matrix, means, errors)
    return _Solution(states, slopes, values * units, covariance * np.outer(units, units), known, misfit, weights)


def _combination(rail: Rail, name: str, found: _Solution, place: int, accuracy: float) -> Combination:
    modelled = _modelled(rail, name)
    unit = "A" if name == "floor" else "C"
    if not found.known[place]:
        return Combination(name, _formula(rail, name), unit, None, modelled, _why_not(name, found), False)
    value = float(found.values[place])
    error = math.hypot(math.sqrt(found.covariance[place, place]), accuracy * abs(value) / NORMAL_95)
    weights = np.abs(found.weights[place])
    rests_on = [state for state, weight in zip(found.states, weights, strict=True) if weight > 0.01 * weights.max()]
    remark = f"from {', '.join(state for state, _, _ in rests_on)}"
    if found.misfit > MOST_MISFIT:
        remark += f"; the states do not lie on one line: they scatter by {found.misfit:.1f} times their intervals"
    return Combination(
        name,
        _formula(rail, name),
        unit,
        Range(value - NORMAL_95 * error, value, value + NORMAL_95 * error),
        modelled,
        remark,
        all(enough for _, _, enough in rests_on) and found.misfit <= MOST_MISFIT,
        error,
    )


def _error(interval: Interval, accuracy: float) -> float:
    """Standard error of a state's mean, from its interval without the instrument's accuracy."""
    half = max(interval.half_width - accuracy * abs(interval.mean), 1e-6 * abs(interval.mean))
    return half / student(max(interval.batches - 1, 1))


def _solved(matrix: Floats, means: Floats, errors: Floats) -> tuple[Floats, Floats, list[bool], float, Floats]:
    """Solution, covariance, which unknowns are determined, scatter beyond the errors (1: none), weights of the rows."""
    count = matrix.shape[1]
    if not len(means):
        return np.zeros(count), np.zeros((count, count)), [False] * count, 1.0, np.zeros((count, 0))
    weighted = matrix / errors[:, None]
    _, singular, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((singular > 1e-9 * singular[0]).sum())
    known = [bool((np.abs(right[rank:, place]) < 1e-6).all()) for place in range(count)]
    inverse = np.linalg.pinv(weighted, rcond=1e-12)
    solution = inverse @ (means / errors)
    freedom = len(means) - rank
    misfit = 1.0
    if freedom > 0:
        rest = (means - matrix @ solution) / errors
        # Birge's ratio: what the states scatter beyond their own errors is put to the errors.
        misfit = max(1.0, math.sqrt(float(rest @ rest) / freedom))
    return solution, inverse @ inverse.T * misfit**2, known, misfit, np.asarray(inverse, np.float64)


def _why_not(name: str, found: _Solution) -> str:
    if name == "floor":
        return "not determined: needs two states of different work"
    if name not in found.slopes:
        return "not determined: no state at hand works so"
    states = ", ".join(row[0] for row, slope in zip(found.states, found.slopes, strict=True) if slope == name)
    return f"not determined: {states} alone tell only floor + work x slope"


def _formula(rail: Rail, name: str) -> str:
    mcu, microphone = rail.parts.mcu, rail.parts.microphone
    if name == "floor":
        link = f" + {mcu}.uart x its share" if rail.done.link_bytes_per_s else ""
        return f"{microphone}.listening + {mcu}.pdm + {mcu}.deep_sleep + retention{link} + waking"
    cpi = f"{mcu}.cpi x " if rail.done.counts_instructions else ""
    return f"{cpi}({mcu}.{name} - asleep / clock)"


def _modelled(rail: Rail, name: str) -> Range:
    def value(values: Values) -> Floats:
        return rail.floor(values) if name == "floor" else rail.slope(name, values)

    typ = float(value(Values.typical(rail.parts))[0])
    low, high = np.quantile(value(Values.sampled(rail.parts, VARIANTS, SEED)), [0.025, 0.975])
    return Range(min(float(low), typ), typ, max(float(high), typ))


class Fitted(NamedTuple):
    """A figure that follows, in its unit as the component writes it, or why it does not."""

    key: str
    value: Range | None
    unit: str
    held: tuple[str, ...]
    combination: str
    remark: str
    measured: bool
    """Whether it may be called measured."""


def fitted(rail: Rail, found: Sequence[Combination], held: Sequence[str], widest: float) -> tuple[Fitted, ...]:
    """The figures that follow from determined sums, where the figures `held` keep their own values and ranges.

    A sum of several figures gives one of them where all the others are held. Retention, uart, wake, settle and clocks
    always are: they are small, or exact. What a held figure may be, it adds to the interval: drawn together VARIANTS
    times (the Monte Carlo method of JCGM 101:2008, section 7), the measured sums from their normal distributions.
    """
    parts = rail.parts
    typical, sampled = Values.typical(parts), Values.sampled(parts, VARIANTS, SEED)
    sleepers = [f"{parts.microphone}.listening", f"{parts.mcu}.pdm", f"{parts.mcu}.deep_sleep"]
    cpi = [f"{parts.mcu}.cpi"] if rail.done.counts_instructions else []
    for key in held:
        known = [*sleepers, *cpi, *(f"{parts.mcu}.{name}" for name in SLOPES)]
        if key not in known:
            raise PowerError(f"--hold {key} does not enter what a trace determines; there are: {', '.join(known)}")
    results = []
    random = np.random.default_rng(SEED)
    for each in found:
        members = sleepers if each.name == "floor" else [f"{parts.mcu}.{each.name}", *cpi]
        free = [key for key in members if key not in held]
        draws = random.standard_normal(VARIANTS)
        if each.value is None:
            results += [Fitted(key, None, "", (), each.name, each.remark, False) for key in free]
            continue
        if len(free) != 1:
            if free:
                others = "; ".join(f"--hold {key}" for key in free[1:])
                why = f"only together with {' and '.join(key for key in free[1:])}: {others} would tell it apart"
                results.append(Fitted(free[0], None, "", (), each.name, why, False))
            continue
        key = free[0]
        kept = tuple(member for member in members if member != key)
        typ = float(_solve(rail, each.name, key, np.array([each.value.typ]), typical)[0])
        many = _solve(rail, each.name, key, each.value.typ + each.error * draws, sampled)
        low, high = (float(edge) for edge in np.quantile(many, [0.025, 0.975]))
        si = Range(min(low, typ), typ, max(high, typ))
        results.append(_not_wide(_presented(rail, key, si, kept, each), widest))
    return tuple(results)


def _solve(rail: Rail, name: str, key: str, value: Floats, values: Values) -> Floats:
    """The figure `key`, in SI, that gives a sum its value (n,), all other figures as in `values`."""
    mcu = rail.parts.mcu
    if name == "floor":
        own = (
            0.0 if key not in (f"{mcu}.pdm", f"{mcu}.deep_sleep", f"{rail.parts.microphone}.listening") else values[key]
        )
        return value - (rail.floor(values) - own)
    clock = values[f"{mcu}.{'burst_clock' if name == 'burst_run' else 'clock'}"]
    asleep = rail.asleep(values) / clock
    if key == f"{mcu}.cpi":
        return value / np.maximum(values[f"{mcu}.{name}"] * rail.converted(values) - asleep, 1e-30)
    return (value / rail.cycles(values) + asleep) / rail.converted(values)


def _presented(rail: Rail, key: str, si: Range, kept: tuple[str, ...], source: Combination) -> Fitted:
    figure = Values.typical(rail.parts).figure(key)
    assert isinstance(figure, Figure)
    factor = conversion(figure.unit).factor
    value = Range(*(edge / factor for edge in si))
    remark, measured = source.remark, True
    if value.typ <= 0 or value.min < 0:
        remark, measured = "the held figures leave nothing for it, within their ranges", False
    elif not source.enough:
        remark, measured = "rests on too little data", False
    return Fitted(key, value, figure.unit, kept, source.name, remark, measured)


def _not_wide(found: Fitted, widest: float) -> Fitted:
    """`found`, no longer called measured where its interval is wider than `widest` of it."""
    if found.value is None or not found.measured:
        return found
    relative = (found.value.max - found.value.min) / 2 / found.value.typ
    if relative <= widest:
        return found
    wide = f"known within {100 * relative:.0f} % only, over {100 * widest:g} %"
    return found._replace(remark=wide, measured=False)
