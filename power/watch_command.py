"""`power watch`: what listening costs, while it goes on."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from power import data_files, figures, last_run, watch_view
from power.errors import PowerError
from power.figures import BoardParts
from power.follow import Moment, follow, moment
from power.forecast import Forecaster, Outlook
from power.last_run import LastRun

DAYS = 2000


def watch(
    *,
    scenario: Annotated[
        str, typer.Option(help="The day that the hours are of; always_on: as the board is used now.", metavar="NAME")
    ] = "always_on",
    board: Annotated[
        str | None,
        typer.Option(
            help="The board whose parts draw the power.", metavar="NAME", show_default="the run's, or one of its core"
        ),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(help="Follow this run's file.", metavar="FILE", show_default="the last run's"),
    ] = None,
    minutes: Annotated[float, typer.Option(help="How much of the run's end is also shown on its own.")] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Show what there is now, and end.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="One line an update; so without asking where stdout is no terminal.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an update.")] = False,
    parts_folder: data_files.PartsOption = None,
) -> None:
    """Show how long the cell would last if the board went on like this: beside `host listen`, as its ledgers come.

    Hours are given for the run since the board's reset, and for its last minutes alone. By default the day is as the
    run: its states and their work. Another --scenario takes the work that each state asks for from the run, and the
    states' times from the scenario.

    \b
    Examples:
      host listen --port /dev/ttyUSB0            in one terminal, and in another:
      power watch
      power watch --scenario earpiece --minutes 1
      power watch --json | jq .recent.hours.typ

    \b
    Plain lines are `kind key=value ...`: t (seconds heard since reset), board, hours, p5 (5th percentile), mw, and the
    share of each state; the same of the last minutes as recent_NAME. Kinds: live, ended (the run was), stalled (no
    ledger comes), and, with a reason, waiting (there is no run yet) and refused (the run says nothing of the board).

    \b
    --json: one object an update.
      type, text      the kind, and a sentence where there is something to say
      board, firmware, recording, heard_s, wall    of the run
      parts, scenario, wanted_hours                what was asked about
      since_start, recent    hours {typ, p5}, mw, components [{name, mw}], shares
      trend           [{start_s, end_s, mw}]: typical mW in the course of the run
    """
    if plain and as_json:
        raise PowerError("--plain and --json exclude each other; choose one")
    if not 0 < minutes <= 24 * 60:
        raise PowerError(f"--minutes {minutes:g} is no stretch of a run; give more than 0, and a day at most")
    watching = _Watching(scenario, board, 60 * minutes)
    file = ledger or last_run.path()
    if once:
        _once(watching, moment(file, time.time()), plain=plain, as_json=as_json)
        return
    try:
        if plain or as_json or not sys.stdout.isatty():
            for each in follow(file):
                print(_text(each, *watching.look(each), as_json=as_json), flush=True)
        else:
            _live(watching, file)
    except KeyboardInterrupt:
        return  # the way to end it


class _Watching:
    """What was asked, and the outlook of each moment."""

    def __init__(self, scenario: str, board: str | None, recent_s: float) -> None:
        from power.scenario import scenario as load_scenario

        self._scenario = load_scenario(scenario)
        self._board = figures.board_parts(board) if board is not None else None
        self._recent_s = recent_s
        self._forecaster: Forecaster | None = None
        self._of = ""

    def look(self, now: Moment) -> tuple[Outlook | None, str]:
        """What the run amounts to; or None, and why it is that."""
        if now.run is None:
            return None, ""
        try:
            if self._forecaster is None or self._of != now.run.board:
                parts = self._board or parts_for(now.run)
                self._forecaster = Forecaster(parts, self._scenario, recent_s=self._recent_s, days=DAYS)
                self._of = now.run.board
            return self._forecaster.outlook(now.run), ""
        except PowerError as error:
            return None, str(error)


def parts_for(run: LastRun) -> BoardParts:
    """The board of a run, if its parts are known, else the first whose core it counts for; PowerError if none."""
    known = data_files.names("boards")
    if run.board in known:
        return figures.board_parts(run.board)
    for name in known:
        parts = figures.board_parts(name)
        if run.board in parts.ledgers_of:
            return parts
    if run.cycles_are == "nothing":
        raise PowerError(
            f"the run is of {run.board}, which counts no work; listen to another: host listen --port sim:artemis --wav "
            "FILE.wav"
        )
    raise PowerError(f"the run is of {run.board}, and no board's parts are of its core; name one with --board")


def _once(watching: _Watching, now: Moment, *, plain: bool, as_json: bool) -> None:
    outlook, trouble = watching.look(now)
    if outlook is None:
        raise PowerError(trouble or now.text)
    if plain or as_json or not sys.stdout.isatty():
        print(_text(now, outlook, trouble, as_json=as_json))
        return
    screen = watch_view.Screen()
    screen.show(now, outlook, trouble)
    console = Console()
    console.print(screen, height=min(console.height, 25))


def _text(now: Moment, outlook: Outlook | None, trouble: str, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(watch_view.document(now, outlook, trouble), ensure_ascii=False)
    return watch_view.line(now, outlook, trouble)


def _live(watching: _Watching, file: Path) -> None:
    screen = watch_view.Screen()
    # It is drawn again between updates too, as the terminal may get another size.
    with Live(screen, screen=True, refresh_per_second=2) as live:
        for now in follow(file):
            outlook, trouble = watching.look(now)
            screen.show(now, outlook, trouble)
            live.refresh()
