"""The command: python -m firmware.modelc MODEL.tflite --out DIR."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .compiler import ENGINES, Compiled, compile_model
from .errors import ModelError
from .targets import TARGETS

TargetName = StrEnum("TargetName", {name: name for name in TARGETS})  # type: ignore[misc]
_DEFAULT = TargetName("portable")
EngineName = StrEnum("EngineName", {name: name for name in ENGINES})  # type: ignore[misc]
_EARSHOT = EngineName("earshot")


def _table(compiled: Compiled) -> str:
    operators = ", ".join(f"{count} {kind}" for kind, count in sorted(compiled.operators.items()))
    rows = {
        "network": f"{compiled.name} (crc32 {compiled.crc32}), for {compiled.target}",
        "operators": operators,
        "MACs": f"{compiled.macs:,} a call",
        "parameters": f"{compiled.parameters:,}",
        "constants": f"{compiled.constant_bytes:,} bytes",
        "arena": f"{compiled.arena_bytes:,} bytes",
        "inputs": ", ".join(compiled.inputs),
        "outputs": ", ".join(compiled.outputs),
        "states": ", ".join(compiled.states) or "none",
        "files": ", ".join(str(path) for path in compiled.files),
    }
    return "\n".join(f"{name:<11}{value}" for name, value in rows.items())


def command(  # noqa: PLR0917 - typer calls it by name
    model: Annotated[Path, typer.Argument(metavar="MODEL.tflite", help="A model quantized to int8 in full.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the C files; made if it does not exist.")],
    target: Annotated[
        TargetName, typer.Option(help="portable: any core; dsp: Cortex-M4; mve: Cortex-M55 with Helium.")
    ] = _DEFAULT,
    name: Annotated[str | None, typer.Option(help="Name of the network in C; by default the name of the file.")] = None,
    engine: Annotated[
        EngineName, typer.Option(help="earshot: kernel calls; tflm: what nn/tflm/engine.cc needs to run TFLite Micro.")
    ] = _EARSHOT,
    tflm_arena: Annotated[
        int | None, typer.Option(metavar="BYTES", help="TFLite Micro's arena; by default a generous reckoning.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Compile an INT8 .tflite model to C.

    Writes NAME.c and NAME.h (struct nn_model NAME_model, to be run as firmware/nn/engine.h says, with the kernels in
    firmware/nn), and NAME_tflite.c and NAME_tflite.h (the same model as an array for TFLite Micro). With --engine tflm,
    NAME_tflm.h stands in for NAME.c, and firmware/nn/tflm/engine.cc runs the network on TFLite Micro. The results are
    those of TFLite Micro's reference kernels, bit for bit.

    An input X and an output X_out of one shape and scale are a state: the network carries it from call to call.

    A model that cannot be compiled (a float tensor, an operator that modelc lacks, a damaged file) is refused with
    one sentence that says why, and exit code 2.
    """
    try:
        compiled = compile_model(model, out, target.value, name, engine=engine.value, tflm_arena=tflm_arena)
    except ModelError as error:
        typer.echo(f"modelc: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(json.dumps(compiled.as_json(), indent=2) if as_json else _table(compiled))


def main() -> None:
    """Entry point of `python -m firmware.modelc`."""
    typer.run(command)


if __name__ == "__main__":
    main()
