"""`power validate`: the model against figures that others published, as a table for people and as a document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from power.errors import PowerError

if TYPE_CHECKING:
    from power.validation_cases import Case

DOCUMENT = Path(__file__).with_name("VALIDATION.md")


_HEAD = """\
# The power model against published figures

Written by `power validate -o power/VALIDATION.md`; a test holds the two equal. Nothing here was fitted to the rows that
it is compared with. A row that the model does not meet stays, with the reason.
"""

_HEADLINES = """\
## Streaming wake word from the makers' headlines

The same rows from the current per clock that a maker puts first, asleep again {share:g} % of it. Such figures are of a
loop, or of CoreMark, at the core voltage that flatters the part: where the row's clock needs a higher one, they are far
below what a network takes. The parts' files therefore rest on measured networks, with the headline as their least.

| system | published | from the headline | difference | |
|---|---:|---:|---:|---|"""


def validate(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the document, power/VALIDATION.md.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the document to FILE.", metavar="FILE")
    ] = None,
) -> None:
    """Hold the model against published measurements: Bluetooth events, MLPerf Tiny, the original estimate.

    Each row has its tolerance. One that is known to lie outside says why, and is shown all the same. Exits with 1
    where a row without such a reason lies outside.

    \b
    Examples:
      power validate
      power validate -o power/VALIDATION.md     after a change of a radio's figures
    """
    from power.validation_cases import cases

    if output is not None:
        try:
            output.write_text(document(), encoding="utf-8")
        except OSError as error:
            raise PowerError(f"{output} cannot be written ({error.strerror or error})") from error
        print(f"{output} written")
    elif markdown:
        print(document(), end="")
    else:
        _show()
    if not all(case.holds for case in cases()):
        raise typer.Exit(1)


def _show() -> None:
    from power.validation_cases import cases

    console = Console()
    if not console.is_terminal:
        console.width = 160
    found = cases()
    for group in dict.fromkeys(case.group for case in found):
        table = Table(title=group, title_justify="left", box=None, pad_edge=False)
        for name in ("system", "published", "model", "difference", "held to", ""):
            table.add_column(name, justify="left" if name in ("system", "") else "right")
        for case in (each for each in found if each.group == group):
            table.add_row(
                case.name,
                f"{case.published:.4g} {case.unit}",
                "" if case.modelled is None else f"{case.modelled:.4g} {case.unit}",
                _percent(case.difference),
                f"±{100 * case.tolerance:g} %",
                _word(case),
            )
        console.print(table)
        print()
    reasons = [case for case in found if case.outside]
    for case in reasons:
        console.print(f"{case.name}: {case.outside}.", markup=False, highlight=False)
    broken = [case.name for case in found if not case.holds]
    within = sum(case.within for case in found)
    print(f"\n{within} of {len(found)} within, {len(reasons)} outside for the reason given")
    if broken:
        print(f"not as its file says: {', '.join(broken)}")


def _word(case: Case) -> str:
    if case.within:
        return "within"
    return "outside, see below" if case.outside else "OUTSIDE"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:+.1f} %"


def document() -> str:
    """The text of VALIDATION.md; PowerError if a file of the cases does not hold."""
    from power.validation_cases import SLEEP_SHARE, cases, wakeword_rows

    found = cases()
    lines = [_HEAD]
    for group in dict.fromkeys(case.group for case in found):
        lines += [f"## {group[0].upper()}{group[1:]}", ""]
        lines += ["| system | published | model | difference | held to | |", "|---|---:|---:|---:|---:|---|"]
        members = [case for case in found if case.group == group]
        for case in members:
            modelled = "" if case.modelled is None else f"{case.modelled:.4g} {case.unit}"
            word = "within" if case.within else "**outside**"
            lines.append(
                f"| {case.name} | {case.published:.4g} {case.unit} | {modelled} | {_percent(case.difference)} | "
                f"±{100 * case.tolerance:g} % | {word} |"
            )
        lines.append("")
        lines += [f"- {case.name}: {case.outside}." for case in members if case.outside]
        lines.append("")
        lines += [f"- {case.name}: {case.source}. Model: {case.basis}." for case in members]
        lines.append("")
    lines.append(_HEADLINES.format(share=100 * SLEEP_SHARE))
    for row in wakeword_rows():
        value = row.from_headline()
        if value is None:
            lines.append(f"| {row.system} | {row.milliwatts:.4g} mW | | | no such figure was found |")
        else:
            difference = value / row.milliwatts - 1
            what = f"{row.headline_ua_per_mhz:g} µA/MHz at {row.headline_volts:g} V: {row.headline_source}"
            lines.append(
                f"| {row.system} | {row.milliwatts:.4g} mW | {value:.4g} mW | {_percent(difference)} | {what} |"
            )
    return "\n".join(lines) + "\n"
