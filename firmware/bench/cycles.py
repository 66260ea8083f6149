"""An estimate of the cycles that a Cortex-M4 takes for an inference, from the instructions that it executes.

The network's own machine code runs in Unicorn, block by block; what each block costs follows from public timings:
the tables "instruction set summary" and "load/store timings" of Arm's Cortex-M4 Technical Reference Manual (r0p1,
DDI 0439). The histogram's total is held against QEMU's exact count.

What is taken for granted:
- a taken branch, a return, a load of PC: REFILL cycles beyond its own (the manual: 1 to 3, by the target's alignment);
- a division: DIVIDE cycles (the manual: 2 to 12, by the operands);
- single loads in a row are pipelined, unless one's address needs the other's result; a store after a load likewise;
- an address computed by the instruction just before costs a cycle;
- the write buffer always has room; no contention between fetches and data; IT takes a cycle of its own;
- flash wait states (a parameter, 0 by default: caches and tightly coupled memories, as Apollo3's) are hidden from
  sequential code by a prefetch; each refill, literal and read of a constant pays all of them.

It is an estimate. A board with a cycle counter is the judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import capstone
import numpy as np
from capstone import arm as dis
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from numpy.typing import NDArray
from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_MODE_MCLASS, UC_MODE_THUMB, Uc, UcError
from unicorn import arm_const as arm

from firmware.bench.errors import BenchError

REFILL = 2
DIVIDE = 12
_PAGE = 4096
_RETURN = 0x0E00_0000  # nothing of the boards is there
_LOADS = {"ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "ldrex", "ldrexb", "ldrexh", "vldr"}
_STORES = {"str", "strb", "strh", "strex", "strexb", "strexh", "vstr"}
_MULTIPLE = ("ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop")
_MULTIPLY = ("mul", "mla", "mls", "smul", "smla", "smml", "smmul", "smua", "smus", "smls", "umul", "umla", "umaa")
_FLOAT = {"vdiv": 14, "vsqrt": 14, "vmla": 3, "vmls": 3, "vfma": 3, "vfms": 3, "vnmla": 3, "vnmls": 3}


@dataclass(frozen=True)
class Estimate:
    """Of one inference."""

    cycles: int
    instructions: int
    wait_states: int
    refills: int
    mix: dict[str, int]
    """Executed instructions by kind, skipped ones of IT blocks included."""


def estimate(elf: Path, model: str, inputs: NDArray[np.int8], sizes: Sequence[int], wait_states: int = 0) -> Estimate:
    """Cycles of the last call of the network `model` of an image, after the calls before it.

    inputs: int8 [calls, bytes]; sizes: bytes of each input; wait_states: of the flash.
    Raises BenchError if the code does not run in Unicorn.
    """
    core = _Core(elf, count_reads=wait_states > 0)
    invoke = core.symbols[f"{model}_invoke"] & ~1
    try:
        core.call(core.symbols[f"{model}_init"], core.arena)
        for call in inputs[:-1]:
            core.fill(model, call, sizes)
            core.call(invoke, core.arena)
        core.fill(model, inputs[-1], sizes)
        blocks, refills, reads = core.trace(invoke, core.arena)
    except UcError as error:
        raise BenchError(f"{model} does not run in Unicorn: {error}; use --no-cycles") from error
    decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    decoder.detail = True
    mix: Counter[str] = Counter()
    cycles = refills * (REFILL + wait_states) + reads * wait_states
    for (address, size), times in blocks.items():
        cost, kinds = _block(list(decoder.disasm(core.code(address, size), address)), size, wait_states)
        cycles += times * cost
        for kind, count in kinds.items():
            mix[kind] += times * count
    return Estimate(cycles, mix.total(), wait_states, refills, dict(sorted(mix.items())))


class _Core:
    """A Cortex-M4 with the image in its memory; count_reads: of constants, at a fifth of the speed."""

    def __init__(self, elf: Path, count_reads: bool) -> None:
        self._uc = uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
        self._mapped: set[int] = set()
        self.reads = 0
        with elf.open("rb") as file:
            image = ELFFile(file)
            table, constants = (image.get_section_by_name(name) for name in (".symtab", ".constants"))
            if not isinstance(table, SymbolTableSection) or constants is None:
                raise BenchError(f"{elf} is not an image of networks")
            self.symbols = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
            for segment in image.iter_segments("PT_LOAD"):
                self._map(segment["p_vaddr"], segment["p_memsz"])
                uc.mem_write(segment["p_vaddr"], segment.data())
            if count_reads:
                self._watch(constants["sh_addr"], constants.data())
        self._map(_RETURN, 4)
        self.arena = self.symbols["bench_arena"]

    def _map(self, start: int, size: int) -> None:
        for page in range(start // _PAGE, -(-(start + size) // _PAGE)):
            if page not in self._mapped:
                self._mapped.add(page)
                self._uc.mem_map(page * _PAGE, _PAGE)

    def _watch(self, start: int, data: bytes) -> None:
        # Unicorn 2.1.4 executes Thumb wrongly while a hook watches reads; pages of a device it reads one by one.
        size = -(-len(data) // _PAGE) * _PAGE
        padded = data + bytes(size - len(data))

        def read(_uc: Uc, offset: int, count: int, _data: object) -> int:
            self.reads += 1
            return int.from_bytes(padded[offset : offset + count], "little")

        self._uc.mem_unmap(start, size)
        self._uc.mmio_map(start, size, read, None, None, None)

    def code(self, address: int, size: int) -> bytes:
        return bytes(self._uc.mem_read(address, size))

    def fill(self, model: str, call: NDArray[np.int8], sizes: Sequence[int]) -> None:
        """Writes a call's inputs to where the network has them."""
        data = call.tobytes()
        for index, size in enumerate(sizes):
            self._uc.mem_write(self.call(self.symbols[f"{model}_input_data"], self.arena, index), data[:size])
            data = data[size:]

    def call(self, function: int, *arguments: int) -> int:
        uc = self._uc
        for register, value in zip((arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1), arguments, strict=False):
            uc.reg_write(register, value)
        uc.reg_write(arm.UC_ARM_REG_SP, self.symbols["bench_stack_top"])
        uc.reg_write(arm.UC_ARM_REG_LR, _RETURN | 1)
        uc.emu_start(function | 1, _RETURN)
        return int(uc.reg_read(arm.UC_ARM_REG_R0))

    def trace(self, function: int, argument: int) -> tuple[Counter[tuple[int, int]], int, int]:
        """Calls a function: executions of each block (address, bytes), jumps, and reads of constants."""
        blocks: Counter[tuple[int, int]] = Counter()
        jumps, before, following = 0, self.reads, function

        def on_block(_uc: Uc, address: int, size: int, _data: object) -> None:
            nonlocal following, jumps
            blocks[address, size] += 1
            jumps += address != following
            following = address + size

        self._uc.ctl_flush_tb()  # type: ignore[attr-defined]  # code that is translated already has no hooks
        hook = self._uc.hook_add(UC_HOOK_BLOCK, on_block)
        self.call(function, argument)
        self._uc.hook_del(hook)
        return blocks, jumps + 1, self.reads - before  # the return ends the emulation: one jump more


def _block(instructions: list[capstone.CsInsn], size: int, wait_states: int) -> tuple[int, dict[str, int]]:
    """Cycles of a block, without jumps and reads of constants, and its instructions by kind."""
    if sum(len(instruction.bytes) for instruction in instructions) != size:
        raise BenchError("the network holds code that Capstone cannot disassemble; use --no-cycles")
    cycles, kinds = 0, Counter[str]()
    loaded: set[int] | None = None  # by the single load just before, if it can be followed in the pipeline
    computed: set[int] = set()  # by the data processing just before
    for instruction in instructions:
        kind, cost = _instruction(instruction)
        kinds[kind] += 1
        address = _address_registers(instruction)
        if kind in ("load", "store"):
            if loaded is not None and not address & loaded:
                cost = 1
            elif address & computed:
                cost += 1
        if kind == "load" and dis.ARM_REG_PC in address:
            cost += wait_states  # a literal, in flash with the code
        _, written = instruction.regs_access()
        plain = kind == "load" and not instruction.writeback
        loaded = set(written) if plain else None
        computed = set(written) if kind in ("data processing", "multiply") else set()
        cycles += cost
    return cycles, dict(kinds)


def _address_registers(instruction: capstone.CsInsn) -> set[int]:
    memory = [operand.mem for operand in instruction.operands if operand.type == dis.ARM_OP_MEM]
    return {register for operand in memory for register in (operand.base, operand.index) if register}


def _instruction(instruction: capstone.CsInsn) -> tuple[str, int]:
    """Its kind and its cycles, alone and without a refill."""
    name = instruction.mnemonic.split(".")[0]
    condition = instruction.cc
    if condition not in (dis.ARM_CC_AL, dis.ARM_CC_INVALID) and len(name) > 2 and not name.startswith("it"):
        name = name[:-2] if name not in _LOADS | _STORES else name
    if name in ("ldrd", "strd"):
        return "load/store multiple", 3
    if name.startswith(_MULTIPLE):
        registers = len(instruction.operands) - (0 if name.endswith(("push", "pop")) else 1)
        return "load/store multiple", 1 + registers
    if name in _LOADS:
        return "load", 2
    if name in _STORES:
        indexed = any(op.type == dis.ARM_OP_MEM and op.mem.index for op in instruction.operands)
        return "store", 2 if indexed else 1
    if name in ("tbb", "tbh"):
        return "branch", 3
    if instruction.group(dis.ARM_GRP_JUMP) or instruction.group(dis.ARM_GRP_CALL) or name in ("b", "cbz", "cbnz"):
        return "branch", 1
    if name in ("udiv", "sdiv"):
        return "divide", DIVIDE
    if name.startswith(_MULTIPLY):
        return "multiply", 1
    if name.startswith("it"):
        return "IT", 1
    if name.startswith("v"):
        return "floating point", _FLOAT.get(name, 1)
    return "data processing", 1
