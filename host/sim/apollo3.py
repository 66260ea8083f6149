"""Apollo3's small peripherals: power, clocks, reset, watchdog, pads, timer, cache. All times in burst clock ticks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from firmware.boards.registers import Peripheral
from host.sim import apollo3_flash
from host.sim.bus import Model
from host.sim.machine import Machine
from host.sim.residency import Meter

TICK_HZ = 96_000_000  # TurboSPOT's clock; HFRC's 48 MHz are half of it
HFRC_TICKS = 2
XTAL_HZ = 32_768
POWER_UP_TICKS = 10 * TICK_HZ // 1_000_000
BURST_TICKS = 10 * TICK_HZ // 1_000_000  # from the request to the faster clock: assumed
KILOBYTE = 1024
UNIT = 0x5EED_0000_0000_0001
"""The chip's own number, of every virtual one."""
ROM = (apollo3_flash.ROM_BASE, apollo3_flash.rom())
DTCM_BANKS = ((0, 8), (8, 24), (32, 32))  # KiB from the start of RAM: (first, size)
SRAM_BANK, SRAM_BANKS = 32, 10
FLASH_BANK = 512 * KILOBYTE
BANK_FIELDS = (
    {f"DTCM{bank}": ("DTCM", bank) for bank in range(3)}
    | {f"SRAM{bank}": ("SRAM", bank) for bank in range(SRAM_BANKS)}
    | {f"{name}": (name, 0) for name in ("FLASH0", "FLASH1", "CACHEB0", "CACHEB2")}
)
"""Of MEMPWREN: field and bit of each memory bank."""
SLEEP_FIELDS = (
    {f"DTCM{bank}": ("DTCMPWDSLP", bank) for bank in range(3)}
    | {f"SRAM{bank}": ("SRAMPWDSLP", bank) for bank in range(SRAM_BANKS)}
    | {"FLASH0": ("FLASH0PWDSLP", 0), "FLASH1": ("FLASH1PWDSLP", 0)}
    | {"CACHEB0": ("CACHEPWDSLP", 0), "CACHEB2": ("CACHEPWDSLP", 0)}
)
"""Of MEMPWDINSLEEP: field and bit that takes a bank's power away in deep sleep."""
BANK_BYTES = (
    {f"DTCM{bank}": size * KILOBYTE for bank, (_, size) in enumerate(DTCM_BANKS)}
    | {f"SRAM{bank}": SRAM_BANK * KILOBYTE for bank in range(SRAM_BANKS)}
    | {"FLASH0": FLASH_BANK, "FLASH1": FLASH_BANK, "CACHEB0": 8 * KILOBYTE, "CACHEB2": 8 * KILOBYTE}
)

# Device power: the DEVPWREN bit of a peripheral and the DEVPWRSTATUS bit of its domain.
DOMAINS = {"UART0": ("PWRUART0", "HCPA"), "PDM": ("PWRPDM", "PWRPDM")}


class PowerControl(Model):
    """PWRCTRL: which peripherals and which RAM have power, and since when."""

    NAME = "PWRCTRL"
    PLAIN = frozenset({"SRAMCTRL", "SUPPLYSRC", "SUPPLYSTATUS", "DEVPWREVENTEN"})

    def __init__(self, machine: Machine, peripheral: Peripheral, parts: Meter, banks: Meter) -> None:
        self._parts, self._banks = parts, banks
        self._since: dict[str, int] = {}
        self.image_end = 0
        super().__init__(machine, peripheral)

    def reset(self) -> None:
        """Every peripheral off, all RAM on."""
        for name in list(self._since):
            self._off(name)
        super().reset()
        self._note_banks()
        self.machine.ram_power(self.machine.ram_size)

    def _off(self, name: str) -> None:
        del self._since[name]
        self._parts.switch(name, False)

    def _note_banks(self) -> None:
        on = {bank for bank, (field, bit) in BANK_FIELDS.items() if self.field("MEMPWREN", field) >> bit & 1}
        lost = {bank for bank, (field, bit) in SLEEP_FIELDS.items() if self.field("MEMPWDINSLEEP", field) >> bit & 1}
        self._banks.set(on, on - lost)

    def why_off(self, name: str) -> str | None:
        """Why the peripheral `name` has no power yet; None if it has."""
        bit, domain = DOMAINS[name]
        if name not in self._since:
            return f"{name} has no power (PWRCTRL.DEVPWREN.{bit} is 0)"
        if self.machine.now < self._since[name] + POWER_UP_TICKS:
            return f"the power of {name} is not up yet (PWRCTRL.DEVPWRSTATUS.{domain} is 0)"
        return None

    def why_flash_off(self, instance: int) -> str | None:
        """Why a half of the flash has no power; None if it has."""
        field = f"FLASH{instance}"
        return None if self.field("MEMPWREN", field) else f"{field} has no power (PWRCTRL.MEMPWREN.{field} is 0)"

    def write_DEVPWREN(self, value: int) -> None:
        """Switches peripherals; those without a model are refused."""
        known = 0
        for name, (bit, _) in DOMAINS.items():
            mask = self.peripheral.registers["DEVPWREN"].fields[bit].mask
            known |= mask
            if value & mask and name not in self._since:
                self._since[name] = self.machine.now
                self._parts.switch(name, True)
            elif not value & mask and name in self._since:
                self._off(name)
        if value & ~known:
            raise self.refuse(
                f"DEVPWREN = 0x{value:x} gives power to a peripheral that the virtual board does not model"
            )
        self.values["DEVPWREN"] = value

    def read_DEVPWRSTATUS(self) -> int:
        """The domains whose power is up."""
        status = self.values["DEVPWRSTATUS"]
        for name, (_, domain) in DOMAINS.items():
            if self.why_off(name) is None:
                status |= self.peripheral.registers["DEVPWRSTATUS"].fields[domain].mask
        return status

    def write_MEMPWREN(self, value: int) -> None:
        """RAM keeps power from its start to the first bank that is off; flash that holds the image must stay on."""
        self.values["MEMPWREN"] = value
        if not self.field("MEMPWREN", "FLASH0"):
            raise self.refuse("MEMPWREN turns off the flash bank that the image runs from")
        if not self.field("MEMPWREN", "FLASH1") and self.image_end > FLASH_BANK:
            raise self.refuse(f"MEMPWREN turns off FLASH1, and the image ends at 0x{self.image_end:x}")
        size = 0
        for bank, (first, kilobytes) in enumerate(DTCM_BANKS):
            if self.field("MEMPWREN", "DTCM") >> bank & 1 and first * KILOBYTE == size:
                size += kilobytes * KILOBYTE
        sram = 64 * KILOBYTE
        for bank in range(SRAM_BANKS):
            if self.field("MEMPWREN", "SRAM") >> bank & 1 and sram == size:
                size += SRAM_BANK * KILOBYTE
            sram += SRAM_BANK * KILOBYTE
        self._note_banks()
        self.machine.ram_power(size)

    def write_MEMPWDINSLEEP(self, value: int) -> None:
        """Which memories lose power in deep sleep."""
        self.values["MEMPWDINSLEEP"] = value
        self._note_banks()

    def deep_sleep(self) -> None:
        """RAM that MEMPWDINSLEEP does not keep is lost."""
        off = self.field("MEMPWDINSLEEP", "DTCMPWDSLP") & self.field("MEMPWREN", "DTCM")
        if off or self.field("MEMPWDINSLEEP", "SRAMPWDSLP") & self.field("MEMPWREN", "SRAM"):
            raise self.refuse("deep sleep erases RAM that has power, because MEMPWDINSLEEP does not keep it")


class ClockGenerator(Model):
    """CLKGEN: the core's clock, behind its key, and the burst to twice of it (TurboSPOT)."""

    NAME = "CLKGEN"
    PLAIN = frozenset({"CLKKEY", "HFADJ", "STATUS"})
    KEY = 0x47

    def __init__(self, machine: Machine, peripheral: Peripheral, power: PowerControl, control: Control) -> None:
        self._power, self._control = power, control
        self._burst_since: int | None = None
        self._burst_ticks = 0
        super().__init__(machine, peripheral)

    def burst_ticks(self) -> int:
        """How long the core has run at the burst clock so far."""
        since = self._burst_since
        return self._burst_ticks + (0 if since is None else self.machine.now - since)

    def _set_clock(self) -> None:
        bursts = self._burst_since is not None
        self.machine.set_divider(1 if bursts else HFRC_TICKS * (1 + self.field("CCTRL", "CORESEL")))

    def _end_burst(self) -> None:
        self._burst_ticks = self.burst_ticks()
        self._burst_since = None
        self.machine.cancel("burst")

    def _begin_burst(self) -> None:
        self._burst_since = self.machine.now
        self._set_clock()
        for field in ("BURSTACK", "BURSTSTATUS"):
            self.set_field("FREQCTRL", field, 1)

    def write_FREQCTRL(self, value: int) -> None:
        """Asks for the burst, which needs its event and its feature; gives it back, but not from code in flash."""
        wanted = bool(value & self.peripheral.registers["FREQCTRL"].fields["BURSTREQ"].mask)
        if wanted and not self._power.field("DEVPWREVENTEN", "BURSTEVEN"):
            raise self.refuse("a burst is asked for while PWRCTRL.DEVPWREVENTEN.BURSTEVEN is 0")
        if wanted and not self._control.burst_available():
            raise self.refuse("a burst is asked for before MCUCTRL.FEATUREENABLE.BURSTAVAIL is 1")
        if not wanted and self._burst_since is not None and self.machine.pc < ROM[0]:
            raise self.refuse("a burst is ended by code in flash; it must be in ROM or RAM")
        self.set_field("FREQCTRL", "BURSTREQ", int(wanted))
        if wanted and self._burst_since is None:
            self.machine.at("burst", self.machine.now + BURST_TICKS, self._begin_burst)
        elif not wanted:
            self._end_burst()
            self._set_clock()
            for field in ("BURSTACK", "BURSTSTATUS"):
                self.set_field("FREQCTRL", field, 0)

    def deep_sleep(self) -> None:
        """Nobody documents a burst that lasts through a deep sleep."""
        if self._burst_since is not None or self.field("FREQCTRL", "BURSTREQ"):
            raise self.refuse("the core goes to deep sleep in a burst; end it first")

    def write_CCTRL(self, value: int) -> None:
        """48 or 24 MHz."""
        if self.values["CLKKEY"] != self.KEY:
            raise self.refuse(
                f"CCTRL is written while CLKKEY is 0x{self.values['CLKKEY']:x}; it must be 0x{self.KEY:x}"
            )
        self.values["CCTRL"] = value
        self._set_clock()

    def reset(self) -> None:
        """The chip comes up at 24 MHz."""
        super().reset()
        self._end_burst()
        self._set_clock()


class Control(Model):
    """MCUCTRL: what chip this is and can, and the trace port that keeps sleep from being deep."""

    NAME = "MCUCTRL"
    PLAIN = frozenset(
        {"CHIPPN", "CHIPID0", "CHIPID1", "CHIPREV", "SKU", "TPIUCTRL", "DBGR1", "DBGR2", "SCRATCH0", "SCRATCH1"}
    )

    def reset(self) -> None:
        """The boot loader leaves the trace port on."""
        super().reset()
        self._burst_from: int | None = None
        self.set_field("TPIUCTRL", "ENABLE", 1)
        self.set_field("SKU", "ALLOWBURST", 1)
        self.values["CHIPID0"], self.values["CHIPID1"] = UNIT & 0xFFFFFFFF, UNIT >> 32

    def burst_available(self) -> bool:
        """The burst was asked for, and has come."""
        return self._burst_from is not None and self.machine.now >= self._burst_from

    def write_FEATUREENABLE(self, value: int) -> None:
        """Asks for the burst's feature."""
        self.values["FEATUREENABLE"] = value
        if not self.field("FEATUREENABLE", "BURSTREQ"):
            self._burst_from = None
        elif self._burst_from is None:
            self._burst_from = self.machine.now + BURST_TICKS

    def read_FEATUREENABLE(self) -> int:
        """With what was acknowledged and is there."""
        for field in ("BURSTACK", "BURSTAVAIL"):
            self.set_field("FEATUREENABLE", field, int(self.burst_available()))
        return self.values["FEATUREENABLE"]


class CacheControl(Model):
    """CACHECTRL: its settings are kept; time is not changed by them. It must be told when flash has changed."""

    NAME = "CACHECTRL"
    PLAIN = frozenset({"CACHECFG", "FLASHCFG"})

    def __init__(self, machine: Machine, peripheral: Peripheral, flash: apollo3_flash.Flash) -> None:
        self._flash = flash
        super().__init__(machine, peripheral)

    def write_CTRL(self, value: int) -> None:
        """Forgets what it holds."""
        self.values["CTRL"] = value
        if self.field("CTRL", "INVALIDATE"):
            self._flash.stale = False

    def read_CTRL(self) -> int:
        """Always ready."""
        self.set_field("CTRL", "INVALIDATE", 0)
        self.set_field("CTRL", "CACHE_READY", 1)
        return self.values["CTRL"]

    def deep_sleep(self) -> None:
        """Stale bytes in the cache are found out in the end."""
        if self._flash.stale and self.field("CACHECFG", "ENABLE"):
            raise self.refuse("flash was changed, and CTRL.INVALIDATE was not written since")


class ResetGenerator(Model):
    """RSTGEN: why the chip started, until the first deep sleep."""

    NAME = "RSTGEN"
    PLAIN = frozenset({"CFG"})

    def __init__(self, machine: Machine, peripheral: Peripheral) -> None:
        self._cause = "PORSTAT"
        super().__init__(machine, peripheral)

    def reset(self) -> None:
        """STAT shows the cause that was told before."""
        super().reset()
        self.set_field("STAT", self._cause, 1)

    def tell(self, cause: str) -> None:
        """The next reset is because of `cause`, a field of STAT."""
        self._cause = cause

    def read_STAT(self) -> int:
        """The cause of the last reset; 0 after a deep sleep."""
        return self.values["STAT"]

    def deep_sleep(self) -> None:
        """STAT is not kept in deep sleep."""
        self.values["STAT"] = 0


class Watchdog(Model):
    """WDT: resets the chip unless it is fed; runs in deep sleep, on the low-frequency oscillator."""

    NAME = "WDT"
    HZ: ClassVar[dict[str, int]] = {"128HZ": 128, "16HZ": 16, "1HZ": 1}
    FEED = 0xB2

    def __init__(self, machine: Machine, peripheral: Peripheral, resets: ResetGenerator) -> None:
        self._resets = resets
        self.on_expiry: Callable[[], None] = lambda: None
        super().__init__(machine, peripheral)

    def write_CFG(self, value: int) -> None:
        """Starts or stops it."""
        self.values["CFG"] = value
        self.write_RSTRT(self.FEED)

    def write_RSTRT(self, value: int) -> None:
        """Feeds it, with the key."""
        if value != self.FEED:
            raise self.refuse(f"RSTRT is written 0x{value:x}; only 0x{self.FEED:x} feeds the watchdog")
        self.machine.cancel("watchdog")
        if self.field("CFG", "WDTEN") and self.field("CFG", "RESEN"):
            clock = self.enumerated("CFG", "CLKSEL")
            if clock not in self.HZ:
                raise self.refuse(f"CFG.CLKSEL is {clock}, which does not count")
            ticks = self.field("CFG", "RESVAL") * TICK_HZ // self.HZ[clock]
            self.machine.at("watchdog", self.machine.now + ticks, self._expire)

    def read_RSTRT(self) -> int:
        """Write-only."""
        return 0

    def _expire(self) -> None:
        if self._resets.field("CFG", "WDREN"):
            self.on_expiry()


class Pads(Model):
    """GPIO: pad functions and outputs, behind PADKEY; the state code is logged."""

    NAME = "GPIO"
    KEY = 0x73
    FUNCTION_GPIO = 3
    GUARDED = frozenset({*(f"PADREG{letter}" for letter in "ABCDEFGHIJKLM"), *(f"CFG{letter}" for letter in "ABCDEFG")})
    PLAIN = frozenset({"PADKEY"})

    def __init__(self, machine: Machine, peripheral: Peripheral, state_pins: tuple[int, ...]) -> None:
        self._state_pins = state_pins
        self._output = 0
        self.codes: list[tuple[int, int]] = []  # (tick, state code), at each change
        super().__init__(machine, peripheral)
        for name in self.GUARDED:
            setattr(self, f"write_{name}", lambda value, name=name: self._write_guarded(name, value))
        for half, shift in (("A", 0), ("B", 32)):
            setattr(self, f"write_WTS{half}", lambda value, shift=shift: self._drive(self._output | value << shift))
            setattr(self, f"write_WTC{half}", lambda value, shift=shift: self._drive(self._output & ~(value << shift)))

    def reset(self) -> None:
        """All outputs low."""
        super().reset()
        self._output = 0

    def _write_guarded(self, name: str, value: int) -> None:
        if self.values["PADKEY"] != self.KEY:
            raise self.refuse(
                f"{name} is written while PADKEY is 0x{self.values['PADKEY']:x}; it must be 0x{self.KEY:x}"
            )
        self.values[name] = value

    def pad(self, pad: int) -> int:
        """The configuration byte of a pad."""
        return self.values[f"PADREG{'ABCDEFGHIJKLM'[pad // 4]}"] >> (8 * (pad % 4)) & 0xFF

    def function(self, pad: int) -> int:
        """The function that a pad is set to."""
        return self.pad(pad) >> 3 & 7

    def input_enabled(self, pad: int) -> bool:
        """Whether a pad's input buffer is on."""
        return bool(self.pad(pad) & 2)

    def _drives(self, pad: int) -> bool:
        config = self.values[f"CFG{'ABCDEFG'[pad // 8]}"] >> (4 * (pad % 8)) & 0xF
        return self.function(pad) == self.FUNCTION_GPIO and config >> 1 & 3 == 1

    def _drive(self, output: int) -> None:
        self._output = output
        code = sum((output >> pin & 1) << bit for bit, pin in enumerate(self._state_pins))
        for pin in self._state_pins:
            if not self._drives(pin):
                raise self.refuse(f"pad {pin} carries the state code, but is not set to GPIO, push-pull")
        if not self.codes or self.codes[-1][1] != code:
            self.codes.append((self.machine.now, code))


class SystemTimer(Model):
    """STIMER, within CTIMER: 32 768 Hz from the crystal; a compare register takes a delta. Survives a reset."""

    NAME = "CTIMER"
    COMPARES = 8
    FIRST_IRQ = 23

    def __init__(self, machine: Machine, peripheral: Peripheral) -> None:
        self._from_tick = 0
        self._from_count = 0
        self._targets = [0] * self.COMPARES
        super().__init__(machine, peripheral)
        for index in range(self.COMPARES):
            setattr(self, f"write_SCMPR{index}", lambda value, index=index: self._compare(index, value))
            setattr(self, f"read_SCMPR{index}", lambda index=index: self._targets[index] & 0xFFFFFFFF)

    def reset(self) -> None:
        """The chip's reset leaves the STIMER's registers alone, but for its interrupts."""
        if not self.values:
            super().reset()
        for name in ("STMINTEN", "STMINTSTAT"):
            self.values[name] = 0

    def _running(self) -> bool:
        return self.enumerated("STCFG", "CLKSEL") == "XTAL_DIV1" and not self.field("STCFG", "FREEZE")

    def count(self) -> int:
        """What the counter shows, without its 32-bit wrap."""
        if not self._running():
            return self._from_count
        return self._from_count + (self.machine.now - self._from_tick) * XTAL_HZ // TICK_HZ

    def write_STCFG(self, value: int) -> None:
        """Clock, freeze, clear, compare enables."""
        count = self.count()
        self.values["STCFG"] = value
        clock = self.enumerated("STCFG", "CLKSEL")
        if clock not in ("XTAL_DIV1", "NOCLK"):
            raise self.refuse(f"STCFG.CLKSEL is {clock}; the virtual board models the 32 768 Hz crystal")
        self._from_tick = self.machine.now
        self._from_count = 0 if self.field("STCFG", "CLEAR") else count
        for index in range(self.COMPARES):
            self._schedule(index)

    def read_STTMR(self) -> int:
        """The counter."""
        return self.count() & 0xFFFFFFFF

    def _compare(self, index: int, delta: int) -> None:
        self._targets[index] = self.count() + delta
        self._schedule(index)

    def _schedule(self, index: int) -> None:
        name = f"stimer {index}"
        self.machine.cancel(name)
        if self.values["STCFG"] >> (8 + index) & 1 and self._running() and self._targets[index] > self.count():
            steps = self._targets[index] - self._from_count
            tick = self._from_tick + -(-steps * TICK_HZ // XTAL_HZ)
            self.machine.at(name, tick, lambda: self._match(index))

    def _match(self, index: int) -> None:
        self.values["STMINTSTAT"] |= 1 << index
        self._lines()

    def write_STMINTEN(self, value: int) -> None:
        """Which compares interrupt."""
        self.values["STMINTEN"] = value
        self._lines()

    def read_STMINTSTAT(self) -> int:
        """Which compares have matched."""
        return self.values["STMINTSTAT"]

    def write_STMINTCLR(self, value: int) -> None:
        """Ones clear."""
        self.values["STMINTSTAT"] &= ~value
        self._lines()

    def _lines(self) -> None:
        active = self.values["STMINTSTAT"] & self.values["STMINTEN"]
        for index in range(self.COMPARES):
            self.machine.line(self.FIRST_IRQ + index, bool(active >> index & 1))
