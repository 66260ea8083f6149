"""SparkFun's boot loader at the other end of a pseudo-terminal, and then the image that it was given.

Written from the loader's own source, as its timing goes: it asks again for what comes damaged or not at all, counts
frames by itself, and cannot tell one that comes twice. A line's faults are drawn by chance, or told one by one.
"""

import contextlib
import os
import random
import select
import termios
import threading
import time
import tty
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from board_on_a_line import hello_of

from firmware.image_facts import MAGIC, facts_in
from firmware.link import (
    TRIAL_BLOCK_BYTES,
    Config,
    Decoder,
    Hello,
    ListenerState,
    State,
    Trial,
    TrialRefusal,
    TrialResult,
    TrialSubject,
    encode,
)
from host.flash.svl import BAUDS, Command, crc16, packet

_SPEEDS = {getattr(termios, f"B{baud}"): baud for baud in (*BAUDS, 9600, 19_200)}
_FRAME_S = 0.5
_FLUSH_S = 0.177
_WINDOW_S = 0.6
"""The real one is 0.2 s from the reset on, which a pseudo-terminal does not tell to the millisecond."""


BUILD = 0xFEED_0000_0000_0001


def image_bytes(size: int = 60_000, board: str = "artemis", reset: int = 0x0001_0101, build: int = BUILD) -> bytes:
    """A flat image: vectors, facts, and noise."""
    data = bytearray(np.random.default_rng(size).integers(0, 256, size).astype(np.uint8).tobytes())
    data[:8] = (0x1000_2000).to_bytes(4, "little") + reset.to_bytes(4, "little")
    facts = MAGIC + board.encode().ljust(16, b"\0") + b"0.1.0".ljust(16, b"\0") + build.to_bytes(8, "little")
    data[256 : 256 + len(facts)] = facts
    return bytes(data)


@dataclass
class Faults:
    """What the line does. Each fault takes bytes as they go, and gives what arrives."""

    to_loader: Callable[[bytes], bytes] = lambda data: data
    to_host: Callable[[bytes], bytes] = lambda data: data
    delay_s: float = 0.0
    bauds: tuple[int, ...] = BAUDS
    """At others nothing is understood."""


@dataclass
class Chance:
    """Harms a share of the writes: a byte dropped, or a bit turned."""

    share: float
    seed: int = 1
    drops: bool = True
    corrupts: bool = True
    harmed: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def __call__(self, data: bytes) -> bytes:
        if not data or self._random.random() >= self.share:
            return data
        self.harmed += 1
        at = self._random.randrange(len(data))
        if self.drops and (not self.corrupts or self._random.random() < 0.5):
            return data[:at] + data[at + 1 :]
        return data[:at] + bytes([data[at] ^ 1 << self._random.randrange(8)]) + data[at + 1 :]


class SimulatedLoader:
    """A board with SVL. `port` is the host's end; opening it resets the board."""

    def __init__(
        self, link: Path, faults: Faults | None = None, *, loader: bool = True, hello: Hello | None = None
    ) -> None:
        """`loader`: False has none, only an image. `hello`: of the image that runs before; None: there is none."""
        self.port = str(link)
        self.faults = faults or Faults()
        self.flash = b""
        """What the loader has written, frame after frame."""
        self.frames = self.retries = self.resets = 0
        self.baud = 0
        """At which the last upload came to its end."""
        self.takes_wrong_bytes = False
        """Flash that keeps one byte otherwise than written."""
        self._loader, self._hello = loader, hello
        self._pending, self._loading = b"", True
        self._master, slave = os.openpty()
        tty.setraw(slave)
        link.symlink_to(os.ttyname(slave))
        os.close(slave)
        os.set_blocking(self._master, False)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Unplugs it."""
        self._over.set()
        self._thread.join(10)
        os.close(self._master)

    def _run(self) -> None:
        while not self._over.is_set():
            if self._opened():
                self.resets += 1
                # When the host closes the port: the next opening is the next reset.
                with contextlib.suppress(OSError):
                    self._boot()

    def _opened(self) -> bool:
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        if any(events & select.POLLHUP for _, events in poll.poll(0)):
            time.sleep(0.005)
            return False
        return True

    def _boot(self) -> None:
        """From a reset on; OSError when the host has closed the port."""
        self._pending, self._loading = b"", True
        if self._loader and self._read_exactly(1, _WINDOW_S) == b"U":
            baud = _SPEEDS.get(termios.tcgetattr(self._master)[4], 0)
            if baud in self.faults.bauds:
                self._send(b"\xfe" + packet(Command.VERSION, b"\x06"))  # the blip that its UART begins with
                received = self._wait()
                if received is not None and received[0] == Command.BL:
                    self._bootload(baud)
            else:
                self._send(b"\x80\x00\xf8")
        self._run_image()

    def _bootload(self, baud: int) -> None:
        self.flash, retry = b"", False
        while True:
            self.retries += retry
            self._send(packet(Command.RETRY if retry else Command.NEXT))
            received = self._wait()
            retry = True
            if received is None:
                self._pause(_FLUSH_S)
                self._flush()
            elif received[0] == Command.FRAME and len(received[1]) % 4 == 0:
                self.frames += 1
                self.flash += received[1]
                retry = False
            elif received[0] == Command.DONE:
                self.baud = baud
                self.resets += 1
                return

    def _wait(self) -> tuple[int, bytes] | None:
        head = self._read_exactly(2, _FRAME_S)
        if head is None:
            return None
        length = int.from_bytes(head, "big")
        body = self._read_exactly(length, _FRAME_S) if 3 <= length <= 2051 else None
        if body is None or crc16(body) != 0:
            return None
        return body[0], body[1:-2]

    def _run_image(self) -> None:
        self._loading = False
        facts = facts_in(self.flash)
        hello = self._hello
        if facts is not None:
            hello = hello_of(facts.board, firmware=facts.firmware, build=facts.build)
        decoder = Decoder()
        if hello is not None:
            self._send(encode(hello))
        while True:
            data = self._read(0.1)
            if hello is None:
                continue
            for item in decoder.feed(data):
                if isinstance(item, Hello):
                    state = State(0, ListenerState.HEAR, speaking=False, probability_q8=0, dropped=0)
                    self._send(encode(hello) + encode(state) + encode(Config()))
                elif isinstance(item, Trial) and item.subject is TrialSubject.IMAGE:
                    self._send(encode(self._block(item)))

    def _block(self, asked: Trial) -> TrialResult:
        flash = bytearray(self.flash)
        if self.takes_wrong_bytes:
            flash[40_000] ^= 1
        block = flash[asked.run * TRIAL_BLOCK_BYTES :][:TRIAL_BLOCK_BYTES]
        blank = TrialResult(asked.subject, asked.run, asked.output, TrialRefusal.NONE, len(block), zlib.crc32(block), 7)
        return blank if block else replace(blank, refused=TrialRefusal.ABSENT, crc32=0, cycles=0)

    def _send(self, data: bytes) -> None:
        if self.faults.delay_s:
            self._pause(self.faults.delay_s)
        data = self.faults.to_host(data) if self._loading else data
        while data:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                self._pause(0.005)

    def _read(self, timeout_s: float) -> bytes:
        """What came; OSError when the host has closed the port."""
        ready, _, _ = select.select([self._master], [], [], timeout_s)
        if self._over.is_set():
            raise OSError("unplugged")
        data = os.read(self._master, 65_536) if ready else b""
        return self.faults.to_loader(data) if self._loading else data

    def _read_exactly(self, count: int, timeout_s: float) -> bytes | None:
        ends = time.monotonic() + timeout_s
        while len(self._pending) < count:
            left = ends - time.monotonic()
            if left <= 0:
                return None
            self._pending += self._read(min(left, 0.05))
        taken, self._pending = self._pending[:count], self._pending[count:]
        return taken

    def _flush(self) -> None:
        self._pending = b""
        while self._read(0):
            pass

    def _pause(self, seconds: float) -> None:
        if self._over.wait(seconds):
            raise OSError("unplugged")
