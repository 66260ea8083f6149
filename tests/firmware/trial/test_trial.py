"""Trials on the native image: inputs come in pieces, runs are asked for, and each is done once."""

import zlib

import numpy as np
import pytest

from firmware.link import (
    Config,
    Decoder,
    Frame,
    Trial,
    TrialInput,
    TrialRefusal,
    TrialResult,
    TrialSubject,
    encode,
)
from firmware.native import CHUNK, NativeBoard, logmel
from firmware.trial.kernels import INPUT_BYTES, OUTPUTS

SILENCE = np.zeros(CHUNK, np.int16)


class Bench:
    """The board, and what it answers in a chunk."""

    def __init__(self) -> None:
        self.board = NativeBoard(16_000)
        self.board.hear(SILENCE[:0])

    def frames(self, *sent: Frame, pcm: np.ndarray = SILENCE) -> list[Frame]:
        self.board.send(b"".join(encode(frame) for frame in sent))
        return [item for item in Decoder().feed(self.board.hear(pcm)) if isinstance(item, Frame)]

    def give(self, data: bytes) -> None:
        self.frames(*(TrialInput(at, data[at : at + 192]) for at in range(0, len(data), 192)))

    def ask(self, subject: TrialSubject, run: int, data: bytes, output: int = 0) -> TrialResult:
        trial = Trial(subject, run, output, len(data), zlib.crc32(data))
        (result,) = (frame for frame in self.frames(trial) if isinstance(frame, TrialResult))
        assert (result.subject, result.run, result.output) == (subject, run, output)
        return result

    def run(self, subject: TrialSubject, run: int, data: bytes, output: int = 0) -> TrialResult:
        self.give(data)
        return self.ask(subject, run, data, output)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_front_end_gives_what_training_gets(bench):
    pcm = np.random.default_rng(1).integers(-9000, 9000, 4 * CHUNK).astype(np.int16)
    expected = logmel(pcm, 16_000).astype("<i2")
    for run in range(4):
        result = bench.run(TrialSubject.FRONTEND, run, pcm[run * CHUNK : (run + 1) * CHUNK].astype("<i2").tobytes())
        rows = expected[2 * run : 2 * run + 2].tobytes()
        assert (result.refused, result.bytes, result.crc32) == (TrialRefusal.NONE, len(rows), zlib.crc32(rows))


def test_a_run_asked_for_again_is_told_and_not_done_again(bench):
    """A network with a state would give something else at a second run."""
    data = np.random.default_rng(2).integers(-128, 128, 80).astype(np.int8).tobytes()
    first = bench.run(TrialSubject.VAD, 0, data)
    second = bench.run(TrialSubject.VAD, 1, data)
    assert bench.ask(TrialSubject.VAD, 1, data) == second
    again = [bench.run(TrialSubject.VAD, run, data) for run in range(2)]
    assert again == [first, second]


def test_every_output_of_a_run_can_be_asked_for(bench):
    data = bytes(range(INPUT_BYTES))
    results = [bench.run(TrialSubject.KERNELS, 0, data)]
    results += [bench.ask(TrialSubject.KERNELS, 0, data, output) for output in range(1, len(OUTPUTS))]
    assert all(result.refused is TrialRefusal.NONE and result.bytes for result in results)
    assert bench.ask(TrialSubject.KERNELS, 0, data, len(OUTPUTS)).refused is TrialRefusal.ABSENT


def test_the_decoder_says_what_it_makes_of_the_frames(bench):
    random = np.random.default_rng(3)
    for run in range(20):
        frame = random.integers(-80, -40, 40).astype(np.int8)
        frame[0 if run % 2 else random.integers(1, 40)] = 60
        result = bench.run(TrialSubject.DECODER, run, frame.tobytes())
        assert result.refused is TrialRefusal.NONE


def test_what_did_not_come_whole_does_not_run(bench):
    data = bytes(range(80))
    bench.give(data)
    wrong = Trial(TrialSubject.VAD, 0, 0, 80, zlib.crc32(data) ^ 1)
    (result,) = (frame for frame in bench.frames(wrong) if isinstance(frame, TrialResult))
    assert result == TrialResult(TrialSubject.VAD, 0, 0, TrialRefusal.INPUT, 0, 0, 0)
    assert bench.ask(TrialSubject.VAD, 0, data[:79]).refused is TrialRefusal.INPUT
    assert bench.ask(TrialSubject.VAD, 0, data).refused is TrialRefusal.NONE


def test_runs_are_in_order(bench):
    data = bytes(80)
    assert bench.run(TrialSubject.VAD, 1, data).refused is TrialRefusal.ORDER
    assert bench.run(TrialSubject.VAD, 0, data).refused is TrialRefusal.NONE
    assert bench.run(TrialSubject.VAD, 2, data).refused is TrialRefusal.ORDER
    # Another subject has the memory now.
    assert bench.run(TrialSubject.KERNELS, 0, bytes(INPUT_BYTES)).refused is TrialRefusal.NONE
    assert bench.run(TrialSubject.VAD, 1, data).refused is TrialRefusal.ORDER


def test_the_desk_has_no_image_in_flash(bench):
    assert bench.ask(TrialSubject.IMAGE, 0, b"").refused is TrialRefusal.ABSENT


def test_input_beyond_its_end_is_left_out(bench):
    bench.frames(TrialInput(1000, bytes([7]) * 192), TrialInput(65_535, bytes([7]) * 192), TrialInput(1024, b"x"))
    data = bytes(80)
    assert bench.run(TrialSubject.VAD, 0, data).refused is TrialRefusal.NONE


def test_who_speaks_goes_first_and_interrupts_a_series(bench, vowels):
    data = bytes(80)
    bench.frames(Config(on_q8=1, off_q8=1, min_speech_chunks=1, hangover_chunks=3, sleep_after_chunks=0))
    talk = vowels(4).reshape(-1)
    seen = set()
    for at in range(0, len(talk) - CHUNK, CHUNK):
        bench.frames(pcm=talk[at : at + CHUNK])
        seen.add(bench.ask(TrialSubject.VAD, 0, data).refused)
    assert TrialRefusal.BUSY in seen


def test_trials_change_nothing_of_what_is_heard(bench, vowels):
    """Scores and segments are the same with trials between the chunks."""
    plain = Bench()
    talk = vowels(3)
    talk = talk[: len(talk) // CHUNK * CHUNK].reshape(-1, CHUNK)
    heard: list[list[Frame]] = [[], []]
    for number, chunk in enumerate(talk):
        data = bytes([number % 256]) * 80
        for board, frames in zip((bench, plain), heard, strict=True):
            asked = [TrialInput(0, data), Trial(TrialSubject.VAD, 0, 0, 80, zlib.crc32(data))] if board is bench else []
            first = [Config(scores=1)] if number == 0 else []
            frames += [frame for frame in board.frames(*first, *asked, pcm=chunk) if not isinstance(frame, TrialResult)]
    assert heard[0] == heard[1]
    assert len(heard[0]) > len(talk)
