"""Front end and network over whole recordings."""

from collections.abc import Callable

import numpy as np
import pytest

from firmware import boards
from firmware.native import BANDS, CHUNK, HOP, Vad, logmel
from firmware.native.library import load

RATES = boards.load("native").rates


def test_sizes_are_the_images() -> None:
    _, library = load()
    assert (library.NATIVE_CHUNK, library.NATIVE_HOP, library.NATIVE_BANDS) == (CHUNK, HOP, BANDS)


@pytest.mark.parametrize("rate", RATES)
def test_log_mel_has_a_row_for_each_whole_hop(rate: int, vowels: Callable) -> None:
    sound = vowels(1, rate)
    rows = logmel(sound[: 10 * HOP + 100], rate)
    assert rows.shape == (10, BANDS)
    assert rows.dtype == np.int16
    assert rows.max() > 256


def test_rates_differ() -> None:
    tone = (8000 * np.sin(2 * np.pi * 3000 * np.arange(8192) / 16000)).astype(np.int16)
    assert not np.array_equal(logmel(tone, 16000), logmel(tone, 15625))


def test_no_samples_have_no_rows_and_no_probabilities() -> None:
    nothing = np.empty(0, np.int16)
    assert logmel(nothing, 16000).shape == (0, BANDS)
    assert Vad().pcm(nothing).shape == (0,)
    assert Vad().features(np.empty((0, BANDS), np.int16)).shape == (0,)


@pytest.mark.parametrize("rate", RATES)
def test_probabilities_from_samples_and_from_log_mel_are_the_same(rate: int, vowels: Callable) -> None:
    sound = vowels(3, rate)
    assert Vad(rate).pcm(sound).tolist() == Vad(rate).features(logmel(sound, rate)).tolist()


def test_it_streams(vowels: Callable) -> None:
    sound = vowels(3)
    whole = Vad().pcm(sound)
    vad = Vad()
    parts = [vad.pcm(sound[at : at + 7 * CHUNK]) for at in range(0, len(sound), 7 * CHUNK)]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert len(set(whole.tolist())) > 1


def test_a_restart_forgets(vowels: Callable) -> None:
    sound = vowels(2)
    vad = Vad()
    first = vad.pcm(sound).tolist()
    vad.restart()
    assert vad.pcm(sound).tolist() == first


def test_it_knows_its_network() -> None:
    vad = Vad()
    assert vad.name == "vad"
    assert vad.crc32 > 0


def test_strided_samples_are_heard_as_they_are(vowels: Callable) -> None:
    sound = vowels(1)
    stereo = np.stack([sound, np.zeros_like(sound)], axis=1)
    assert np.array_equal(logmel(stereo[:, 0], 16000), logmel(sound, 16000))


@pytest.mark.parametrize("rate", [0, 8000, 44100, 1 << 31])
def test_a_rate_without_tables_is_refused_with_the_ones_there_are(rate: int) -> None:
    sentence = f"tables for 16000 Hz and 15625 Hz, not for {rate} Hz"
    with pytest.raises(ValueError, match=sentence):
        logmel(np.zeros(HOP, np.int16), rate)
    with pytest.raises(ValueError, match=sentence):
        Vad(rate)


@pytest.mark.parametrize("pcm", [np.zeros(512), np.zeros((2, 512), np.int16), np.zeros(512, np.uint16)])
def test_samples_of_another_kind_are_refused(pcm: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"not int16 \[samples\]"):
        logmel(pcm, 16000)
    with pytest.raises(ValueError, match=r"not int16 \[samples\]"):
        Vad().pcm(pcm)


@pytest.mark.parametrize("rows", [np.zeros((4, BANDS)), np.zeros((4, BANDS + 1), np.int16), np.zeros(80, np.int16)])
def test_log_mel_of_another_shape_is_refused(rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"not int16 \[frames, 40\]"):
        Vad().features(rows)
