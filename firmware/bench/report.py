"""The page firmware/nn/PERFORMANCE.md: `python -m firmware.bench.report` measures everything and writes it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from firmware.bench.errors import BenchError
from firmware.bench.image import NN
from firmware.bench.page import page, plot
from firmware.bench.record import RECORD, drift, load, models_folder, record, text

PAGE = NN / "PERFORMANCE.md"
PLOT = NN / "performance.svg"


def main(
    *,
    models: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Other people's models; by default $EARSHOT_MODELS, or beside $EARSHOT_DATA."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: exit code 1 if a count is over 1 % off the recorded one.")
    ] = False,
    render: Annotated[
        bool, typer.Option("--render", help="Measure nothing: the page from the recorded figures.")
    ] = False,
) -> None:
    """Measure every network, the front end and requantization on both boards, and write the page.

    Writes firmware/nn/performance.json (the recorded figures), PERFORMANCE.md and performance.svg, which follow from
    it and from firmware/bench/baseline.toml. Takes about two minutes.
    """
    console = Console(stderr=True)
    try:
        if render:
            figures = load()
        else:
            folder = models or models_folder()
            with console.status("starting") as status:
                figures = record(folder, full=not check, tell=status.update)
        if check:
            sentences = drift(load(), figures)
            for sentence in sentences:
                typer.echo(f"report: {sentence}", err=True)
            if not sentences:
                typer.echo("every count is within 1 % of the recorded one")
            raise typer.Exit(1 if sentences else 0)
    except BenchError as error:
        typer.echo(f"report: {error}", err=True)
        raise typer.Exit(2) from error
    for path, content in ((RECORD, text(figures)), (PAGE, page(figures)), (PLOT, plot(figures))):
        path.write_text(content, encoding="utf-8")
        typer.echo(f"wrote {path}")


if __name__ == "__main__":
    typer.run(main)
