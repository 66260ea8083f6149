"""A board with an nRF52840 as a virtual board: the real image in Unicorn, with its peripherals modelled."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from firmware.boards import Board
from firmware.boards.registers import peripherals
from host.sim import nrf52
from host.sim.machine import Machine
from host.sim.nrf52_nvmc import Nvmc
from host.sim.nrf52_pdm import Pdm
from host.sim.nrf52_uarte import Uarte
from host.sim.residency import Meter, Residency, residency
from host.sim.unicorn_board import UnicornBoard, name_of
from host.sim.virtual_board import SimulationError

FLASH_END = 0x0010_0000
RAM = (0x2000_0000, 0x0004_0000)
WINDOWS = [(0x1000_0000, 0x1000), (0x4000_0000, 0x0003_0000), (0x5000_0000, 0x1000)]
POWER_ON, SOFTWARE, WATCHDOG = "", "SREQ", "DOG"


class Nrf52Board(UnicornBoard):
    """The image of `board` on a virtual nRF52840; image: the flat binary for the board's flash address."""

    def __init__(self, board: Board, image: Path) -> None:
        super().__init__(board)
        assert board.registers is not None and board.link is not None and board.flash is not None
        if board.image is None or "STORE" not in board.image.memory:
            raise SimulationError(f"board {board.name} has no region STORE in its board.toml")
        store = board.image.memory["STORE"]
        self.machine = machine = Machine((board.flash.address, FLASH_END - board.flash.address), RAM, nrf52.TICK_HZ)
        svd = peripherals(board.registers.svd, board.registers.peripherals)
        self.banks = Meter(machine, nrf52.BANK_BYTES)
        self.parts = Meter(machine, nrf52.PARTS)
        ppi = nrf52.Ppi(machine, svd["PPI"])
        ports = (nrf52.Port0(machine, svd["P0"]), nrf52.Port1(machine, svd["P1"]))
        self.pads = nrf52.Pins(machine, ports, board.state_pins, board.microphone.power_pad, self.parts)
        self.power = nrf52.Power(machine, svd["POWER"], self.banks)
        self.clock = nrf52.Clock(machine, svd["CLOCK"], ppi, self.parts)
        chip = nrf52.Chip(ppi, self.clock, self.pads, self.parts)
        self.watchdog = nrf52.Watchdog(machine, svd["WDT"])
        self.uart = Uarte(machine, svd["UARTE0"], chip, board.link)
        self.pdm = Pdm(machine, svd["PDM"], chip, board)
        self.flash = Nvmc(machine, svd["NVMC"], (store.start, store.length))
        models = [
            *(ppi, *ports, self.clock, self.power, self.watchdog, self.uart, self.pdm, self.flash),
            nrf52.Rtc(machine, svd["RTC0"], ppi, self.clock),
            nrf52.Timer(machine, svd["TIMER1"], ppi),
            nrf52.Information(machine, svd["FICR"]),
        ]
        machine.attach(models, WINDOWS, partial(name_of, board.registers.svd))
        ppi.bus = machine.bus
        machine.deep_sleep_possible = lambda: False  # System OFF is no sleep: it ends in a reset
        machine.may_advance = self.pdm.ready
        machine.on_system_reset = lambda: machine.request_reset(lambda: self.restart(SOFTWARE))
        self.watchdog.on_expiry = lambda: machine.request_reset(lambda: self.restart(WATCHDOG))
        self.flash.on_power_failure = lambda: machine.request_reset(lambda: self.restart(POWER_ON))
        if self.load(image) > store.start:
            raise SimulationError(f"the image reaches into the store at 0x{store.start:x}")
        self.restart(POWER_ON)
        machine.run()

    def tell(self, cause: str) -> None:
        """See UnicornBoard.tell."""
        self.power.tell(cause)
        self.watchdog.survives = cause == SOFTWARE

    def power_cycle(self) -> None:
        """See UnicornBoard.power_cycle."""
        self.machine.request_reset(lambda: self.restart(POWER_ON))
        self.machine.run()

    def residency(self) -> Residency:
        """See UnicornBoard.residency."""
        return residency(self.machine, self.parts, self.banks, nrf52.BANK_BYTES, 0)
