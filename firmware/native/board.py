"""The whole image on this computer, as a virtual board."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware import boards
from firmware.domain.graph import DomainError
from firmware.link import Final, Frame, Partial, Segment
from firmware.native.decoding import FAULTS
from firmware.native.features import CHUNK, checked_pcm, no_tables
from firmware.native.library import aligned, load

TAKEN_AT_ONCE = 65536
"""Link bytes that one call fetches."""


class NativeStore:
    """What outlasts a native board: the flash of a chip, erased when new.

    A board after another on the same store is the same chip after a reset. `data` copies the bytes, and sets them.
    """

    def __init__(self, data: bytes = b"") -> None:
        """As `data` of another one left it; ValueError if that has not the size of a store."""
        self._ffi, library = load()
        self.size = int(library.NATIVE_STORE_BYTES)
        self._owner, self.memory = aligned(self._ffi, self.size)
        self.data = data or b"\xff" * self.size

    @property
    def data(self) -> bytes:
        """All bytes."""
        return bytes(self._ffi.buffer(self.memory, self.size))

    @data.setter
    def data(self, data: bytes) -> None:
        if len(data) != self.size:
            raise ValueError(f"a store has {self.size} bytes, not {len(data)}")
        self._ffi.memmove(self.memory, data, self.size)


class NativeBoard:
    """A board without hardware: hears int16 samples at `rate`, and gives the bytes that it sends."""

    name = "native"

    def __init__(self, rate: int | None = None, store: NativeStore | None = None, unit: int = 0) -> None:
        """Powers it on; `rate` in samples a second, 16000 unless told. ValueError if it has no tables for it.

        Without a `store` it has no room for domains and counts no resets. `unit`: the chip's number.
        """
        self._ffi, self._library = load()
        self.rate = boards.load(self.name).rate if rate is None else rate
        self._owner, self._board = aligned(self._ffi, self._library.native_board_bytes())
        self._out = self._ffi.new("uint8_t[]", TAKEN_AT_ONCE)
        self._rest: NDArray[np.int16] = np.empty(0, np.int16)
        self._to_board = bytearray()
        self._closed = False
        self._store = store
        memory = self._ffi.NULL if store is None else store.memory
        if not self._library.native_board_start(self._board, self.rate, memory, unit):
            raise ValueError(no_tables(self.rate))

    def use(self, domain: bytes) -> None:
        """Writes down what this compiled domain has from now on, without an upload, whatever the store holds.

        DomainError if it is unsound; the board then writes nothing down.
        """
        self._check_open()
        owner, at = aligned(self._ffi, max(1, len(domain)))
        self._ffi.memmove(at, domain, len(domain))
        fault = self._library.native_board_use(self._board, at, len(domain))
        # The board reads it in place; the one before is let go when nothing points to it any more.
        self._domain_owner = owner
        if fault:
            raise DomainError(FAULTS[fault])

    @property
    def pins(self) -> int:
        """The code on the state pins: a firmware.link.ListenerState."""
        return int(self._library.native_board_pins(self._board))

    def hear(self, pcm: NDArray[np.int16]) -> bytes:
        """Plays int16 [samples], any count, to the board, and returns what it has sent since the last call.

        The board hears whole chunks of CHUNK samples; the rest waits for the next call.
        """
        self._check_open()
        samples = checked_pcm(pcm)
        if len(self._rest):
            samples = np.concatenate([self._rest, samples])
        chunks = len(samples) // CHUNK
        self._rest = samples[chunks * CHUNK :].copy()
        sent = bytearray(self._take())
        if chunks:
            sent += self._receive()
        at = self._ffi.from_buffer("int16_t[]", samples)
        heard = 0
        while heard < chunks:
            heard += self._library.native_board_hear(self._board, at + heard * CHUNK, chunks - heard)
            sent += self._take()
        return bytes(sent)

    def send(self, data: bytes) -> None:
        """Gives the board bytes from the host; its image takes them up with its next chunk."""
        self._check_open()
        self._to_board += data

    def say_partial(self, frame: Partial) -> None:
        """Recognition says `frame`, its id and revision aside, with the next chunk."""
        self._check_open()
        self._library.native_board_partial(self._board, self._unpacked("partial", frame))

    def say_final(self, segment: Segment, frame: Final) -> None:
        """Recognition ends a stretch of speech with both, their ids aside, with the next chunk."""
        self._check_open()
        segment_c, final_c = self._unpacked("segment", segment), self._unpacked("final", frame)
        self._library.native_board_final(self._board, segment_c, final_c)

    def close(self) -> None:
        """Powers it off; a second time does nothing."""
        self._closed = True

    def _unpacked(self, name: str, frame: Frame) -> Any:
        """The frame as the C's struct."""
        made = self._ffi.new(f"struct link_{name} *")
        payload = frame.pack()
        assert getattr(self._library, f"link_{name}_unpack")(made, payload, len(payload))
        return made

    def _receive(self) -> bytes:
        data = bytes(self._to_board)
        self._to_board.clear()
        at = self._ffi.from_buffer("uint8_t[]", data)
        sent = bytearray()
        taken = 0
        while taken < len(data):
            taken += self._library.native_board_receive(self._board, at + taken, len(data) - taken)
            sent += self._take()
        return bytes(sent)

    def _take(self) -> bytes:
        count = self._library.native_board_take(self._board, self._out, TAKEN_AT_ONCE)
        return bytes(self._ffi.buffer(self._out, count))

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("the native board is closed")
