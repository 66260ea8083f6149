"""`power check`: does it last? A table, and where it does not, the shortfall and what would help."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from power import data_files, figures, kept_ledgers, report_command

if TYPE_CHECKING:
    from power.kept_ledgers import KeptLedger
    from power.remedies import Helped, Trial
    from power.scenario import Scenario

FAILS_EXIT = 1


@dataclass(frozen=True)
class Outcome:
    """One scenario on one board."""

    scenario: str
    board: str
    wanted: float
    typical: float
    hours: float
    """At the percentile asked about."""
    helps: tuple[Helped, ...]
    together: float | None
    """Hours with all of `helps`."""

    @property
    def meets(self) -> bool:
        """Whether it lasts as long as wanted."""
        return self.hours >= self.wanted


def check(  # noqa: PLR0917 - typer calls it
    hours: Annotated[
        float | None,
        typer.Option(
            help="What is wanted on one charge.", metavar="H", min=0.01, max=1e6, show_default="the scenario's own"
        ),
    ] = None,
    percentile: Annotated[
        float, typer.Option(help="Of the sampled days, which must last that long.", metavar="P", min=0, max=100)
    ] = 5,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="A scenario; may be given several times.", metavar="NAME", show_default="all of a device"),
    ] = None,
    board: Annotated[
        list[str] | None,
        typer.Option(help="A board; may be given several times.", metavar="NAME", show_default="artemis"),
    ] = None,
    ledger: kept_ledgers.LedgerOption = None,
    days: report_command.DaysOption = report_command.DAYS,
    seed: report_command.SeedOption = report_command.SEED,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON document.")] = False,
    parts_folder: data_files.PartsOption = None,
) -> None:
    """Check that the cell lasts, and exit with 1 where it does not: for a pipeline that guards each commit.

    Where it does not last it says by how much, and names the three cheapest remedies: each is tried with its real
    figures, and ranked by the rule in power/remedies.toml.

    \b
    Examples:
      power check --hours 8
      power check --hours 24 --percentile 5 --scenario earpiece --board artemis
      power check --hours 8 --ledger kept_run.json --json
    """
    names = scenario or _of_a_device()
    outcomes = []
    says: dict[str, str] = {}
    for board_name in board or ["artemis"]:
        parts = figures.board_parts(board_name)
        kept = kept_ledgers.find(ledger, parts)
        says[board_name] = f"{kept.says}, firmware {kept.run.image} on {kept.run.board}, {kept.run.wall:%Y-%m-%d}"
        outcomes += [
            _outcome(name, board_name, kept, hours=hours, percentile=percentile, days=days, seed=seed) for name in names
        ]
    if as_json:
        print(json.dumps(_document(outcomes, percentile, days, seed), indent=2))
    else:
        _show(outcomes, percentile, says)
    if not all(outcome.meets for outcome in outcomes):
        raise typer.Exit(FAILS_EXIT)


def _of_a_device() -> list[str]:
    """The shipped scenarios whose loads come from a board; loads as someone stated them say nothing of the firmware."""
    from power.scenario import scenario

    return [name for name in data_files.names("scenarios") if not scenario(name).fixed]


def _outcome(
    name: str, board: str, kept: KeptLedger, *, hours: float | None, percentile: float, days: int, seed: int
) -> Outcome:
    from power import remedies
    from power.scenario import scenario

    day: Scenario = scenario(name)
    wanted = hours if hours is not None else day.hours
    base = remedies.Trial(figures.board_parts(board), day, {}, "")
    typical, lasts = _engine(kept, percentile, days, seed)
    now = lasts(base)
    helps = [] if now >= wanted else remedies.cheapest(base, now, wanted, lasts)
    together = remedies.together(helps, base, lasts)
    return Outcome(name, board, wanted, typical(base), now, tuple(helps), together)


def _engine(
    kept: KeptLedger, percentile: float, days: int, seed: int
) -> tuple[Callable[[Trial], float], Callable[[Trial], float]]:
    """A design's typical hours, and those at the percentile."""
    import numpy as np

    from power.expectation import expect
    from power.scenario import Day
    from power.values import Values
    from power.work import work

    def hours(trial: Trial, values: Values, day: Day) -> np.ndarray:
        for key, factor in trial.factors.items():
            if key.startswith("scenario."):
                number = key.removeprefix("scenario.")
                day.override(number, day[number] * factor)
            else:
                values.override(key, values[key] * factor)
        done = None if trial.scenario.fixed else work(kept.run, trial.parts)
        return expect(done, values, day).hours

    def typical(trial: Trial) -> float:
        return float(hours(trial, Values.typical(trial.parts), Day.typical(trial.scenario))[0])

    def sampled(trial: Trial) -> float:
        # A typical day that a scenario or a board refuses is refused here too; a sampled one would go through.
        typical(trial)
        values = Values.sampled(trial.parts, days, seed)
        return float(np.percentile(hours(trial, values, Day.sampled(trial.scenario, days, seed)), percentile))

    return typical, sampled


def _document(outcomes: list[Outcome], percentile: float, days: int, seed: int) -> dict[str, Any]:
    from power.remedies import shipped

    return {
        "meets": all(outcome.meets for outcome in outcomes),
        "percentile": percentile,
        "days": days,
        "seed": seed,
        "rule": shipped().rule,
        "checks": [
            {
                "scenario": outcome.scenario,
                "board": outcome.board,
                "meets": outcome.meets,
                "wanted": outcome.wanted,
                "hours": outcome.hours,
                "typ": outcome.typical,
                "margin": outcome.hours / outcome.wanted,
                "shortfall": max(0.0, outcome.wanted - outcome.hours),
                "remedies": [
                    {
                        "title": each.remedy.title,
                        "change": each.trial.says,
                        "effort": each.remedy.effort,
                        "points": each.points,
                        "hours": each.hours,
                        "won": each.won,
                        "enough": each.enough,
                    }
                    for each in outcome.helps
                ],
                "together": outcome.together,
            }
            for outcome in outcomes
        ],
    }


def _show(outcomes: list[Outcome], percentile: float, says: dict[str, str]) -> None:
    from power.report.shown import rounded
    from power.report.terminal import PIPE_WIDTH

    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    table = Table(box=None, pad_edge=False)
    for column in ("", "scenario", "board"):
        table.add_column(column)
    for column in ("wanted h", f"{percentile:g}th percentile h", "typical h", "margin"):
        table.add_column(column, justify="right")
    for outcome in outcomes:
        table.add_row(
            "[green]lasts[/]" if outcome.meets else "[bold red]fails[/]",
            outcome.scenario,
            outcome.board,
            rounded(outcome.wanted, None),
            rounded(outcome.hours),
            rounded(outcome.typical),
            f"{rounded(outcome.hours / outcome.wanted, 2)}x",
        )
    console.print(table)
    for board, words in says.items():
        console.print(f"{board}: {words}", style="dim", markup=False, highlight=False, soft_wrap=True)
    for outcome in outcomes:
        if not outcome.meets:
            _show_remedies(outcome, console)


def _show_remedies(outcome: Outcome, console: Console) -> None:
    from power.remedies import shipped
    from power.report.shown import rounded

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    short = rounded(outcome.wanted - outcome.hours)
    say(f"\n{outcome.scenario} on {outcome.board} is {short} h short of {rounded(outcome.wanted, None)} h.")
    if not outcome.helps:
        say("None of the known remedies (power/remedies.toml) wins 0.1 % of that.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("cheapest remedies")
    table.add_column("change")
    table.add_column("effort")
    table.add_column("hours won", justify="right")
    table.add_column("then h", justify="right")
    table.add_column("")
    for each in outcome.helps:
        enough = "enough" if each.enough else "not enough alone"
        won = rounded(each.won, sign=True)
        table.add_row(each.remedy.title, each.trial.says, each.remedy.effort, won, rounded(each.hours), enough)
    console.print(table)
    if outcome.together is not None and len(outcome.helps) > 1:
        verdict = "enough" if outcome.together >= outcome.wanted else "not enough"
        say(f"All of them together: {rounded(outcome.together)} h, {verdict}.")
    say(f"Ranked by {shipped().rule}.")
