"""Arm's MPS boards in Debian's QEMU: the real image, in lockstep with its microphone.

The image's UART0 is the link, its UART1 the microphone (firmware/boards/mps/board.c says how): it sends a credit byte
when it waits for audio, and a block (how many link bytes to take first, then a chunk of samples) answers it. When the
next credit comes, all that the image has to say of the chunk is on the link.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO

import numpy as np

from firmware import boards
from host.sim.virtual_board import SimulationError

PROGRAM = "qemu-system-arm"
CHUNK = 512
LINK_BYTES_A_BLOCK = 512
"""As many as the image's ring holds."""

# An instruction takes 2**6 ns of virtual time: board_cycles() counts by it, and the watchdog's seconds are the image's.
_ICOUNT = "shift=6"

# QEMU shall not outlive us, however we end: our end of stdin closes then. In a session of its own, as Ctrl-C is for us.
_GUARD = (
    'exec 3<&0; "$@" 3<&- & qemu=$!; (read -r _ <&3; kill -KILL $qemu) 2>/dev/null & '
    "wait $qemu; status=$?; kill $! 2>/dev/null; exit $status"
)


class QemuBoard:
    """The virtual board `name` (mps2_an386, mps3_an547), booted from `image` (earshot.elf).

    `timeout_s`: how long the image may take for one chunk, on this computer's clock, before it counts as hung.
    Raises SimulationError, here and in `hear`.
    """

    def __init__(self, name: str, image: Path, timeout_s: float = 60.0) -> None:
        facts = boards.load(name)
        program = _program()
        if not image.is_file():
            raise SimulationError(f"there is no image {image}; build it with: scons -C firmware board={name}")
        self.name = name
        self.rate = facts.rate
        self._timeout_s = timeout_s
        self._rest = np.zeros(0, np.int16)
        self._to_board = bytearray()
        self._from_board = bytearray()
        self._credit = -1
        self._closed = False
        self._link, link = socket.socketpair()
        self._microphone, microphone = socket.socketpair()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        command = [
            *(program, "-M", facts.qemu_machine, "-icount", _ICOUNT, "-no-user-config"),
            *("-display", "none", "-monitor", "none", "-kernel", str(image)),
            *("-chardev", f"socket,id=link,fd={link.fileno()}", "-serial", "chardev:link"),
            *("-chardev", f"socket,id=microphone,fd={microphone.fileno()}", "-serial", "chardev:microphone"),
        ]
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._output,
            pass_fds=[link.fileno(), microphone.fileno()],
            start_new_session=True,
        )
        self._finalizer = weakref.finalize(self, _end, self._process, self._link, self._microphone, self._output)
        link.close()
        microphone.close()
        self._link.setblocking(False)
        self._microphone.setblocking(False)
        self._run(b"", b"")

    def hear(self, pcm: np.ndarray) -> bytes:
        """Lets the board hear int16 `pcm` [any]; the link bytes that it sent until it waits for more."""
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise TypeError(f"a board hears int16 in one dimension, not {pcm.dtype} in {pcm.ndim}")
        if self._closed:
            raise SimulationError(f"{self.name} is closed and hears nothing any more.")
        self._rest = np.concatenate([self._rest, pcm])
        while len(self._rest) >= CHUNK:
            chunk, self._rest = self._rest[:CHUNK], self._rest[CHUNK:]
            link = bytes(self._to_board[:LINK_BYTES_A_BLOCK])
            del self._to_board[: len(link)]
            self._run(struct.pack("<I", len(link)) + chunk.astype("<i2").tobytes(), link)
        sent = bytes(self._from_board)
        self._from_board.clear()
        return sent

    def send(self, data: bytes) -> None:
        """Bytes to the board's link, which it takes up at its next chunk."""
        self._to_board += data

    def close(self) -> None:
        """Ends QEMU."""
        self._closed = True
        self._finalizer()

    def __enter__(self) -> QemuBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, block: bytes, link: bytes) -> None:
        """Hands the board a block and its link bytes; back when it waits for the next block."""
        to_send = {self._microphone: memoryview(block), self._link: memoryview(link)}
        deadline = time.monotonic() + self._timeout_s
        with selectors.DefaultSelector() as selector:
            for port, waiting in to_send.items():
                selector.register(port, selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting else 0))
            while True:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready and time.monotonic() >= deadline:
                    raise self._failure(f"asks for no audio since {self._timeout_s:g} s")
                for key, events in ready:
                    port = self._link if key.fileobj is self._link else self._microphone
                    if events & selectors.EVENT_WRITE:
                        to_send[port] = to_send[port][self._put(port, to_send[port]) :]
                        if not to_send[port]:
                            selector.modify(port, selectors.EVENT_READ)
                    if events & selectors.EVENT_READ and port is self._link:
                        self._drain()
                    elif events & selectors.EVENT_READ and self._take_credit():
                        self._drain()
                        return

    def _put(self, port: socket.socket, data: memoryview) -> int:
        try:
            return port.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._failure("ended") from error

    def _get(self, port: socket.socket, count: int) -> bytes:
        """At most `count` bytes, none if none are there."""
        try:
            data = port.recv(count)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._failure("ended") from error
        if not data:
            raise self._failure("ended")
        return data

    def _drain(self) -> None:
        """Takes all that the board has put on the link."""
        while data := self._get(self._link, 65536):
            self._from_board += data

    def _take_credit(self) -> bool:
        """True if the board asks for the next block. It counts its credits, from 0 after a reset."""
        got = self._get(self._microphone, 2)
        if not got:
            return False
        if len(got) > 1 or got[0] not in (0, (self._credit + 1) % 256):
            raise self._failure(f"is out of step: credit {got.hex(' ')} after {self._credit}")
        self._credit = got[0]
        return True

    def _failure(self, what: str) -> SimulationError:
        """Closes the board; the error that says what it did last."""
        status = self._end_status() if what == "ended" else None
        self._output.seek(0)
        said = self._output.read().decode(errors="replace").strip()
        heard = bytes(self._from_board[-80:])
        self.close()
        return SimulationError(
            f"{PROGRAM} with the image of {self.name} {what}"
            + (f" (exit status {status})" if status is not None else "")
            + (f"; it said: {said[-2000:]}" if said else "; it said nothing")
            + (f"; the last link bytes: {heard.hex(' ')}" if heard else "; nothing was on the link")
            + "."
        )

    def _end_status(self) -> int | None:
        try:
            return self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            return None


def _program() -> str:
    path = shutil.which(PROGRAM)
    if path is None:
        raise SimulationError(f"{PROGRAM} is not installed; on Debian: apt-get install qemu-system-arm.")
    return path


def _end(process: subprocess.Popen[bytes], link: socket.socket, microphone: socket.socket, output: IO[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(timeout=5.0)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    link.close()
    microphone.close()
    output.close()
