"""Loads in the making: what each thing draws, added up over a day, and which figures that rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from power.results import Load
from power.values import Values
from power.work import given_v

Array = NDArray[np.float64]
CELL_RAIL = "cell"
"""The rail of what hangs on the cell itself, and on no rail of the board: PMIC, fixed loads."""


class Name(NamedTuple):
    """What tells loads apart."""

    name: str
    component: str
    rail: str
    state: str


@dataclass
class _Row:
    """Watts, and amps that the cell's voltage, not yet known, turns into watts; the same by figure, of variant 0."""

    watts: Array
    amps: Array
    by_key: dict[str, list[float]] = field(default_factory=dict)


class Loads:
    """The loads of one evaluation, of n variants."""

    def __init__(self, values: Values) -> None:
        self._values, self._parts = values, values.parts
        self._rows: dict[Name, _Row] = {}

    def volts(self, rail: str) -> Array:
        """A rail's voltage; where the rail is the cell itself, its nominal one. Shape (n,)."""
        volts = self._parts.rails[rail].volts
        return np.full(self._values.n, volts) if volts is not None else self._values[f"{self._parts.cell}.voltage"]

    def converted(self, amps: Array, part: str, rail: str) -> Array:
        """A current that goes through the part's own converter: at the rail's voltage it takes the same power."""
        return amps * given_v(self._values, part) / self.volts(rail)

    def draw(self, name: Name, amps: Array, weight: Array, keys: tuple[str, ...]) -> None:
        """Adds a current for `weight` of the day."""
        drawn = amps * weight
        if name.rail != CELL_RAIL and self._parts.rails[name.rail].volts is not None:
            self._put(name, drawn * self.volts(name.rail), 0 * drawn, keys)
        else:
            self._put(name, 0 * drawn, drawn, keys)

    def take(self, name: Name, watts: Array, keys: tuple[str, ...]) -> None:
        """Adds a power, whatever the voltage."""
        self._put(name, watts, 0 * watts, keys)

    def _put(self, name: Name, watts: Array, amps: Array, keys: tuple[str, ...]) -> None:
        row = self._rows.get(name)
        if row is None:
            self._rows[name] = row = _Row(np.zeros(self._values.n), np.zeros(self._values.n))
        row.watts += watts
        row.amps += amps
        for key in keys:
            had = row.by_key.setdefault(key, [0.0, 0.0])
            had[0] += float(watts[0])
            had[1] += float(amps[0])

    def finished(self, cell_v: Array) -> tuple[Load, ...]:
        """All loads, where the cell has `cell_v`."""
        return tuple(
            Load(name.name, name.component, name.rail, name.state, row.watts + row.amps * cell_v, tuple(row.by_key))
            for name, row in self._rows.items()
        )

    def milliwatts(self, cell_v: float, from_cell: dict[str, float]) -> dict[str, float]:
        """Milliwatts by figure, of variant 0; `from_cell`: power from the cell by power at the loads, for each rail."""
        found: dict[str, float] = {}
        for name, row in self._rows.items():
            for key, (watts, amps) in row.by_key.items():
                drawn = 1000 * (watts + amps * cell_v) * from_cell.get(name.rail, 1.0)
                found[key] = found.get(key, 0.0) + drawn
        return found

    def on_rail(self, rail: str) -> float:
        """Watts of all loads on a rail with a regulator, of variant 0."""
        return sum(float(row.watts[0]) for name, row in self._rows.items() if name.rail == rail)
