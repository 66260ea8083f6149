"""A Cortex-M4 microcontroller without its vendor's peripherals: Unicorn's core, exceptions, sleep and time.

Time is counted in ticks of the chip's main oscillator. The core takes one of its clocks an instruction: an
assumption that is near the truth for Thumb-2 out of cache and RAM, and that makes runs repeatable. Interrupts come
at the ends of translated blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum

from unicorn import (
    UC_ARCH_ARM,
    UC_HOOK_CODE,
    UC_HOOK_INTR,
    UC_HOOK_MEM_INVALID,
    UC_MODE_MCLASS,
    UC_MODE_THUMB,
    Uc,
    UcError,
)
from unicorn import arm_const as arm

from host.sim.bus import Bus, BusFault, Model
from host.sim.counter import Counter
from host.sim.memory import Memory
from host.sim.system_control import SystemControl, system_control_registers
from host.sim.virtual_board import SimulationError

PATIENCE_SECONDS = 5  # virtual time that an image may take without waiting for the host
WFI = b"\x30\xbf"
NOWHERE = 0xFFFFFFFE
EXC_RETURN_INTERRUPT, SVC_INTERRUPT = 8, 2
HARD_FAULT, SVCALL = 3, 11
THREAD_PRIORITY, HARD_FAULT_PRIORITY = 256, -1
XPSR_THUMB, XPSR_ALIGNED, XPSR_FLAGS, XPSR_IT = 1 << 24, 1 << 9, 0xF80F0000, 0x0600FC00
CORE_REGISTERS = tuple(getattr(arm, f"UC_ARM_REG_R{n}") for n in (0, 1, 2, 3, 12))
FP_REGISTERS = (*(getattr(arm, f"UC_ARM_REG_S{n}") for n in range(16)), arm.UC_ARM_REG_FPSCR)


class Power(Enum):
    """What the core is doing; the virtual time in each is logged."""

    RUN = "run"
    SLEEP = "sleep"
    DEEP_SLEEP = "deep sleep"


class Machine(Memory):
    """The core with its flash and RAM. Peripherals are added with `attach`, then `reset` starts it.

    flash, ram: (first address, bytes). tick_hz: ticks a second. `core_divider` ticks make a core clock. rom: (first
    address, contents) of code that is the chip's own.
    """

    def __init__(
        self, flash: tuple[int, int], ram: tuple[int, int], tick_hz: int, rom: tuple[int, bytes] | None = None
    ) -> None:
        self.tick_hz = tick_hz
        self.core_divider = 1
        self.deep_sleep_possible: Callable[[], bool] = lambda: True
        self.residency = dict.fromkeys(Power, 0)
        self.faults: list[str] = []
        self._uc = uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
        super().__init__(uc, flash, ram, rom)
        self._counter = Counter(uc, self.codes)
        uc.hook_add(UC_HOOK_INTR, self._on_interrupt)
        uc.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid)
        self._deadline = 0
        self._stop_wanted = False
        self._stalled_until = 0
        self._ticks = 0  # up to the instruction `_from`
        self._from = 0
        self._timers: dict[str, tuple[int, Callable[[], None], bool]] = {}
        self._lines: set[int] = set()
        self._pending: set[int] = set()
        self._active: list[tuple[int, int, bool]] = []  # exception, words of its frame, was the stack aligned for it
        self._sleeping: Power | None = None
        self._locked_up = False
        self._reset_wanted: Callable[[], None] | None = None
        self._error: SimulationError | None = None
        self._fault: tuple[str, int, int] | None = None  # why, CFSR, address
        self._interrupt: int | None = None
        self._invalid = 0
        self.bus = Bus([])
        self._models: list[Model] = []
        self.scs = SystemControl(self, system_control_registers())
        self.may_advance: Callable[[], bool] = lambda: True
        self.on_system_reset: Callable[[], None] = lambda: None

    def attach(
        self,
        models: list[Model],
        windows: list[tuple[int, int]],
        name_of: Callable[[int], str | None] = lambda _address: None,
    ) -> None:
        """Puts the peripherals on the bus; windows: (first address, bytes) where registers may be; name_of: see Bus."""
        self._models = [self.scs, *models]
        self.bus = Bus(self._models, name_of)
        for base, size in [*windows, (0xE0000000, 0x100000)]:
            self._uc.mmio_map(base, size, self._on_read, base, self._on_write, base)

    def on_fetch(self, address: int, act: Callable[[], None]) -> None:
        """Calls `act` whenever the core is about to execute the instruction at `address`."""

        def fetched(uc: Uc, at: int, size: int, _: object) -> None:
            try:
                act()
            except SimulationError as error:
                self._error = error
                uc.emu_stop()

        self._uc.hook_add(UC_HOOK_CODE, fetched, begin=address, end=address)

    def arguments(self) -> tuple[int, int, int, int]:
        """r0 to r3, where a called routine finds its arguments."""
        r0, r1, r2, r3 = (int(self._uc.reg_read(register)) for register in CORE_REGISTERS[:4])
        return r0, r1, r2, r3

    def set_arguments(self, r0: int, r1: int) -> None:
        """Changes the first two of them."""
        for register, value in zip(CORE_REGISTERS, (r0, r1), strict=False):
            self._uc.reg_write(register, value)

    @property
    def link_register(self) -> int:
        """Where the routine that runs will return to."""
        return int(self._uc.reg_read(arm.UC_ARM_REG_LR))

    @property
    def interrupts_masked(self) -> bool:
        """PRIMASK is set."""
        return bool(self._uc.reg_read(arm.UC_ARM_REG_PRIMASK) & 1)

    # Time and events.

    @property
    def now(self) -> int:
        """Ticks since power came."""
        return self._ticks + (self._counter.executed - self._from) * self.core_divider

    def residency_now(self) -> dict[Power, int]:
        """Ticks in each power state so far, those of the instructions under way included."""
        spent = dict(self.residency)
        spent[Power.RUN] += self.now - sum(spent.values())
        return spent

    @property
    def executed(self) -> int:
        """Instructions since power came."""
        return self._counter.executed

    @property
    def pc(self) -> int:
        """The program counter; exact while a register is accessed or the core stands."""
        return int(self._uc.reg_read(arm.UC_ARM_REG_PC))

    def set_divider(self, divider: int) -> None:
        """Changes the core clock: `divider` ticks an instruction from now on."""
        self._ticks, self._from = self.now, self._counter.executed
        self.core_divider = divider
        self.look()

    def at(self, name: str, tick: int, act: Callable[[], None], waits_for_host: bool = False) -> None:
        """Calls `act` at `tick`, in place of what `name` was to do before.

        waits_for_host: it happens only when `may_advance()` says that the host has given what it needs.
        """
        self._timers[name] = (tick, act, waits_for_host)
        self._limit()

    def cancel(self, name: str) -> None:
        """Forgets what `name` was to do."""
        self._timers.pop(name, None)

    def look(self) -> None:
        """Lets the core stop at its next block, because something may have become due."""
        self._stop_wanted = True
        self._counter.limit(0)

    def stall(self, ticks: int) -> None:
        """The core stands still for so long, from its next block on; all else goes on."""
        self._stalled_until = max(self._stalled_until, self.now) + ticks
        self.look()

    def line(self, irq: int, high: bool) -> None:
        """Sets the level of an interrupt line."""
        if high and irq not in self._lines:
            self._lines.add(irq)
            self._pending.add(irq + 16)
            self.look()
        elif not high:
            self._lines.discard(irq)

    def request_reset(self, prepare: Callable[[], None]) -> None:
        """Resets the chip after the present instruction; prepare: called before, notes the cause."""
        self._reset_wanted = prepare
        self._uc.emu_stop()

    def reset(self) -> None:
        """The chip's reset: every peripheral, the core; RAM and time stay."""
        self._timers.clear()
        self._lines.clear()
        self._pending.clear()
        self._active.clear()
        self._sleeping, self._locked_up, self._reset_wanted = None, False, None
        self._stalled_until = 0
        self.set_divider(1)
        for model in self._models:
            model.reset()
        uc = self._uc
        for register in (*CORE_REGISTERS, *(getattr(arm, f"UC_ARM_REG_R{n}") for n in range(4, 12)), *FP_REGISTERS):
            uc.reg_write(register, 0)
        for register in (arm.UC_ARM_REG_PRIMASK, arm.UC_ARM_REG_BASEPRI, arm.UC_ARM_REG_CONTROL):
            uc.reg_write(register, 0)
        self._set_psr(0, XPSR_THUMB)

    def start(self, vectors: int) -> None:
        """Jumps to the image whose vector table is at `vectors`, as a boot loader does."""
        stack, entry = struct.unpack("<II", bytes(self._uc.mem_read(vectors, 8)))
        self.scs.values["VTOR"] = vectors
        self._uc.reg_write(arm.UC_ARM_REG_SP, stack)
        self._uc.reg_write(arm.UC_ARM_REG_LR, 0xFFFFFFFF)
        self._uc.reg_write(arm.UC_ARM_REG_PC, entry)

    # The loop.

    def run(self) -> None:
        """Runs until the next event waits for the host; SimulationError if none does for too long."""
        self._deadline = self.now + int(PATIENCE_SECONDS * self.tick_hz)
        while True:
            if self.now >= self._deadline:
                where = f"it is at 0x{self.pc:08x}"
                raise SimulationError(
                    f"the image has not waited for audio for {PATIENCE_SECONDS:g} s of its time; {where}"
                )
            if self._reset_wanted:
                prepare, self._reset_wanted = self._reset_wanted, None
                prepare()
            if not self._fire():
                return
            self.apply_memory()
            if self._sleeping or self._locked_up:
                if not self._locked_up and self._wakes():
                    self._sleeping = None
                elif not self._skip_to_next():
                    return
                continue
            if self._stalled_until > self.now:
                if not self._skip_to_next(self._stalled_until):
                    return
                continue
            if exception := self._due_exception():
                self._enter(exception)
            self._emulate()

    def _fire(self) -> bool:
        """Does what is due; False if that waits for the host."""
        while self._timers:
            name, (tick, act, waits) = min(self._timers.items(), key=lambda item: item[1][0])
            if tick > self.now:
                break
            if waits and not self.may_advance():
                return False
            del self._timers[name]
            act()
        return True

    def _skip_to_next(self, end: int | None = None) -> bool:
        """While the core stands still: to the next event, or to `end`. False if that waits for the host."""
        if not self._timers and end is None:
            raise SimulationError(f"the core stands still at 0x{self.pc:08x} and nothing can wake it")
        tick, waits = min(((timer[0], timer[2]) for timer in self._timers.values()), default=(end or 0, False))
        if end is not None and end < tick:
            tick, waits = end, False
        if waits and not self.may_advance():
            return False
        passed = max(0, tick - self.now)
        self.residency[self._sleeping or Power.RUN] += passed
        self._ticks += passed
        return True

    def _limit(self) -> None:
        tick = min((timer[0] for timer in self._timers.values()), default=self._deadline)
        tick = min(tick, self._deadline)
        if self._stop_wanted:
            return
        left = max(0, tick - self.now)
        self._counter.limit(self._counter.executed + -(-left // self.core_divider))

    def _emulate(self) -> None:
        self._stop_wanted = False
        self._limit()
        masked = bool(self._uc.reg_read(arm.UC_ARM_REG_PRIMASK) & 1)
        waits = self._wakes()
        if waits and not masked:
            self._counter.limit(self._counter.executed + 1)  # it waits for the end of an IT block
        before = self.now
        self._counter.begin(watch=waits and masked)
        self._interrupt, self._fault = None, None
        start = self.pc
        failure: UcError | None = None
        try:
            self._uc.emu_start(start | 1, NOWHERE)
        except UcError as error:
            failure = error
        pc = self.pc
        if self._error:
            raise self._error
        if self._counter.outside is not None:
            raise SimulationError(f"the core runs code outside flash and RAM, at 0x{self._counter.outside:08x}")
        if not self._counter.spent and self._interrupt is None:
            self._counter.stopped_at(pc)
        self.residency[Power.RUN] += self.now - before
        if self._fault:
            self._take_fault(*self._fault)
        elif failure:
            self._take_failure(failure)
        elif self._interrupt is not None:
            self._take_interrupt(self._interrupt)
        elif not self._counter.spent and not self._reset_wanted and self._is_wfi(pc - 2):
            self._fall_asleep()

    def _is_wfi(self, address: int) -> bool:
        return bytes(self._uc.mem_read(address, 2)) == WFI

    def _fall_asleep(self) -> None:
        if self._wakes():
            return
        deep = self.scs.values["SCR"] & 4 and self.deep_sleep_possible()
        self._sleeping = Power.DEEP_SLEEP if deep else Power.SLEEP
        if deep:
            for model in self._models:
                if forget := getattr(model, "deep_sleep", None):
                    forget()

    # Exceptions.

    def priority(self, exception: int) -> int:
        """The priority of an exception; lower goes first."""
        return HARD_FAULT_PRIORITY if exception == HARD_FAULT else self.scs.priority(exception)

    @property
    def active_exception(self) -> int:
        """The exception whose handler runs; 0 in thread mode."""
        return self._active[-1][0] if self._active else 0

    def _execution_priority(self) -> int:
        return min((self.priority(number) for number, _, _ in self._active), default=THREAD_PRIORITY)

    def _enabled(self) -> list[int]:
        """Pending exceptions that are enabled, first the one that goes first."""
        if not self._pending:
            return []
        enabled = [number for number in self._pending if number < 16 or self.scs.enabled(number - 16)]
        return sorted(enabled, key=lambda number: (self.priority(number), number))

    def _wakes(self) -> bool:
        """WFI ends for an enabled exception of enough priority, whatever PRIMASK says."""
        return any(self.priority(number) < self._execution_priority() for number in self._enabled())

    def _due_exception(self) -> int | None:
        """The exception to take now, if any."""
        for number in self._enabled():
            if self.priority(number) >= self._execution_priority():
                return None
            if self._uc.reg_read(arm.UC_ARM_REG_PRIMASK) & 1:
                return None
            if self._uc.reg_read(arm.UC_ARM_REG_BASEPRI):
                raise SimulationError(f"the image sets BASEPRI, which is not modelled (pc 0x{self.pc:08x})")
            if self._uc.reg_read(arm.UC_ARM_REG_XPSR) & XPSR_IT:
                return None  # within an IT block: after it
            return number
        return None

    def _enter(self, exception: int) -> None:
        """Stacks the frame and goes to the handler."""
        uc = self._uc
        self._pending.discard(exception)
        words = 26 if self.scs.fpu_enabled() else 8
        stack = int(uc.reg_read(arm.UC_ARM_REG_SP))
        aligned = stack & 4 != 0
        frame = ((stack & ~7) if aligned else stack) - 4 * words
        psr = (int(uc.reg_read(arm.UC_ARM_REG_XPSR)) & ~XPSR_ALIGNED) | XPSR_THUMB | (XPSR_ALIGNED if aligned else 0)
        psr = (psr & ~0x1FF) | self.active_exception
        values = [int(uc.reg_read(register)) for register in CORE_REGISTERS]
        values += [int(uc.reg_read(arm.UC_ARM_REG_LR)), self.pc, psr]
        if words == 26:
            values += [int(uc.reg_read(register)) for register in FP_REGISTERS] + [0]
        try:
            uc.mem_write(frame, struct.pack(f"<{words}I", *values))
        except UcError:
            self.scs.values["CFSR"] |= 0x1000  # STKERR; the handler is entered all the same
            self.faults.append(f"the stack has no room for an exception frame at 0x{frame:08x}")
        self._active.append((exception, words, aligned))
        try:
            vector = struct.unpack("<I", bytes(uc.mem_read(self.scs.values["VTOR"] + 4 * exception, 4)))[0]
        except UcError as error:
            raise SimulationError(f"no vector table at 0x{self.scs.values['VTOR']:08x}") from error
        uc.reg_write(arm.UC_ARM_REG_SP, frame)
        uc.reg_write(arm.UC_ARM_REG_LR, 0xFFFFFFE9 if words == 26 else 0xFFFFFFF9)
        self._set_psr(exception, psr)
        uc.reg_write(arm.UC_ARM_REG_PC, vector | 1)

    def _leave(self) -> None:
        """Exception return: takes the frame back."""
        uc = self._uc
        if not self._active:
            raise SimulationError(f"an exception return without an exception (lr 0x{self.pc:08x})")
        exception, words, aligned = self._active.pop()
        frame = int(uc.reg_read(arm.UC_ARM_REG_SP))
        values = struct.unpack(f"<{words}I", bytes(uc.mem_read(frame, 4 * words)))
        for register, value in zip(CORE_REGISTERS, values[:5], strict=True):
            uc.reg_write(register, value)
        if words == 26:
            for register, value in zip(FP_REGISTERS, values[8:25], strict=True):
                uc.reg_write(register, value)
        uc.reg_write(arm.UC_ARM_REG_LR, values[5])
        uc.reg_write(arm.UC_ARM_REG_SP, frame + 4 * words + (4 if aligned else 0))
        self._set_psr(self.active_exception, values[7])
        uc.reg_write(arm.UC_ARM_REG_PC, values[6] | 1)
        if exception - 16 in self._lines:
            self._pending.add(exception)

    def _set_psr(self, exception: int, psr: int) -> None:
        self._uc.reg_write(arm.UC_ARM_REG_XPSR, (psr & XPSR_FLAGS) | XPSR_THUMB | exception)
        self._uc.reg_write(arm.UC_ARM_REG_IPSR, exception)

    def _take_interrupt(self, number: int) -> None:
        if number == EXC_RETURN_INTERRUPT:
            self._leave()
        elif number == SVC_INTERRUPT:
            self._pending.add(SVCALL)
        else:
            self._take_fault(f"a breakpoint or an unknown trap ({number}) at 0x{self.pc:08x}", 0, 0)

    def _take_failure(self, failure: UcError) -> None:
        pc = self.pc
        if self._invalid:
            address, self._invalid = self._invalid - 1, 0
            if address == pc:
                self._take_fault(f"the core fetches from 0x{pc:08x}", 0x100, 0)
            else:
                self._take_fault(f"there is no memory at 0x{address:08x} (pc 0x{pc:08x})", 0x8200, address)
        else:
            self._take_fault(f"undefined instruction at 0x{pc:08x} ({failure})", 0x10000, 0)

    def _take_fault(self, why: str, cfsr: int, address: int) -> None:
        """A HardFault, escalated from what `cfsr` says; a second one in its handler locks the core up."""
        self.faults.append(why)
        self.scs.values["CFSR"] |= cfsr
        self.scs.values["HFSR"] |= 0x40000000
        if address:
            self.scs.values["BFAR"] = address
        if any(number == HARD_FAULT for number, _, _ in self._active):
            self._locked_up = True
            return
        self._enter(HARD_FAULT)

    # What Unicorn calls.

    def _on_read(self, uc: Uc, offset: int, size: int, base: int) -> int:
        try:
            return self.bus.read(base + offset, size)
        except BusFault as fault:
            self._fault = (str(fault), 0x8200, base + offset)
        except SimulationError as error:
            self._error = error
        uc.emu_stop()
        return 0

    def _on_write(self, uc: Uc, offset: int, size: int, value: int, base: int) -> None:
        try:
            self.bus.write(base + offset, size, value)
            return
        except BusFault as fault:
            self._fault = (str(fault), 0x8200, base + offset)
        except SimulationError as error:
            self._error = error
        uc.emu_stop()

    def _write_watched(self, uc: Uc, offset: int, size: int, value: int, base: int) -> None:
        try:
            super()._write_watched(uc, offset, size, value, base)
        except SimulationError as error:
            self._error = error
            uc.emu_stop()

    def _on_interrupt(self, uc: Uc, number: int, _: object) -> None:
        self._interrupt = number
        uc.emu_stop()

    def _on_invalid(self, uc: Uc, access: int, address: int, size: int, value: int, _: object) -> bool:
        self._invalid = address + 1
        return False
