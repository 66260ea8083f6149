"""Frames to bytes and a stream of bytes back to frames: COBS, CRC-16/CCITT-FALSE, 0x00 before and after."""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass

from firmware.link.frames import FRAMES, VERSION, Hello
from firmware.link.layout import Frame, Malformed

_NAME_PARTS = re.compile(r"(?<!^)(?=[A-Z])")

COBS_MAX = 4096
"""Longest run between two delimiters that is kept; what is longer cannot be a frame of any version."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes between two delimiters that are no frame."""

    reason: str
    """A phrase, as in "checksum is wrong"."""
    data: bytes
    """As they came, at most COBS_MAX of them."""


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, from 0xffff, not reflected."""
    return crc_hqx(data, 0xFFFF)


def cobs_encode(data: bytes) -> bytes:
    """Consistent overhead byte stuffing: the same bytes without a zero, one byte longer in 254."""
    out = bytearray()
    for block in data.split(b"\0"):
        rest = block
        while len(rest) >= 254:
            out += b"\xff" + rest[:254]
            rest = rest[254:]
        out += bytes([len(rest) + 1]) + rest
    # A last block that is full needs no successor.
    last = data.rsplit(b"\0", 1)[-1]
    return bytes(out[:-1] if last and len(last) % 254 == 0 else out)


def cobs_decode(data: bytes) -> bytes | None:
    """What was encoded, or None if the codes do not hold."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        block = data[at + 1 : at + code]
        if code == 0 or len(block) < code - 1:
            return None
        out += block
        at += code
        if code < 0xFF and at < len(data):
            out.append(0)
    return bytes(out)


def encode_body(body: bytes) -> bytes:
    """A type byte and its payload, as they go on the wire."""
    return b"\0" + cobs_encode(body + crc16(body).to_bytes(2, "little")) + b"\0"


def encode(frame: Frame) -> bytes:
    """The frame as it goes on the wire; ValueError, naming the field, if a value does not fit its type."""
    return encode_body(bytes([frame.TYPE]) + frame.pack())


class Decoder:
    """Takes bytes as they come, in pieces of any size, and gives frames and damage in their order."""

    def __init__(self) -> None:
        self.damaged = 0
        """Damages so far."""
        self._run = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame | Damage]:
        """All that `data` completes. Take every item: what is not taken is not decoded."""
        *ended, rest = bytes(data).split(b"\0")
        for piece in ended:
            self._extend(piece)
            run = bytes(self._run)
            self._run.clear()
            if run:
                yield self._decoded(run)
        self._extend(rest)

    def _extend(self, piece: bytes) -> None:
        self._run += piece[: COBS_MAX + 1 - len(self._run)]

    def _decoded(self, run: bytes) -> Frame | Damage:
        result = _frame(run)
        if isinstance(result, str):
            self.damaged += 1
            return Damage(result, run[:COBS_MAX])
        return result


def _frame(run: bytes) -> Frame | str:
    """The frame, or why there is none."""
    if len(run) > COBS_MAX:
        return f"no end within {COBS_MAX} bytes"
    body = cobs_decode(run)
    if body is None:
        return "byte stuffing does not hold"
    if len(body) < 3:
        return "too short"
    body, crc = body[:-2], int.from_bytes(body[-2:], "little")
    if crc16(body) != crc:
        return "checksum is wrong"
    number, payload = body[0], body[1:]
    if number == Hello.TYPE and payload and payload[0] != VERSION:
        return f"the other end speaks protocol {payload[0]}, this end {VERSION}: bring both to one version"
    if number not in FRAMES:
        return f"unknown frame type {number}"
    try:
        return FRAMES[number].unpack(payload)
    except Malformed as error:
        return f"{_NAME_PARTS.sub('_', FRAMES[number].__name__).upper()}: {error}"
