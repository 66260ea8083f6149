"""How long the cell lasts if a run goes on as it was, since its start and in its last minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from power import window
from power.figures import BoardParts
from power.last_run import LastRun
from power.results import Budget
from power.scenario import Scenario

LOSS = "regulator loss"
TREND_COLUMNS = 120


@dataclass(frozen=True)
class Forecast:
    """What a stretch of a run amounts to."""

    hours_typ: float
    p5: float
    """5th percentile over the sampled days."""
    mw: float
    """From the cell, typical mean."""
    loads: tuple[tuple[str, float], ...]
    """mW by name, typical; together `mw`."""
    shares: dict[str, float]
    """Of the time in each of the listener's states, 0..1."""


@dataclass(frozen=True)
class Stretch:
    """Typical mW from the cell between two moments of a run, in seconds since its reset."""

    start_s: float
    end_s: float
    mw: float


@dataclass(frozen=True)
class Outlook:
    """All that `power watch` shows of a run."""

    parts: BoardParts
    scenario: Scenario
    whole: Forecast
    recent: Forecast | None
    """Of the last `recent_s` seconds; None while the run is not longer than that."""
    recent_s: float
    trend: tuple[Stretch, ...]


class Forecaster:
    """Makes outlooks of one run after another, and remembers what does not change between them."""

    def __init__(self, parts: BoardParts, scenario: Scenario, *, recent_s: float, days: int, seed: int = 1) -> None:
        self._parts, self._scenario = parts, scenario
        self._recent_s, self._days, self._seed = recent_s, days, seed
        self._trend: dict[tuple[int, int, int], float] = {}

    def outlook(self, run: LastRun) -> Outlook:
        """What `run` amounts to; PowerError where it says nothing of these parts or this scenario."""
        recent = window.last_seconds(run, self._recent_s)
        return Outlook(
            parts=self._parts,
            scenario=self._scenario,
            whole=self._forecast(run),
            recent=None if recent is None else self._forecast(recent),
            recent_s=self._recent_s if recent is None else recent.ledger.sample / run.rate,
            trend=self._stretches(run),
        )

    def _forecast(self, run: LastRun) -> Forecast:
        typical, sampled = self._budget(run, 1), self._budget(run, self._days)
        loads = loads_mw(typical)
        return Forecast(
            hours_typ=float(typical.hours[0]),
            p5=float(np.percentile(sampled.hours, 5)),
            mw=1e3 * float(typical.from_cell_w[0]),
            loads=tuple(loads.items()),
            shares={name: row.samples / run.ledger.sample for name, row in run.ledger.rows.items() if row.samples},
        )

    def _budget(self, run: LastRun, days: int) -> Budget:
        """Typical for 1 day, else sampled."""
        from power.expectation import expect
        from power.scenario import Day
        from power.values import Values
        from power.work import work

        if days == 1:
            values, day = Values.typical(self._parts), Day.typical(self._scenario)
        else:
            values = Values.sampled(self._parts, days, self._seed)
            day = Day.sampled(self._scenario, days, self._seed)
        return expect(work(run, self._parts), values, day)

    def _stretches(self, run: LastRun) -> tuple[Stretch, ...]:
        """The run's typical power in its course."""
        stretches, start = [], 0
        known, self._trend = self._trend, {}
        for piece in window.pieces(run, TREND_COLUMNS):
            end = start + piece.ledger.sample
            cycles = sum(row.cycles for row in piece.ledger.rows.values())
            key = (start, end, cycles)
            mw = known[key] if key in known else 1e3 * float(self._budget(piece, 1).from_cell_w[0])
            self._trend[key] = mw
            stretches.append(Stretch(start / run.rate, end / run.rate, mw))
            start = end
        return tuple(stretches)


def loads_mw(budget: Budget) -> dict[str, float]:
    """Typical mW by load, states put together, with what the regulators take; greatest first."""
    found: dict[str, float] = {}
    for load in budget.loads:
        found[load.name] = found.get(load.name, 0.0) + 1e3 * float(load.watts[0])
    found[LOSS] = found.get(LOSS, 0.0) + 1e3 * float(budget.regulator_loss_w[0])
    return dict(sorted(((name, mw) for name, mw in found.items() if mw > 0), key=lambda item: -item[1]))
