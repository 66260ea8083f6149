"""What the recogniser is judged on: the SNR is the one asked for, and a sample of a corpus is spread over it."""

import numpy as np
import pytest
from speech_samples import voiced, write_corpus

from train import asr_testsets
from train.asr_corpora import labels_of
from train.corpora import CorpusError

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Ten test recordings, each of another word."""
    entries = [{"text": word, "split": "test", "speaker": f"s{i}"} for i, word in enumerate(WORDS)]
    write_corpus(tmp_path, "some", entries)
    monkeypatch.setenv("EARSHOT_DATA", str(tmp_path))


def loud_half(pcm):
    """Mean power of the louder half of the hops."""
    hops = pcm[: len(pcm) // 256 * 256].astype(float).reshape(-1, 256)
    power = np.sort((hops**2).mean(axis=1))
    return power[len(power) // 2 :].mean()


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 5.0, 0.0])
@pytest.mark.parametrize("seconds", [0.5, 5.0])
def test_the_snr_is_the_one_asked_for(snr_db, seconds):
    speech = voiced(2.0, 1)
    noise = (np.random.default_rng(3).standard_normal(round(seconds * 16000)) * 300).astype(np.int16)
    mixed = asr_testsets.in_noise(speech, noise, snr_db, np.random.default_rng(1))
    added = mixed.astype(float) - speech
    assert np.abs(mixed.astype(int)).max() < 32767
    assert 10 * np.log10(loud_half(speech) / (added**2).mean()) == pytest.approx(snr_db, abs=0.5)


def test_a_mixture_too_loud_is_scaled_down_and_not_clipped():
    speech = np.clip(voiced(2.0, 1).astype(int) * 9, -32000, 32000).astype(np.int16)
    noise = np.random.default_rng(3).standard_normal(16000)
    mixed = asr_testsets.in_noise(speech, (noise * 3000).astype(np.int16), 0.0, np.random.default_rng(1))
    assert np.abs(mixed.astype(int)).max() == 32767
    assert np.count_nonzero(np.abs(mixed.astype(int)) >= 32766) < 4


def test_silence_as_noise_leaves_the_recording_as_it_was():
    speech = voiced(1.0, 2)
    mixed = asr_testsets.in_noise(speech, np.zeros(500, np.int16), 0.0, np.random.default_rng(1))
    assert np.array_equal(mixed, speech)


@pytest.mark.parametrize(("most", "places"), [(4, [0, 2, 5, 7]), (3, [0, 3, 6]), (99, list(range(10)))])
def test_a_sample_spreads_over_the_split(corpus, most, places):
    found = asr_testsets.recorded("some", most, "test")
    assert found.snr_db is None
    assert [one.text for one in found.spoken] == [WORDS[i] for i in places]
    assert [one.speaker for one in found.spoken] == [f"s{i}" for i in places]
    with pytest.raises(CorpusError, match="no clip of the split dev"):
        asr_testsets.recorded("some", most, "dev")


def test_a_recording_has_its_phonemes_and_a_tail_of_silence(corpus):
    (one,) = asr_testsets.recorded("some", 1, "test").spoken
    tail = round(asr_testsets.TAIL_S * 16000)
    assert np.array_equal(one.labels, labels_of("zero"))
    voice = voiced(0.8, 0)
    lead = len(one.pcm) - tail - len(voice)
    assert 0 <= lead < 512
    assert not one.pcm[:lead].any()
    assert np.array_equal(one.pcm[lead:-tail], voice)
    assert not one.pcm[-tail:].any()


def test_the_noisy_set_says_the_same_and_is_the_same_each_time(corpus):
    clean = asr_testsets.recorded("some", 4, "test")
    noises = [voiced(1.0, seed) for seed in (7, 8)]
    first, again, other = (asr_testsets.noisy(clean, snr_db, noises) for snr_db in (5.0, 5.0, 0.0))
    assert (first.corpus, first.snr_db, first.noise, clean.noise) == ("some", 5.0, "at 5 dB", "as recorded")
    for as_recorded, one, two, three in zip(clean.spoken, first.spoken, again.spoken, other.spoken, strict=True):
        assert (one.text, len(one.pcm)) == (as_recorded.text, len(as_recorded.pcm))
        assert np.array_equal(one.pcm, two.pcm)
        assert not np.array_equal(one.pcm, as_recorded.pcm)
        assert not np.array_equal(one.pcm, three.pcm)
        assert one.pcm[-4000:].any()  # noise goes on in the tail
