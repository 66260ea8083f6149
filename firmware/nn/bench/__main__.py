"""The engine's benchmark: python -m firmware.nn.bench MODEL.tflite..."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from firmware.modelc import Compiled, ModelError, compile_model

_HERE = Path(__file__).parent
_NN = _HERE.parent
_INSTRUCTIONS_A_TICK = 40 / 64
_CORE = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
_MACHINE = ["-M", "mps2-an386", "-icount", "shift=6", "-display", "none", "-monitor", "none", "-serial", "stdio"]


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout


def _build(compiler: str, flags: list[str], folder: Path, main: str, model: Compiled) -> str:
    program = folder / f"{compiler}.elf"
    defines = [f"-DMODEL={model.name}_model", f"-DARENA_BYTES={max(model.arena_bytes, 1)}"]
    common = ["-std=c11", "-O2", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]
    sources = [_HERE / main, _HERE / "bench.c", folder / f"{model.name}.c", *sorted(_NN.glob("*.c"))]
    includes = [f"-I{_NN}", f"-I{folder}"]
    _run([compiler, *common, *flags, *includes, *defines, *map(str, sources), "-o", str(program)])
    return str(program)


def _desk(folder: Path, model: Compiled) -> tuple[int, int]:
    """Nanoseconds a call on this computer, and the CRC-32 of the outputs."""
    ns, crc = _run([_build("gcc", [], folder, "desk.c", model)]).split()
    return int(ns), int(crc)


def _cortex_m4(folder: Path, model: Compiled) -> tuple[int, int, int]:
    """Instructions of the second call, the CRC-32 of the outputs, and bytes of code and constants."""
    flags = [*_CORE, "-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", f"-T{_HERE / 'mps2_an386.ld'}"]
    program = _build("arm-none-eabi-gcc", flags, folder, "mps2_an386.c", model)
    ticks, crc = _run(["qemu-system-arm", *_MACHINE, "-semihosting", "-kernel", program]).split()
    size = _run(["arm-none-eabi-size", program]).splitlines()[1].split()[0]
    return round(int(ticks) * _INSTRUCTIONS_A_TICK), int(crc), int(size)


def command(models: Annotated[list[Path], typer.Argument(metavar="MODEL.tflite...", help="INT8 models.")]) -> None:
    """What a call of a network costs, on this computer and on a Cortex-M4.

    One row a network: multiply-accumulates; nanoseconds a call here (gcc -O2, the least of many); instructions a call
    and a multiply-accumulate on an emulated Cortex-M4 (-O2; QEMU counts them exactly; they are not cycles); bytes of
    flash for kernels, constants and a C start-up; bytes of arena; CRC-32 of the outputs of four calls, which must be
    the same on both.
    """
    missing = [tool for tool in ("gcc", "arm-none-eabi-gcc", "qemu-system-arm") if not shutil.which(tool)]
    if missing:
        typer.echo(f"bench: {', '.join(missing)} must be installed", err=True)
        raise typer.Exit(2)
    typer.echo(
        f"{'network':<18}{'MACs':>10}{'ns here':>10}{'M4 insns':>12}{'a MAC':>7}{'flash':>9}{'arena':>8}  CRC-32"
    )
    for path in models:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            try:
                model = compile_model(path, folder)
            except ModelError as error:
                typer.echo(f"bench: {error}", err=True)
                raise typer.Exit(2) from error
            ns, here = _desk(folder, model)
            instructions, there, flash = _cortex_m4(folder, model)
        each = instructions / model.macs if model.macs else 0.0
        figures = f"{model.macs:>10,}{ns:>10,}{instructions:>12,}{each:>7.2f}{flash:>9,}{model.arena_bytes:>8,}"
        typer.echo(f"{model.name:<18}{figures}  {here:08x}")
        if here != there:
            sys.exit(f"bench: the Cortex-M4 gives {there:08x}: kernels differ between cores")


if __name__ == "__main__":
    typer.run(command)
