"""A board at the other end of a real line (pseudo-terminal, TCP socket): the native image, or a script."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
from domain_store import DomainStore

from firmware.link import (
    VERSION,
    Ack,
    Config,
    Decoder,
    DomainBegin,
    DomainControl,
    DomainData,
    Frame,
    Hello,
    Kept,
    Ledger,
    LedgerRow,
    ListenerState,
    ResetCause,
    State,
    encode,
)
from firmware.native import NativeBoard

CHUNK = 512
HOST = [sys.executable, "-m", "host.cli"]


class Line:
    """The board's end of a line; the host's end is `port`."""

    port: str

    def read(self) -> bytes:
        """What came, b"" when nothing did for a moment; OSError once the host's end is gone."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Sends all of it."""
        raise NotImplementedError

    def unplug(self) -> None:
        """The device disappears."""
        raise NotImplementedError


class SerialLine(Line):
    """A pseudo-terminal behind a symbolic link, as udev makes one; it can be unplugged and plugged in again."""

    def __init__(self, link: Path) -> None:
        self.port = str(link)
        self._link = link
        self._lock = threading.Lock()
        self._board_fd = self._host_fd = -1
        self.plug()

    def plug(self) -> None:
        """The device appears."""
        board_fd, host_fd = os.openpty()
        tty.setraw(host_fd)
        os.set_blocking(board_fd, False)
        with self._lock:
            self._board_fd, self._host_fd = board_fd, host_fd
        self._link.symlink_to(os.ttyname(host_fd))

    def unplug(self) -> None:
        with self._lock:
            self._link.unlink(missing_ok=True)
            for fd in (self._board_fd, self._host_fd):
                if fd >= 0:
                    os.close(fd)
            self._board_fd = self._host_fd = -1

    def read(self) -> bytes:
        with self._lock, contextlib.suppress(BlockingIOError):
            if self._board_fd >= 0:
                return os.read(self._board_fd, 4096)
        return b""

    def write(self, data: bytes) -> None:
        while data:
            with self._lock:
                if self._board_fd < 0:
                    return
                try:
                    data = data[os.write(self._board_fd, data) :]
                    continue
                except BlockingIOError:
                    pass  # nobody reads: a UART would lose it, a test wants it
            time.sleep(0.005)


class SocketLine(Line):
    """A TCP server for one host after the other."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.02)
        self._peer: socket.socket | None = None
        self.port = f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def _connected(self) -> socket.socket | None:
        if self._peer is None:
            with contextlib.suppress(TimeoutError):
                self._peer, _ = self._server.accept()
                self._peer.settimeout(0.005)
        return self._peer

    def read(self) -> bytes:
        peer = self._connected()
        if peer is None:
            return b""
        try:
            data = peer.recv(4096)
        except TimeoutError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.unplug()
        return data

    def write(self, data: bytes) -> None:
        peer = self._connected()
        if peer is not None:
            with contextlib.suppress(OSError):
                peer.sendall(data)

    def unplug(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def close(self) -> None:
        """No more hosts."""
        self.unplug()
        self._server.close()


class BoardThread(threading.Thread):
    """Runs `step` until stopped, and keeps what it raised."""

    def __init__(self, step: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._step = step
        self._done = threading.Event()
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            while not self._done.is_set():
                self._step()
        except BaseException as error:  # the test that stops it gets to see it
            self.error = error

    def stop(self) -> None:
        self._done.set()
        self.join(10)
        if self.error is not None:
            raise self.error


def hello_of(board: str = "artemis", boot: int = 7, **others: object) -> Hello:
    """A board's HELLO."""
    facts: dict[str, object] = {
        "version": VERSION,
        "board": board,
        "firmware": "0.1.0",
        "build": 0x0123_4567_89AB_CDEF,
        "model": "vad",
        "model_crc32": 0xCAFEF00D,
        "asr": "asr",
        "asr_crc32": 0xBEEF,
        "domain": "travel",
        "domain_crc32": 0xD0,
        "rate": 15_625,
        "chunk": CHUNK,
        "hop": 256,
        "reset_cause": ResetCause.POWER_ON,
        "boot": boot,
        "unit": 0xF00D_0000_0000_BEEF,
    }
    return Hello(**(facts | others))  # type: ignore[arg-type]


def ledger_of(sample: int, rows: Sequence[LedgerRow], **counts: int) -> Ledger:
    """A LEDGER; the counts that are not given are zero."""
    values = {field.name: 0 for field in fields(Ledger)} | counts
    return Ledger(**(values | {"sample": sample, "rows": tuple(rows)}))  # type: ignore[arg-type]


class ScriptedBoard:
    """Speaks the protocol as a board does; a test says what it hears. Answers questions, keeps ACKs and CONFIGs."""

    def __init__(self, line: Line, reset_cause: ResetCause = ResetCause.POWER_ON) -> None:
        self.line = line
        self.acked: list[int] = []
        """Ids of segments."""
        self.acked_finals: list[int] = []
        self.told_of_damage = 0
        self.domains = DomainStore()
        self.configs: list[Config] = []
        self.config = Config()
        self.questions = 0
        self.state = State(0, ListenerState.HEAR, speaking=False, probability_q8=0, dropped=0)
        self.hello = hello_of(reset_cause=reset_cause)
        self._decoder = Decoder()
        self._thread = BoardThread(self._step)

    def send(self, *frames: Frame) -> None:
        """Frames to the host."""
        self.line.write(b"".join(encode(frame) for frame in frames))

    def _step(self) -> None:
        data = self.line.read()
        if not data:
            time.sleep(0.005)
        for item in self._decoder.feed(data):
            if isinstance(item, Ack):
                if item.kept is Kept.NOTHING:
                    self.told_of_damage += 1
                elif item.boot == self.hello.boot:
                    (self.acked if item.kept is Kept.SEGMENT else self.acked_finals).append(item.id)
            elif isinstance(item, DomainBegin | DomainData | DomainControl):
                self.send(*self.domains.take(item))
            elif isinstance(item, Hello):
                self.questions += 1
                self.send(self.hello, self.state, self.config)
            elif isinstance(item, Config):
                self.configs.append(item)
                self.config = item
                self.send(item)

    def stop(self) -> None:
        self._thread.stop()


class NativeOnLine:
    """The native image at the end of a line: hears `pcm` over and over, a chunk each `pace_s`."""

    def __init__(self, line: Line, pcm: np.ndarray, pace_s: float = 0.004) -> None:
        self.line = line
        self.board = NativeBoard(16_000)
        self._pcm = pcm[: len(pcm) // CHUNK * CHUNK].reshape(-1, CHUNK)
        self._at = 0
        self._pace_s = pace_s
        self._thread = BoardThread(self._step)

    def _step(self) -> None:
        self.board.send(self.line.read())
        sent = self.board.hear(self._pcm[self._at % len(self._pcm)])
        self._at += 1
        if sent:
            self.line.write(sent)
        time.sleep(self._pace_s)

    def stop(self) -> None:
        self._thread.stop()


class RunningHost:
    """`host ...` in its own process; its lines can be waited for."""

    def __init__(self, *arguments: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*HOST, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in iter(self.process.stdout.readline, ""))

    def wait_for(self, start: str, count: int = 1, timeout_s: float = 20.0) -> str:
        """The `count`th line that starts so; fails with all lines where it does not come."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            found = [line for line in list(self.lines) if line.startswith(start)]
            if len(found) >= count:
                return found[count - 1]
            if self.process.poll() is not None and not self._reader.is_alive():
                break
            time.sleep(0.01)
        stderr = self.process.stderr.read() if self.process.poll() is not None and self.process.stderr else ""
        raise AssertionError(f"no line {count} that starts with {start!r} in {self.lines}\n{stderr}")

    def stop(self, number: int) -> tuple[int, str]:
        """Sends the signal; exit code and stderr."""
        self.process.send_signal(number)
        return self.finish()

    def finish(self, timeout_s: float = 20.0) -> tuple[int, str]:
        """Waits for the end; exit code and stderr."""
        try:
            code = self.process.wait(timeout_s)
        finally:
            self.process.kill()
        self._reader.join(5)
        assert self.process.stderr is not None
        return code, self.process.stderr.read()


def run_host(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """`host ...` to its end."""
    return subprocess.run([*HOST, *arguments], capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload]


def loud_and_quiet(seconds: float, rate: int, seed: int = 5) -> np.ndarray:
    """Bursts of syllable-like sound in faint noise, int16: something for any detector to open and close on."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 120 * k * t + 3 * np.sin(2 * np.pi * 2 * t)) / k for k in range(1, 25))
    syllables = np.clip(np.sin(2 * np.pi * 4 * t), 0, 1) * ((t % 3.0) < 1.5)
    return np.round(3000 * voice * syllables + rng.normal(0, 30, len(t))).astype(np.int16)
