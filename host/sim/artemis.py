"""A board with an Apollo3 as a virtual board: the real image in Unicorn, with its peripherals modelled."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from firmware.boards import Board
from firmware.boards.registers import peripherals
from host.sim import apollo3
from host.sim.apollo3_flash import Flash
from host.sim.apollo3_pdm import Pdm
from host.sim.apollo3_uart import Uart
from host.sim.machine import Machine
from host.sim.residency import Meter, Residency, residency
from host.sim.unicorn_board import UnicornBoard, name_of

FLASH = (0x0001_0000, 0x000F_0000)  # what the boot loader leaves of 1 MB
RAM = (0x1000_0000, 0x0006_0000)
WINDOWS = [(0x4000_0000, 0x0004_0000), (0x4FFF_F000, 0x1000), (0x5000_0000, 0x0002_1000)]


class Apollo3Board(UnicornBoard):
    """The image of `board` on a virtual Apollo3; image: the flat binary for the board's flash address."""

    def __init__(self, board: Board, image: Path) -> None:
        super().__init__(board)
        assert board.registers is not None and board.link is not None
        self.machine = machine = Machine(FLASH, RAM, apollo3.TICK_HZ, apollo3.ROM)
        svd = peripherals(board.registers.svd, board.registers.peripherals)
        self.banks = Meter(machine, apollo3.BANK_BYTES)
        self.parts = Meter(machine, apollo3.DOMAINS)
        self.power = apollo3.PowerControl(machine, svd["PWRCTRL"], self.parts, self.banks)
        self.resets = apollo3.ResetGenerator(machine, svd["RSTGEN"])
        self.pads = apollo3.Pads(machine, svd["GPIO"], board.state_pins)
        self.watchdog = apollo3.Watchdog(machine, svd["WDT"], self.resets)
        self.control = apollo3.Control(machine, svd["MCUCTRL"])
        self.clocks = apollo3.ClockGenerator(machine, svd["CLKGEN"], self.power, self.control)
        self.uart = Uart(machine, svd["UART0"], self.power, self.pads, board.link)
        self.pdm = Pdm(machine, svd["PDM"], self.power, self.pads, board)
        self.flash = Flash(machine, self.power.why_flash_off)
        self.flash.on_power_failure = lambda: machine.request_reset(lambda: self.restart("PORSTAT"))
        others = [
            self.clocks,
            apollo3.CacheControl(machine, svd["CACHECTRL"], self.flash),
            apollo3.SystemTimer(machine, svd["CTIMER"]),
        ]
        machine.attach(
            [self.power, self.resets, self.pads, self.watchdog, self.control, self.uart, self.pdm, *others],
            WINDOWS,
            partial(name_of, board.registers.svd),
        )
        machine.deep_sleep_possible = lambda: not self.control.field("TPIUCTRL", "ENABLE")
        machine.may_advance = self.pdm.ready
        machine.on_system_reset = lambda: machine.request_reset(lambda: self.restart("SWRSTAT"))
        self.watchdog.on_expiry = lambda: machine.request_reset(lambda: self.restart("WDRSTAT"))
        self.power.image_end = self.flash.image_end = self.load(image)
        self.restart("PORSTAT")
        machine.run()

    def tell(self, cause: str) -> None:
        """See UnicornBoard.tell."""
        self.resets.tell(cause)

    def power_cycle(self) -> None:
        """See UnicornBoard.power_cycle."""
        self.machine.request_reset(lambda: self.restart("PORSTAT"))
        self.machine.run()

    def residency(self) -> Residency:
        """See UnicornBoard.residency."""
        return residency(self.machine, self.parts, self.banks, apollo3.BANK_BYTES, self.clocks.burst_ticks())
