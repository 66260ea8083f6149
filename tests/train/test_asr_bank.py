"""The bank: what is done stays done, what is cut off leaves nothing, and variants are drawn the same way each time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from speech_samples import voiced, write_corpus

from firmware.native.features import logmel
from train import asr_bank, corpora
from train.asr_bank import Utterance, Variation
from train.corpora import CorpusError
from train.rooms import impulse_responses

LABELS = np.array([5, 9, 9, 3], np.uint8)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Shards of three, and few rooms."""
    monkeypatch.setattr(asr_bank, "SHARD", 3)
    monkeypatch.setattr(asr_bank, "ROOMS", 2)


@pytest.fixture
def utterances(tmp_path):
    """Seven of them: two whole shards and a rest."""
    write_corpus(tmp_path, "some", [{}] * 7)
    return [Utterance(clip, LABELS) for clip in corpora.clips("some", ["train"], tmp_path)]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def all_read(folder):
    return [banked for paths in asr_bank.shards(folder).values() for path in paths for banked in asr_bank.read(path)]


def test_the_bank_gives_back_each_utterance_and_its_phonemes(tmp_path, utterances):
    bank = tmp_path / "bank"
    told = []
    asr_bank.fill(bank, "some", utterances, 0, progress=told.append)
    assert [path.name for path in asr_bank.shards(bank)["some"]] == [f"some.00.000{i}.npz" for i in range(3)]
    assert told == list(range(1, 8))
    found = all_read(bank)
    for banked, utterance in zip(found, utterances, strict=True):
        assert banked.features.dtype == np.int16
        assert np.array_equal(banked.features, asr_bank.frames(utterance.clip.pcm()))
        assert np.array_equal(banked.labels, LABELS)


def test_a_finished_shard_is_not_made_again(tmp_path, utterances):
    bank = tmp_path / "bank"
    asr_bank.fill(bank, "some", utterances[:3], 1)
    (first,) = bank.iterdir()
    before = first.stat().st_mtime_ns
    missing = Utterance(replace(utterances[0].clip, path=tmp_path / "gone.wav"), LABELS)
    asr_bank.fill(bank, "some", [missing] * 3 + utterances[3:], 1)
    assert first.stat().st_mtime_ns == before
    assert len(all_read(bank)) == 7


def test_an_interrupted_shard_leaves_nothing_and_is_made_the_next_time_as_if_never_cut_off(tmp_path, utterances):
    bank, whole = tmp_path / "bank", tmp_path / "whole"
    asr_bank.fill(whole, "some", utterances, 1)
    damaged = Utterance(replace(utterances[4].clip, path=tmp_path / "gone.wav"), LABELS)
    with pytest.raises(CorpusError, match=r"gone\.wav"):
        asr_bank.fill(bank, "some", [*utterances[:4], damaged, *utterances[5:]], 1)
    assert list(contents(bank)) == ["some.01.0000.npz"]
    asr_bank.fill(bank, "some", utterances, 1)
    for one, other in zip(all_read(bank), all_read(whole), strict=True):
        assert np.array_equal(one.features, other.features)


def test_a_disk_that_is_full_leaves_no_part_of_a_shard(tmp_path, utterances, monkeypatch):
    def full(file, **_arrays):
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        asr_bank.fill(tmp_path / "bank", "some", utterances, 0)
    assert contents(tmp_path / "bank") == {}


def test_variants_are_the_same_each_time_and_differ_from_each_other(tmp_path, utterances):
    drawn = {}
    for name, variant in (("first", 1), ("again", 1), ("second", 2)):
        asr_bank.fill(tmp_path / name, "some", utterances, variant)
        drawn[name] = [banked.features for banked in all_read(tmp_path / name)]
    same = [np.array_equal(a, b) for a, b in zip(drawn["first"], drawn["again"], strict=True)]
    assert all(same)
    differ = [not np.array_equal(a, b) for a, b in zip(drawn["first"], drawn["second"], strict=True)]
    assert sum(differ) >= 5  # a few may be left as they are in both


def test_what_is_too_short_for_its_phonemes_is_left_out(tmp_path, utterances):
    long = Utterance(utterances[1].clip, np.arange(200, dtype=np.uint8) % 39 + 1)
    asr_bank.fill(tmp_path / "bank", "some", [utterances[0], long, utterances[2]], 0)
    assert len(all_read(tmp_path / "bank")) == 2
    asr_bank.fill(tmp_path / "none", "some", [long], 0)
    assert all_read(tmp_path / "none") == []


@given(st.integers(1, 9), st.lists(st.integers(1, 3), min_size=1, max_size=6))
def test_an_utterance_fits_if_ctc_has_a_path(frames, phonemes):
    scores = torch.zeros(frames, 1, 4).log_softmax(dim=2)
    counts = torch.tensor([frames]), torch.tensor([len(phonemes)])
    loss = torch.nn.functional.ctc_loss(scores, torch.tensor([phonemes]), *counts)
    assert asr_bank.fits(frames, np.array(phonemes, np.uint8)) == bool(torch.isfinite(loss))


@pytest.mark.parametrize("samples", [16000, 512 * 20, 1])
@pytest.mark.parametrize("rate", [16000, 15625])
def test_frames_are_the_front_ends_and_the_last_is_filled_with_silence(samples, rate):
    pcm = voiced(1.0, 3)[:samples]
    whole = np.append(pcm, np.zeros(-len(pcm) % 512, np.int16))
    assert np.array_equal(asr_bank.frames(pcm, rate), logmel(whole, rate).reshape(-1, 80))


def test_a_rate_without_tables_is_refused():
    with pytest.raises(ValueError, match="8000"):
        asr_bank.frames(voiced(0.1, 1), 8000)


def test_a_variation_of_nothing_changes_nothing():
    pcm = voiced(1.0, 4)
    still = Variation(speed_share=0, room_share=0)
    assert np.array_equal(asr_bank.varied(pcm, np.random.default_rng(1), [], still), pcm)


def test_speed_changes_the_length_within_its_bounds_and_a_room_adds_its_tail():
    pcm, rng = voiced(1.0, 5), np.random.default_rng(1)
    fast = Variation(speed_share=1, speed=(1.1, 1.2), room_share=0)
    lengths = [len(asr_bank.varied(pcm, rng, [], fast)) for _ in range(20)]
    assert 16000 / 1.2 - 2 <= min(lengths) < max(lengths) <= 16000 / 1.1 + 2
    far = asr_bank.varied(pcm, rng, impulse_responses(2, 1), Variation(speed_share=0, room_share=1))
    assert len(pcm) < len(far) <= len(pcm) + 3200
    assert not np.array_equal(far[: len(pcm)], pcm)


def test_the_loudest_recording_stays_in_range():
    loud = np.where(np.arange(16000) // 40 % 2, 32767, -32768).astype(np.int16)
    always = Variation(speed_share=1, room_share=1)
    found = asr_bank.varied(loud, np.random.default_rng(2), impulse_responses(2, 1), always)
    assert 20000 < np.abs(found.astype(int)).max() <= 32700
