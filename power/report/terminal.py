"""The report in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from power.report.shown import Document, unit_text, words

PIPE_WIDTH = 160
"""Columns where the output is no terminal."""
TORNADO_ROWS = 8
_BLOCKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_BAR = 24
_LEGEND = (
    "Status: measured by this project; datasheet: the maker's; secondary: someone else's measurement or text; "
    "assumed: ours, until one is found. A load counts with the weakest of its figures."
)


def show(facts: Mapping[str, Any], console: Console) -> None:
    """Prints a document."""
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    document = Document(facts)
    n = document.number
    run, verdict = facts["run"], facts["verdict"]

    def say(text: str | Text = "") -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    say(f"{facts['scenario']['name']}: {facts['scenario']['title']}")
    say(f"{facts['board']['name']}: {facts['board']['title']}")
    heard = f"{n('run.heard_s', 's')} of {run['recording'] or 'its microphone'}"
    say(f"ledger of {run['board']}, firmware {run['firmware']}, {run['wall']}: {heard} ({run['origin']})\n")
    sign = "✓" if verdict["meets"] else "✗"
    style = "bold green" if verdict["meets"] else "bold red"
    say(Text(f"{sign} {verdict['sentence']}: {verdict['word']}", style=style))
    for line in verdict["because"]:
        say(f"  {line}")
    say(f"  {sparkline([count for _, count in facts['hours']['histogram']['bins']])}")
    say(
        f"  hours: 5th percentile {n('hours.p5', 'h')}, typical {n('hours.typ', 'h')}, 95th {n('hours.p95', 'h')}; "
        f"{n('hours.meeting', '%')} of {n('hours.days', '', None)} sampled days last {n('hours.wanted', 'h', None)}\n"
    )
    console.print(_components(document))
    console.print(_phases(document))
    say(
        f"budget     for {n('budget.hours', 'h', None)} the rated cell allows "
        f"{n('budget.gross_mw', 'mW', 5, trim=True)}, and what it gives in use {n('budget.net_mw', 'mW')}"
    )
    steps = [f"{row['step']} {n(f'waterfall.{i}.wh', 'Wh', places=3)}" for i, row in enumerate(facts["waterfall"])]
    say(f"energy     {' · '.join(steps)}")
    say(
        f"peak       {n('peak.ma.typ', 'mA')} from the cell sag it by {n('peak.sag_mv.typ', 'mV')} and leave "
        f"{n('peak.margin_mv.typ', 'mV')} above brown-out ({n('peak.margin_mv.p5', 'mV')} at the 5th percentile)"
    )
    rests = [f"{name} {n(f'evidence.mw_by_status.{name}', 'mW')}" for name in facts["evidence"]["mw_by_status"]]
    say(f"rests on   {' · '.join(rests)}")
    say(
        f"engines    closed form {n('engines.hours.expected', 'h', 4)}, discrete events "
        f"{n('engines.hours.simulated', 'h', 4)}: {n('engines.difference', '%', 2, sign=True)}\n"
    )
    console.print(_tornado(document))
    if facts["estimate"]:
        say(facts["estimate"]["says"])
        console.print(_estimate(document))
    console.print(_figures(document))
    say(_LEGEND)
    for change in facts["changes"]:
        say(f"Changed for this report: {change['key']} = {change['value']:g} {change['unit']}")
    for note in facts["notes"]:
        say(f"Note: {note}")
    say(f"\n{facts['command']}")


def bar(share: float, width: int = _BAR) -> str:
    """`share` (0..1) of `width` columns, in eighths of a column."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def sparkline(values: Sequence[float]) -> str:
    """`values` as a row of blocks; whatever is there at all is seen."""
    top = max(values, default=0) or 1
    return "".join(_BLOCKS[min(8, int(value / top * 8) + 1) if value > 0 else 0] for value in values)


def _table(*columns: str) -> Table:
    """A table without lines; columns whose name starts with ">" stand to the right."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left", no_wrap=right)
    return table


def _components(document: Document) -> Table:
    table = _table("component", "of", ">mW: typ", ">p5", ">p95", ">%", "", "states", "weakest figure")
    rows = document.at("components")
    greatest = max((row["mw"] for row in rows), default=1.0)
    for index, row in enumerate(rows):
        numbers = [str(document.number(f"components.{index}.{key}")) for key in ("mw", "p5", "p95")]
        share = str(document.number(f"components.{index}.share", "%", 2)).removesuffix("%").strip()
        states = ", ".join(map(words, row["by_state"]))
        table.add_row(row["name"], row["component"], *numbers, share, bar(row["mw"] / greatest), states, row["status"])
    total = [str(document.number(f"power.{key}")) for key in ("typ", "p5", "p95")]
    table.add_row("from the cell", "", *total, "100", style="bold")
    table.add_row()
    return table


def _phases(document: Document) -> Table:
    table = _table("phase", ">from h", ">for h", ">mW", ">mWh", "", "states")
    rows = document.at("phases")
    greatest = max(row["mw"]["typ"] for row in rows)
    for index, row in enumerate(rows):
        place = f"phases.{index}"
        numbers = [str(document.number(f"{place}.{key}")) for key in ("start_h", "hours", "mw.typ", "mwh")]
        states = ", ".join(
            f"{words(state)} {document.number(f'{place}.by_state.{state}', '%', places=1)}" for state in row["by_state"]
        )
        table.add_row(words(row["name"]), *numbers, bar(row["mw"]["typ"] / greatest), states)
    table.add_row()
    return table


def _tornado(document: Document) -> Table:
    table = _table("what the hours hang on", ">from", ">to", "unit", ">hours", "", ">hours", "status")
    rows = document.at("tornado")[:TORNADO_ROWS]
    widest = max((row["width"] for row in rows), default=0) or 1
    for index, row in enumerate(rows):
        place = f"tornado.{index}"
        ends = [str(document.number(f"{place}.{end}", trim=True)) for end in ("lowest", "highest")]
        hours = [str(document.number(f"{place}.hours_at_{end}")) for end in ("lowest", "highest")]
        strip = bar(row["width"] / widest)
        table.add_row(row["figure"], *ends, unit_text(row["unit"]), hours[0], strip, hours[1], row["status"])
    table.add_row()
    return table


def _estimate(document: Document) -> Table:
    table = _table("against the original estimate", ">mW then", ">mW now", "why")
    for index, row in enumerate(document.at("estimate.rows")):
        place = f"estimate.rows.{index}"
        then = (
            ("" if row["part"] else "none")
            if row["estimate_mw"] is None
            else str(document.number(f"{place}.estimate_mw"))
        )
        table.add_row(row["item"], then, str(document.number(f"{place}.mw")), row["why"])
    table.add_row()
    return table


def _figures(document: Document) -> Table:
    table = _table("figure", ">min", ">typ", ">max", "unit", ">mW on it", "status", "source")
    for index, row in enumerate(document.at("evidence.figures")):
        place = f"evidence.figures.{index}"
        values = (
            ["", "curve", ""]
            if row["points"]
            else [str(document.number(f"{place}.{end}", digits=None)) for end in ("min", "typ", "max")]
        )
        on_it = str(document.number(f"{place}.mw")) if row["mw"] else ""
        table.add_row(row["key"], *values, unit_text(row["unit"]), on_it, row["status"], row["source"])
    table.add_row()
    return table
