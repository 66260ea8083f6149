"""What the virtual boards in Unicorn share: the image in the machine, its microphone and its link, in lockstep."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol

import numpy as np

from firmware.boards import Board
from firmware.boards.registers import register_names
from host.sim.machine import Machine
from host.sim.residency import Residency
from host.sim.virtual_board import SimulationError

STEP = 512  # samples at a time


class HearingModel(Protocol):
    """The microphone's model."""

    def supply(self, pcm: np.ndarray) -> None:
        """More samples from the host."""

    def ready(self) -> bool:
        """Whether the host has given what its next event needs."""


class LinkModel(Protocol):
    """The serial port's model."""

    sent: bytearray

    def feed(self, data: bytes) -> None:
        """Bytes from the host."""


class PadsModel(Protocol):
    """The pins' model."""

    codes: list[tuple[int, int]]


class UnicornBoard(ABC):
    """The image of a board on a virtual chip; see VirtualBoard. Starts as after power-on.

    Same image and samples, same bytes and instruction counts. A chip's own class makes its models, then calls `boot`.
    """

    machine: Machine
    pdm: HearingModel
    uart: LinkModel
    pads: PadsModel

    def __init__(self, board: Board) -> None:
        if board.registers is None or board.link is None or board.flash is None:
            raise SimulationError(f"board {board.name} lacks [registers], [link] or [flash] in its board.toml")
        self.name, self.rate = board.name, board.rate
        self._vectors = board.flash.address
        self.resets_seen: list[str] = []

    def load(self, image: Path) -> int:
        """Writes the flat binary `image` to flash; the address behind it."""
        program = image.read_bytes()
        self.machine.load(program, self._vectors)
        return self._vectors + len(program)

    def restart(self, cause: str) -> None:
        """Resets the chip, which then says that it was because of `cause`."""
        self.resets_seen.append(cause)
        self.tell(cause)
        self.machine.reset()
        self.machine.start(self._vectors)

    @abstractmethod
    def tell(self, cause: str) -> None:
        """Has the chip's models know why it is reset."""

    @abstractmethod
    def power_cycle(self) -> None:
        """Takes the power away and gives it back; flash keeps what it holds."""

    @abstractmethod
    def residency(self) -> Residency:
        """How long the board was in each power state."""

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

    def close(self) -> None:  # noqa: B027, nothing runs outside this process
        """See VirtualBoard.close."""


def name_of(svd: str, address: int) -> str | None:
    """PERIPHERAL.REGISTER of the chip at `address`; None where it has none."""
    return register_names(svd).get(address)
