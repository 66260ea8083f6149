"""What the model answers to the page's questions: plain values for JSON, in hours, milliwatts and shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from power import data_files, figures, what_if
from power.errors import PowerError
from power.explore import controls, questions
from power.explore.server import Answer
from power.figures import BoardParts
from power.forecast import loads_mw
from power.kept_ledgers import KeptLedger
from power.results import Budget, Lifetime, TornadoRow
from power.scenario import Scenario
from power.scenario import scenario as load_scenario
from power.sensitivity import sweep, tornado
from power.study import outlook
from power.work import work

SEED = 1
TORNADO_ROWS = 12


@dataclass(frozen=True)
class Explorer:
    """Answers for one run."""

    kept: KeptLedger
    scenario: str
    board: str
    """Those that the page begins with."""
    ledger: str
    """What --ledger said; "" where it was left away."""

    def by_path(self) -> Mapping[str, Answer]:
        """Each answer by where the page asks for it."""
        return {
            "/api/choices": self.choices,
            "/api/controls": self.controls,
            "/api/study": self.study,
            "/api/map": self.map,
        }

    def choices(self, body: bytes) -> dict[str, Any]:
        """Boards and scenarios, and of which run the work is."""
        questions.read(questions.ChoicesQuestion, body)
        run = self.kept.run
        of = run.recording or "its microphone"
        return {
            "scenarios": [_named(load_scenario(name)) for name in data_files.names("scenarios")],
            "boards": [_named(figures.board_parts(name)) for name in data_files.names("boards")],
            "scenario": self.scenario,
            "board": self.board,
            "run": f"The work is that of {self.kept.says}: {run.board}, firmware {run.image}, "
            f"{run.ledger.sample / run.rate:,.0f} s of {of}, {run.wall:%Y-%m-%d %H:%M %Z}",
            "ledger": self.ledger,
        }

    def controls(self, body: bytes) -> dict[str, Any]:
        """The sliders."""
        question = questions.read(questions.ControlsQuestion, body)
        parts, scenario = _asked(question)
        return {"scenario": _named(scenario), "board": _named(parts), **controls.page(parts, scenario).facts()}

    def study(self, body: bytes) -> dict[str, Any]:
        """Hours, and where the power goes."""
        question = questions.read(questions.StudyQuestion, body)
        parts, scenario = _asked(question)
        changes = _known(question.changes, parts, scenario)
        rows = None
        with _meaningful():
            typical, life = outlook(self.kept.run, parts, scenario, days=question.days, seed=SEED, changes=changes)
            if question.thorough:
                done = None if scenario.fixed else work(self.kept.run, parts)
                widest = tornado(done, parts, scenario, typical, changes).rows[:TORNADO_ROWS]
                rows = [_tornado_row(row) for row in widest if row.width > 0]
        return {**_budget(typical, life), "tornado": rows, "days": question.days}

    def map(self, body: bytes) -> dict[str, Any]:
        """Typical hours over two settings."""
        question = questions.read(questions.MapQuestion, body)
        parts, scenario = _asked(question)
        changes = _known(question.changes, parts, scenario)
        _known(dict.fromkeys((question.x.key, question.y.key), 0.0), parts, scenario)
        x, y = (_values(axis) for axis in (question.x, question.y))
        with _meaningful():
            hours = sweep(self.kept.run, parts, scenario, (question.x.key, x), (question.y.key, y), changes=changes)
        return {
            "x": {"key": question.x.key, "values": x.tolist()},
            "y": {"key": question.y.key, "values": y.tolist()},
            "hours": [[_finite(value) for value in row] for row in hours],
            "wanted": scenario.hours,
        }


def _asked(question: questions.ControlsQuestion) -> tuple[BoardParts, Scenario]:
    return figures.board_parts(question.board), load_scenario(question.scenario)


def _known(changes: Mapping[str, float], parts: BoardParts, scenario: Scenario) -> dict[str, float]:
    """`changes` whose keys are the model's own; PowerError where one is not."""
    known = set(what_if.keys(parts, scenario))
    for key in changes:
        if key not in known:
            raise PowerError(f"{scenario.name} on {parts.name} has no figure or number {_printable(key)!r}")
    return dict(changes)


@contextmanager
def _meaningful() -> Iterator[None]:
    """Settings that leave the model nothing to divide by become a sentence."""
    try:
        with np.errstate(divide="raise", invalid="raise"):
            yield
    except FloatingPointError as error:
        raise PowerError("with these settings the model has no answer: one that must be above 0 is not") from error


def _named(facts: BoardParts | Scenario) -> dict[str, str]:
    return {"name": facts.name, "title": facts.title}


def _budget(typical: Budget, life: Lifetime) -> dict[str, Any]:
    """What every answer has."""
    return {
        "hours": {
            "typ": _finite(life.hours_typ),
            "p5": _finite(life.p5),
            "p50": _finite(life.p50),
            "p95": _finite(life.p95),
            "wanted": life.wanted_hours,
        },
        "verdict": life.verdict,
        "from_cell_mw": 1e3 * float(typical.from_cell_w[0]),
        "budget_net_mw": 1e3 * life.budget_net_w,
        "budget_gross_mw": 1e3 * life.budget_gross_w,
        "loads": [{"name": name, "mw": mw} for name, mw in loads_mw(typical).items()],
        "phases": [
            {
                "name": phase.name.replace("_", " "),
                "start_h": phase.start_s / 3600,
                "hours": phase.duration_s / 3600,
                "mw": 1e3 * float(phase.watts_from_cell[0]),
                "by_state": {name: share for name, share in phase.by_state.items() if share > 0},
            }
            for phase in typical.phases
        ],
        "charge": _charge(typical),
        "notes": list(typical.notes),
    }


def _charge(typical: Budget) -> list[list[float]]:
    """[hour, share of the usable energy left] over the first day, or until there is none."""
    usable, used = float(typical.usable_j[0]), 0.0
    points = [[0.0, 1.0]]
    for phase in typical.phases:
        watts = float(phase.watts_from_cell[0])
        left_s = (usable - used) / watts if watts > 0 else float("inf")
        if left_s < phase.duration_s:
            points.append([(phase.start_s + left_s) / 3600, 0.0])
            break
        used += watts * phase.duration_s
        points.append([(phase.start_s + phase.duration_s) / 3600, 1 - used / usable])
    return points


def _tornado_row(row: TornadoRow) -> dict[str, Any]:
    (lowest, unit), (highest, _) = (what_if.written(row.key, value) for value in (row.lowest, row.highest))
    return {
        "key": row.key,
        "label": controls.label_of(row.key),
        "unit": unit,
        "lowest": row.lowest,
        "highest": row.highest,
        "lowest_written": lowest,
        "highest_written": highest,
        "hours_at_lowest": _finite(row.hours_at_lowest),
        "hours_at_highest": _finite(row.hours_at_highest),
    }


def _values(axis: questions.Axis) -> np.ndarray:
    spaced = np.geomspace if axis.scale == "log" else np.linspace
    return spaced(axis.low, axis.high, axis.count)


def _finite(value: float) -> float:
    """JSON has no infinity: a billion hours stand for it."""
    return float(min(value, 1e9))


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
