"""The nRF52840's small peripherals: power, clocks, watchdog, RTC, timer, PPI, pins. All times in ticks of 64 MHz.

Tasks, events, interrupts and shortcuts are the same in every peripheral of Nordic's: `Events` is that. What hardware
would do silently wrong is refused; what is taken for granted stands in firmware/boards/README.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.boards.registers import Peripheral
from host.sim.bus import Bus, Model
from host.sim.machine import Machine
from host.sim.residency import Meter

TICK_HZ = 64_000_000
LFCLK_HZ = 32_768
HFXO_START_TICKS = 360 * TICK_HZ // 1_000_000
LFXO_START_TICKS = TICK_HZ // 4
KILOBYTE = 1024
UNIT = 0x5EED_0000_0000_0002
"""The chip's own number, of every virtual one."""
PARTS = ("HFXO", "PDM", "UARTE0", "microphone")
"""Whose power is metered."""
# Sections of RAM by their bank and bit: RAM0 to RAM7 have two of 4 KiB, RAM8 has six of 32 KiB.
SECTIONS = [(f"RAM{bank}", bit, 4) for bank in range(8) for bit in range(2)] + [("RAM8", bit, 32) for bit in range(6)]
BANK_BYTES = {f"{bank}.S{bit}": size * KILOBYTE for bank, bit, size in SECTIONS} | {"FLASH": 1024 * KILOBYTE}


class Ppi(Model):
    """PPI: an event of one peripheral is a task of another."""

    NAME = "PPI"
    CHANNELS = 20
    PLAIN = frozenset(f"CH{n}_{end}" for n in range(CHANNELS) for end in ("EEP", "TEP"))

    def __init__(self, machine: Machine, peripheral: Peripheral) -> None:
        self.bus = Bus([])
        super().__init__(machine, peripheral)

    def write_CHENSET(self, value: int) -> None:
        """Enables channels."""
        self.values["CHENSET"] |= value

    def write_CHENCLR(self, value: int) -> None:
        """Disables channels."""
        self.values["CHENSET"] &= ~value

    def happened(self, event: int) -> None:
        """The event at this address has come."""
        for channel in range(self.CHANNELS):
            if self.values["CHENSET"] >> channel & 1 and self.values[f"CH{channel}_EEP"] == event:
                self.bus.write(self.values[f"CH{channel}_TEP"], 4, 1)


class Events(Model):
    """A peripheral with tasks, events and interrupts.

    `task_NAME` does what TASKS_NAME starts; tasks without one are refused. `event` is what a peripheral says.
    """

    def __init__(self, machine: Machine, peripheral: Peripheral, ppi: Ppi) -> None:
        self._ppi = ppi
        self._irq = next(iter(peripheral.interrupts.values()))
        self._bits = peripheral.registers["INTENSET"].fields
        super().__init__(machine, peripheral)
        for name in peripheral.registers:
            kind, _, what = name.partition("_")
            if kind == "EVENTS":
                setattr(self, f"write_{name}", lambda value, name=name: self._clear(name, value))
            elif kind == "TASKS" and (act := getattr(self, f"task_{what}", None)):
                setattr(self, f"write_{name}", lambda value, act=act: self._trigger(act, value))
                setattr(self, f"read_{name}", lambda: 0)

    def _trigger(self, act: Callable[[], None], value: int) -> None:
        if value & 1:
            act()

    def _clear(self, name: str, value: int) -> None:
        if value:
            raise self.refuse(f"{name} is set by the image")
        self.values[name] = 0
        self._update()

    def event(self, name: str) -> None:
        """The event has come."""
        self.values[f"EVENTS_{name}"] = 1
        self._update()
        self._ppi.happened(self.peripheral.registers[f"EVENTS_{name}"].address)

    def write_INTENSET(self, value: int) -> None:
        """Enables interrupts."""
        self.values["INTENSET"] |= value
        self._update()

    def write_INTENCLR(self, value: int) -> None:
        """Disables interrupts."""
        self.values["INTENSET"] &= ~value
        self._update()

    def _update(self) -> None:
        enabled = self.values["INTENSET"]
        high = any(enabled & bit.mask and self.values.get(f"EVENTS_{name}") for name, bit in self._bits.items())
        self.machine.line(self._irq, high)


class Power(Model):
    """POWER: why the chip started, the DC/DC converter, which sections of RAM have power."""

    NAME = "POWER"
    PLAIN = frozenset({"DCDCEN", "GPREGRET", "GPREGRET2"})

    def __init__(self, machine: Machine, peripheral: Peripheral, banks: Meter) -> None:
        self._banks = banks
        self._cause = 0
        super().__init__(machine, peripheral)
        for bank in {bank for bank, _, _ in SECTIONS}:
            setattr(self, f"write_{bank}_POWER", lambda value, bank=bank: self._set(bank, value))
            setattr(self, f"write_{bank}_POWERSET", lambda value, bank=bank: self._set(bank, self._of(bank) | value))
            setattr(self, f"write_{bank}_POWERCLR", lambda value, bank=bank: self._set(bank, self._of(bank) & ~value))

    def reset(self) -> None:
        """All RAM on; RESETREAS adds up until it is cleared, but for power that came."""
        kept = self.values.get("RESETREAS", 0) if self._cause else 0
        super().reset()
        self.values["RESETREAS"] = kept | self._cause
        self._apply()

    def tell(self, cause: str) -> None:
        """The next reset is because of `cause`, a field of RESETREAS; "" is that power came."""
        self._cause = self.peripheral.registers["RESETREAS"].fields[cause].mask if cause else 0

    def write_RESETREAS(self, value: int) -> None:
        """Ones clear."""
        self.values["RESETREAS"] &= ~value

    def _of(self, bank: str) -> int:
        return self.values[f"{bank}_POWER"]

    def _set(self, bank: str, value: int) -> None:
        self.values[f"{bank}_POWER"] = value
        self._apply()

    def _apply(self) -> None:
        on, size, whole = ["FLASH"], 0, True
        for bank, bit, kilobytes in SECTIONS:
            if self._of(bank) >> bit & 1:
                on.append(f"{bank}.S{bit}")
                size += kilobytes * KILOBYTE if whole else 0
            else:
                whole = False
        self._banks.set(on)
        self.machine.ram_power(size)


class Clock(Events):
    """CLOCK: the crystal oscillator of 64 MHz, which takes its time, and the low clock, which runs from RC at once."""

    NAME = "CLOCK"

    def __init__(self, machine: Machine, peripheral: Peripheral, ppi: Ppi, parts: Meter) -> None:
        self._parts = parts
        self.crystal_runs = False
        self.low_runs = False
        super().__init__(machine, peripheral, ppi)

    def reset(self) -> None:
        """Both stand still; the core runs from the RC oscillator."""
        super().reset()
        self.crystal_runs = self.low_runs = False
        self._parts.switch("HFXO", False)

    def task_HFCLKSTART(self) -> None:
        """The crystal oscillator starts."""
        self.machine.at("hfxo", self.machine.now + HFXO_START_TICKS, self._crystal_up)
        self._parts.switch("HFXO", True)

    def _crystal_up(self) -> None:
        self.crystal_runs = True
        self.event("HFCLKSTARTED")

    def task_HFCLKSTOP(self) -> None:
        """It stops."""
        self.machine.cancel("hfxo")
        self.crystal_runs = False
        self._parts.switch("HFXO", False)

    def write_LFCLKSRC(self, value: int) -> None:
        """Where the low clock is from, chosen while it stands still."""
        if self.low_runs:
            raise self.refuse("LFCLKSRC is written while the low clock runs")
        self.values["LFCLKSRC"] = value

    def task_LFCLKSTART(self) -> None:
        """The low clock starts, from RC until its crystal is up."""
        self.low_runs = True
        self.machine.at("lfxo", self.machine.now + LFXO_START_TICKS, lambda: self.event("LFCLKSTARTED"))

    def read_HFCLKSTAT(self) -> int:
        """What the core runs from."""
        self.set_field("HFCLKSTAT", "SRC", int(self.crystal_runs))
        self.set_field("HFCLKSTAT", "STATE", 1)
        return self.values["HFCLKSTAT"]

    def read_LFCLKSTAT(self) -> int:
        """Whether the low clock runs."""
        self.set_field("LFCLKSTAT", "STATE", int(self.low_runs))
        return self.values["LFCLKSTAT"]


class Rtc(Events):
    """RTC0: 24 bits of the low clock, and a compare."""

    NAME = "RTC0"
    PLAIN = frozenset({"PRESCALER"})
    MASK = 0xFFFFFF

    def __init__(self, machine: Machine, peripheral: Peripheral, ppi: Ppi, clock: Clock) -> None:
        self._clock = clock
        self._started: int | None = None
        super().__init__(machine, peripheral, ppi)

    def reset(self) -> None:
        """Stands still, at 0."""
        super().reset()
        self._started = None

    def task_START(self) -> None:
        """Counts from now on."""
        if not self._clock.low_runs:
            raise self.refuse("it is started before the low clock (CLOCK.TASKS_LFCLKSTART)")
        if self.values["PRESCALER"]:
            raise self.refuse("PRESCALER is not 0, which the virtual board does not model")
        self._started = self.machine.now

    def count(self) -> int:
        """The counter, without its wrap."""
        if self._started is None:
            return 0
        return (self.machine.now - self._started) * LFCLK_HZ // TICK_HZ

    def read_COUNTER(self) -> int:
        """The counter."""
        return self.count() & self.MASK

    def write_CC0(self, value: int) -> None:
        """Compares: the next time that the counter is there. Nordic promises a match from two ticks ahead on."""
        self.values["CC0"] = value
        if self._started is None:
            return
        ahead = (value - self.count()) & self.MASK
        if ahead < 2:
            raise self.refuse(f"CC0 is {ahead} ticks ahead, and a match is certain from 2 on")
        steps = self.count() + ahead
        self.machine.at("rtc", self._started + -(-steps * TICK_HZ // LFCLK_HZ), lambda: self.event("COMPARE0"))


class Watchdog(Model):
    """WDT: once started it goes on over a software reset, and its settings stand."""

    NAME = "WDT"
    FEED = 0x6E524635
    SETTINGS = ("CRV", "RREN", "CONFIG")

    def __init__(self, machine: Machine, peripheral: Peripheral) -> None:
        self._expires: int | None = None
        self.survives = False  # the next reset
        self.on_expiry: Callable[[], None] = lambda: None
        super().__init__(machine, peripheral)
        for name in self.SETTINGS:
            setattr(self, f"write_{name}", lambda value, name=name: self._set(name, value))

    def reset(self) -> None:
        """Stands still, unless the reset was software's."""
        if self.survives and self._expires is not None:
            self.machine.at("watchdog", self._expires, self.on_expiry)
            return
        super().reset()
        self._expires = None

    def _set(self, name: str, value: int) -> None:
        if self._expires is not None:
            raise self.refuse(f"{name} is written while the watchdog runs: it keeps its settings")
        self.values[name] = value

    def read_RUNSTATUS(self) -> int:
        """Whether it runs."""
        return int(self._expires is not None)

    def write_TASKS_START(self, value: int) -> None:
        """Starts it; without CONFIG.SLEEP it would stand still in sleep."""
        if not value & 1 or self._expires is not None:
            return
        if not self.field("CONFIG", "SLEEP"):
            raise self.refuse("CONFIG.SLEEP is 0: it would not watch a core that sleeps for ever")
        if self.values["RREN"] != 1:
            raise self.refuse(f"RREN is 0x{self.values['RREN']:x}; the virtual board models RR0 alone")
        self._restart()

    def write_RR0(self, value: int) -> None:
        """Feeds it, with the key."""
        if value != self.FEED:
            raise self.refuse(f"RR0 is written 0x{value:x}; only 0x{self.FEED:x} feeds the watchdog")
        if self._expires is not None:
            self._restart()

    def read_RR0(self) -> int:
        """Write-only."""
        return 0

    def _restart(self) -> None:
        self._expires = self.machine.now + (self.values["CRV"] + 1) * TICK_HZ // LFCLK_HZ
        self.machine.at("watchdog", self._expires, self.on_expiry)


class Timer(Events):
    """TIMER1 as a counter of events."""

    NAME = "TIMER1"
    PLAIN = frozenset({"MODE", "BITMODE", "CC0"})

    def __init__(self, machine: Machine, peripheral: Peripheral, ppi: Ppi) -> None:
        self._running = False
        self._count = 0
        super().__init__(machine, peripheral, ppi)

    def reset(self) -> None:
        """Stands still, at 0."""
        super().reset()
        self._running, self._count = False, 0

    def task_START(self) -> None:
        """Counts from now on."""
        if self.enumerated("MODE", "MODE") not in ("Counter", "LowPowerCounter"):
            raise self.refuse("the virtual board models it as a counter alone (MODE)")
        if self.enumerated("BITMODE", "BITMODE") != "32Bit":
            raise self.refuse("the virtual board models 32 bits alone (BITMODE)")
        self._running = True

    def task_CLEAR(self) -> None:
        """Back to 0."""
        self._count = 0

    def task_COUNT(self) -> None:
        """One more."""
        if self._running:
            self._count = (self._count + 1) & 0xFFFFFFFF

    def task_CAPTURE0(self) -> None:
        """The count, to CC0."""
        self.values["CC0"] = self._count


class Port(Model):
    """Thirty-two pins: how they are set, and what they drive. One counts when its level is next written."""

    PLAIN = frozenset(f"PIN_CNF{pin}" for pin in range(32))

    def __init__(self, machine: Machine, peripheral: Peripheral) -> None:
        self.output = 0
        self.changed: Callable[[], None] = lambda: None
        super().__init__(machine, peripheral)

    def reset(self) -> None:
        """All inputs, not connected."""
        super().reset()
        self.output = 0
        self.changed()

    def write_OUTSET(self, value: int) -> None:
        """Ones go high."""
        self.output |= value
        self.changed()

    def write_OUTCLR(self, value: int) -> None:
        """Ones go low."""
        self.output &= ~value
        self.changed()


class Port0(Port):
    """P0."""

    NAME = "P0"


class Port1(Port):
    """P1."""

    NAME = "P1"


class Pins:
    """All pins by their number, port * 32 + pin; the state code is logged."""

    def __init__(
        self,
        machine: Machine,
        ports: tuple[Port, Port],
        state_pins: tuple[int, ...],
        microphone_pad: int | None,
        parts: Meter,
    ) -> None:
        self._machine, self._ports, self._state_pins = machine, ports, state_pins
        self._microphone_pad, self._parts = microphone_pad, parts
        self.codes: list[tuple[int, int]] = []  # (tick, state code), at each change
        for port in ports:
            port.changed = self._look
        if microphone_pad is None:
            parts.switch("microphone", True)

    def _field(self, pin: int, field: str) -> str:
        return self._ports[pin // 32].enumerated(f"PIN_CNF{pin % 32}", field)

    def drives(self, pin: int) -> bool:
        """Whether it is an output."""
        return self._field(pin, "DIR") == "Output"

    def high(self, pin: int) -> bool:
        """Whether it is an output that is high."""
        return self.drives(pin) and bool(self._ports[pin // 32].output >> pin % 32 & 1)

    def hears(self, pin: int) -> bool:
        """Whether it is an input whose buffer is connected."""
        return not self.drives(pin) and self._field(pin, "INPUT") == "Connect"

    def _look(self) -> None:
        if self._microphone_pad is not None:
            self._parts.switch("microphone", self.high(self._microphone_pad))
        if not all(self.drives(pin) for pin in self._state_pins):
            return
        code = sum(self.high(pin) << bit for bit, pin in enumerate(self._state_pins))
        if not self.codes or self.codes[-1][1] != code:
            self.codes.append((self._machine.now, code))


def name(pin: int) -> str:
    """P0.17 and the like."""
    return f"P{pin // 32}.{pin % 32:02}"


@dataclass(frozen=True)
class Chip:
    """What a peripheral may ask of others."""

    ppi: Ppi
    clock: Clock
    pins: Pins
    parts: Meter


class Information(Model):
    """FICR: the chip's own number."""

    NAME = "FICR"

    def read_DEVICEID0(self) -> int:
        """Its lower half."""
        return UNIT & 0xFFFFFFFF

    def read_DEVICEID1(self) -> int:
        """Its upper half."""
        return UNIT >> 32
