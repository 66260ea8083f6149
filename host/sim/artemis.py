"""A board with an Apollo3 as a virtual board: the real image in Unicorn, with its peripherals modelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.boards import Board
from firmware.boards.registers import peripherals
from host.sim import apollo3
from host.sim.apollo3_flash import Flash
from host.sim.apollo3_pdm import Pdm
from host.sim.apollo3_uart import Uart
from host.sim.machine import Machine, Power
from host.sim.virtual_board import SimulationError

FLASH = (0x0001_0000, 0x000F_0000)  # what the boot loader leaves of 1 MB
RAM = (0x1000_0000, 0x0006_0000)
WINDOWS = [(0x4000_0000, 0x0004_0000), (0x4FFF_F000, 0x1000), (0x5000_0000, 0x0002_1000)]
STEP = 512  # samples at a time


@dataclass(frozen=True)
class Residency:
    """Virtual seconds since power came: in each power state of the core, with each peripheral powered, in a burst."""

    core: dict[str, float]
    powered: dict[str, float]
    burst: float
    """Of the time awake: at the burst clock."""


class Apollo3Board:
    """The image of `board` on a virtual Apollo3; see VirtualBoard. Starts as after power-on.

    image: the flat binary for the board's flash address. Same image and samples, same bytes and instruction counts.
    """

    def __init__(self, board: Board, image: Path) -> None:
        if board.registers is None or board.link is None or board.flash is None:
            raise SimulationError(f"board {board.name} lacks [registers], [link] or [flash] in its board.toml")
        self.name, self.rate = board.name, board.rate
        self.machine = machine = Machine(FLASH, RAM, apollo3.TICK_HZ, apollo3.ROM)
        svd = peripherals(board.registers.svd, board.registers.peripherals)
        self.power = apollo3.PowerControl(machine, svd["PWRCTRL"])
        self.resets = apollo3.ResetGenerator(machine, svd["RSTGEN"])
        self.pads = apollo3.Pads(machine, svd["GPIO"], board.state_pins)
        self.watchdog = apollo3.Watchdog(machine, svd["WDT"], self.resets)
        self.control = apollo3.Control(machine, svd["MCUCTRL"])
        self.clocks = apollo3.ClockGenerator(machine, svd["CLKGEN"], self.power, self.control)
        self.uart = Uart(machine, svd["UART0"], self.power, self.pads, board.link)
        self.pdm = Pdm(machine, svd["PDM"], self.power, self.pads, board)
        self.flash = Flash(machine, self.power.why_flash_off)
        self.flash.on_power_failure = lambda: machine.request_reset(lambda: self._reset("PORSTAT"))
        others = [
            self.clocks,
            apollo3.CacheControl(machine, svd["CACHECTRL"], self.flash),
            apollo3.SystemTimer(machine, svd["CTIMER"]),
        ]
        machine.attach(
            [self.power, self.resets, self.pads, self.watchdog, self.control, self.uart, self.pdm, *others], WINDOWS
        )
        machine.deep_sleep_possible = lambda: not self.control.field("TPIUCTRL", "ENABLE")
        machine.may_advance = self.pdm.ready
        machine.on_system_reset = lambda: machine.request_reset(lambda: self._reset("SWRSTAT"))
        self.watchdog.on_expiry = lambda: machine.request_reset(lambda: self._reset("WDRSTAT"))
        self._vectors = board.flash.address
        program = image.read_bytes()
        machine.load(program, self._vectors)
        self.power.image_end = self.flash.image_end = self._vectors + len(program)
        self.resets_seen: list[str] = []
        self._reset("PORSTAT")
        machine.run()

    def power_cycle(self) -> None:
        """Takes the power away and gives it back; flash keeps what it holds."""
        self.machine.request_reset(lambda: self._reset("PORSTAT"))
        self.machine.run()

    def _reset(self, cause: str) -> None:
        self.resets_seen.append(cause)
        self.resets.tell(cause)
        self.machine.reset()
        self.machine.start(self._vectors)

    def hear(self, pcm: np.ndarray) -> bytes:
        """See VirtualBoard.hear."""
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise SimulationError(f"a board hears int16 samples in one dimension, not {pcm.dtype} in {pcm.ndim}")
        for start in range(0, len(pcm), STEP):
            self.pdm.supply(pcm[start : start + STEP])
            self.machine.run()
        sent = bytes(self.uart.sent)
        self.uart.sent.clear()
        return sent

    def send(self, data: bytes) -> None:
        """See VirtualBoard.send."""
        self.uart.feed(data)

    def close(self) -> None:
        """Nothing runs outside this process."""

    def residency(self) -> Residency:
        """How long the board was in each power state."""
        hz = self.machine.tick_hz
        core = {state.value: self.machine.residency[state] / hz for state in Power}
        powered = {name: ticks / hz for name, ticks in self.power.powered_ticks().items()}
        return Residency(core, powered, self.clocks.burst_ticks() / hz)
