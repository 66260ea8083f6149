"""The command: python -m tests.firmware.fuzz."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from firmware.modelc import ModelError
from firmware.modelc.emitter import identifier
from firmware.modelc.reader import parse

from . import campaign
from .check import KEPT, Report, check
from .machine import MACHINES, BuildError, build_kernels

_SHOWN = 8  # failures in full


def _stop(message: str) -> None:
    typer.echo(f"fuzz: {message}", err=True)
    raise typer.Exit(2)


def _models(paths: list[Path], calls: int, targets: list[str], work: Path) -> Report:
    whole = Report()
    for path in paths:
        try:
            source = path.read_bytes()
            parse(source)
        except (OSError, ModelError) as error:
            _stop(f"{path}: {error}")
        case = campaign.model_case(source, identifier(path.stem), calls)
        whole.add(check([case], targets, work, work / "models"))
    return whole


def command(
    *,
    seed: Annotated[int, typer.Option(help="The first graph's seed.", min=0)] = 0,
    count: Annotated[int, typer.Option(help="How many graphs, of this seed and those that follow it.", min=1)] = 1,
    target: Annotated[list[str] | None, typer.Option(help="Only this target; may be given again.")] = None,
    model: Annotated[list[Path] | None, typer.Option(help="Check this .tflite instead of random graphs.")] = None,
    calls: Annotated[int, typer.Option(help="Calls of each --model.", min=2)] = 64,
    shrink: Annotated[bool, typer.Option(help="Look for the fewest operators that fail.")] = True,
) -> None:
    """Compares compiled networks with TFLite Micro's reference kernels, byte by byte.

    Random graphs (or the models given) run on this computer under the sanitizers, on a Cortex-M4 and on a Cortex-M55
    in QEMU. What fails is named with its seed, target and first differing byte, and kept in build/fuzz. Exit code 1
    if anything failed.
    """
    targets = target or list(MACHINES)
    if unknown := [name for name in targets if name not in MACHINES]:
        _stop(f"there is no target '{unknown[0]}'; choose one of {', '.join(MACHINES)}")
    tools = {MACHINES[name].compiler for name in targets}
    tools |= {MACHINES[name].emulator[0] for name in targets if MACHINES[name].emulator}
    if missing := sorted(tool for tool in tools if not shutil.which(tool)):
        _stop(f"{', '.join(missing)} must be installed")
    work = KEPT / "work"
    shutil.rmtree(work, ignore_errors=True)
    for name in targets:
        try:
            build_kernels(MACHINES[name], work)
        except BuildError as error:
            _stop(f"the kernels of {name} do not compile:\n{error}")
    seeds: range | tuple[int, ...] = ()
    if model:
        report = _models(model, calls, targets, work)
    else:
        seeds = range(seed, seed + count)
        with Progress() as progress:
            task = progress.add_task("graphs", total=count)
            report = campaign.run(seeds, targets, work, lambda more: progress.advance(task, more))
    for failure in report.failures[:_SHOWN]:
        typer.echo(f"FAIL {failure}")
    if len(report.failures) > _SHOWN:
        others = sorted({f"{failure.case} on {failure.target}" for failure in report.failures[_SHOWN:]})
        typer.echo(f"FAIL also {', '.join(others)}")
    first = report.failures[0] if report.failures else None
    if seeds and shrink and first and first.target in MACHINES:
        smaller = campaign.shrink(int(first.case[1:]), first.target, work, work / "shrink")
        if smaller is not None:
            typer.echo(f"\nThe fewest operators of it that fail:\n{smaller.failures[0]}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.operators.items()))
    stack = ", ".join(f"{most} bytes on {name}" for name, most in report.stack_bytes.items() if most)
    typer.echo(f"{report.cases} networks ({kinds}) on {', '.join(targets)}: {len(report.failures)} failures")
    if report.unjudged:
        typer.echo(f"TFLite Micro's interpreter crashes on the graphs of {', '.join(map(str, report.unjudged))}")
    typer.echo(f"most stack: {stack or 'not measured on the desk'}")
    raise typer.Exit(1 if report.failures else 0)


if __name__ == "__main__":
    typer.run(command)
