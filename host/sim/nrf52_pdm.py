"""The nRF52840's PDM: samples at the microphone's rate, chunk by chunk into RAM by EasyDMA."""

from __future__ import annotations

import numpy as np

from firmware.boards import Board
from firmware.boards.registers import Peripheral
from host.sim.heard import LOOK_AHEAD, Heard
from host.sim.machine import Machine
from host.sim.nrf52 import TICK_HZ, Chip, Events, name

CLOCK_HZ = {"1000K": 1_000_000, "Default": 1_032_258, "1067K": 1_066_667, "1280K": 1_280_000, "1333K": 1_333_333}
RATIO = {"Ratio64": 64, "Ratio80": 80}
SAMPLE_BYTES = 2


class Pdm(Events):
    """PDM. SAMPLE.PTR and MAXCNT are taken over as a buffer starts (STARTED); its bytes are in RAM as it ends (END).

    The next buffer starts at once, with what PTR says then. Time does not run past a buffer's end until the host has
    given its samples.
    """

    NAME = "PDM"
    PLAIN = frozenset(
        {"ENABLE", "PDMCLKCTRL", "MODE", "GAINL", "GAINR", "RATIO", "PSEL_CLK", "PSEL_DIN", "SAMPLE_PTR"}
        | {"SAMPLE_MAXCNT"}
    )

    def __init__(self, machine: Machine, peripheral: Peripheral, chip: Chip, board: Board) -> None:
        self._clock, self._pins, self._parts = chip.clock, chip.pins, chip.parts
        self._microphone, self._rate = board.microphone, board.rate
        self._heard = Heard(machine, TICK_HZ // board.rate)
        self._buffer: tuple[int, int, int] | None = None  # address, first sample, end
        super().__init__(machine, peripheral, chip.ppi)

    def reset(self) -> None:
        """Stops; what the host gave and time has not reached yet is still to be heard."""
        self._stop()
        super().reset()

    def supply(self, pcm: np.ndarray) -> None:
        """More samples from the host."""
        self._heard.supply(pcm)

    def ready(self) -> bool:
        """Whether the host has given what the next event of the microphone needs."""
        if self._buffer is not None:
            return self._buffer[2] <= self._heard.supplied
        return self._heard.produced < self._heard.supplied + LOOK_AHEAD

    def _stop(self) -> None:
        self._heard.stop()
        self._buffer = None
        self._parts.switch("PDM", False)

    def _check(self) -> None:
        if not self.field("ENABLE", "ENABLE"):
            raise self.refuse("it is started while ENABLE is 0")
        if not self._clock.crystal_runs:
            raise self.refuse("it is started without the crystal oscillator (CLOCK.TASKS_HFCLKSTART): its rate is off")
        clock = CLOCK_HZ.get(self.enumerated("PDMCLKCTRL", "FREQ"))
        if clock is None:
            raise self.refuse(f"PDMCLKCTRL is 0x{self.values['PDMCLKCTRL']:x}, which is no rate")
        rate = clock / RATIO[self.enumerated("RATIO", "RATIO")]
        if rate != self._rate:
            raise self.refuse(f"it makes {rate:.1f} samples a second, not {self._rate}")
        if self.enumerated("MODE", "OPERATION") != "Mono":
            raise self.refuse("MODE.OPERATION is Stereo: every other sample would be the other channel's")
        edge = "LeftRising" if self._microphone.channel == "right" else "LeftFalling"
        if self.enumerated("MODE", "EDGE") != edge:
            raise self.refuse(f"MODE.EDGE is {self.enumerated('MODE', 'EDGE')}; the microphone needs {edge}")
        self._check_pins()

    def _check_pins(self) -> None:
        microphone = self._microphone
        for register, pad in (("PSEL_CLK", microphone.clock_pad), ("PSEL_DIN", microphone.data_pad)):
            if pad is not None and self.values[register] != pad:
                raise self.refuse(f"{register} is 0x{self.values[register]:x}, but the microphone is at {name(pad)}")
        if microphone.clock_pad is not None and not self._pins.drives(microphone.clock_pad):
            raise self.refuse(f"{name(microphone.clock_pad)} is the microphone's clock, but no output")
        if microphone.data_pad is not None and not self._pins.hears(microphone.data_pad):
            raise self.refuse(f"{name(microphone.data_pad)} is the microphone's data, but its input is not connected")
        if microphone.power_pad is not None and not self._pins.high(microphone.power_pad):
            raise self.refuse(f"the microphone has no power ({name(microphone.power_pad)} is not high)")

    def task_START(self) -> None:
        """The clock starts, and the first buffer."""
        if self._heard.running:
            raise self.refuse("it is started twice")
        self._check()
        self._parts.switch("PDM", True)
        self._heard.start()
        self._begin(self._heard.first)

    def task_STOP(self) -> None:
        """The clock stops; what the buffer holds so far is the image's."""
        self.machine.cancel("pdm")
        if self._buffer is not None:
            address, start, _ = self._buffer
            self._deliver(address, start, self._heard.produced)
        self._stop()
        self.event("END")
        self.event("STOPPED")

    def _begin(self, start: int) -> None:
        address, count = self.values["SAMPLE_PTR"], self.field("SAMPLE_MAXCNT", "BUFFSIZE")
        if not count:
            raise self.refuse("SAMPLE.MAXCNT is 0")
        if address % 4 or not self.machine.in_ram(address, SAMPLE_BYTES * count):
            raise self.refuse(f"SAMPLE.PTR is 0x{address:08x}; EasyDMA reaches whole words of RAM with power, alone")
        self._buffer = (address, start, start + count)
        self.machine.at("pdm", self._heard.tick_of(start + count - 1), self._end, True)
        self.event("STARTED")

    def _end(self) -> None:
        assert self._buffer is not None
        address, start, end = self._buffer
        self._deliver(address, start, end)
        self.event("END")
        self._begin(end)

    def _deliver(self, address: int, start: int, end: int) -> None:
        if end > start:
            self.machine.ram_write(address, self._heard.take(start, end).tobytes())
