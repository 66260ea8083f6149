"""Through a debug probe, by pyocd, which stands behind ProbeSession: a test can stand in for it."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from firmware.boards import Board
from host.errors import HostError
from host.flash.image import Image

_BLOCK_BYTES = 32_768


class ProbeSession(Protocol):
    """A chip at the other end of a probe."""

    def program(self, data: bytes, address: int, progress: Callable[[float], None]) -> None:
        """Erases and writes; `progress` is told a share from 0 to 1."""

    def read(self, address: int, count: int) -> bytes:
        """Reads memory."""

    def reset(self) -> None:
        """Starts the image."""


@dataclass(frozen=True)
class Probe:
    """A debug probe that is plugged in."""

    number: str
    name: str


OpenSession = Callable[[str, str], AbstractContextManager[ProbeSession]]
"""(the chip's name for pyocd, the probe's number or "") to a session. HostError."""


def probes() -> list[Probe]:
    """The probes that pyocd sees. HostError where it fails."""
    from pyocd.core.helpers import ConnectHelper

    try:
        found = ConnectHelper.get_all_connected_probes(blocking=False, print_wait_message=False)
    except Exception as error:  # pyocd's backends raise what their libraries do
        raise HostError(f"pyocd cannot look for probes: {_said(error)}. `host doctor` says more.") from error
    return [Probe(probe.unique_id, probe.description) for probe in found]


@contextmanager
def pyocd_session(target: str, number: str) -> Iterator[ProbeSession]:
    """A real one. HostError where there is no probe, more than one to choose from, or no chip at it."""
    from pyocd.core.helpers import ConnectHelper

    found = probes()
    if number:
        found = [probe for probe in found if probe.number == number]
    if not found:
        what = f"no probe {number}" if number else "no debug probe"
        raise HostError(
            f"{what} is plugged in, or this user may not open it (`host udev`). Plug it in, or flash with --port."
        )
    if len(found) > 1:
        named = ", ".join(f"{probe.number} ({probe.name})" for probe in found)
        raise HostError(f"there are {len(found)} probes: {named}. Choose one with --probe-id.")
    try:
        session = ConnectHelper.session_with_chosen_probe(
            blocking=False,
            unique_id=found[0].number,
            options={"target_override": target, "hide_programming_progress": True},
        )
        if session is None:
            raise HostError(f"{found[0].name} is gone again. Plug it in.")
        with session:
            yield _PyocdSession(session)
    except HostError:
        raise
    except Exception as error:
        raise HostError(
            f"{found[0].name} does not reach the chip: {_said(error)}. Is the board powered, are SWDIO, SWCLK and "
            "ground connected?"
        ) from error


class _PyocdSession:
    def __init__(self, session: Any) -> None:
        self._session = session

    def program(self, data: bytes, address: int, progress: Callable[[float], None]) -> None:
        from pyocd.flash.file_programmer import FileProgrammer

        programmer = FileProgrammer(self._session, progress=progress)
        programmer.program(io.BytesIO(data), file_format="bin", base_address=address)

    def read(self, address: int, count: int) -> bytes:
        return bytes(self._session.target.read_memory_block8(address, count))

    def reset(self) -> None:
        self._session.target.reset()


def flash_by_probe(
    image: Image,
    board: Board,
    *,
    number: str = "",
    progress: Callable[[int], None] = lambda _: None,
    open_session: OpenSession = pyocd_session,
) -> None:
    """Writes the image, reads it back, and starts it; `progress` is told bytes. HostError."""
    flash = board.flash
    assert flash is not None
    if not flash.probe_target:
        raise HostError(
            f"pyocd does not know the chip of {board.name}. Flash it without --probe: host flash -b {board.name}."
        )
    with open_session(flash.probe_target, number) as session:
        session.program(image.data, flash.address, lambda share: progress(int(share * len(image.data))))
        for at in range(0, len(image.data), _BLOCK_BYTES):
            block = image.data[at : at + _BLOCK_BYTES]
            if session.read(flash.address + at, len(block)) != block:
                raise HostError(
                    f"flash does not hold the image from {flash.address + at:#x} on. Flash again; if it stays so, the "
                    "flash is worn out or protected."
                )
        session.reset()


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
