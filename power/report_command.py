"""`power report`: the study of a scenario on a board, for a terminal, a page, a pull request, paper or a program."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from power import data_files, figures, kept_ledgers, what_if
from power.errors import PowerError

DAYS = 10_000
SEED = 1

ScenarioOption = Annotated[str, typer.Option(help="How the device is used over a day.", metavar="NAME")]
BoardOption = Annotated[str, typer.Option(help="The board whose parts draw the power.", metavar="NAME")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="What if: a figure or a number of the scenario with another value, such as apollo3.run=9uA/MHz.",
        metavar="KEY=VALUE",
    ),
]
DaysOption = Annotated[int, typer.Option(help="How many days to sample.", min=100, max=1_000_000)]
SeedOption = Annotated[int, typer.Option(help="Seed of the sampled days.", min=0, max=2**32 - 1)]


def report(  # noqa: PLR0917 - typer calls it
    scenario: ScenarioOption = "earpiece",
    board: BoardOption = "artemis",
    ledger: kept_ledgers.LedgerOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Write it to a file: .html, .md, .pdf or .json.", metavar="FILE", show_default=False
        ),
    ] = None,
    changes: SetOption = None,
    days: DaysOption = DAYS,
    seed: SeedOption = SEED,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON document.")] = False,
    parts_folder: data_files.PartsOption = None,
) -> None:
    """Say how long the cell lasts in a scenario, where the milliwatts go, and what that rests on.

    Without -o it is shown here. The page that -o FILE.html writes needs nothing else: no network, no script.

    \b
    Examples:
      power report
      power report --scenario earpiece --board artemis -o report.html
      power report -o report.pdf
      power report --set cell.capacity=200mAh --set scenario.temperature=0
      power report --ledger kept_run.json --json | jq .hours.p5

    \b
    --json: one object; powers in mW, energies in mWh or Wh, times in hours, shares as fractions.
      verdict     meets, word, sentence, because
      hours       typ, p5, p50, p95, mean, wanted, margin, meeting, histogram
      power       typ, p5, p95 from the cell; budget: what the wanted hours allow
      components  each load by state, with the weakest status of its figures; states
      phases      the day; timeline: power and charge over it
      waterfall   from gross to net energy
      tornado     hours at each figure's two ends
      peak        current, sag, what is left above brown-out
      evidence    mW by status; every figure with its source
      estimate    against the design's first estimate, for the scenario that it was made for
      engines     how the two agree
      run, changes, inputs, notes, command
    """
    form = None if output is None else _form(output)
    facts = study_document(scenario, board, ledger=ledger, output=output, changes=changes or [], days=days, seed=seed)
    if output is not None and form is not None:
        write(output, form(facts))
        print(f"{output}: {facts['verdict']['sentence']}")
    if as_json:
        print(json.dumps(facts, indent=2))
    elif output is None:
        from power.report import terminal

        terminal.show(facts, Console())


def study_document(
    scenario: str,
    board: str,
    *,
    ledger: Path | None = None,
    output: Path | None = None,
    changes: Sequence[str] = (),
    days: int = DAYS,
    seed: int = SEED,
) -> dict[str, Any]:
    """The document of the study that the options ask for; PowerError where they do not hold."""
    parts = figures.board_parts(board)
    from power.report.document import Origin, document
    from power.scenario import scenario as load_scenario
    from power.study import study

    day = load_scenario(scenario)
    changed = what_if.read(changes, parts, day)
    kept = kept_ledgers.find(ledger, parts)
    if kept.is_shipped:
        print(
            f"power: no run yet; this is the ledger shipped with the firmware (yours: host replay FILE.wav --board "
            f"{parts.ledgers_of[0]}).",
            file=sys.stderr,
        )
    command = ["power", "report", "--scenario", scenario, "--board", board]
    command += ["--ledger", str(ledger)] if ledger is not None else []
    command += [word for change in changes for word in ("--set", change)]
    command += ["--days", str(days), "--seed", str(seed)]
    command += ["-o", output.name] if output is not None else []
    result = study(kept.run, parts, day, days=days, seed=seed, changes=changed)
    return document(result, Origin(kept.says, kept.name, kept.sha256, shlex.join(command)))


Form = Callable[[Mapping[str, Any]], bytes]


def _form(file: Path) -> Form:
    """What renders for a file's suffix; PowerError where it is none, or where nothing can be written there."""
    form = _FORMS.get(file.suffix.lower())
    if form is None:
        raise PowerError(f"{file} has no suffix that is a form of the report; there are: {', '.join(_FORMS)}")
    if file.is_dir():
        raise PowerError(f"{file} is a folder; name a file in it")
    if not file.parent.is_dir():
        raise PowerError(f"{file} cannot be written: there is no folder {file.parent}; make it first")
    return form


def write(file: Path, content: bytes) -> None:
    """`content` to `file`; PowerError if that cannot be."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise PowerError(f"{file} cannot be written ({error.strerror}); name another file") from error


def _html(facts: Mapping[str, Any]) -> bytes:
    from power.report import html

    return html.render(facts).encode()


def _markdown(facts: Mapping[str, Any]) -> bytes:
    from power.report import markdown

    return markdown.render(facts).encode()


def _pdf(facts: Mapping[str, Any]) -> bytes:
    from power.report import pdf

    return pdf.render(facts)


def _json(facts: Mapping[str, Any]) -> bytes:
    return (json.dumps(facts, indent=2) + "\n").encode()


_FORMS: dict[str, Form] = {".html": _html, ".md": _markdown, ".pdf": _pdf, ".json": _json}
