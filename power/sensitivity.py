"""Which figure matters: a tornado over all of them, and hours over any two at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from power import scenario as scenarios
from power import variants, what_if
from power.expectation import expect
from power.figures import BoardParts, Curve
from power.last_run import LastRun
from power.results import Budget, Tornado, TornadoRow
from power.scenario import Scenario
from power.variants import Changes
from power.work import Work, work

Array = NDArray[np.float64]


def tornado(done: Work | None, parts: BoardParts, which: Scenario, typical: Budget, changes: Changes) -> Tornado:
    """Hours with each figure that `typical` rests on at its min and at its max, all else typical; widest first.

    What `changes` holds does not move.
    """
    held = {what_if.full_key(key, parts, which) for key in changes}
    probe, _ = variants.typical(parts, which, {})
    keys = [key for each in typical.evidence if (key := each.key) not in held and _moves(key, probe, which)]
    values, day = variants.one_at_a_time(parts, which, changes, keys)
    hours = expect(done, values, day).hours
    rows = []
    for i, key in enumerate(keys):
        lowest, highest = _ends(key, probe, which)
        rows.append(TornadoRow(key, float(hours[1 + 2 * i]), float(hours[2 + 2 * i]), lowest, highest))
    rows.sort(key=lambda row: -row.width)
    return Tornado(float(typical.hours[0]), tuple(rows))


def sweep(
    run: LastRun | None,
    parts: BoardParts,
    which: Scenario,
    x: tuple[str, ArrayLike],
    y: tuple[str, ArrayLike] | None = None,
    *,
    changes: Changes | None = None,
) -> Array:
    """Typical hours over one or two keys, each with its values in the model's units; shape (len(y), len(x)).

    Without `y` the shape is (1, len(x)). Takes the keys that a what-if takes; PowerError for another.
    """
    xs, ys = np.meshgrid(
        np.atleast_1d(np.asarray(x[1], dtype=np.float64)), np.atleast_1d(np.asarray(y[1]) if y else 0.0)
    )
    moved: dict[str, ArrayLike] = {**(changes or {}), x[0]: xs.ravel()}
    if y is not None:
        moved[y[0]] = ys.ravel()
    values, day = variants.typical(parts, which, moved, xs.size)
    done = None if which.fixed or run is None else work(run, parts)
    return expect(done, values, day).hours.reshape(xs.shape)


def _moves(key: str, values: variants.Values, which: Scenario) -> bool:
    lowest, highest = _ends(key, values, which)
    return lowest < highest


def _ends(key: str, values: variants.Values, which: Scenario) -> tuple[float, float]:
    """The least and the greatest of a figure or number; of a curve, where it is widest."""
    if key.startswith("scenario."):
        spread = scenarios.numbers(which)[key.removeprefix("scenario.")]
        return spread.min, spread.max
    figure = values.figure(key)
    if isinstance(figure, Curve):
        points = figure.si
        widest = int((points[:, 3] - points[:, 1]).argmax())
        return float(points[widest, 1]), float(points[widest, 3])
    return figure.si.min, figure.si.max
