"""A cell's discharge, step by step, of days that are alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from power import battery
from power.battery import Cell
from power.results import Simulation

Array = NDArray[np.float64]

STEPS = 20_000
"""Of a discharge, about."""


@dataclass(frozen=True)
class Drawn:
    """What a day takes from the cell, in steps of one length; arrays of shape (steps,)."""

    length_s: float
    watts: Array
    """Whatever the cell's voltage."""
    amps: Array
    """Straight from the cell: at its voltage."""
    peak_w: Array
    load_w: dict[str, float]
    """Mean of each load at its rail."""
    load_a: dict[str, float]
    """Mean of each load that hangs on the cell itself."""
    events: int


def discharge(drawn: Drawn, cell: Cell, seed: int) -> Simulation:
    """Days like `drawn`, one after the other, from a full cell to the cutoff.

    In a step the power is even. Voltage and current follow each other: both are iterated over the whole discharge until
    they agree (a few rounds: the voltage depends little on the charge that a slightly other current took).
    """
    capacity, nominal = float(cell.capacity[0]), float(cell.voltage[0])
    resistance, cutoff = float(cell.resistance[0]), float(cell.cutoff[0])
    mean_w = float((drawn.watts + drawn.amps * nominal).mean())
    whole_life, step_s = _steps(drawn, 1.2 * float(cell.gross_j[0]) / max(mean_w, 1e-12))
    watts, amps, peaks = whole_life.watts, whole_life.amps, whole_life.peak_w
    leak = capacity * float(cell.self_discharge[0])
    ocv, grid = cell.ocv[:, 0], battery.charge_grid()
    volts = np.full(len(watts), nominal)
    for _ in range(8):
        current = watts / volts + amps
        # A rate at which the cell gives less of its charge empties it sooner.
        by_rate = cell.by_rate(current * 3600 / capacity)
        used = np.cumsum((current / by_rate + leak) * step_s) / float(cell.charge[0])
        at_middle = 1 - used + (current / by_rate + leak) * step_s / float(cell.charge[0]) / 2
        before = volts
        volts = np.maximum(np.interp(at_middle, grid, ocv) - current * resistance, cutoff / 2)
        if np.abs(volts - before).max() < 1e-6:
            break
    power = watts + amps * volts
    ended = min(_first_below(volts, cutoff, 0.5), _first_below(1 - used, 0.0, 1.0), float(len(volts)))
    last = max(int(np.ceil(ended)), 1)
    upto = slice(0, last)
    energy = float(power[upto].sum() - (last - ended) * power[last - 1]) * step_s
    peak_a = peaks / volts
    sagged = volts[upto] - (peak_a[upto] - current[upto]) * resistance
    mean_v = float(volts[upto].mean())
    by_load = {
        name: drawn.load_w.get(name, 0.0) + drawn.load_a.get(name, 0.0) * mean_v
        for name in {**drawn.load_w, **drawn.load_a}
    }
    day_w = float((drawn.watts + drawn.amps * mean_v).mean())
    return Simulation(
        times_s=np.asarray(np.arange(last) * step_s, dtype=np.float64),
        watts=power[upto],
        state_of_charge=np.clip(1 - used[upto], 0.0, 1.0),
        volts=volts[upto],
        hours=energy / day_w / 3600,
        ended_s=ended * step_s,
        energy_j=energy,
        mean_w=day_w,
        by_load={**by_load, "regulator loss": max(day_w - sum(by_load.values()), 0.0)},
        lowest_v=float(sagged.min()),
        peak_a=float(peak_a[upto].max()),
        events=drawn.events,
        seed=seed,
    )


def _first_below(series: Array, least: float, at: float) -> float:
    """The step, with its fraction, where `series` falls below `least`; its values are of the place `at` in a step."""
    below = np.flatnonzero(series < least)
    if not len(below):
        return float("inf")
    first = int(below[0])
    if first == 0:
        return 0.0
    fall = series[first - 1] - series[first]
    return float(max(first - 1 + at + (series[first - 1] - least) / max(fall, 1e-12), 0.0))


def _steps(drawn: Drawn, life_s: float) -> tuple[Drawn, float]:
    """A discharge of `life_s`, in about STEPS steps, and a step's length."""
    days = max(life_s / drawn.length_s, 1e-9)
    a_day = int(np.clip(STEPS / days, 1, len(drawn.watts)))
    one = _evened(drawn, a_day)
    if a_day == 1:
        return _repeated(one, STEPS), life_s / STEPS
    return _repeated(one, int(np.ceil(days))), drawn.length_s / a_day


def _repeated(drawn: Drawn, times: int) -> Drawn:
    watts, amps, peaks = (np.tile(series, times) for series in (drawn.watts, drawn.amps, drawn.peak_w))
    return replace(drawn, watts=watts, amps=amps, peak_w=peaks)


def _evened(drawn: Drawn, steps: int) -> Drawn:
    """The same day in fewer steps, each with the mean power and the greatest peak of those that it is made of."""
    before = len(drawn.watts)
    edges = np.linspace(0, before, steps + 1)

    def mean(values: Array) -> Array:
        total = np.concatenate([[0.0], np.cumsum(values)])
        return np.diff(np.interp(edges, np.arange(before + 1), total)) / np.diff(edges)

    starts = np.floor(edges[:-1]).astype(int)
    peaks = np.maximum.reduceat(drawn.peak_w, starts)
    return replace(drawn, watts=mean(drawn.watts), amps=mean(drawn.amps), peak_w=peaks)
