"""The Cortex-M4's own registers: NVIC, system control block, cycle counter. SVD files leave them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.boards.registers import Peripheral, Register
from host.sim.bus import Model

if TYPE_CHECKING:
    from host.sim.machine import Machine

AIRCR_KEY, AIRCR_SYSRESETREQ = 0x05FA0000, 4
CPUID = 0x410FC241
TRCENA, CYCCNTENA = 1 << 24, 1
WORDS = 2
"""Of 32 interrupts each."""

_SINGLE = {
    "DWT_CTRL": (0xE0001000, 0x40000000),
    "DWT_CYCCNT": (0xE0001004, 0),
    "CPUID": (0xE000ED00, CPUID),
    "ICSR": (0xE000ED04, 0),
    "VTOR": (0xE000ED08, 0),
    "AIRCR": (0xE000ED0C, 0xFA050000),
    "SCR": (0xE000ED10, 0),
    "CCR": (0xE000ED14, 0x200),
    "CFSR": (0xE000ED28, 0),
    "HFSR": (0xE000ED2C, 0),
    "MMFAR": (0xE000ED34, 0),
    "BFAR": (0xE000ED38, 0),
    "CPACR": (0xE000ED88, 0),
    "DEMCR": (0xE000EDFC, 0),
    "SYST_CSR": (0xE000E010, 0),
    **{
        f"{name}{n}": (address + 4 * n, 0)
        for name, address in (("ISER", 0xE000E100), ("ICER", 0xE000E180), ("ISPR", 0xE000E200), ("ICPR", 0xE000E280))
        for n in range(WORDS)
    },
    **{f"IPR{n}": (0xE000E400 + 4 * n, 0) for n in range(8 * WORDS)},
    **{f"SHPR{n + 1}": (0xE000ED18 + 4 * n, 0) for n in range(3)},
}


def system_control_registers() -> Peripheral:
    """The registers as an SVD file would list them."""
    registers = {name: Register(name, address, reset, {}) for name, (address, reset) in _SINGLE.items()}
    return Peripheral("SCS", 0xE0000000, registers, {})


class SystemControl(Model):
    """NVIC for 64 interrupts, SCB, DWT's cycle counter. SysTick is not modelled: the boards do not use it."""

    NAME = "system control space"
    PLAIN = frozenset(
        {"CPUID", "SCR", "CCR", "MMFAR", "BFAR", "CPACR", "DEMCR", "DWT_CTRL", "VTOR"}
        | {f"IPR{n}" for n in range(8 * WORDS)}
        | {f"SHPR{n}" for n in (1, 2, 3)}
    )

    def __init__(self, machine: Machine, peripheral: Peripheral) -> None:
        self._cycles_from = 0
        super().__init__(machine, peripheral)
        for word in range(WORDS):
            setattr(self, f"write_ISER{word}", lambda value, word=word: self._enable(word, value))
            setattr(self, f"write_ICER{word}", lambda value, word=word: self._disable(word, value))
            setattr(self, f"read_ICER{word}", lambda word=word: self.values[f"ISER{word}"])

    def priority(self, exception: int) -> int:
        """The configured priority of an exception; 3 bits count."""
        if exception >= 16:
            name, byte = f"IPR{(exception - 16) // 4}", (exception - 16) % 4
        else:
            name, byte = f"SHPR{exception // 4}", exception % 4
        return (self.values[name] >> (8 * byte)) & 0xE0

    def enabled(self, irq: int) -> bool:
        """Whether the NVIC lets an interrupt through."""
        return bool(self.values[f"ISER{irq // 32}"] >> irq % 32 & 1)

    def fpu_enabled(self) -> bool:
        """Whether exceptions stack floating-point registers."""
        return (self.values["CPACR"] >> 20) & 0xF == 0xF

    def _enable(self, word: int, value: int) -> None:
        self.values[f"ISER{word}"] |= value
        self.machine.look()

    def _disable(self, word: int, value: int) -> None:
        self.values[f"ISER{word}"] &= ~value

    def read_ICSR(self) -> int:
        """The active exception."""
        return self.machine.active_exception

    def write_AIRCR(self, value: int) -> None:
        """A reset, with the right key."""
        if value & 0xFFFF0000 != AIRCR_KEY:
            raise self.refuse(f"AIRCR is written without its key: 0x{value:08x}")
        if value & AIRCR_SYSRESETREQ:
            self.machine.on_system_reset()

    def write_CFSR(self, value: int) -> None:
        """Ones clear."""
        self.values["CFSR"] &= ~value

    def write_HFSR(self, value: int) -> None:
        """Ones clear."""
        self.values["HFSR"] &= ~value

    def read_DWT_CYCCNT(self) -> int:
        """Core clocks awake: one an instruction."""
        if not (self.values["DEMCR"] & TRCENA and self.values["DWT_CTRL"] & CYCCNTENA):
            return 0
        return (self.machine.executed - self._cycles_from) & 0xFFFFFFFF

    def write_DWT_CYCCNT(self, value: int) -> None:
        """Sets the counter."""
        self._cycles_from = self.machine.executed - value
