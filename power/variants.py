"""The figures of a board and the numbers of a scenario together, in n variants, with what-ifs on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from power import what_if
from power.errors import PowerError
from power.figures import BoardParts
from power.scenario import Day, Scenario
from power.values import Values

Changes = Mapping[str, ArrayLike]
"""What-ifs by key ("apollo3.run", "cell.capacity", "scenario.temperature"), in the model's units."""
_PREFIX = "scenario."


def typical(parts: BoardParts, which: Scenario, changes: Changes, n: int = 1) -> tuple[Values, Day]:
    """All at typ but for the changes, n times."""
    return _changed(Values(parts, n, lambda key: None), Day.typical(which, n), changes)


def sampled(parts: BoardParts, which: Scenario, changes: Changes, n: int, seed: int) -> tuple[Values, Day]:
    """n variants drawn at random; what is changed does not vary."""
    return _changed(Values.sampled(parts, n, seed), Day.sampled(which, n, seed), changes)


def one_at_a_time(parts: BoardParts, which: Scenario, changes: Changes, keys: Iterable[str]) -> tuple[Values, Day]:
    """Variant 0 is typical; 1 + 2i and 2 + 2i have key i, of the board or the scenario, at its min and at its max."""
    keys = list(keys)
    n = 1 + 2 * len(keys)
    chosen = {}
    for i, key in enumerate(keys):
        row = np.full(n, np.nan)
        row[1 + 2 * i : 3 + 2 * i] = 0.0, 1.0
        chosen[key] = row
    day = Day(which, n, {key.removeprefix(_PREFIX): row for key, row in chosen.items() if key.startswith(_PREFIX)})
    return _changed(Values(parts, n, chosen.get), day, changes)


def _changed(values: Values, day: Day, changes: Changes) -> tuple[Values, Day]:
    for key, value in changes.items():
        full = what_if.full_key(key, values.parts, day.scenario)
        if full.startswith(_PREFIX):
            day.override(full.removeprefix(_PREFIX), value)
        else:
            _positive(full, value)
            values.override(full, value)
    return values, day


def _positive(key: str, value: ArrayLike) -> None:
    if not np.all(np.isfinite(value)) or np.any(np.asarray(value) < 0):
        raise PowerError(f"{key} cannot be {np.asarray(value)}; it is a finite number from 0 up")
