"""A power estimate as text for people and as a document for programs."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from power.figures import Curve, Figure, Range
from power.model import Estimate

_LEGEND = (
    "Status: measured by this project; datasheet: the maker's; secondary: someone else's measurement or text; "
    "assumed: ours, until one is found.\n"
    "min and max take every figure at its end at once: bounds, not likely values."
)


def document(estimate: Estimate) -> dict[str, Any]:
    """All of an estimate for JSON; `power report --help` names the fields."""
    run = estimate.run
    return {
        "scenario": estimate.scenario.model_dump(),
        "board": {"name": estimate.parts.name, "title": estimate.parts.title},
        "run": run.model_dump(mode="json"),
        "states": {
            name: {"share": use.share, f"{run.cycles_are}_per_s": use.work_per_s, "awake": _range(use.awake)}
            for name, use in estimate.states.items()
        },
        "components": [
            {
                "name": draw.name,
                "mw": _range(draw.mw),
                "rests_on": [f"{used.component}.{used.name}" for used in draw.rests_on],
            }
            for draw in estimate.draws
        ],
        "total_mw": _range(estimate.total_mw),
        "cell": {"gross_wh": estimate.gross_wh, "usable_wh": _range(estimate.usable_wh)},
        "budget": {
            "hours": estimate.scenario.hours,
            "gross_mw": estimate.gross_budget_mw,
            "usable_mw": _range(estimate.usable_budget_mw),
        },
        "hours": _range(estimate.hours),
        "figures": {f"{used.component}.{used.name}": _figure(used.figure) for used in estimate.figures},
        "notes": list(estimate.notes),
    }


def show(estimate: Estimate, console: Console) -> None:
    """Prints an estimate."""
    if not console.is_terminal:
        console.width = 160
    run = estimate.run
    say = _sayer(console)
    say(f"{estimate.scenario.name}: {estimate.scenario.title}")
    say(f"{estimate.parts.name}: {estimate.parts.title}")
    heard_s = run.ledger.sample / run.rate
    what = f"{heard_s:.1f} s of {run.recording or 'its microphone'}"
    say(f"ledger of {run.board}, firmware {run.firmware}, {run.wall:%Y-%m-%d %H:%M %Z}: {what}\n")
    console.print(_states(estimate))
    console.print(_components(estimate))
    _say_hours(estimate, console)
    console.print(_figures(estimate))
    say(_LEGEND)
    for note in estimate.notes:
        say(f"Note: {note}")


def _sayer(console: Console) -> Any:
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)


def _say_hours(estimate: Estimate, console: Console) -> None:
    say = _sayer(console)
    efficiency = next(used.figure for used in estimate.figures if used.name == "efficiency")
    span = _ends(efficiency)
    goal = estimate.scenario.hours
    say(f"regulator  {span.typ:g} {efficiency.unit} ({span.min:g} to {span.max:g}), {efficiency.status}")
    say(f"cell       {estimate.gross_wh:.2f} Wh rated; usable {_values(estimate.usable_wh, 2)} Wh (min, typ, max)")
    budget = _values(estimate.usable_budget_mw, 1)
    say(f"budget     {goal:g} h: {estimate.gross_budget_mw:.2f} mW of the rated cell; usable {budget} mW")
    share = Range(*(100 * mw / estimate.gross_budget_mw for mw in estimate.total_mw))
    say(f"drawn      {_values(estimate.total_mw, 2)} mW: {_values(share, 1)} % of the rated budget")
    verdict = (
        "even the worst case meets"
        if estimate.hours.min >= goal
        else "the typical case meets"
        if estimate.hours.typ >= goal
        else "the typical case misses"
    )
    say(f"hours      {_values(estimate.hours, 0)} (min, typ, max): {verdict} the {goal:g} h\n")


def _states(estimate: Estimate) -> Table:
    table = Table(box=None, pad_edge=False)
    unit = f"{estimate.run.cycles_are}/s"
    for name in ("state", "share %", unit, "awake %: min", "typ", "max"):
        table.add_column(name, justify="left" if name == "state" else "right")
    for name, use in estimate.states.items():
        awake = [f"{100 * value:.2f}" for value in use.awake]
        table.add_row(name, f"{100 * use.share:.1f}", f"{use.work_per_s:,.0f}", *awake)
    table.add_row()
    return table


def _components(estimate: Estimate) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("component", "mW: min", "typ", "max", "% of typ"):
        table.add_column(name, justify="left" if name == "component" else "right")
    table.add_column("weakest status")
    total = estimate.total_mw
    for draw in estimate.draws:
        weakest = max((used.figure.status for used in draw.rests_on), key=_WEAKNESS.index)
        share = f"{100 * draw.mw.typ / total.typ:.1f}"
        table.add_row(draw.name, *(f"{value:.3f}" for value in draw.mw), share, weakest)
    table.add_row("from the cell", *(f"{value:.3f}" for value in total), "100.0", style="bold")
    table.add_row()
    return table


_WEAKNESS = ["measured", "datasheet", "secondary", "assumed"]


def _figures(estimate: Estimate) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("figure", "min", "typ", "max"):
        table.add_column(name, justify="left" if name == "figure" else "right", no_wrap=True)
    for name in ("unit", "status"):
        table.add_column(name, no_wrap=True)
    table.add_column("source")
    for used in estimate.figures:
        figure = used.figure
        values = [f"{value:g}" for value in _ends(figure)]
        table.add_row(f"{used.component}.{used.name}", *values, figure.unit, figure.status, str(figure.source))
    table.add_row()
    return table


def _range(values: Range) -> dict[str, float]:
    return values._asdict()


def _values(values: Range, digits: int) -> str:
    return " / ".join(f"{value:,.{digits}f}" for value in values)


def _ends(figure: Figure | Curve) -> Range:
    """As written; of a curve, over all its points."""
    if isinstance(figure, Figure):
        return figure.range
    typ = sorted(point[2] for point in figure.points)
    low, high = min(point[1] for point in figure.points), max(point[3] for point in figure.points)
    return Range(low, typ[len(typ) // 2], high)


def _figure(figure: Figure | Curve) -> dict[str, Any]:
    return {**figure.model_dump(mode="json"), **_ends(figure)._asdict(), "source": str(figure.source)}
