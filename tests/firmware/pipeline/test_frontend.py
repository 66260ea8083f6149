"""The front end against librosa's floating-point log-mel, on speech and on extremes."""

import subprocess
import sys

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import native
from firmware.pipeline.frontend_tables import SHIPPED, FrontEnd, mel_weights

RATES_HZ = (16000, 15625)

FULL_SCALE = 45.0
"""The loudest band energy that occurs, in octaves over one LSB squared."""
RANGE = 25.0
"""Octaves below full scale (75 dB) that the Q15 window resolves."""


def reference(pcm: np.ndarray, rate_hz: int) -> np.ndarray:
    """log2(1 + band energy in LSB squared) by librosa, float64[frames, bands]."""
    frames = len(pcm) // SHIPPED.hop
    before = np.zeros(SHIPPED.window - SHIPPED.hop)
    mel = librosa.feature.melspectrogram(
        y=np.concatenate([before, pcm[: frames * SHIPPED.hop].astype(np.float64)]),
        sr=rate_hz,
        n_fft=SHIPPED.window,
        hop_length=SHIPPED.hop,
        window="hann",
        center=False,
        power=2,
        n_mels=SHIPPED.bands,
        fmin=SHIPPED.low_hz,
        fmax=SHIPPED.high_hz,
        htk=True,
        norm=None,
        dtype=np.float64,
    )
    return np.log2(1 + mel).T[:frames]


def errors(pcm: np.ndarray, rate_hz: int) -> np.ndarray:
    """Absolute error of each log-mel value in octaves of power (one is 3.01 dB)."""
    return np.abs(native.logmel(pcm, rate_hz) / 256 - reference(pcm, rate_hz))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("excerpt", ["dev00", "tst01"])
def test_real_speech_is_within_a_fifth_of_a_decibel_of_librosa(data, excerpt, rate_hz):
    pcm, _ = soundfile.read(data / "ami_excerpts" / "test" / f"{excerpt}.flac", dtype="int16")
    error = errors(pcm, rate_hz)
    assert error.mean() < 0.004
    assert error.max() < 0.07


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_digital_silence_is_zero(rate_hz):
    assert not native.logmel(np.zeros(8000, np.int16), rate_hz).any()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("half_period", [37, 8, 1000])
def test_full_scale_square_wave_neither_overflows_nor_errs(half_period, rate_hz):
    pcm = np.where(np.arange(16000) // half_period % 2, 32767, -32768).astype(np.int16)
    within_range = reference(pcm, rate_hz) > FULL_SCALE - RANGE
    assert errors(pcm, rate_hz)[within_range].max() < 0.08


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("at", [0, 255, 256, 5000])
def test_one_click_is_exact(at, rate_hz):
    pcm = np.zeros(8192, np.int16)
    pcm[at] = 32767
    within_range = reference(pcm, rate_hz) > FULL_SCALE - RANGE
    assert within_range.any()
    assert errors(pcm, rate_hz)[within_range].max() < 0.01


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize(("level", "bound"), [(4, 0.5), (30, 0.08), (300, 0.01), (32767, 0.004)])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_noise_from_four_lsb_to_full_scale_errs_by_the_rounding_of_the_samples_at_most(rate_hz, level, bound, seed):
    pcm = np.random.default_rng(seed).integers(-level, level + 1, 4096).astype(np.int16)
    expected = reference(pcm, rate_hz)
    not_a_null = expected > np.median(expected) - 8  # a band that happens to cancel has no level to be exact about
    assert errors(pcm, rate_hz)[not_a_null].max() < bound


@pytest.mark.parametrize("extreme", [-32768, 32767])
def test_a_constant_at_full_scale_stays_in_range(extreme):
    logmel = native.logmel(np.full(4096, extreme, np.int16), 16000)
    assert logmel.min() >= 0
    assert logmel.max() < 47 * 256


def test_a_hop_depends_on_its_window_alone():
    rng = np.random.default_rng(3)
    pcm = rng.integers(-3000, 3000, 16 * 256).astype(np.int16)
    other = pcm.copy()
    other[: 8 * 256] = rng.integers(-30000, 30000, 8 * 256)
    assert (native.logmel(pcm, 16000)[9:] == native.logmel(other, 16000)[9:]).all()
    assert (native.logmel(pcm, 16000)[:9] != native.logmel(other, 16000)[:9]).any()


def test_every_bin_between_the_outer_corners_is_weighted():
    for rate_hz in RATES_HZ:
        edge, weight = mel_weights(SHIPPED, rate_hz)
        assert edge == sorted(edge)
        assert edge[-1] <= SHIPPED.window // 2
        assert max(weight) <= 32768
        assert not any(weight[: edge[0]])


@pytest.mark.parametrize(
    ("front_end", "rate_hz", "message"),
    [
        ({"bands": 200}, 16000, "holds no bin"),
        ({}, 8000, "above half the rate"),
        ({"window": 500}, 16000, "power of four"),
        ({"window": 256}, 16000, "power of four"),
        ({"hop": 600}, 16000, "hop is 600"),
        ({"hop": 255}, 16000, "must be even"),
        ({"bands": 0}, 16000, "at least one"),
    ],
)
def test_impossible_parameters_are_refused_with_the_reason(front_end, rate_hz, message):
    with pytest.raises(ValueError, match=message):
        mel_weights(FrontEnd(**front_end), rate_hz)


def test_the_generator_refuses_in_one_sentence(tmp_path):
    command = [sys.executable, "-m", "firmware.pipeline.frontend_tables", "--rate", "8000", "--out", str(tmp_path)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 2
    assert "above half the rate of 8000 Hz" in result.stderr
