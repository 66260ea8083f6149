"""The command: python -m firmware.bench MODEL.tflite... --board NAME."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from firmware.bench.errors import BenchError
from firmware.bench.frontend import FrontEndFigures, measure_front_end
from firmware.bench.image import Builder
from firmware.bench.measure import OUTSIDE, Figures, measure

_RIGHT, _LEFT = ">", "<"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Columns as wide as they need to be, the first `left` of them flush left."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    sides = [_LEFT if i < left else _RIGHT for i in range(len(head))]
    return "\n".join(
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, widths, strict=True)).rstrip()
        for line in (head, *rows)
    )


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _models_text(figures: Sequence[Figures], wait_states: int) -> str:
    head = ["network", "MACs", "instructions", "a MAC", "M4 cycles", "arena", "code", "constants", "stack"]
    head += ["CRC-32 first", "of four", "TFLite Micro"]
    verdicts = {True: "the same", False: "DIFFERENT", None: "not checked"}
    rows = [
        [
            each.model,
            f"{each.macs:,}",
            f"{each.instructions:,}",
            _ratio(each.per_mac),
            f"~{each.cycles.cycles:,}" if each.cycles else "-",
            *(f"{size:,}" for size in (each.arena_bytes, each.code_bytes, each.constant_bytes, each.stack_bytes)),
            each.crc32_first,
            each.crc32_all,
            verdicts[each.judged],
        ]
        for each in figures
    ]
    first = figures[0]
    notes = [
        f"{first.board} ({first.core}), {first.target} kernels. Instructions: exact, the second call's. Bytes: code is",
        "kernels, the emitted network and what they call of the C library; constants are weights, biases, tables and",
        "parameter structs; the runner's start-up is in neither.",
    ]
    if any(each.cycles for each in figures):
        notes.append(
            f"Cycles are an estimate, from the executed instructions and Arm's timings, at {wait_states} wait states."
        )
    elif first.core != "cortex-m4":
        notes.append(f"Cycles are not estimated for a {first.core}: no public tables give its timings.")
    if any(each.judged is None for each in figures):
        notes.append("The results were not checked: the package tflite-micro is not installed.")
    return "\n".join([table(head, rows), "", *notes])


def _layers_text(figures: Figures) -> str:
    head = ["operator", "", "shape", "MACs", "instructions", "a MAC", "outputs", "an output"]
    rows = [
        [
            str(layer.operator),
            layer.kind,
            layer.shape,
            f"{layer.macs:,}",
            f"{layer.instructions:,}",
            _ratio(layer.per_mac),
            f"{layer.outputs:,}",
            f"{layer.instructions / max(layer.outputs, 1):.1f}",
        ]
        for layer in figures.layers
    ]
    rows.append(["", OUTSIDE, "", "", f"{figures.outside:,}", "", "", ""])
    rows.append(["", "all", "", f"{figures.macs:,}", f"{figures.instructions:,}", _ratio(figures.per_mac), "", ""])
    return f"\n{figures.model}\n" + table(head, rows, left=3)


def _front_end_text(figures: Sequence[FrontEndFigures]) -> str:
    head = ["front end", "rate", "instructions a second", "a call at most", "code", "constants", "CRC-32 of log-mel"]
    rows = [
        [
            "portable" if each.portable else "with SIMD",
            f"{each.rate_hz:,}",
            f"{each.instructions_a_second:,}",
            f"{each.instructions_a_call:,}",
            f"{each.code_bytes:,}",
            f"{each.constant_bytes:,}",
            each.crc32,
        ]
        for each in figures
    ]
    return table(head, rows) + f"\n\n{figures[0].board} ({figures[0].core}); exact, over 4 s of something like speech."


@contextmanager
def progress(quiet: bool) -> Iterator[Console]:
    """A console on stderr; what is printed on it is seen on a terminal only."""
    yield Console(stderr=True, quiet=quiet or not sys.stderr.isatty())


def command(
    board: Annotated[str, typer.Option(help="A board that QEMU emulates: mps2_an386 or mps3_an547.")],
    models: Annotated[list[Path] | None, typer.Argument(metavar="MODEL.tflite...", help="INT8 models.")] = None,
    *,
    layers: Annotated[bool, typer.Option("--layers", help="Show each operator's share too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    cycles: Annotated[bool, typer.Option(help="Estimate the cycles of a Cortex-M4.")] = True,
    wait_states: Annotated[
        int, typer.Option(min=0, max=15, help="Of the flash, for that estimate; 0: cache or tightly coupled memory.")
    ] = 0,
    front_end: Annotated[bool, typer.Option("--front-end", help="Measure the audio front end.")] = False,
) -> None:
    """Measure INT8 networks on an emulated Cortex-M: instructions, memory, results.

    Each model is compiled with the board's kernels into a bare image and run in QEMU on four inputs of xorshift32.
    Its results must be TFLite Micro's, bit for bit; if they are not, the exit code is 1. What cannot be measured (an
    unknown board, a missing tool, a model that does not compile or fit) is told in one sentence, with exit code 2.
    """
    if not models and not front_end:
        typer.echo("bench: give a MODEL.tflite or --front-end", err=True)
        raise typer.Exit(2)
    try:
        with Builder(board) as builder, progress(as_json) as console:
            figures = []
            for path in models or []:
                with console.status(f"{path.stem} on {board}"):
                    figures.append(measure(builder, path, layers=layers, cycles=cycles, wait_states=wait_states))
            ears = []
            for portable in (True, False) if front_end else ():
                with console.status(f"front end on {board}"):
                    ears.append(measure_front_end(builder, portable=portable))
    except BenchError as error:
        typer.echo(f"bench: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        facts = {"models": [each.as_json() for each in figures], "front_end": [each.as_json() for each in ears]}
        typer.echo(json.dumps(facts, indent=2))
    else:
        texts = [_models_text(figures, wait_states)] if figures else []
        texts += [_layers_text(each) for each in figures if layers]
        texts += [_front_end_text(ears)] if ears else []
        typer.echo("\n".join(texts))
    wrong = [each.model for each in figures if each.judged is False]
    if wrong:
        typer.echo(f"bench: {', '.join(wrong)}: the results are not TFLite Micro's, so a kernel is wrong", err=True)
    if len({each.crc32 for each in ears}) > 1:
        typer.echo("bench: the front end's SIMD path gives other values than the portable one", err=True)
        raise typer.Exit(1)
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(command)
