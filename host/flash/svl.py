"""SparkFun's Variable Loader (SVL), the serial boot loader of Artemis boards: its packets, and an upload.

After a reset the loader waits 200 ms for the letter U, by which it tells the baud rate, and answers with its version.
Asked to load (BL), it asks for one frame after the other (NEXT), or for the same one again (RETRY), until it is told
that this was all (DONE); then it resets the board. A packet is a length of two bytes, a command, data, and a CRC-16
(polynomial 0x8005, from 0, high bit first) over command and data, all big-endian.

What the loader cannot say is which frame a RETRY speaks of: when its NEXT is lost, it asks for the frame after by a
RETRY all the same, 0.5 s after that and 0.177 s more. A RETRY within 0.45 s is about the frame just sent; after one
that comes later, or an answer that came damaged, the upload starts anew. To send again blindly would write a frame
twice.
"""

import time
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple, Protocol

BAUDS = (921_600, 460_800, 230_400, 115_200, 57_600)
"""What the loader can tell apart, the fastest first."""
FRAME_BYTES = 2048
WORD_BYTES = 4
"""A frame is of whole words."""

_POLYNOMIAL = 0x8005
_LEAST, _MOST = 3, 64
"""Bytes of the loader's packets, from the command on."""
_BOOT_S = 0.15
_VERSION_S = 0.6
_ANSWER_S = 2.5
_PROMPT_S = 0.45
_DONE_S = 0.9
_MOST_RETRIES = 8
_TRIES_A_BAUD, _SILENT_TRIES = 3, 2


class Command(IntEnum):
    """What a packet is."""

    VERSION = 1
    BL = 2
    NEXT = 3
    FRAME = 4
    RETRY = 5
    DONE = 6


class Packet(NamedTuple):
    """A packet that came undamaged."""

    command: int
    data: bytes


class LoaderLine(Protocol):
    """The serial port, as far as the loader goes."""

    def restart(self, baud: int) -> None:
        """Resets the board, with the port at `baud`, and forgets what came before."""

    def write(self, data: bytes) -> None:
        """Sends; returns when all is out."""

    def read(self, timeout_s: float) -> bytes:
        """What came, at once when something did; b"" when nothing did."""


class LoaderSilent(Exception):
    """No loader answers; `heard` says whether anything came at all."""

    def __init__(self, heard: bool) -> None:
        """`heard`: bytes came, but no version."""
        super().__init__("no answer")
        self.heard = heard


class UploadBroken(Exception):
    """The upload cannot go on where it was; the text says why."""


class UploadFailed(Exception):
    """Nothing helped; the text says what happened last. `silent`: no loader has ever answered."""

    def __init__(self, why: str, *, silent: bool, heard: bool) -> None:
        """`heard`: bytes came, if not a loader's."""
        super().__init__(why)
        self.silent, self.heard = silent, heard


def crc16(data: bytes) -> int:
    """The loader's CRC."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ _POLYNOMIAL) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def packet(command: Command, data: bytes = b"") -> bytes:
    """A packet as it goes on the line."""
    body = bytes([command]) + data
    return (len(body) + 2).to_bytes(2, "big") + body + crc16(body).to_bytes(2, "big")


def first_packet(buffer: bytearray) -> Packet | None:
    """Takes the first undamaged packet of a loader, and what was before it, off the buffer; None: none is whole yet."""
    for at in range(len(buffer) - 1):
        length = int.from_bytes(buffer[at : at + 2], "big")
        body = bytes(buffer[at + 2 : at + 2 + length])
        if _LEAST <= length <= _MOST and len(body) == length and crc16(body) == 0:
            del buffer[: at + 2 + length]
            return Packet(body[0], body[1:-2])
    return None


class Uploader:
    """Uploads one image over one line."""

    def __init__(
        self,
        line: LoaderLine,
        image: bytes,
        progress: Callable[[int, int], None] = lambda _bytes, _baud: None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`progress` is told the bytes that the loader has, and the baud rate; `note` what went wrong on the way."""
        self._line = line
        image += b"\xff" * (-len(image) % WORD_BYTES)
        self._frames = [image[at : at + FRAME_BYTES] for at in range(0, len(image), FRAME_BYTES)]
        self._progress = progress
        self._note = note
        self._buffer = bytearray()
        self._heard = False

    def run(self, bauds: tuple[int, ...] = BAUDS) -> int:
        """Uploads at the first baud rate that works, each tried a few times; returns it. UploadFailed."""
        silent, heard, why = True, False, "no baud rate was tried"
        for baud in bauds:
            unheard = 0
            for _ in range(_TRIES_A_BAUD):
                try:
                    self._upload(baud)
                    return baud
                except LoaderSilent as error:
                    heard = heard or error.heard
                    why = "bytes came, but no loader's" if error.heard else "nothing came"
                    unheard += 1
                    if unheard == _SILENT_TRIES:
                        break
                except UploadBroken as error:
                    silent = False
                    why = str(error)
                    self._note(f"{error}; starting again")
            self._note(f"no success at {baud} baud: {why}")
        raise UploadFailed(why, silent=silent, heard=heard)

    def _upload(self, baud: int) -> None:
        self._begin(baud)
        self._progress(0, baud)
        self._expect_first()
        sent = 0
        for number, frame in enumerate(self._frames):
            self._frame(number, frame)
            sent += len(frame)
            self._progress(sent, baud)
        self._end()

    def _begin(self, baud: int) -> None:
        self._line.restart(baud)
        self._buffer.clear()
        self._heard = False
        time.sleep(_BOOT_S)
        while self._line.read(0):
            pass  # what the image said before the reset, and the line's own blip
        self._line.write(b"U")
        answer = self._packet(_VERSION_S)
        if answer is None or answer.command != Command.VERSION:
            raise LoaderSilent(self._heard)

    def _expect_first(self) -> None:
        self._line.write(packet(Command.BL))
        # Before the first frame a RETRY cannot but ask for that.
        answer = self._packet(_ANSWER_S)
        if answer is None or answer.command not in (Command.NEXT, Command.RETRY):
            raise UploadBroken("the loader did not begin")

    def _frame(self, number: int, frame: bytes) -> None:
        for _ in range(_MOST_RETRIES):
            self._buffer.clear()
            self._line.write(packet(Command.FRAME, frame))
            out_at = time.monotonic()
            answer = self._packet(_ANSWER_S)
            if answer is None:
                raise UploadBroken(f"no answer to frame {number + 1} of {len(self._frames)}")
            if answer.command == Command.NEXT:
                return
            if answer.command != Command.RETRY:
                raise UploadBroken(f"the loader answered {answer.command} to a frame")
            if time.monotonic() - out_at > _PROMPT_S:
                raise UploadBroken(f"an answer to frame {number + 1} of {len(self._frames)} was lost")
        raise UploadBroken(f"frame {number + 1} of {len(self._frames)} came damaged {_MOST_RETRIES} times")

    def _end(self) -> None:
        for _ in range(_MOST_RETRIES):
            self._line.write(packet(Command.DONE))
            answer = self._packet(_DONE_S)
            if answer is None or answer.command != Command.RETRY:
                return  # it says nothing to a DONE that it understood
        raise UploadBroken("the loader did not take the end")

    def _packet(self, timeout_s: float) -> Packet | None:
        ends = time.monotonic() + timeout_s
        while True:
            if (got := first_packet(self._buffer)) is not None:
                return got
            left = ends - time.monotonic()
            if left <= 0:
                return None
            data = self._line.read(min(left, 0.05))
            self._heard = self._heard or bool(data)
            self._buffer += data
