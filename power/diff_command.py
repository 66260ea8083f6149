"""`power diff`: what a change costs, as a table for a pull request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from power import data_files, report_command
from power.errors import PowerError
from power.report import difference, schema

DIFFERS_EXIT = 1


def diff(  # noqa: PLR0917 - typer calls it
    before: Annotated[Path, typer.Argument(help="A report's .json, or a kept ledger.", metavar="A")],
    after: Annotated[Path, typer.Argument(help="The same of what is to be judged.", metavar="B")],
    scenario: report_command.ScenarioOption = "earpiece",
    board: report_command.BoardOption = "artemis",
    fail_over: Annotated[
        float | None,
        typer.Option(
            help="Exit with 1 where the typical hours fall by more.", metavar="PERCENT", min=0, show_default=False
        ),
    ] = None,
    days: report_command.DaysOption = report_command.DAYS,
    seed: report_command.SeedOption = report_command.SEED,
    as_json: Annotated[bool, typer.Option("--json", help="The differences as one JSON document.")] = False,
    parts_folder: data_files.PartsOption = None,
) -> None:
    """Print what changed from A to B in Markdown: hours, power, each load, work, figures, inputs.

    Two ledgers are compared in one scenario on one board, with the data as it is now; two reports as they are.

    \b
    Examples:
      power diff before.json after.json > comment.md
      power diff old_ledger.json new_ledger.json --scenario earpiece
      power diff before.json after.json --fail-over 5
    """
    documents = [_document(file, scenario, board, days, seed) for file in (before, after)]
    found = difference.compare(*documents)
    print(json.dumps(found, indent=2) if as_json else difference.markdown(found), end="" if not as_json else "\n")
    if fail_over is not None and 100 * difference.loss(found) > fail_over:
        raise typer.Exit(DIFFERS_EXIT)


def _document(file: Path, scenario: str, board: str, days: int, seed: int) -> dict[str, Any]:
    """A kept report, or the report of a kept ledger."""
    try:
        is_report = schema.is_report(file.read_bytes())
    except FileNotFoundError as error:
        raise PowerError(f"there is no file {file}; make a report with: power report -o {file.name}") from error
    except OSError as error:
        raise PowerError(f"{file} cannot be read ({error.strerror}); name a report's .json or a ledger") from error
    if is_report:
        return schema.read(file)
    return report_command.study_document(scenario, board, ledger=file, days=days, seed=seed)
