"""Everything that a report says: the typical day, the uncertainty, the sensitivity, the discharge, the inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from power import battery, data_files, variants
from power.expectation import expect
from power.figures import BoardParts
from power.last_run import LastRun
from power.results import Budget, Lifetime, Study, Tornado
from power.scenario import Scenario
from power.sensitivity import tornado
from power.simulation import simulate
from power.uncertainty import lifetime
from power.variants import Changes
from power.waterfall import waterfall
from power.work import work

DAYS = 10_000
SEED = 1


def study(
    run: LastRun,
    parts: BoardParts,
    scenario: Scenario,
    *,
    days: int = DAYS,
    seed: int = SEED,
    changes: Mapping[str, float] | None = None,
) -> Study:
    """All of a report on `scenario` on `parts`, at the work that `run` recorded; PowerError where they do not fit.

    `changes`: what-ifs by key, in the model's units: "apollo3.run", "cell.capacity", "scenario.phases.talk.speech",
    "radio.interval_s". What is changed has no spread.
    """
    changes = dict(changes or {})
    done = None if scenario.fixed else work(run, parts)
    values, day = variants.typical(parts, scenario, changes)
    budget = expect(done, values, day)
    cell = battery.cell_of(values, day)
    simulated = simulate(run, done, values, day, seed)
    sampled = expect(done, *variants.sampled(parts, scenario, changes, days, seed))
    widths = tornado(done, parts, scenario, budget, changes)
    return Study(
        run=run,
        typical=_with_shares(budget, widths),
        sampled=sampled,
        lifetime=lifetime(budget, sampled),
        tornado=widths,
        waterfall=waterfall(budget, cell),
        simulation=simulated,
        agreement=simulated.hours / float(budget.hours[0]) - 1,
        days=days,
        seed=seed,
        changes=changes,
        inputs=inputs(parts, scenario),
    )


def outlook(
    run: LastRun,
    parts: BoardParts,
    scenario: Scenario,
    *,
    days: int = DAYS,
    seed: int = SEED,
    changes: Changes | None = None,
) -> tuple[Budget, Lifetime]:
    """The typical day and how long the cell lasts, without the rest of a study: for what must answer at once."""
    done = None if scenario.fixed else work(run, parts)
    budget = expect(done, *variants.typical(parts, scenario, changes or {}))
    sampled = expect(done, *variants.sampled(parts, scenario, changes or {}, days, seed))
    return budget, lifetime(budget, sampled)


def _with_shares(budget: Budget, widths: Tornado) -> Budget:
    """The evidence, with what each figure's range is worth in hours."""
    width = {row.key: row.width / widths.hours_typ for row in widths.rows if widths.hours_typ > 0}
    return replace(
        budget, evidence=tuple(replace(each, hours_share=width.get(each.key, 0.0)) for each in budget.evidence)
    )


def inputs(parts: BoardParts, scenario: Scenario) -> tuple[tuple[str, str], ...]:
    """Each data file that a study rests on, by its place under the folder of parts, with its SHA-256."""
    wanted: list[tuple[data_files.Folder, str]] = [("scenarios", scenario.name), ("boards", parts.name)]
    wanted += [("components", name) for name in parts.component_names]
    found = []
    for folder, name in wanted:
        # A scenario or a board that was made in memory has no file.
        if name in data_files.names(folder):
            content = data_files.find(folder, name).read_bytes()
            found.append((f"{folder}/{name}.toml", hashlib.sha256(content).hexdigest()))
    return tuple(found)
