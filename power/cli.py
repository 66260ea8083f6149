"""The `power` command: what a day costs, and how long the cell lasts."""

from __future__ import annotations

import os
import sys

import typer

from power import (
    check_command,
    diff_command,
    explore_command,
    fit_command,
    import_command,
    report_command,
    sweep_command,
    watch_command,
)
from power.components_command import components
from power.errors import USER_ERROR_EXIT, PowerError
from power.validate_command import validate

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
      power explore                            the same as a page with sliders
    Beside a board that is listened to:
      power watch                              how long it would last, as it listens
    """


app.command()(components)
app.command()(report_command.report)
app.command()(check_command.check)
app.command()(diff_command.diff)
app.command()(validate)
app.command()(watch_command.watch)
app.command()(explore_command.explore)
app.command()(sweep_command.sweep)
app.command("import")(import_command.import_)
app.command()(fit_command.fit)


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
