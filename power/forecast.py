"""How long the cell lasts if a run goes on as it was, since its start and in its last minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from power import window
from power.expectation import expect
from power.figures import BoardParts
from power.last_run import LastRun, LinkBytes
from power.results import Budget
from power.scenario import Day, Scenario
from power.values import Values
from power.work import BURST_STATES, work

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
    """Makes outlooks of one run after another."""

    def __init__(self, parts: BoardParts, scenario: Scenario, *, recent_s: float, days: int, seed: int = 1) -> None:
        self._parts, self._scenario = parts, scenario
        self._recent_s, self._days, self._seed = recent_s, days, seed

    def outlook(self, run: LastRun) -> Outlook:
        """What `run` amounts to; PowerError where it says nothing of these parts or this scenario."""
        recent = window.last_seconds(run, self._recent_s)
        run = self._within_its_time(run)
        return Outlook(
            parts=self._parts,
            scenario=self._scenario,
            whole=self._forecast(run),
            recent=None if recent is None else self._forecast(self._within_its_time(recent)),
            recent_s=self._recent_s if recent is None else recent.ledger.sample / run.rate,
            trend=self._trend(run) if self._scenario.shares == "ledger" else (),
        )

    def _forecast(self, run: LastRun) -> Forecast:
        typical = self._budget(run, Values.typical(self._parts), Day.typical(self._scenario))
        sampled = self._budget(
            run,
            Values.sampled(self._parts, self._days, self._seed),
            Day.sampled(self._scenario, self._days, self._seed),
        )
        return Forecast(
            hours_typ=float(typical.hours[0]),
            p5=float(np.percentile(sampled.hours, 5)),
            mw=1e3 * float(typical.from_cell_w[0]),
            loads=tuple(loads_mw(typical).items()),
            shares={name: row.samples / run.ledger.sample for name, row in run.ledger.rows.items() if row.samples},
        )

    def _budget(self, run: LastRun, values: Values, day: Day) -> Budget:
        return expect(work(run, self._parts), values, day)

    def _within_its_time(self, run: LastRun) -> LastRun:
        """A run that was in a state for moments only, with no more work in it than the core can have done."""
        values, mcu, rows = Values.typical(self._parts), self._parts.mcu, {}
        for name, row in run.ledger.rows.items():
            rows[name] = row
            if 0 < row.samples < window.SETTLED_S * run.rate:
                burst = name in BURST_STATES and values.has(f"{mcu}.burst_clock")
                hz = values[f"{mcu}.burst_clock" if burst else f"{mcu}.clock"][0]
                cpi = values[f"{mcu}.cpi"][0] if run.cycles_are == "instructions" else 1.0
                most = int(hz / cpi * row.samples / run.rate)
                rows[name] = row.model_copy(update={"cycles": min(row.cycles, most)})
        return run.model_copy(update={"ledger": run.ledger.model_copy(update={"rows": rows})})

    def _trend(self, run: LastRun) -> tuple[Stretch, ...]:
        """The run's typical power in its course: linear in the states' shares, at the whole run's work in each."""
        watts = {}
        for name, row in run.ledger.rows.items():
            if row.samples:
                alone = run.ledger.model_copy(update={"sample": row.samples, "rows": {name: row}})
                linked = None if run.link_bytes is None else _part(run.link_bytes, row.samples / run.ledger.sample)
                one = run.model_copy(update={"ledger": alone, "link_bytes": linked})
                budget = self._budget(one, Values.typical(self._parts), Day.typical(self._scenario))
                watts[name] = 1e3 * float(budget.from_cell_w[0])
        return tuple(
            Stretch(start, end, sum(share * watts[name] for name, share in shares.items()))
            for start, end, shares in window.shares(run, TREND_COLUMNS)
        )


def _part(link: LinkBytes, part: float) -> LinkBytes:
    return LinkBytes(sent=round(link.sent * part), received=round(link.received * part))


def loads_mw(budget: Budget) -> dict[str, float]:
    """Typical mW by load, states put together, with what the regulators take; greatest first."""
    found: dict[str, float] = {}
    for load in budget.loads:
        found[load.name] = found.get(load.name, 0.0) + 1e3 * float(load.watts[0])
    found[LOSS] = found.get(LOSS, 0.0) + 1e3 * float(budget.regulator_loss_w[0])
    return dict(sorted(((name, mw) for name, mw in found.items() if mw > 0), key=lambda item: -item[1]))
