"""What a cell gives: charge by age, temperature and rate, voltage under load, the energy down to the cutoff, the sag.

The charge between full and empty is the rating x ageing x temperature x rate x what is not held back. The terminals lie
below the open-circuit voltage by the current x the resistance; the discharge ends where that meets the cutoff. The
usable energy is the integral of the terminals' voltage over the charge until then. A cell's capacity over temperature
is given at its rated discharge, so some of the resistance is counted twice in the cold: on the safe side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from power.scenario import Day
from power.values import Values

Array = NDArray[np.float64]

MONTH_S = 365.25 / 12 * 86_400
_GRID = np.linspace(0.0, 1.0, 101)
"""States of charge on which the open-circuit voltage is taken."""


@dataclass(frozen=True)
class Cell:
    """A cell at one temperature and age, in n variants; arrays of shape (n,) in A s, V, ohm, fraction, 1/s."""

    capacity: Array
    voltage: Array
    resistance: Array
    cutoff: Array
    brownout: Array
    self_discharge: Array
    rest_loss: Array
    by_temperature: Array
    by_cycles: Array
    by_rate: Callable[[Array], Array]
    """Fraction of the charge over the rate of discharge, in 1/h."""
    ocv: Array
    """Open-circuit volts at charge_grid(), shape (101, n)."""

    @property
    def gross_j(self) -> Array:
        """The rating: capacity x nominal voltage."""
        return self.capacity * self.voltage

    @property
    def charge(self) -> Array:
        """Charge between full and empty at a slow discharge."""
        return self.capacity * self.by_cycles * self.by_temperature * (1.0 - self.rest_loss)

    def rate(self, amps: ArrayLike) -> Array:
        """A current as a rate of discharge, in 1/h: 1 empties the rating in an hour."""
        return np.asarray(amps) * 3600.0 / self.capacity


@dataclass(frozen=True)
class Usable:
    """What a cell gives to a steady load. Arrays of shape (n,)."""

    joules: Array
    """Down to the cutoff, before self-discharge."""
    coulomb: Array
    mean_v: Array
    """Of the terminals over the discharge."""
    left: Array
    """State of charge at the cutoff."""
    by_rate: Array
    """Fraction of the charge that the rate leaves."""
    resistance_j: Array
    """What the resistance took."""


def charge_grid() -> Array:
    """The states of charge of `Cell.ocv`, rising from 0 to 1; shape (101,)."""
    return _GRID


def cell_of(values: Values, day: Day) -> Cell:
    """The board's cell at the day's temperature and age."""
    name = values.parts.cell
    temperature, cycles = day["temperature"], day["cycles"]
    grid = charge_grid()[:, None]
    return Cell(
        capacity=values[f"{name}.capacity"],
        voltage=values[f"{name}.voltage"],
        resistance=values[f"{name}.resistance"] * values.curve(f"{name}.resistance_by_temperature", temperature),
        cutoff=values[f"{name}.cutoff"],
        brownout=values[f"{name}.brownout"],
        self_discharge=values[f"{name}.self_discharge"] / MONTH_S,
        rest_loss=values[f"{name}.rest_loss"],
        by_temperature=values.curve(f"{name}.by_temperature", temperature),
        by_cycles=values.curve(f"{name}.by_cycles", cycles),
        by_rate=lambda rate: values.curve(f"{name}.by_rate", rate),
        ocv=values.curve(f"{name}.ocv", grid),
    )


def usable(cell: Cell, watts: ArrayLike) -> Usable:
    """The energy that `cell` gives to a load of constant power. All zero where it cannot carry it from full.

    The current follows from the mean voltage, which follows from the current: three rounds, as the second already
    moves neither by a thousandth.
    """
    watts = np.asarray(watts, dtype=np.float64) + np.zeros_like(cell.capacity)
    step = _GRID[1] - _GRID[0]
    slices = (cell.ocv[1:] + cell.ocv[:-1]) / 2 * step
    above = np.zeros_like(cell.ocv)
    above[:-1] = np.cumsum(slices[::-1], axis=0)[::-1]
    mean_v = cell.voltage
    for _ in range(3):
        amps = watts / mean_v
        left = _left(cell, cell.cutoff + amps * cell.resistance)
        lower = np.minimum((left / step).astype(int), len(_GRID) - 2)
        columns = np.arange(cell.ocv.shape[1])
        into = left / step - lower
        at_left = cell.ocv[lower, columns] * (1 - into) + cell.ocv[lower + 1, columns] * into
        volts = above[lower + 1, columns] + (at_left + cell.ocv[lower + 1, columns]) / 2 * step * (1 - into)
        used = 1.0 - left
        integral = volts - amps * cell.resistance * used
        mean_v = np.where(used > 0, integral / np.maximum(used, 1e-12), cell.voltage)
    by_rate = cell.by_rate(cell.rate(amps))
    coulomb = cell.charge * by_rate * used
    return Usable(
        joules=coulomb * mean_v,
        coulomb=coulomb,
        mean_v=mean_v,
        left=left,
        by_rate=by_rate,
        resistance_j=coulomb * amps * cell.resistance,
    )


def _left(cell: Cell, least_ocv: Array) -> Array:
    """The state of charge at which the open-circuit voltage has fallen to `least_ocv`; 1 where it never is above."""
    enough = cell.ocv >= least_ocv
    # The voltage rises with the charge: the first point of the grid that is enough.
    first = np.where(enough.any(axis=0), enough.argmax(axis=0), len(_GRID))
    upper = np.clip(first, 1, len(_GRID) - 1)
    columns = np.arange(cell.ocv.shape[1])
    high, low = cell.ocv[upper, columns], cell.ocv[upper - 1, columns]
    into = np.clip((least_ocv - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    left = (upper - 1 + into) * (_GRID[1] - _GRID[0])
    return np.where(first == 0, 0.0, np.where(first == len(_GRID), 1.0, left))


def self_discharge_w(cell: Cell, mean_v: Array) -> Array:
    """What self-discharge takes, as a power from the cell."""
    return cell.capacity * cell.self_discharge * mean_v


@dataclass(frozen=True)
class Sag:
    """What the greatest current does to an all but empty cell. Arrays of shape (n,)."""

    peak_a: Array
    sag_v: Array
    margin_v: Array
    """Of the terminals over the brown-out voltage."""


def sag(cell: Cell, mean_w: Array, peak_w: Array) -> Sag:
    """The greatest current, at the state of charge where the mean load meets the cutoff."""
    ocv = cell.cutoff + mean_w / cell.cutoff * cell.resistance
    # Constant power: V = OCV - R P / V; where no V carries it, half the open-circuit voltage is all there is.
    root = np.sqrt(np.maximum(ocv**2 - 4 * cell.resistance * peak_w, 0.0))
    volts = (ocv + root) / 2
    amps = peak_w / volts
    return Sag(amps, amps * cell.resistance, volts - cell.brownout)
