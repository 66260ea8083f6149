"""Where networks run: this computer under the sanitizers, a Cortex-M4 and a Cortex-M55 in QEMU."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .case import Case

HERE = Path(__file__).parent
NN = HERE.parents[2] / "firmware/nn"
_WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion"]
_QEMU = ["qemu-system-arm", "-display", "none", "-monitor", "none", "-serial", "none"]
_QEMU += ["-semihosting-config", "enable=on,target=native"]
_TRESPASSES = {1: "invoke() or init() said false", 2: "bytes before the arena were written"}
_TRESPASSES |= {4: "bytes behind the arena were written"}


@dataclass(frozen=True)
class Machine:
    """A target of modelc and what runs it."""

    target: str
    compiler: str
    flags: tuple[str, ...]
    port: str  # C file
    link: tuple[str, ...] = ()
    emulator: tuple[str, ...] = ()

    def command(self, program: Path) -> list[str]:
        """Runs a program whose inputs and outputs are files in the current folder, or stdin and stdout."""
        return [*self.emulator, "-kernel", str(program)] if self.emulator else [str(program)]


def _cortex_m(board: str, machine: str, target: str, *core: str) -> Machine:
    return Machine(
        target,
        "arm-none-eabi-gcc",
        ("-mthumb", "-mfloat-abi=hard", *core, "-O2"),
        "cortexm.c",
        ("-nostartfiles", "--specs=nano.specs", f"-L{HERE}", f"-T{HERE / board}.ld"),
        (*_QEMU, "-M", machine),
    )


MACHINES = {
    machine.target: machine
    for machine in (
        Machine(
            "portable",
            "gcc",
            ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", "-g"),
            "desk.c",
            ("-fsanitize=address,undefined",),
        ),
        _cortex_m("mps2_an386", "mps2-an386", "dsp", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16"),
        _cortex_m("mps3_an547", "mps3-an547", "mve", "-mcpu=cortex-m55", "-mfpu=auto"),
    )
}


class BuildError(Exception):
    """A C compiler's complaint."""


def _compile(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError("\n".join(done.stderr.splitlines()[:12]))


def build_kernels(machine: Machine, folder: Path, engine: Path = NN) -> None:
    """The engine's kernels for the machine's target, with the runner, as folder/libTARGET.a; raises BuildError."""
    common = [machine.compiler, *_WARNINGS, *machine.flags, f"-I{engine}", "-c"]
    objects: list[Path] = []
    # A folder each: kernels of a core have the names of the portable ones.
    for number, place in enumerate((engine, engine / machine.target, HERE)):
        sources = [HERE / "runner.c", HERE / machine.port] if place == HERE else sorted(place.glob("*.c"))
        built = folder / f"objects_{machine.target}_{number}"
        built.mkdir(parents=True, exist_ok=True)
        if sources:
            _compile([*common, *map(str, sources)], built)
        objects += sorted(built.glob("*.o"))
    archiver = machine.compiler.replace("gcc", "ar")
    _compile([archiver, "qcs", f"lib{machine.target}.a", *map(str, objects)], folder)


def build_image(machine: Machine, names: Sequence[str], library: Path, folder: Path) -> Path:
    """One program of all networks NAME.c in the folder; raises BuildError.

    They are one translation unit: starting the compiler for each would take most of the time.
    """
    lines = [f'#include "{name}.c"' for name in names]
    lines += ['#include "runner.h"', "const struct nn_model *const runner_networks[] = {"]
    lines += [f"    &{name}_model," for name in names]
    lines += ["};", f"const uint32_t runner_network_count = {len(names)};"]
    (folder / "networks.c").write_text("\n".join(lines) + "\n")
    includes = [f"-I{NN}", f"-I{HERE}"]
    program = folder / "networks.elf"
    common = [machine.compiler, *_WARNINGS, *machine.flags, *includes]
    _compile([*common, "-c", "networks.c"], folder)
    link = [*machine.link, "-Wl,--whole-archive", str(library), "-Wl,--no-whole-archive", "-Wl,--no-warn-rwx-segments"]
    _compile([*common, "networks.o", *link, "-o", str(program)], folder)
    return program


@dataclass
class Run:
    """What came out of one case."""

    outputs: np.ndarray  # [calls, bytes], int8; fewer calls if the program ended early
    faults: list[str] = field(default_factory=list)
    stack_bytes: int = 0


def run_image(
    machine: Machine, program: Path, cases: Sequence[Case], sizes: Sequence[int], seconds: float
) -> list[Run]:
    """Runs the cases, which are the program's networks in this order; sizes are the bytes of each one's outputs.

    A case that ends the program (a fault, a sanitizer, a loop without end) is told so, and the rest run without it.
    """
    runs: list[Run] = []
    while len(runs) < len(cases):
        data, error = _run_from(machine, program, cases, len(runs), seconds)
        for case, size in zip(cases[len(runs) :], sizes[len(runs) :], strict=True):
            run, used = _parse(data, case, size)
            data = data[used:]
            runs.append(run)
            if len(run.outputs) < len(case.calls) or used == 0:
                run.faults.append(error or "the program ended early")
                break
        else:
            if error:
                raise RuntimeError(f"{machine.target}: {error} after all networks had run")
    return runs


def _run_from(
    machine: Machine, program: Path, cases: Sequence[Case], first: int, seconds: float
) -> tuple[bytes, str | None]:
    """All that the program wrote for the cases from the first on, and why it ended if that was not well."""
    stream = b"".join(_record(number, case) for number, case in enumerate(cases) if number >= first)
    (program.parent / "inputs.bin").write_bytes(stream)
    written = program.parent / "outputs.bin"
    with (program.parent / "inputs.bin").open("rb") as inputs, written.open("wb") as outputs:
        try:
            done = subprocess.run(
                machine.command(program),
                cwd=program.parent,
                stdin=subprocess.DEVNULL if machine.emulator else inputs,
                stdout=subprocess.PIPE if machine.emulator else outputs,
                stderr=subprocess.PIPE,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return written.read_bytes(), f"it ran for more than {seconds:.0f} s"
    if done.returncode == 0:
        return written.read_bytes(), None
    said = " | ".join(done.stderr.decode(errors="replace").split("\n")[:6])
    return written.read_bytes(), f"the program faulted (exit code {done.returncode}) {said}"


def _record(number: int, case: Case) -> bytes:
    head = np.array([number, len(case.calls)], "<u4").tobytes()
    calls = (
        np.uint32(starts_over).astype("<u4").tobytes() + call.tobytes()
        for call, starts_over in zip(case.calls, case.starts_over, strict=True)
    )
    return head + b"".join(calls)


def _parse(data: bytes, case: Case, size: int) -> tuple[Run, int]:
    outputs, faults, position = [], [], 0
    for call in range(len(case.calls)):
        piece = data[position : position + 4 + size]
        if len(piece) < 4 + size:
            break
        report = int.from_bytes(piece[:4], "little")
        faults += [f"call {call}: {text}" for bit, text in _TRESPASSES.items() if report & bit]
        outputs.append(np.frombuffer(piece, np.int8, offset=4))
        position += 4 + size
    whole = np.stack(outputs) if outputs else np.zeros((0, size), np.int8)
    tail = data[position : position + 4]
    ended = len(outputs) == len(case.calls) and len(tail) == 4
    stack = int.from_bytes(tail, "little") if ended else 0
    return Run(whole, faults, stack), position + (4 if ended else 0)
