"""The front end against librosa's floating-point log-mel, on speech and on extremes."""

import subprocess
import sys

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware import native
from firmware.pipeline.frontend_tables import NARROW_BINS, SHIPPED, FrontEnd, gains, mel_segments, twiddle

RATES_HZ = (16000, 15625)

OCTAVE_DB = 10 * np.log10(2)
"""Of power."""


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


def below_strongest_db(pcm: np.ndarray, rate_hz: int) -> np.ndarray:
    """How far each band lies below the strongest of its frame."""
    expected = reference(pcm, rate_hz)
    return (expected.max(axis=1, keepdims=True) - expected) * OCTAVE_DB


@pytest.fixture(params=["dev00", "tst01"])
def talk(data, request) -> np.ndarray:
    """Half a minute of a meeting, int16."""
    return soundfile.read(data / "ami_excerpts" / "test" / f"{request.param}.flac", dtype="int16")[0]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_real_speech_is_close_to_librosa(talk, rate_hz):
    error, below = errors(talk, rate_hz), below_strongest_db(talk, rate_hz)
    assert error.mean() < 0.03
    assert error[below < 30].mean() < 0.004
    assert error[below < 45].mean() < 0.01
    assert error[below < 30].max() < 0.12
    assert error[below < 45].max() < 0.7
    assert error[below < 60].mean() < 0.025


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_speech_at_60_db_below_full_scale_is_as_good(talk, rate_hz):
    faint = np.round(talk / np.abs(talk.astype(int)).max() * 32.768).astype(np.int16)
    error = errors(faint, rate_hz)
    assert error.mean() < 0.006
    assert error.max() < 0.2


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("strong_hz", [(100, 1000), (300, 340)])
def test_a_band_58_db_below_another_is_heard(strong_hz, rate_hz):
    rng = np.random.default_rng(2)
    spectrum = np.fft.rfft(rng.standard_normal(131072))
    hz = np.fft.rfftfreq(131072, 1 / rate_hz)

    def between(low: float, high: float) -> np.ndarray:
        return np.fft.irfft(np.where((hz > low) & (hz < high), spectrum, 0))

    strong, weak = between(*strong_hz), between(3000, 7000)
    strong *= 20000 / np.abs(strong).max()
    # Gains so that the strongest band is 58 dB above the weak ones, which dither keeps clear of quantization.
    strong_db, weak_db = (reference(np.round(16 * x), rate_hz).max(axis=1).mean() * OCTAVE_DB for x in (strong, weak))
    weak *= 10 ** ((strong_db - weak_db - 58 + 3) / 20)
    pcm = np.round(strong + weak + rng.uniform(-0.5, 0.5, len(weak))).astype(np.int16)
    clear = slice(32, 38)
    below = below_strongest_db(pcm, rate_hz)[:, clear]
    error = errors(pcm, rate_hz)[:, clear]
    assert 55 < np.median(below) < 61
    assert error.mean() < 0.35


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_digital_silence_is_zero(rate_hz):
    assert not native.logmel(np.zeros(8000, np.int16), rate_hz).any()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@settings(max_examples=100, deadline=None)
@given(level=st.integers(1, 400), turn=st.floats(0, 0.5), share=st.sampled_from([0.01, 0.3, 1.0]))
@example(level=50, turn=0.0, share=1.0)
@example(level=50, turn=0.0625, share=1.0)
def test_the_empty_bands_of_a_faint_sound_are_not_below_digital_silence(rate_hz, level, turn, share):
    time = np.arange(4096)
    faint = level * np.cos(2 * np.pi * turn * time) * (np.random.default_rng(level).random(4096) < share)
    assert native.logmel(faint.round().astype(np.int16), rate_hz).min() >= 0


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("level", [1, 32767])
def test_silence_is_zero_beside_a_loud_hop_of_the_same_chunk(level, rate_hz):
    noise = np.random.default_rng(0).integers(-level, level + 1, 256)
    silence = np.zeros(256)
    before = native.logmel(np.concatenate([silence, silence, silence, noise]).astype(np.int16), rate_hz)
    assert [row.any() for row in before] == [False, False, False, True]
    after = native.logmel(np.concatenate([noise, silence, silence, silence]).astype(np.int16), rate_hz)
    assert [row.any() for row in after] == [True, True, False, False]
    within = native.logmel(np.concatenate([silence, noise, silence, silence]).astype(np.int16), rate_hz)
    assert [row.any() for row in within] == [False, True, True, False]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_faint_hop_does_not_suffer_from_a_loud_one_in_its_chunk(rate_hz):
    rng = np.random.default_rng(5)
    hops = [rng.integers(-level, level + 1, 256) for level in (20, 20, 20, 32767)]
    error = errors(np.concatenate(hops).astype(np.int16), rate_hz)
    assert error[1:].max() < 0.1


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("half_period", [37, 8, 3, 1])
def test_full_scale_square_wave_neither_overflows_nor_errs(half_period, rate_hz):
    pcm = np.where(np.arange(16000) // half_period % 2, 32767, -32768).astype(np.int16)
    # One sample a half period has all its power above the bands, so that nothing in them can be exact.
    strong = reference(pcm, rate_hz) > 46 - 45 / OCTAVE_DB
    assert strong.any() or half_period == 1
    assert errors(pcm, rate_hz)[strong].max(initial=0) < 0.2
    assert native.logmel(pcm, rate_hz).max() < 47 * 256


def pulses(start: int, harmonic: int, turn: float) -> np.ndarray:
    """Every 64th sample, which is what the first eight-point transforms take together, tuned to one of their bins."""
    pcm = np.zeros(4096)
    pcm[start::64] = 32767 * np.cos(2 * np.pi * (harmonic / 8 * np.arange(len(pcm[start::64])) + turn))
    return pcm


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_nothing_that_resonates_in_the_transform_overflows(rate_hz):
    time = np.arange(4096)
    sounds = [pulses(start, k, turn) for start in (0, 31, 62, 63) for k in range(8) for turn in (0, 1 / 8, 1 / 4)]
    sounds += [32767 * np.sin(2 * np.pi * k / 512 * time + k) for k in np.arange(4, 240, 5.5)]
    sounds += [32767 * np.sign(np.sin(2 * np.pi * k / 512 * time + k)) for k in np.arange(4, 240, 5.5)]
    for sound in sounds:
        pcm = sound.round().astype(np.int16)
        strongest = below_strongest_db(pcm, rate_hz) < 15
        assert errors(pcm, rate_hz)[strongest].max() < 0.1


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("at", [0, 255, 256, 5000])
def test_one_click_is_exact(at, rate_hz):
    pcm = np.zeros(8192, np.int16)
    pcm[at] = 32767
    strong = reference(pcm, rate_hz) > 20
    assert strong.any()
    assert errors(pcm, rate_hz)[strong].max() < 0.02


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("level", [1, 4, 30, 300, 32767])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_noise_is_as_exact_at_one_lsb_as_at_full_scale(rate_hz, level, seed):
    pcm = np.random.default_rng(seed).integers(-level, level + 1, 4096).astype(np.int16)
    expected = reference(pcm, rate_hz)
    not_a_null = expected > np.median(expected) - 8  # a band that happens to cancel has no level to be exact about
    assert errors(pcm, rate_hz)[not_a_null].max() < 0.12


@pytest.mark.parametrize("extreme", [-32768, 32767])
def test_a_constant_at_full_scale_stays_in_range(extreme):
    logmel = native.logmel(np.full(4096, extreme, np.int16), 16000)
    assert logmel.min() >= 0
    assert logmel.max() < 47 * 256


def test_a_chunk_depends_on_its_samples_and_the_hop_before_alone():
    rng = np.random.default_rng(3)
    pcm = rng.integers(-3000, 3000, 16 * 256).astype(np.int16)
    other = pcm.copy()
    other[: 7 * 256] = rng.integers(-30000, 30000, 7 * 256)
    assert (native.logmel(pcm, 16000)[8:] == native.logmel(other, 16000)[8:]).all()
    assert (native.logmel(pcm, 16000)[:8] != native.logmel(other, 16000)[:8]).any()


def test_a_last_hop_without_its_chunk_is_followed_by_silence():
    pcm = np.random.default_rng(3).integers(-3000, 3000, 5 * 256).astype(np.int16)
    padded = np.concatenate([pcm, np.zeros(256, np.int16)])
    assert (native.logmel(pcm, 16000) == native.logmel(padded, 16000)[:5]).all()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_segments_are_the_triangles_of_librosa(rate_hz):
    k, segments = mel_segments(SHIPPED, rate_hz)
    weights = np.zeros((SHIPPED.bands, SHIPPED.window // 2 + 1))
    for i, segment in enumerate(segments):
        for after in reversed(range(segment.bins)):
            falling = segment.slope_q31 / (1 if segment.narrow else 4) * after + segment.last_q31
            if i > 0:
                weights[i - 1, k] += falling / 2**31
            if i < SHIPPED.bands:
                weights[i, k] += 1 - falling / 2**31
            k += 1
    limits = {"fmin": SHIPPED.low_hz, "fmax": SHIPPED.high_hz, "htk": True, "norm": None}
    expected = librosa.filters.mel(sr=rate_hz, n_fft=SHIPPED.window, n_mels=SHIPPED.bands, **limits, dtype=np.float64)
    np.testing.assert_allclose(weights, expected, atol=1e-6)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_narrow_segments_come_first_and_their_sums_fit_in_32_bits(rate_hz):
    _, segments = mel_segments(SHIPPED, rate_hz)
    assert [segment.narrow for segment in segments] == sorted((s.narrow for s in segments), reverse=True)
    assert segments[0].narrow  # as mel_dsp.c has it
    for segment in segments:
        assert segment.bins <= (NARROW_BINS if segment.narrow else 4 * NARROW_BINS)


def test_twiddles_fit_in_q14():
    for k in range(512):
        assert twiddle(k / 512) & 0x10001 == 0


def test_gains_stay_below_2_to_31_and_fall_with_the_energy():
    gain = [gain for gain, _ in gains()]
    assert gain == sorted(gain, reverse=True)
    assert gain[0] < 2**31
    assert gain[0] / 2 < gain[-1]


@pytest.mark.parametrize(
    ("front_end", "rate_hz", "message"),
    [
        ({}, 8000, "above half the rate"),
        ({}, 192000, "holds no bin"),
        ({"window": 500}, 16000, "must be 512"),
        ({"window": 256}, 16000, "must be 512"),
        ({"hop": 128}, 16000, "must be 256"),
        ({"bands": 80}, 16000, "must be 40"),
    ],
)
def test_impossible_parameters_are_refused_with_the_reason(front_end, rate_hz, message):
    with pytest.raises(ValueError, match=message):
        mel_segments(FrontEnd(**front_end), rate_hz)


def test_the_generator_refuses_in_one_sentence(tmp_path):
    command = [sys.executable, "-m", "firmware.pipeline.frontend_tables", "--rate", "8000", "--out", str(tmp_path)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 2
    assert "above half the rate of 8000 Hz" in result.stderr
