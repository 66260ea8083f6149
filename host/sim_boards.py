"""Virtual boards by name, with every failure to start or run one as a HostError."""

from collections.abc import Iterator
from contextlib import contextmanager

from firmware import boards
from firmware.native import NativeBoard, NativeBuildError, NativeStore
from host.errors import HostError
from host.sim import VirtualBoard, open_board


@contextmanager
def open_sim_board(name: str, rate: int | None = None) -> Iterator[VirtualBoard]:
    """The virtual board `name` (see `host boards`), booted, at `rate` Hz where it has a choice; closed at the end.

    HostError where there is none, it has no such rate, or it fails while it is open.
    """
    chosen = _known(name)
    sim_rate(name, rate)
    with simulation_errors():
        board = _boot(chosen, rate)
        try:
            yield board
        finally:
            board.close()


def boot_sim_board(name: str) -> VirtualBoard:
    """As `open_sim_board`, for a caller that closes it; wrap its use in `simulation_errors`."""
    chosen = _known(name)
    with simulation_errors():
        return _boot(chosen, None)


@contextmanager
def simulation_errors() -> Iterator[None]:
    """A native library that cannot be built becomes a HostError, as all else that can go wrong with a board is."""
    try:
        yield
    except NativeBuildError as error:
        sentence, _, detail = str(error).partition("\n")
        raise HostError(sentence, detail) from error


def _boot(board: boards.Board, rate: int | None) -> VirtualBoard:
    if board.simulator == "native":
        return NativeBoard(rate, NativeStore())
    return open_board(board.name)


def sim_rate(name: str, rate: int | None = None) -> int:
    """The rate in Hz at which the virtual board `name` hears; `rate`, if given, must be one that it has. HostError."""
    board = _known(name)
    if rate is None:
        return board.rate
    if rate not in board.rates:
        rates = " or ".join(str(one) for one in board.rates)
        raise HostError(f"{name} hears at {rates} Hz, not at {rate} Hz. Leave --rate away, or give one of these.")
    return rate


def _known(name: str) -> boards.Board:
    virtual = [other for other in boards.names() if boards.load(other).simulator]
    if name not in boards.names():
        raise HostError(f"there is no board {name!r}. Virtual boards: {', '.join(virtual)}.")
    board = boards.load(name)
    if name not in virtual:
        raise HostError(f"{name} runs on silicon only. Virtual boards: {', '.join(virtual)}.")
    return board
