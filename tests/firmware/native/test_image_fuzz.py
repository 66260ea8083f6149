"""The image under what nobody should send it, by the hundred thousand; worth the most under the sanitizers."""

import numpy as np
import pytest

from firmware.link import (
    Ack,
    Config,
    Decoder,
    DomainAction,
    DomainBegin,
    DomainControl,
    DomainData,
    Frame,
    Kept,
    Ledger,
    encode,
    question,
)
from firmware.native import CHUNK, NativeBoard, NativeStore

CHUNKS = 1500
SENT = [
    encode(frame)
    for frame in (
        Ack(0, Kept.SEGMENT, 1),
        Ack(0, Kept.NOTHING, 0),
        Config(scores=1),
        Config(ledger_period_chunks=1),
        question("x" * 16),
        DomainBegin("fuzz", 400, 7, 1),
        DomainData(0, bytes(192)),
        DomainData(192, bytes(192)),
        DomainData(384, bytes(16)),
        DomainControl(DomainAction.BUILT_IN),
        DomainControl(DomainAction.CANCEL),
    )
]


def line(random: np.random.Generator) -> bytes:
    """Bytes from a host: good frames, hurt ones, cut ones, noise, and runs without a zero."""
    match random.integers(6):
        case 0:
            return SENT[random.integers(len(SENT))]
        case 1:
            hurt = bytearray(SENT[random.integers(len(SENT))])
            hurt[random.integers(len(hurt))] = random.integers(256)
            return bytes(hurt)
        case 2:
            frame = SENT[random.integers(len(SENT))]
            return frame[: random.integers(len(frame) + 1)]
        case 3:
            return random.bytes(int(random.integers(400)))
        case 4:
            return bytes([random.integers(1, 256)]) * int(random.integers(600))
        case _:
            return b"\0" * int(random.integers(5))


def sound(random: np.random.Generator) -> np.ndarray:
    """A chunk of audio: extremes, and what lies between."""
    match random.integers(7):
        case 0:
            return np.zeros(CHUNK, np.int16)
        case 1:
            return np.full(CHUNK, random.choice([-32768, 32767]), np.int16)
        case 2:
            return random.choice([-32768, 32767], CHUNK).astype(np.int16)
        case 3:
            return random.integers(-32768, 32768, CHUNK).astype(np.int16)
        case 4:
            return np.resize(np.repeat(np.array([32767, -32768], np.int16), random.integers(1, 200)), CHUNK)
        case 5:
            click = np.zeros(CHUNK, np.int16)
            click[random.integers(CHUNK)] = -32768
            return click
        case _:
            return random.integers(-5, 6, CHUNK).astype(np.int16)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_image_outlives_everything_and_stays_itself(seed: int) -> None:
    random = np.random.default_rng(seed)
    board = NativeBoard(int(random.choice([16000, 15625])), NativeStore() if seed > 1 else None)
    sent = bytearray()
    for _ in range(CHUNKS):
        board.send(line(random))
        sent += board.hear(np.tile(sound(random), random.integers(1, 4)))
    items = list(Decoder().feed(bytes(sent)))
    assert all(isinstance(item, Frame) for item in items)
    last = [item for item in items if isinstance(item, Ledger)][-1]
    assert sum(row.samples for row in last.rows) == last.sample
    # It still does as it is told.
    board.send(b"\0" + encode(Config(on_q8=77, off_q8=7)))
    assert Config(on_q8=77, off_q8=7) in list(Decoder().feed(board.hear(np.zeros(CHUNK, np.int16))))


def test_the_same_fuzz_gives_the_same_bytes() -> None:
    def run() -> bytes:
        random = np.random.default_rng(9)
        board = NativeBoard()
        sent = b""
        for _ in range(200):
            board.send(line(random))
            sent += board.hear(sound(random))
        return sent

    assert run() == run()
