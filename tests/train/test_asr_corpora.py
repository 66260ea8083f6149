"""What the recogniser learns from: phonemes of the manifest before those of the text, and a bank that grows."""

import numpy as np
import pytest
from speech_samples import write_corpus

from firmware.domain.phonemes import CLASS
from train import asr_bank, asr_corpora, corpora
from train.asr_bank import Utterance
from train.asr_corpora import GrowingPool, labels_of, labels_of_clip, training_utterances, utterances

SPOKEN = "Y EH AE S"


@pytest.fixture
def folder(tmp_path):
    """Seven recordings; of the first it is known how it was spoken, of the second nothing."""
    write_corpus(tmp_path, "synthetic", [{"phonemes": SPOKEN}, {"text": ""}, *[{}] * 5])
    return tmp_path


def test_a_text_has_the_first_pronunciation_of_each_word():
    assert labels_of("yes no").tolist() == [CLASS[p] for p in ("Y", "EH", "S", "N", "OW")]
    assert labels_of("").tolist() == []


def test_how_it_was_spoken_goes_before_what_the_text_says(folder):
    first, _, third = corpora.clips("synthetic", ["train"], folder)[:3]
    assert labels_of_clip(first).tolist() == [CLASS[p] for p in SPOKEN.split()]
    assert np.array_equal(labels_of_clip(third), labels_of("yes"))


def test_a_recording_without_a_transcript_is_no_utterance(folder):
    assert [u.clip.path.name for u in utterances("synthetic", ["train"], folder)] == [
        f"synthetic{i}.wav" for i in (0, 2, 3, 4, 5, 6)
    ]


def test_synthesised_speech_that_still_grows_comes_by_whole_shards(folder, monkeypatch):
    monkeypatch.setattr(asr_bank, "SHARD", 4)
    assert len(training_utterances("synthetic", folder / "bank", folder)) == 4


def test_fillings_say_what_they_are_about_to_do_and_pass_over_what_is_not_there(folder, monkeypatch):
    monkeypatch.setattr(asr_bank, "SHARD", 2)
    monkeypatch.setattr(asr_corpora, "WEIGHTS", {"synthetic": 1.0})
    bank = folder / "bank"
    assert list(asr_corpora.fillings(bank, [0], None)) == []
    assert not bank.exists()
    assert list(asr_corpora.fillings(bank, [0], folder)) == ["synthetic, variant 0"]
    assert len(asr_bank.shards(bank)["synthetic"]) == 3


def test_the_pool_grows_with_its_bank_and_reads_each_shard_once(folder, monkeypatch):
    bank = folder / "bank"
    clips = corpora.clips("synthetic", ["train"], folder)
    some = [Utterance(clip, labels_of("yes")) for clip in clips]
    pool = GrowingPool(bank, {"synthetic": 1.0}, [])
    assert pool().utterances == {}
    asr_bank.fill(bank, "synthetic", some[:3], 0)
    first = pool()
    asr_bank.fill(bank, "synthetic", some[:2], 1)
    read = []
    of_file = asr_bank.read
    monkeypatch.setattr(asr_bank, "read", lambda path: read.append(path.name) or of_file(path))
    second = pool()
    assert read == ["synthetic.01.0000.npz"]
    assert (len(first.utterances["synthetic"]), len(second.utterances["synthetic"])) == (3, 5)
    assert second.utterances["synthetic"][0] is first.utterances["synthetic"][0]


def test_development_speech_is_spread_and_fits_its_phonemes(data):
    found = asr_corpora.dev_sets(most=5)
    assert set(found) == set(asr_corpora.DEV)
    for some in found.values():
        assert len(some) == 5
        assert all(asr_bank.fits(len(banked.features), banked.labels) for banked in some)
    assert len({bytes(banked.labels) for banked in found["speech_commands7"]}) > 1


def test_synthetic_noise_is_loud_enough_and_in_range():
    rng = np.random.default_rng(1)
    for _ in range(5):
        noise = asr_corpora._colored(rng)
        assert len(noise) == asr_corpora.NOISE_S * 16000
        assert 1500 < noise.astype(float).std() < 2500


def test_babble_is_more_than_one_talker_at_the_level_of_noise(folder):
    clips = corpora.clips("synthetic", ["train"], folder)
    first, second = (asr_corpora._babble(np.random.default_rng(seed), clips) for seed in (1, 2))
    assert len(first) == asr_corpora.NOISE_S * 16000
    assert 1500 < first.astype(float).std() < 2500
    assert not np.array_equal(first, second)
