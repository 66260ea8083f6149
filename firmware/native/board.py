"""The whole image on this computer, as a virtual board."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware import boards
from firmware.native.features import CHUNK, checked_pcm, no_tables
from firmware.native.library import aligned, load

TAKEN_AT_ONCE = 65536
"""Link bytes that one call fetches."""


class NativeBoard:
    """A board without hardware: hears int16 samples at `rate`, and gives the bytes that it sends."""

    name = "native"

    def __init__(self, rate: int | None = None) -> None:
        """Powers it on; `rate` in samples a second, 16000 unless told. ValueError if it has no tables for it."""
        self._ffi, self._library = load()
        self.rate = boards.load(self.name).rate if rate is None else rate
        self._owner, self._board = aligned(self._ffi, self._library.native_board_bytes())
        self._out = self._ffi.new("uint8_t[]", TAKEN_AT_ONCE)
        self._rest: NDArray[np.int16] = np.empty(0, np.int16)
        self._to_board = bytearray()
        self._closed = False
        if not self._library.native_board_start(self._board, self.rate):
            raise ValueError(no_tables(self.rate))

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

    def close(self) -> None:
        """Powers it off; a second time does nothing."""
        self._closed = True

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
