"""`power sweep`: hours over one or two what-ifs, as a table, numbers or a picture."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from power import data_files, figures, kept_ledgers, report_command, what_if
from power.errors import PowerError
from power.figures import BoardParts
from power.scenario import Scenario

Array = NDArray[np.float64]

COUNT = 9
MOST = 200
"""Values of one side."""
_AXIS = re.compile(r"(?P<key>[^=]+)=(?P<low>[^:]+):(?P<high>[^:]+?)(?::(?P<count>\d{1,6}))?(?P<log>:log)?")


@dataclass(frozen=True)
class Side:
    """One side of a sweep."""

    key: str
    unit: str
    """Of `written`; "" for a number of the scenario."""
    written: Array
    """The values as the figure is written, shape (n,)."""
    values: Array
    """The same in the model's units."""
    is_log: bool

    @property
    def title(self) -> str:
        """For an axis."""
        return f"{self.key}, {self.unit}" if self.unit else self.key


def sweep(
    *,
    x: Annotated[
        str, typer.Option("--x", help="What goes across, from A to B in N values.", metavar="KEY=A:B[:N][:log]")
    ],
    y: Annotated[
        str | None, typer.Option("--y", help="What goes up.", metavar="KEY=A:B[:N][:log]", show_default="nothing")
    ] = None,
    scenario: report_command.ScenarioOption = "earpiece",
    board: report_command.BoardOption = "artemis",
    ledger: kept_ledgers.LedgerOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Write it to a file: .svg, .png, .pdf (a picture), .csv or .json.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    changes: report_command.SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object.")] = False,
    parts_folder: data_files.PartsOption = None,
) -> None:
    """Show how the typical hours go with one or two settings: any figure of a part, any number of the scenario.

    A value is in the unit that its figure is written in, or names its own; N is 9 if it is left out, and :log spaces
    the values evenly on a log scale. What the wanted hours ask for is marked.

    \b
    Examples:
      power sweep --x scenario.temperature=-10:40:6
      power sweep --x cell.capacity=100:500:9 --y scenario.phases.day.speech=0:0.6:7
      power sweep --x scenario.radio.interval_s=0.0075:2:9:log --y scenario.radio.latency=0:9:4 -o radio.svg
      power sweep --x apollo3.cpi=1:2:3 --set scenario.temperature=0 --json | jq .hours

    \b
    --json and .json: one object.
      scenario, board, wanted    what was asked about; hours that are wanted
      x, y                       key, unit, values (y is null where there is none)
      hours                      a list for each value of y, in its order, with one for each value of x
    """
    from power.scenario import scenario as load_scenario
    from power.sensitivity import sweep as swept

    form = None if output is None else _form(output)
    parts, day = figures.board_parts(board), load_scenario(scenario)
    across = read_side("--x", x, parts, day)
    up = None if y is None else read_side("--y", y, parts, day)
    if up is not None and up.key == across.key:
        raise PowerError(f"--x and --y both are {up.key}; name two settings")
    changed = what_if.read(changes or [], parts, day)
    for side in (across, up):
        if side is not None and side.key in changed:
            raise PowerError(f"{side.key} is swept and set; leave out one of the two")
    kept = None if day.fixed else kept_ledgers.find(ledger, parts)
    try:
        with np.errstate(divide="raise", invalid="raise"):
            hours = swept(
                kept.run if kept else None,
                parts,
                day,
                (across.key, across.values),
                (up.key, up.values) if up else None,
                changes=changed,
            )
    except FloatingPointError as error:
        raise PowerError(
            "somewhere in this sweep the model has no answer: a value that must be above 0 is not"
        ) from error
    found = Swept(day, parts, across, up, hours)
    if output is not None and form is not None:
        report_command.write(output, form(found))
        print(f"{output}: {hours.min():.1f} h to {hours.max():.1f} h")
    if as_json:
        print(json.dumps(document(found), indent=2))
    elif output is None:
        show(found, Console())


@dataclass(frozen=True)
class Swept:
    """A sweep and its result; `hours` has shape (len(y), len(x)), or (1, len(x)) without y."""

    scenario: Scenario
    parts: BoardParts
    x: Side
    y: Side | None
    hours: Array


def read_side(option: str, text: str, parts: BoardParts, day: Scenario) -> Side:
    """A side from KEY=A:B[:N][:log]; PowerError, naming the option, where it is none."""
    match = _AXIS.fullmatch(text.strip())
    if match is None:
        raise PowerError(_printable(f"{option} {text!r} is not KEY=A:B:N; write it like scenario.temperature=-10:40:6"))
    key = what_if.full_key(match["key"].strip(), parts, day)
    ends = [_value(option, key, match[end], parts, day) for end in ("low", "high")]
    count, is_log = int(match["count"] or COUNT), match["log"] is not None
    if not 2 <= count <= MOST:
        raise PowerError(f"{option} {key} in {count} values cannot be; N goes from 2 to {MOST}")
    if not ends[0] < ends[1]:
        raise PowerError(f"{option} {key} goes from {match['low']} up to {match['high']}, which is not up")
    if is_log and ends[0] <= 0:
        raise PowerError(f"{option} {key} begins at {match['low']}; :log begins above 0")
    values = (np.geomspace if is_log else np.linspace)(ends[0], ends[1], count)
    written, unit = what_if.written(key, 1.0)
    return Side(key, unit, values * written, values, is_log)


def _value(option: str, key: str, text: str, parts: BoardParts, day: Scenario) -> float:
    try:
        return what_if.read([f"{key}={text}"], parts, day)[key]
    except PowerError as error:
        raise PowerError(str(error).replace("--set", option, 1)) from error


def document(found: Swept) -> dict[str, Any]:
    """For JSON."""

    def side(one: Side) -> dict[str, Any]:
        return {"key": one.key, "unit": one.unit, "values": [float(f"{value:.12g}") for value in one.written]}

    return {
        "scenario": found.scenario.name,
        "board": found.parts.name,
        "wanted": found.scenario.hours,
        "x": side(found.x),
        "y": None if found.y is None else side(found.y),
        "hours": found.hours.tolist(),
    }


def show(found: Swept, console: Console) -> None:
    """A table for people: y grows upwards; hours below what is wanted are marked."""
    if not console.is_terminal:
        console.width = 240
    wanted = found.scenario.hours

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    say(f"hours, typical: {found.scenario.name} on {found.parts.name}, {wanted:g} h wanted")
    if found.y is None:
        table = Table(box=None, pad_edge=False)
        table.add_column(found.x.title, justify="right")
        table.add_column("hours", justify="right")
        for value, hours in zip(found.x.written, found.hours[0], strict=True):
            table.add_row(_short(value), _hours(hours, wanted))
    else:
        say(f"across: {found.x.title}; up: {found.y.title}")
        table = Table(box=None, pad_edge=False)
        table.add_column("", justify="right", style="bold")
        for value in found.x.written:
            table.add_column(_short(value), justify="right")
        for value, row in reversed(list(zip(found.y.written, found.hours, strict=True))):
            table.add_row(_short(value), *(_hours(hours, wanted) for hours in row))
    console.print(table)
    missed = int((found.hours < wanted).sum())
    if missed:
        say(f"{missed} of {found.hours.size} do not reach the {wanted:g} h wanted, marked *.")


def _hours(hours: float, wanted: float) -> Text:
    text = f"{hours:,.0f}" if hours >= 100 else f"{hours:.1f}"
    return Text(text + " ") if hours >= wanted else Text(text + "*", style="red")


def _short(value: float) -> str:
    return f"{value:.4g}"


def table(found: Swept) -> bytes:
    """CSV: a line for each pair, with the units in the head."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    sides = [found.x] if found.y is None else [found.x, found.y]
    lines.writerow([*(f"{side.key} [{side.unit}]" if side.unit else side.key for side in sides), "hours"])
    for row, hours in enumerate(found.hours):
        for column, one in enumerate(hours):
            where = [found.x.written[column]] if found.y is None else [found.x.written[column], found.y.written[row]]
            lines.writerow([*(f"{value:.12g}" for value in where), f"{one:.6g}"])
    return out.getvalue().encode()


Form = Callable[[Swept], bytes]


def _form(file: Path) -> Form:
    """What makes a file's content; PowerError where its suffix names no form, or where nothing can be written."""
    forms: dict[str, Form] = {
        ".csv": table,
        ".json": lambda found: (json.dumps(document(found), indent=2) + "\n").encode(),
    }
    suffix = file.suffix.lower()
    if suffix in (".svg", ".png", ".pdf"):
        from power.sweep_picture import picture

        forms[suffix] = lambda found: picture(found, suffix[1:])
    if suffix not in forms:
        raise PowerError(f"{file} has no suffix that is a form of a sweep; there are: .svg, .png, .pdf, .csv, .json")
    if not file.parent.is_dir():
        raise PowerError(f"{file} cannot be written: there is no folder {file.parent}; make it first")
    return forms[suffix]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
