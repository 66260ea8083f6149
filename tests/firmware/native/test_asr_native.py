"""The network in the library over whole recordings, and a board with any domain."""

import numpy as np
import pytest
from domains import domain

from firmware.domain.graph import DomainError
from firmware.native import NativeBoard
from firmware.native.recognition import Asr


@pytest.fixture(scope="module")
def asr() -> Asr:
    return Asr()


def log_mel(frames: int, seed: int = 1) -> np.ndarray:
    """Nobody's speech, in the range of log-mel."""
    return np.random.default_rng(seed).integers(0, 6000, (frames, 80)).astype(np.int16)


@pytest.mark.parametrize("frames", [0, 1, 3, 4, 5, 22])
def test_there_are_logits_for_each_frame_whatever_a_call_takes(asr, frames):
    logits = asr.logits(log_mel(frames))
    assert (logits.dtype, logits.shape) == (np.int8, (frames, 40))


def test_each_recording_starts_from_silence(asr):
    first = asr.logits(log_mel(20, 1))
    asr.logits(log_mel(20, 2))
    assert np.array_equal(asr.logits(log_mel(20, 1)), first)


def test_what_follows_a_frame_matters_as_far_as_the_look_ahead_and_no_further(asr):
    features = log_mel(60)
    before = asr.logits(features)
    features[30:] = 0
    after = asr.logits(features)
    changed = int((after != before).any(axis=1).argmax())
    # The farthest frame may weigh too little to change an INT8.
    assert 30 - asr.look_ahead <= changed <= 30 - asr.look_ahead + 2


def test_posteriors_are_of_the_logits_in_natural_units(asr):
    logits = asr.logits(log_mel(30))
    real = asr.real(logits).astype(np.float64) / np.log(2)
    expected = real - np.log2(np.exp2(real).sum(axis=1, keepdims=True))
    found = asr.log2_posteriors(logits)
    assert (found.dtype, found.shape) == (np.int16, logits.shape)
    assert np.abs(found / 256 - expected).max() < 0.1
    assert np.array_equal(found.argmax(axis=1), logits.argmax(axis=1))


@pytest.mark.parametrize("bad", [np.zeros((4, 40), np.int16), np.zeros((4, 80)), np.zeros(80, np.int16)])
def test_log_mel_of_another_shape_or_type_is_refused(asr, bad):
    with pytest.raises(ValueError, match=r"not int16 \[frames, 80\]"):
        asr.logits(bad)


@pytest.mark.parametrize("bad", [np.zeros((4, 40), np.float32), np.zeros((4, 39), np.int8), np.zeros(40, np.int8)])
def test_logits_of_another_shape_or_type_are_refused(asr, bad):
    with pytest.raises(ValueError, match=r"not int8 \[frames, 40\]"):
        asr.log2_posteriors(bad)


def test_log_mel_that_is_a_view_is_read_as_it_looks(asr):
    features = log_mel(40)
    assert np.array_equal(asr.logits(features[::2]), asr.logits(features[::2].copy()))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: b"", "no compiled domain"),
        (lambda data: b"text" + data[4:], "no compiled domain"),
        (lambda data: data[:-4], "damaged"),
        (lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], "damaged"),
    ],
)
def test_an_unsound_domain_is_refused_and_the_board_goes_on_without_one(damage, says):
    board = NativeBoard()
    board.use(domain("good"))
    with pytest.raises(DomainError, match=says):
        board.use(damage(domain("bad")))
    noise = np.random.default_rng(1).normal(0, 3000, 512 * 60).astype(np.int16)
    board.hear(noise)
    board.use(domain("good", words=5))
    board.hear(noise)


def test_a_board_without_power_takes_no_domain():
    board = NativeBoard()
    board.close()
    with pytest.raises(ValueError, match="is closed"):
        board.use(domain("good"))
