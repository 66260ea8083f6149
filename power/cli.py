"""The `power` command: what a day costs, and how long the cell lasts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from power import figures, last_run
from power.errors import USER_ERROR_EXIT, PowerError
from power.model import estimate
from power.model import scenario as load_scenario
from power.report import document, show

app = typer.Typer(
    name="power",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _power() -> None:
    """Where the milliwatts go, and how long the cell lasts: computed from what the firmware itself counted.

    \b
    The firmware keeps a ledger of time and work per state. Every run leaves the
    last one in a file; `power report` puts it together with component data, each
    figure with its range, its source and what stands behind it.

    \b
    First steps, without any hardware:
      host replay talk.wav --board artemis     run the image, keep its ledger
      power report                             mW per component, hours on the cell
    """


@app.command()
def report(
    scenario: Annotated[str, typer.Option(help="How the device is used over a day.", metavar="NAME")] = "always_on",
    board: Annotated[str, typer.Option(help="The board whose parts draw the power.", metavar="NAME")] = "artemis",
    ledger: Annotated[
        Path | None,
        typer.Option(help="A kept run, instead of the last one.", metavar="FILE", show_default="the last run's"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON document.")] = False,
) -> None:
    """Print mW per component and hours on the cell for one scenario, from the ledger of the last run.

    The run must come from a board whose core counts for the one asked about: for artemis the virtual artemis, the
    board itself, or mps2_an386. native counts no work.

    \b
    Examples:
      power report
      power report --json | jq .hours.typ
      power report --ledger kept_run.json

    \b
    --json: one object; NAME is {min, typ, max} where a value has a range.
      scenario, board  what was asked about
      run              the run as it was kept: board, rate, firmware, ledger, recording, ...
      states           share, work per second, awake (share of the core's time) of each
      components       name, mw, rests_on (names in figures)
      total_mw         from the cell
      cell             gross_wh, usable_wh
      budget           hours, gross_mw, usable_mw
      hours            until the cell is empty
      figures          min, typ, max, unit, conditions, source, status of each
      notes            what the figures leave out
    """
    result = estimate(last_run.read(ledger), figures.board_parts(board), load_scenario(scenario))
    if as_json:
        print(json.dumps(document(result), indent=2))
    else:
        show(result, Console())


def main() -> None:
    """Console script: runs the command; a PowerError becomes one sentence on stderr and exit code 2."""
    try:
        app(prog_name="power")
    except PowerError as error:
        print(f"power: {error}.", file=sys.stderr)
        sys.exit(USER_ERROR_EXIT)
    except BrokenPipeError:
        # Who read our output has gone (`| head`); keep the interpreter from flushing into the void again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
