"""Earshot: virtual boards, the real image on an emulated core."""

from __future__ import annotations

from firmware import boards
from host.sim.virtual_board import SimulationError, VirtualBoard

__all__ = ["SimulationError", "VirtualBoard", "open_board"]


def open_board(name: str) -> VirtualBoard:
    """The virtual board `name`, booted; its image is built first where it is stale or missing (stderr says so).

    Raises SimulationError, in one sentence, if there is no such virtual board or its image cannot be built.
    """
    try:
        board = boards.load(name)
    except boards.BoardError as error:
        raise SimulationError(str(error)) from error
    if board.simulator == "native":
        from firmware.native import NativeBoard

        return NativeBoard()
    from host.sim.image import built

    if board.simulator == "apollo3":
        from host.sim.artemis import Apollo3Board

        return Apollo3Board(board, built(name) / "earshot.bin")
    if board.simulator == "nrf52":
        from host.sim.nrf52_board import Nrf52Board

        return Nrf52Board(board, built(name) / "earshot.bin")
    if board.simulator == "qemu":
        from host.sim.qemu import QemuBoard

        return QemuBoard(name, built(name) / "earshot.elf")
    raise SimulationError(f"{name} has no virtual board: it runs on silicon only")
