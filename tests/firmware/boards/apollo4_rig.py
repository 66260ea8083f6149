"""The Apollo4 Plus image in Unicorn, against as much of the chip as its registers' descriptions say.

No virtual board: it knows no more of the chip than the driver does, so it finds mistakes in the driver's logic (what it
waits for, which buffer it takes, how it makes 16 bits of 24), and none in what both take for granted.
"""

from pathlib import Path

import numpy as np

from firmware import boards
from firmware.boards.registers import peripherals
from host.sim.apollo3 import TICK_HZ
from host.sim.apollo3_uart import Uart
from host.sim.bus import Model
from host.sim.heard import Heard
from host.sim.machine import Machine

BOARD = boards.load("apollo4p_evb")
FLASH = (0x0001_8000, 0x001E_8000)
RAM = (0x1000_0000, 0x0016_0000)  # the tightly coupled memory, and the shared SRAM behind it
SHARED_SRAM = 0x1006_0000
WINDOWS = [(0x4000_0000, 0x0003_0000), (0x4020_1000, 0x1000), (0x4800_0000, 0x1000)]
PLAIN_BLOCKS = ("MCUCTRL", "STIMER", "WDT", "RSTGEN", "GPIO", "CPU", "PWRCTRL")


class Plain(Model):
    """Registers that keep what is written; a status shows at once what was switched on."""

    STATUS = {  # noqa: RUF012
        "DEVPWRSTATUS": "DEVPWREN",
        "AUDSSPWRSTATUS": "AUDSSPWREN",
        "SSRAMPWRST": "SSRAMPWREN",
    }

    def __init__(self, machine, peripheral):
        self.NAME = peripheral.name
        self.PLAIN = frozenset(peripheral.registers)
        super().__init__(machine, peripheral)

    def __getattr__(self, name):
        register = name.removeprefix("read_")
        if register != name and register in type(self).STATUS:
            return lambda: self.values[type(self).STATUS[register]]
        if name == "read_DAXICTRL":
            return lambda: 4  # ready
        if name == "read_STTMR":
            return lambda: self.machine.now * 32768 // TICK_HZ
        raise AttributeError(name)


class Pads:
    """Pads as the UART's model asks for them."""

    def __init__(self, gpio: Plain):
        self._gpio = gpio

    def function(self, pad):
        return self._gpio.values[f"PINCFG{pad}"] & 0xF

    def input_enabled(self, pad):
        return bool(self._gpio.values[f"PINCFG{pad}"] & 0x10)


class Power:
    """Power as the UART's model asks for it."""

    def __init__(self, pwrctrl: Plain):
        self._pwrctrl = pwrctrl

    def why_off(self, name):
        return None if self._pwrctrl.field("DEVPWREN", "PWRENUART0") else f"{name} has no power"


class Pdm(Model):
    """PDM0: a word a sample, the sample in the upper 16 of its lower 24 bits, the rest noise."""

    NAME = "PDM0"
    PLAIN = frozenset(
        {"CORECFG0", "CORECFG1", "FIFOFLUSH", "FIFOTHR", "DMATRIGEN", "DMATARGADDR", "DMATOTCOUNT", "CTRL"}
    )

    def __init__(self, machine, peripheral, pwrctrl: Plain):
        self._pwrctrl = pwrctrl
        self._heard = Heard(machine, TICK_HZ // BOARD.rate)
        self._noise = np.random.default_rng(1)
        self._next = 0
        self._end = None
        self.targets = set()
        super().__init__(machine, peripheral)

    def supply(self, pcm):
        self._heard.supply(pcm)

    def ready(self):
        return self._end is None or self._end <= self._heard.supplied

    def _rate(self):
        divider = (self.field("CORECFG0", "MCLKDIV") + 1) * (self.field("CORECFG1", "DIVMCLKQ") + 1)
        return 24_000_000 / divider / (2 * self.field("CORECFG0", "SINCRATE"))

    def write_DMACFG(self, value):
        self.values["DMACFG"] = value
        if not self.field("DMACFG", "DMAEN"):
            return
        assert self._pwrctrl.field("AUDSSPWREN", "PWRENPDM0")
        assert self.values["CTRL"] & 0x51 == 0x51  # on, out of reset, clocked
        assert self.field("CTRL", "CLKSEL") == 2  # 24 MHz
        assert self._rate() == BOARD.rate
        assert self.field("DMATRIGEN", "DTHR")
        count = self.values["DMATOTCOUNT"]
        assert count % (4 * self.values["FIFOTHR"]) == 0
        if not self._heard.running:
            self._heard.start()
        self._end = self._next + count // 4
        self.machine.at("pdm", self._heard.tick_of(self._end - 1), self._complete, True)

    def _complete(self):
        samples = self._heard.take(self._next, self._end).astype(np.int64)
        noise = self._noise.integers(0, 1 << 32, len(samples)) & 0xFF0000FF
        words = ((samples & 0xFFFF) << 8 | noise).astype("<u4")
        assert self.values["DMATARGADDR"] >= SHARED_SRAM
        self.targets.add(self.values["DMATARGADDR"])
        self.machine.ram_write(self.values["DMATARGADDR"], words.tobytes())
        self._next, self._end = self._end, None
        self.values["INTSTAT"] |= 8
        self._lines()

    def write_INTEN(self, value):
        self.values["INTEN"] = value
        self._lines()

    def read_INTSTAT(self):
        return self.values["INTSTAT"]

    def write_INTCLR(self, value):
        self.values["INTSTAT"] &= ~value
        self._lines()

    def _lines(self):
        self.machine.line(48, bool(self.values["INTSTAT"] & self.values["INTEN"]))


class Rig:
    """The image on the rig, booted."""

    def __init__(self, image: Path):
        self.machine = machine = Machine(FLASH, RAM, TICK_HZ)
        own = peripherals(BOARD.registers.source, BOARD.registers.peripherals)
        self.blocks = {name: Plain(machine, own[name]) for name in PLAIN_BLOCKS}
        power, pads = Power(self.blocks["PWRCTRL"]), Pads(self.blocks["GPIO"])
        # Apollo3's SVD file has this very UART at this very place.
        self.uart = Uart(machine, peripherals("apollo3.svd", ("UART0",))["UART0"], power, pads, BOARD.link)
        self.pdm = Pdm(machine, own["PDM0"], self.blocks["PWRCTRL"])
        machine.attach([*self.blocks.values(), self.uart, self.pdm], WINDOWS)
        machine.may_advance = self.pdm.ready
        machine.load(image.read_bytes(), FLASH[0])
        machine.reset()
        self.blocks["RSTGEN"].set_field("STAT", "PORSTAT", 1)
        machine.start(FLASH[0])
        machine.run()

    def hear(self, pcm: np.ndarray) -> bytes:
        for start in range(0, len(pcm), 512):
            self.pdm.supply(pcm[start : start + 512])
            self.machine.run()
        sent = bytes(self.uart.sent)
        self.uart.sent.clear()
        return sent
