"""Bare images of networks, built and run in QEMU.

    with Builder("mps2_an386") as builder:
        image = builder.image([compile_model(path, folder, builder.board.modelc_target), ...])
        (result,) = image.run([Job(0, inputs)])

An image holds any number of networks, which share one arena. `run` starts QEMU once for any number of jobs; a job
starts its network afresh and calls it on each row of its inputs, states carried. Inputs and outputs go through files
of the host (semihosting). Instructions are counted exactly: see `clock`.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from elftools.elf.elffile import ELFFile
from numpy.typing import NDArray

from firmware import boards
from firmware.bench.clock import CALIBRATIONS, Clock
from firmware.bench.errors import BenchError
from firmware.modelc.targets import TARGETS

_HERE = Path(__file__).resolve().parent
FIRMWARE = _HERE.parent
NN = FIRMWARE / "nn"

STACK_BYTES = 16384
_EXTRA = boards.Region(start=0x2100_0000, length=0x40_0000)
"""RAM that both MPS boards have besides board.toml's: constants that its FLASH has no room for go there."""
_STRICT = ("-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion", "-Wsign-conversion")
_FREESTANDING = ("-std=c11", "-ffunction-sections", "-fdata-sections", "-ffreestanding", "-fbuiltin")


class Network(Protocol):
    """What the image needs of a network: modelc's Compiled is one."""

    @property
    def name(self) -> str:
        """NAME_model is the `struct nn_model`; no two networks of an image have the same."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The first is the C source, in the folder of its header."""

    @property
    def arena_bytes(self) -> int:
        """Of the arena."""

    @property
    def trace_calls(self) -> int:
        """Of nn_trace() in a call."""


@dataclass(frozen=True)
class Job:
    """Calls of the image's network number `network`; inputs: int8 [calls, bytes of all inputs]."""

    network: int
    inputs: NDArray[np.int8]


@dataclass(frozen=True)
class Result:
    """What came of a job."""

    outputs: NDArray[np.int8]
    """[calls, bytes of all outputs], states left out."""
    instructions: tuple[int, ...]
    """Of each call but the first, from the function's first instruction to its return."""
    layers: tuple[dict[int, int], ...]
    """The same calls by operator, if the network was compiled with trace=True."""
    stack_bytes: int
    """That the first call used, a frame of the runner's (at most 32 bytes) included."""


@dataclass(frozen=True)
class Sizes:
    """Bytes of flash for the networks and their kernels; the runner is not in them."""

    code: int
    constants: int
    runner: int


def qemu_board(name: str) -> boards.Board:
    """The board, if QEMU emulates it; BenchError if not."""
    try:
        board = boards.load(name)
    except boards.BoardError as error:
        raise BenchError(str(error)) from error
    if not board.qemu_machine or board.image is None:
        emulated = [other for other in boards.names() if boards.load(other).qemu_machine]
        raise BenchError(f"{name} is not emulated by QEMU; choose one of {', '.join(emulated)}")
    return board


def check_tools(board: boards.Board) -> None:
    """BenchError, with the packages to install, if the compiler or QEMU is missing."""
    packages = {f"{board.toolchain.prefix}gcc": "gcc-arm-none-eabi", "qemu-system-arm": "qemu-system-arm"}
    missing = [tool for tool in packages if shutil.which(tool) is None]
    if missing:
        names = " ".join(packages[tool] for tool in missing)
        raise BenchError(f"{' and '.join(missing)} must be installed; on Debian: apt-get install {names}")


def compile_c(board: boards.Board, sources: Sequence[Path], folder: Path, flags: Sequence[str] = ()) -> list[Path]:
    """Object files of C sources, in `folder`, with the board's own flags; BenchError with the compiler's words."""
    compiler = f"{board.toolchain.prefix}gcc"
    fixed = [*_FREESTANDING, board.toolchain.optimize, *board.toolchain.cpu_flags, *flags]
    _tool([compiler, *fixed, "-c", *map(str, sources)], folder)
    return [folder / f"{source.stem}.o" for source in sources]


def _tool(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(_reason(done.stderr) or f"{command[0]} failed with exit code {done.returncode}")


def _reason(stderr: str) -> str:
    overflow = re.search(r"region `(\w+)' overflowed by (\d+) bytes", stderr)
    if overflow:
        memory = {"RAM": "RAM, for arena and stack"}.get(overflow[1], "flash, for code and constants")
        return f"the image lacks {overflow[2]} bytes of the board's {memory}; choose a smaller network or another board"
    lines = [line for line in stderr.splitlines() if "error" in line or "undefined" in line]
    return (lines or stderr.splitlines() or [""])[0]


class Runner:
    """Compiles and links programs on runner.h for one board, in a folder that goes when it is closed.

    Raises BenchError from everything.
    """

    def __init__(self, board: str) -> None:
        self.board = qemu_board(board)
        check_tools(self.board)
        self._folder = tempfile.TemporaryDirectory(prefix="earshot-bench-")
        self.folder = Path(self._folder.name)
        sources = [_HERE / "runner_start.c", FIRMWARE / "boards/cortexm/memory.c"]
        self._start = compile_c(self.board, sources, self.folder, self.flags)

    @property
    def flags(self) -> list[str]:
        """The compiler's, for programs on runner.h: warnings are errors, the runner's and the board's headers."""
        return [*_STRICT, f"-I{_HERE}", f"-I{FIRMWARE / 'boards/cortexm'}", f"-I{self.board.folder}"]

    def link(self, objects: Sequence[Path], elf: Path) -> None:
        """Links objects with the start-up; constants go where there is room."""
        assert self.board.image is not None
        regions = {name: self.board.image.memory[name] for name in ("FLASH", "RAM")} | {"EXTRA": _EXTRA}
        memory = [f"{name} : ORIGIN = {region.start}, LENGTH = {region.length}" for name, region in regions.items()]
        for place in ("FLASH", "EXTRA"):
            alias = f'REGION_ALIAS("CONSTANTS", {place})'
            script = ["MEMORY", "{", *memory, "}", alias, f"stack_bytes = {STACK_BYTES};", ""]
            (elf.parent / "regions.ld").write_text("\n".join(script), encoding="ascii")
            flags = ["-nostdlib", "-Wl,--gc-sections", f"-L{elf.parent}", f"-T{_HERE / 'image.ld'}"]
            command = [f"{self.board.toolchain.prefix}gcc", *self.board.toolchain.cpu_flags, *flags]
            try:
                _tool([*command, *map(str, [*objects, *self._start]), "-lgcc", "-o", str(elf)], self.folder)
            except BenchError as error:
                if "flash" not in str(error) or place == "EXTRA":
                    raise
            else:
                return

    def run(self, elf: Path, calls: bytes, timeout_s: float) -> bytes:
        """Runs the program in QEMU with `calls` as calls.bin; gives results.bin."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name)
            (folder / "calls.bin").write_bytes(calls)
            (folder / "results.bin").touch()
            machine = ["-M", self.board.qemu_machine, "-icount", "shift=6", "-no-user-config", "-display", "none"]
            plain = ["-monitor", "none", "-serial", "none", "-semihosting-config", "enable=on,target=native"]
            try:
                done = subprocess.run(
                    ["qemu-system-arm", *machine, *plain, "-kernel", str(elf)],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=timeout_s,
                )
            except subprocess.TimeoutExpired as error:
                raise BenchError(f"the image has not ended after {timeout_s:g} s in QEMU") from error
            if done.returncode:
                raise BenchError(done.stderr.strip() or f"QEMU ended with exit code {done.returncode}")
            return (folder / "results.bin").read_bytes()

    @staticmethod
    def runner(name: str) -> Path:
        """The source of the program `name`."""
        return _HERE / f"runner_{name}.c"

    @staticmethod
    def sizes(elf: Path) -> Sizes:
        """Code and constants of everything but the runner; C library functions that others call are code."""
        with elf.open("rb") as file:
            sizes = {section.name: section["sh_size"] for section in ELFFile(file).iter_sections()}
        constants = sizes.get(".constants", 0) + sizes.get(".data", 0)
        return Sizes(sizes.get(".code", 0), constants, sizes.get(".runner", 0))

    def close(self) -> None:
        """Removes the folder."""
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Builder(Runner):
    """Builds images of networks for one board; kernels are compiled once.

    To be used as a context manager: images live in its folder.
    """

    def __init__(self, board: str) -> None:
        super().__init__(board)
        target = self.board.modelc_target
        assert target in TARGETS
        self._kernels = []
        for folder in (NN, NN / target):
            sources = sorted(folder.glob("*.c"))
            if sources:
                # Kernels of a core may have their portable namesakes' file names.
                place = self.folder / "kernels" / folder.name
                place.mkdir(parents=True)
                self._kernels += compile_c(self.board, sources, place, [f"-I{NN}"])

    def image(self, networks: Sequence[Network]) -> Image:
        """An image of these networks, compiled by modelc for `board.modelc_target`."""
        if not networks:
            raise BenchError("an image needs at least one network")
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        includes = [f"-I{NN}", *{f"-I{network.files[0].parent}" for network in networks}]
        objects = compile_c(self.board, [network.files[0] for network in networks], folder, includes)
        table = folder / "runner_table.c"
        table.write_text(_table(networks), encoding="ascii")
        events = max(network.trace_calls for network in networks)
        sources = [table, self.runner("networks")]
        flags = [f"-DBENCH_TRACE_EVENTS={events}", f"-I{NN}", *self.flags]
        objects += compile_c(self.board, sources, folder, flags)
        elf = folder / "image.elf"
        self.link([*objects, *self._kernels], elf)
        return Image(self, elf)


class Image:
    """A linked image; made by Builder.image."""

    def __init__(self, builder: Builder, elf: Path) -> None:
        self._builder = builder
        self.elf = elf

    def sizes(self) -> Sizes:
        """Bytes of flash."""
        return self._builder.sizes(self.elf)

    def run(self, jobs: Sequence[Job], timeout_s: float = 300.0) -> list[Result]:
        """A result for each job, in one run of QEMU."""
        calls = b""
        for job in jobs:
            inputs = np.ascontiguousarray(job.inputs, np.int8)
            calls += struct.pack("<3I", job.network, *inputs.shape) + inputs.tobytes()
        results = _Results(self._builder.run(self.elf, calls, timeout_s), self._builder.board.clock_hz)
        return [results.job(len(job.inputs)) for job in jobs]


def _table(networks: Sequence[Network]) -> str:
    names = [network.name for network in networks]
    arena = max(16, *(network.arena_bytes for network in networks))
    lines = ['#include "engine.h"', "", *(f"extern const struct nn_model {name}_model;" for name in names), ""]
    lines += ["const struct nn_model *const bench_networks[] = {", *(f"    &{name}_model," for name in names), "};"]
    lines += [f"const uint32_t bench_network_count = {len(names)};", f"_Alignas(16) int8_t bench_arena[{arena}];", ""]
    return "\n".join(lines)


class Readings:
    """Reads results.bin, which starts with the calibration of the clock."""

    def __init__(self, data: bytes, clock_hz: int) -> None:
        self._data, self._at = data, 0
        self._clock = Clock.calibrated(clock_hz, [self.numbers(7) for _ in range(CALIBRATIONS)])

    def take(self, count: int) -> bytes:
        """The next bytes."""
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise BenchError("the image's results end within a call")
        self._at += count
        return taken

    def numbers(self, count: int) -> tuple[int, ...]:
        """The next 32-bit numbers."""
        return struct.unpack(f"<{count}I", self.take(4 * count))

    def now(self) -> int:
        """The instructions of the next reading."""
        return self._clock.instructions(self.numbers(3))

    def span(self) -> int:
        """The instructions between the next two readings, theirs not counted."""
        start = self.now()
        return self.now() - start - self._clock.overhead


class _Results(Readings):
    """What runner_networks.c writes."""

    def __init__(self, data: bytes, clock_hz: int) -> None:
        super().__init__(data, clock_hz)
        first, second = self._event()[1], self._event()[1]
        self._hook = second - first

    def _event(self) -> tuple[int, int]:
        (operator,) = self.numbers(1)
        return operator, self.now()

    def job(self, calls: int) -> Result:
        outputs, instructions, layers = [], [], []
        for call in range(calls):
            start, end = self.now(), self.now()
            (hooks,) = self.numbers(1)
            events = [self._event() for _ in range(hooks)]
            (size,) = self.numbers(1)
            outputs.append(np.frombuffer(self.take(size), np.int8))
            if call > 0:
                instructions.append(end - start - self._clock.overhead - hooks * self._hook)
                layers.append(self._by_operator(events))
        (stack,) = self.numbers(1)
        return Result(np.stack(outputs), tuple(instructions), tuple(layers), stack)

    def _by_operator(self, events: list[tuple[int, int]]) -> dict[int, int]:
        """From the hook before a step to the hook after it, less what two hooks with nothing between them take."""
        found: dict[int, int] = {}
        for (operator, before), (_, after) in zip(events[::2], events[1::2], strict=True):
            found[operator] = found.get(operator, 0) + after - before - self._hook
        return found
