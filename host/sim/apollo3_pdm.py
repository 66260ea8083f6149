"""Apollo3's PDM block: samples at the microphone's rate into a FIFO of 32 words, and by DMA into RAM."""

from __future__ import annotations

import numpy as np

from firmware.boards import Board
from firmware.boards.registers import Peripheral
from host.sim.apollo3 import TICK_HZ, Pads, PowerControl
from host.sim.bus import Model
from host.sim.heard import LOOK_AHEAD, Heard
from host.sim.machine import Machine

FIFO_SAMPLES = 64  # 32 words of two
CLOCK_HZ = {"12MHz": 12_000_000, "6MHz": 6_000_000, "3MHz": 3_000_000, "1_5MHz": 1_500_000, "750KHz": 750_000}


class Pdm(Model):
    """PDM with its DMA. A transfer's bytes are in RAM when it completes; the core cannot see a half-filled buffer.

    Time does not run past a transfer's end until the host has given its samples, nor LOOK_AHEAD samples past the
    host where no transfer is armed. `overrun` counts samples that a full FIFO lost.
    """

    NAME = "PDM"
    PLAIN = frozenset({"FIFOTHR", "DMATRIGEN", "DMATOTCOUNT", "DMATARGADDR"})

    def __init__(
        self,
        machine: Machine,
        peripheral: Peripheral,
        power: PowerControl,
        pads: Pads,
        board: Board,
    ) -> None:
        self._power, self._pads = power, pads
        self._microphone, self._rate = board.microphone, board.rate
        self._irq = peripheral.interrupts["PDM"]
        self._heard = Heard(machine, TICK_HZ // board.rate)
        self._head = 0  # index of the oldest sample that the FIFO holds
        self._transfer: list[tuple[int, int]] | None = None  # spans of sample indices under way
        self.overrun = 0
        self._overflow_noted = False  # in the present gap between transfers
        super().__init__(machine, peripheral)

    def reset(self) -> None:
        """Stops; what the host gave and time has not reached yet is still to be heard."""
        self._heard.stop()
        self._transfer = None
        super().reset()

    def unpowered(self) -> str | None:
        """PDM needs its power bit."""
        return self._power.why_off(self.NAME)

    def supply(self, pcm: np.ndarray) -> None:
        """More samples from the host."""
        self._heard.supply(pcm)
        if self._heard.running:
            self._schedule_horizon()

    def ready(self) -> bool:
        """Whether the host has given what the next event of the microphone needs."""
        if self._transfer is not None:
            return self._transfer[-1][1] <= self._heard.supplied
        return self._heard.produced < self._heard.supplied + LOOK_AHEAD

    def _schedule_horizon(self) -> None:
        if self._transfer is None:
            self.machine.at(
                "pdm horizon", self._heard.tick_of(self._heard.supplied + LOOK_AHEAD - 1), self._stall, True
            )

    def _stall(self) -> None:
        self._schedule_horizon()

    # Starting and stopping.

    def _update(self) -> None:
        on = (
            self.field("PCFG", "PDMCOREEN")
            and self.field("VCFG", "RSTB")
            and self.field("VCFG", "IOCLKEN")
            and self.field("VCFG", "PDMCLKEN")
        )
        if on and not self._heard.running:
            self._check()
            self._heard.start()
            self._head = self._heard.first
            self._schedule_horizon()
        elif not on and self._heard.running:
            self._heard.stop()
            self._transfer = None
            self.machine.cancel("pdm horizon")
            self.machine.cancel("pdm dma")

    def _check(self) -> None:
        clock = CLOCK_HZ.get(self.enumerated("VCFG", "PDMCLKSEL"))
        if clock is None:
            raise self.refuse(f"VCFG.PDMCLKSEL is {self.enumerated('VCFG', 'PDMCLKSEL')}")
        divider = (self.field("PCFG", "MCLKDIV") + 1) * 2 * self.field("PCFG", "SINCRATE")
        if clock != self._rate * divider:
            raise self.refuse(f"it makes {clock / divider:.1f} samples a second, not {self._rate}")
        if self.enumerated("VCFG", "CHSET") != (self._microphone.channel or "").upper():
            raise self.refuse(
                f"CHSET is {self.enumerated('VCFG', 'CHSET')}, but the microphone is {self._microphone.channel}"
            )
        if not self.field("VCFG", "PCMPACK"):
            raise self.refuse("PCMPACK is off: a word would hold one sample")
        microphone = self._microphone
        for pad, function in (
            (microphone.clock_pad, microphone.clock_function),
            (microphone.data_pad, microphone.data_function),
        ):
            if pad is not None and self._pads.function(pad) != function:
                raise self.refuse(f"pad {pad} has function {self._pads.function(pad)}, not {function}")
        if microphone.data_pad is not None and not self._pads.input_enabled(microphone.data_pad):
            raise self.refuse(f"pad {microphone.data_pad} is the microphone's data, but its input is off (INPEN)")

    def write_PCFG(self, value: int) -> None:
        """Rate, gain and the core's switch."""
        self.values["PCFG"] = value
        self._update()

    def write_VCFG(self, value: int) -> None:
        """Clock, channels and the reset."""
        self.values["VCFG"] = value
        self._update()

    def write_FIFOFLUSH(self, value: int) -> None:
        """Empties the FIFO."""
        if value & 1:
            self._head = self._heard.produced

    # DMA.

    def write_DMACFG(self, value: int) -> None:
        """Arms a transfer, from what the FIFO holds on."""
        self.values["DMACFG"] = value
        self._transfer = None
        self.machine.cancel("pdm dma")
        if not self.field("DMACFG", "DMAEN"):
            if self._heard.running:
                self._schedule_horizon()
            return
        threshold = self.values["FIFOTHR"] * 4
        count = self.values["DMATOTCOUNT"]
        if not self._heard.running:
            raise self.refuse("the DMA is armed before the microphone runs")
        if not threshold or threshold % 16 or not count or count % threshold:
            raise self.refuse(
                f"DMATOTCOUNT {count} is not a multiple of the FIFO threshold, {threshold} bytes in steps of 16"
            )
        if not self.field("DMATRIGEN", "DTHR"):
            raise self.refuse("the DMA is armed without its trigger (DMATRIGEN.DTHR)")
        self._transfer = self._spans(count // 2)
        self.machine.cancel("pdm horizon")
        self.machine.at("pdm dma", self._heard.tick_of(self._transfer[-1][1] - 1), self._complete, True)

    def _spans(self, count: int) -> list[tuple[int, int]]:
        produced = self._heard.produced
        lost = produced - self._head - FIFO_SAMPLES
        if lost <= 0:
            return [(self._head, self._head + count)]
        # The FIFO kept its oldest samples and lost those that came while it was full.
        self.overrun += lost
        self._note_overflow()
        self._overflow_noted = False
        kept = (self._head, self._head + min(count, FIFO_SAMPLES))
        return [kept, (produced, produced + count - FIFO_SAMPLES)] if count > FIFO_SAMPLES else [kept]

    def _complete(self) -> None:
        spans, self._transfer = self._transfer, None
        assert spans is not None
        pcm = np.concatenate([self._heard.take(start, end) for start, end in spans])
        self.machine.ram_write(self.values["DMATARGADDR"], pcm.tobytes())
        self._head = spans[-1][1]
        self.set_field("DMACFG", "DMAEN", 0)
        self.set_field("DMASTAT", "DMACPL", 1)
        self._raise("DCMP")
        self._schedule_horizon()

    def read_DMASTAT(self) -> int:
        """Whether a transfer is under way or complete."""
        self.set_field("DMASTAT", "DMATIP", self._transfer is not None)
        return self.values["DMASTAT"]

    def write_DMASTAT(self, value: int) -> None:
        """Ones clear."""
        self.values["DMASTAT"] &= ~value

    # Interrupts.

    def write_INTEN(self, value: int) -> None:
        """Which interrupts get through."""
        self.values["INTEN"] = value
        self._lines()

    def read_INTSTAT(self) -> int:
        """What has happened; an overflow shows as soon as a sample is lost."""
        if self._heard.running and self._transfer is None and self._heard.produced - self._head > FIFO_SAMPLES:
            self._note_overflow()
        return self.values["INTSTAT"]

    def _note_overflow(self) -> None:
        if not self._overflow_noted:
            self._overflow_noted = True
            self._raise("OVF")

    def write_INTCLR(self, value: int) -> None:
        """Ones clear."""
        self.values["INTSTAT"] &= ~value
        self._lines()

    def _raise(self, field: str) -> None:
        self.values["INTSTAT"] |= self.peripheral.registers["INTSTAT"].fields[field].mask
        self._lines()

    def _lines(self) -> None:
        self.machine.line(self._irq, bool(self.values["INTSTAT"] & self.values["INTEN"]))
