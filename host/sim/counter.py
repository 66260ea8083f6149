"""The exact count of the instructions that Unicorn executes: counter.c, compiled at first use."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from unicorn import UC_HOOK_BLOCK, Uc
from unicorn.arm_const import UC_ARM_REG_PRIMASK
from unicorn.unicorn_py3.unicorn import uclib

from firmware.native.library import build_folder
from host.sim.virtual_board import SimulationError

SOURCE = Path(__file__).with_name("counter.c")
BUILD = build_folder().parent / "sim"
UNLIMITED = (1 << 64) - 1
CODES = 3  # as in counter.c


class _Span(ctypes.Structure):
    _fields_ = (("bytes", ctypes.c_uint16), ("instructions", ctypes.c_uint16))


class _Code(ctypes.Structure):
    _fields_ = (
        ("bytes", ctypes.c_void_p),
        ("base", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("spans", ctypes.POINTER(_Span)),
    )


class _Counter(ctypes.Structure):
    _fields_ = (
        ("executed", ctypes.c_uint64),
        ("budget", ctypes.c_uint64),
        ("stop", ctypes.c_void_p),
        ("spent", ctypes.c_uint32),
        ("block", ctypes.c_uint32),
        ("block_bytes", ctypes.c_uint32),
        ("unknown", ctypes.c_uint32),
        ("read", ctypes.c_void_p),
        ("mask_register", ctypes.c_int),
        ("watch", ctypes.c_uint32),
        ("code", _Code * CODES),
    )


@cache
def _library() -> ctypes.CDLL:
    source = SOURCE.read_bytes()
    library = BUILD / f"counter-{hashlib.sha256(source).hexdigest()[:16]}.so"
    if not library.exists():
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise SimulationError("the virtual board needs a C compiler (cc); on Debian: apt-get install gcc")
        BUILD.mkdir(parents=True, exist_ok=True)
        unfinished = library.with_suffix(f".{os.getpid()}")
        command = [compiler, "-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        result = subprocess.run([*command, SOURCE, "-o", unfinished], capture_output=True, text=True, check=False)
        if result.returncode:
            raise SimulationError(f"{compiler} cannot compile {SOURCE}: {result.stderr.strip()}")
        unfinished.replace(library)
    return ctypes.CDLL(str(library))


class Counter:
    """Counts what `uc` executes from `codes`, at most CODES of (first address, bytes that Unicorn has mapped).

    The first one is flash: what lies there is looked at once. Elsewhere code may change.

    `executed` is the count since the start; emulation stops before the block at which it reaches `budget`.
    """

    def __init__(self, uc: Uc, codes: list[tuple[int, ctypes.Array]]) -> None:
        library = _library()
        self._uncount = library.counter_uncount
        self._spans = (_Span * (len(codes[0][1]) // 2))()  # kept here: C only borrows it
        self._counter = counter = _Counter()
        counter.stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p).value
        counter.read = ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p).value
        counter.mask_register = UC_ARM_REG_PRIMASK
        for code, (base, memory) in zip(counter.code, codes, strict=False):
            code.bytes, code.base, code.size = ctypes.addressof(memory), base, len(memory)
        counter.code[0].spans = self._spans
        handle = ctypes.c_size_t()
        block = ctypes.cast(library.counter_block, ctypes.c_void_p)
        everywhere = (ctypes.c_uint64(1), ctypes.c_uint64(0))
        pointer = ctypes.byref(counter)
        kind = ctypes.c_int(UC_HOOK_BLOCK)
        error = uclib.uc_hook_add(uc._uch, ctypes.byref(handle), kind, block, pointer, *everywhere)
        if error:
            raise SimulationError(f"Unicorn refused the counting hook with error {error}")

    @property
    def executed(self) -> int:
        """Instructions since the start."""
        return self._counter.executed

    def limit(self, budget: int) -> None:
        """Emulation shall stop once `executed` has reached `budget`."""
        self._counter.budget = min(budget, UNLIMITED)

    @property
    def budget(self) -> int:
        """At which count the emulation stops."""
        return self._counter.budget

    def begin(self, watch: bool) -> None:
        """To be called before each start of the emulation; watch: it shall also stop once PRIMASK is clear."""
        self._counter.spent, self._counter.watch = 0, watch

    @property
    def spent(self) -> bool:
        """True if the emulation stopped before a block for the budget or for PRIMASK."""
        return bool(self._counter.spent)

    @property
    def outside(self) -> int | None:
        """Where the core ran out of all known code, if it did."""
        return self._counter.unknown & ~1 if self._counter.unknown else None

    def stopped_at(self, pc: int) -> None:
        """The core left its block early, at `pc`, which was not executed."""
        self._uncount(ctypes.byref(self._counter), ctypes.c_uint32(pc))
