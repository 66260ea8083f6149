"""What a report says: one structure of plain values that every form of it is rendered from.

Powers in mW, energies in mWh and Wh, times in hours, currents in mA; shares are fractions. `mw` and its like are the
typical case, `p5` and `p95` percentiles of the sampled days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from power import what_if
from power.figures import Curve, Figure, component
from power.last_run import LastRun
from power.report import original_estimate
from power.report.schema import REPORT, VERSION
from power.report.shown import rounded
from power.results import Budget, Load, Study
from power.units import conversion

STATUSES = ("measured", "datasheet", "secondary", "assumed")
"""What stands behind a figure, strongest first."""
STATED = "scenario"
"""Of what rests on no figure: the scenario states it."""
AGREEMENT = 0.01
"""What the two engines may differ by."""
LOSS = "regulator loss"
TIMELINE_STEPS = 480


@dataclass(frozen=True)
class Origin:
    """How a report came to be."""

    ledger: str
    """Where the ledger is from, for people: "the last run"."""
    ledger_file: str
    ledger_sha256: str
    command: str
    """The command line that makes the report again."""


def document(study: Study, origin: Origin) -> dict[str, Any]:
    """All of a study for JSON and for every other form."""
    life, scenario = study.lifetime, study.typical.scenario
    power = _spread(study.typical.from_cell_w, study.sampled.from_cell_w, 1e3)
    day_hours = max(phase.start_s + phase.duration_s for phase in study.typical.phases) / 3600
    rows = _components(study)
    by_status = {status: sum(row["mw"] for row in rows if row["status"] == status) for status in (*STATUSES, STATED)}
    if not by_status[STATED]:
        del by_status[STATED]
    facts: dict[str, Any] = {
        "report": REPORT,
        "version": VERSION,
        "earshot": _version(),
        "command": origin.command,
        "scenario": {**scenario.model_dump(mode="json"), "day_hours": day_hours},
        "board": {"name": study.typical.parts.name, "title": study.typical.parts.title, "parts": _parts(study)},
        "run": _run(study.run, origin),
        "hours": {
            "typ": float(life.hours_typ),
            "p5": float(life.p5),
            "p50": float(life.p50),
            "p95": float(life.p95),
            "mean": float(life.mean),
            "wanted": float(life.wanted_hours),
            "margin": float(life.margin),
            "meeting": float(np.mean(study.sampled.hours >= life.wanted_hours)),
            "days": study.days,
            "seed": study.seed,
            "histogram": {
                "bin_hours": float(life.bin_hours),
                "bins": [[float(left), int(count)] for left, count in life.histogram],
            },
        },
        "budget": {
            "hours": float(life.wanted_hours),
            "gross_mw": 1e3 * float(life.budget_gross_w),
            "net_mw": 1e3 * float(life.budget_net_w),
            "gross_wh": float(study.typical.gross_j[0]) / 3600,
            "usable_wh": float(study.typical.usable_j[0]) / 3600,
        },
        "power": {**power, "mwh": power["typ"] * day_hours},
        "components": [{**row, "mwh": row["mw"] * day_hours} for row in rows],
        "states": _states(study, rows),
        "phases": _phases(study),
        "timeline": _timeline(study, day_hours),
        "waterfall": [
            {"step": name, "wh": float(joules) / 3600, "share": float(joules / study.waterfall.steps[0][1])}
            for name, joules in study.waterfall.steps
        ],
        "tornado": _tornado(study),
        "peak": _peak(study),
        "evidence": {
            "mw_by_status": by_status,
            "assumed_mw": by_status["assumed"],
            "assumed_share": by_status["assumed"] / power["typ"],
            "figures": _figures(study.typical),
        },
        "engines": {
            "hours": {"expected": float(life.hours_typ), "simulated": study.simulation.hours},
            "difference": study.agreement,
            "allowed": AGREEMENT,
            "agree": bool(abs(study.agreement) <= AGREEMENT),
            "mw": {
                "expected": power["typ"],
                "simulated": 1e3 * float(study.simulation.mean_w),
                "difference": 1e3 * float(study.simulation.mean_w) / power["typ"] - 1,
            },
            "events": study.simulation.events,
        },
        "changes": [_change(key, value) for key, value in study.changes.items()],
        "inputs": [
            {"path": path, "sha256": digest}
            for path, digest in ((origin.ledger_file, origin.ledger_sha256), *study.inputs)
        ],
        "notes": list(study.typical.notes),
    }
    facts["estimate"] = original_estimate.compare(facts)
    facts["verdict"] = _verdict(study, facts)
    return facts


def weakest(statuses: Iterable[str]) -> str:
    """The status of what rests on all of `statuses`; "scenario" where no figure is among them."""
    ranks = [STATUSES.index(status) for status in statuses if status in STATUSES]
    return STATUSES[max(ranks)] if ranks else STATED


def _version() -> str:
    try:
        return version("earshot")
    except PackageNotFoundError:
        return "unknown"


def _spread(typical: NDArray[np.float64], sampled: NDArray[np.float64], scale: float) -> dict[str, float]:
    """The typical case and the percentiles of the sampled days, times `scale`."""
    low, high = np.percentile(sampled, (5, 95))
    return {"typ": float(typical[0]) * scale, "p5": float(low) * scale, "p95": float(high) * scale}


def _parts(study: Study) -> list[dict[str, Any]]:
    return [{"name": name, "title": component(name).title} for name in study.typical.parts.component_names]


def _run(run: LastRun, origin: Origin) -> dict[str, Any]:
    heard = {name: row for name, row in run.ledger.rows.items() if row.samples}
    return {
        "origin": origin.ledger,
        "board": run.board,
        "firmware": run.image,
        "recording": run.recording,
        "wall": f"{run.wall:%Y-%m-%d %H:%M} {run.wall:%Z}",
        "rate": run.rate,
        "heard_s": run.ledger.sample / run.rate,
        "cycles_are": run.cycles_are,
        "states": [
            {
                "name": name,
                "time": row.samples / run.ledger.sample,
                "entries": row.entries,
                "work_per_s": round(row.cycles / row.samples * run.rate),
            }
            for name, row in heard.items()
        ],
    }


def _components(study: Study) -> list[dict[str, Any]]:
    """Loads of one name and part as one row, greatest first; the regulators' loss is a row of its own."""
    status_of = {item.key: _status(item.figure) for item in study.typical.evidence}
    total = float(study.typical.from_cell_w[0])
    pairs: dict[tuple[str, str, str], list[tuple[Load, Load]]] = {}
    for load, sampled in zip(study.typical.loads, study.sampled.loads, strict=True):
        pairs.setdefault((load.name, load.component, load.rail), []).append((load, sampled))
    rows = []
    for (name, part, rail), same in pairs.items():
        watts = sum(float(load.watts[0]) for load, _ in same)
        if watts == 0:
            continue
        low, high = np.percentile(np.sum([np.broadcast_to(load.watts, study.days) for _, load in same], 0), (5, 95))
        by_state: dict[str, float] = {}
        for load, _ in same:
            by_state[load.state] = by_state.get(load.state, 0.0) + 1e3 * float(load.watts[0])
        keys = tuple(dict.fromkeys(key for load, _ in same for key in load.rests_on))
        spread = (watts, float(low), float(high))
        rows.append(
            _row(name, part, rail, watts=spread, total=total, by_state=by_state, keys=keys, status_of=status_of)
        )
    low, high = np.percentile(study.sampled.regulator_loss_w, (5, 95))
    regulators = [name for name in study.typical.parts.component_names if component(name).kind == "regulator"]
    keys = tuple(key for key in status_of if key.rpartition(".")[0] in regulators)
    watts = float(study.typical.regulator_loss_w[0])
    if watts:
        by_state = {"always": 1e3 * watts}
        spread = (watts, float(low), float(high))
        names = ", ".join(regulators)
        rows.append(_row(LOSS, names, "", watts=spread, total=total, by_state=by_state, keys=keys, status_of=status_of))
    return sorted(rows, key=lambda row: -row["mw"])


def _row(
    name: str,
    part: str,
    rail: str,
    *,
    watts: tuple[float, float, float],
    total: float,
    by_state: dict[str, float],
    keys: tuple[str, ...],
    status_of: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "name": name,
        "component": part,
        "rail": rail,
        "mw": 1e3 * watts[0],
        "p5": 1e3 * float(watts[1]),
        "p95": 1e3 * float(watts[2]),
        "share": watts[0] / total,
        "by_state": by_state,
        "status": weakest(status_of.get(key, STATED) for key in keys),
        "rests_on": list(keys),
    }


def _states(study: Study, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Power by state, greatest first, with the share of the day that the listener spends in it."""
    total_s = sum(phase.duration_s for phase in study.typical.phases)
    time: dict[str, float] = {}
    for phase in study.typical.phases:
        for state, share in phase.by_state.items():
            time[state] = time.get(state, 0.0) + share * phase.duration_s / total_s
    mw: dict[str, float] = {}
    for row in rows:
        for state, part in row["by_state"].items():
            mw[state] = mw.get(state, 0.0) + part
    total = 1e3 * float(study.typical.from_cell_w[0])
    return [
        {"name": state, "mw": part, "share": part / total, "time": time.get(state)}
        for state, part in sorted(mw.items(), key=lambda item: -item[1])
    ]


def _phases(study: Study) -> list[dict[str, Any]]:
    rows = []
    for phase, sampled in zip(study.typical.phases, study.sampled.phases, strict=True):
        mw = _spread(phase.watts_from_cell, sampled.watts_from_cell, 1e3)
        hours = phase.duration_s / 3600
        rows.append(
            {
                "name": phase.name,
                "start_h": phase.start_s / 3600,
                "hours": hours,
                "mw": mw,
                "mwh": mw["typ"] * hours,
                "by_state": {state: float(share) for state, share in phase.by_state.items() if share > 0},
            }
        )
    return rows


def _timeline(study: Study, day_hours: float) -> dict[str, Any]:
    """The simulation's first day in at most TIMELINE_STEPS steps of their own mean power."""
    simulation = study.simulation
    times = simulation.times_s / 3600
    count = max(1, int(np.searchsorted(times, min(day_hours, simulation.hours), side="left")))
    starts = times[:count]
    ends = np.append(times[1:count], min(day_hours, simulation.hours))
    watts, charge = simulation.watts[:count], simulation.state_of_charge[:count]
    if count > TIMELINE_STEPS:
        edges = np.unique(np.linspace(0, count, TIMELINE_STEPS + 1).astype(int))
        energy = np.add.reduceat(watts * (ends - starts), edges[:-1])
        starts, ends, charge = starts[edges[:-1]], ends[edges[1:] - 1], charge[edges[1:] - 1]
        watts = energy / np.maximum(ends - starts, 1e-12)
    return {
        "hours": [round(float(value), 5) for value in starts],
        "ends": [round(float(value), 5) for value in ends],
        "mw": [float(f"{1e3 * value:.5g}") for value in watts],
        "charge": [round(float(value), 5) for value in charge],
        "left": float(charge[-1]),
        "empty_h": simulation.hours if simulation.hours < day_hours else None,
    }


def _tornado(study: Study) -> list[dict[str, Any]]:
    known = {item.key: item.figure for item in study.typical.evidence}
    rows = []
    for row in study.tornado.rows:
        figure = known.get(row.key)
        unit, scale = _written(figure)
        rows.append(
            {
                "figure": row.key,
                "hours_at_lowest": float(row.hours_at_lowest),
                "hours_at_highest": float(row.hours_at_highest),
                "width": float(row.width),
                "lowest": float(row.lowest) * scale,
                "highest": float(row.highest) * scale,
                "unit": unit,
                "status": _status(figure),
            }
        )
    return rows


def _peak(study: Study) -> dict[str, Any]:
    typical, sampled = study.typical, study.sampled
    brownout = f"{typical.parts.cell}.brownout"
    volts = study.changes.get(brownout, component(typical.parts.cell).figure("brownout").si.typ)
    margin = _spread(typical.brownout_margin_v, sampled.brownout_margin_v, 1e3)
    sag = _spread(typical.peak_sag_v, sampled.peak_sag_v, 1e3)
    return {
        "ma": _spread(typical.peak_a, sampled.peak_a, 1e3),
        "sag_mv": sag,
        "margin_mv": margin,
        "brownout_v": volts,
        "terminals_v": volts + margin["typ"] / 1e3,
        "rest_v": volts + (margin["typ"] + sag["typ"]) / 1e3,
    }


def _figures(budget: Budget) -> list[dict[str, Any]]:
    """The figures behind the result, those with most milliwatts on them first."""
    rows = []
    for item in budget.evidence:
        figure = item.figure
        if figure is None:
            continue
        row: dict[str, Any] = {
            "key": item.key,
            "unit": figure.unit,
            "status": figure.status,
            "mw": float(item.milliwatts),
            "hours_share": float(item.hours_share),
            "source": _source(figure),
            "conditions": figure.conditions,
            "bounds": figure.bounds,
            "points": None,
            "x_unit": None,
            "distribution": figure.distribution,
        }
        if isinstance(figure, Curve):
            row |= {"points": [list(point) for point in figure.points], "x_unit": figure.x_unit}
        else:
            row |= {"min": figure.min, "typ": figure.typ, "max": figure.max}
        rows.append(row)
    return sorted(rows, key=lambda row: -row["mw"])


def _source(figure: Figure | Curve) -> str:
    source = figure.source
    return ", ".join(part for part in (source.document, source.revision, source.where) if part)


def _status(figure: Figure | Curve | None) -> str:
    return STATED if figure is None else figure.status


def _written(figure: Figure | Curve | None) -> tuple[str, float]:
    """The unit that a figure is written in, and what takes a value in the model's unit there."""
    return ("", 1.0) if figure is None else (figure.unit, 1 / conversion(figure.unit).factor)


def _change(key: str, value: float) -> dict[str, Any]:
    shown, unit = what_if.written(key, value)
    return {"key": key, "value": shown, "unit": unit}


def _verdict(study: Study, facts: Mapping[str, Any]) -> dict[str, Any]:
    hours, mw = facts["hours"], facts["power"]["typ"]
    meets = bool(hours["p5"] >= hours["wanted"])
    wanted = rounded(hours["wanted"], None)
    because = []
    if not meets:
        allowed = mw * hours["p5"] / hours["wanted"]
        because.append(
            f"What stands in the way: for {wanted} h at the 5th percentile the mean power has to fall from "
            f"{rounded(mw)} to {rounded(allowed)} mW, or the cell to grow "
            f"{rounded(hours['wanted'] / hours['p5'])} times."
        )
    most = [f"{row['name']} {rounded(100 * row['share'], 2)} %" for row in facts["components"][:3]]
    because.append(f"Most of the power: {', '.join(most)}.")
    widest = [f"{row['figure']} ({rounded(row['width'])} h)" for row in facts["tornado"][:3] if row["width"] > 0]
    if widest:
        because.append(f"Most of the uncertainty: {', '.join(widest)}.")
    evidence = facts["evidence"]
    if stated := evidence["mw_by_status"].get(STATED):
        because.append(f"{rounded(stated)} of {rounded(mw)} mW are as the scenario states them, and rest on no figure.")
    because.append(
        f"{rounded(evidence['assumed_mw'])} of {rounded(mw)} mW ({rounded(100 * evidence['assumed_share'], 2)} %) "
        "rest on an assumed figure."
    )
    margin = facts["peak"]["margin_mv"]
    if margin["p5"] < 0:
        because.append(
            f"At the 5th percentile the greatest current takes the cell {rounded(-margin['p5'])} mV below brown-out "
            "before its cutoff."
        )
    return {
        "meets": meets,
        "word": f"{'meets' if meets else 'misses'} the {wanted} h wanted",
        "sentence": study.lifetime.verdict.rstrip("."),
        "because": because,
    }
