"""Manifests: what is read, and what is refused."""

import json

import numpy as np
import pytest
import soundfile

from train import corpora


def manifest(folder, *entries):
    (folder / "some.jsonl").write_text("".join(json.dumps(e) + "\n" for e in entries))


def test_a_clip_is_cut_from_its_file_at_16_khz(tmp_path):
    samples = np.arange(8000, dtype=np.int16)
    soundfile.write(tmp_path / "a.flac", samples, 16000)
    manifest(tmp_path, {"audio_filepath": "a.flac", "offset": 0.1, "duration": 0.2, "split": "test", "speaker": "x"})
    (clip,) = corpora.clips("some", ["test"], tmp_path)
    assert clip.pcm().tolist() == samples[1600:4800].tolist()
    with pytest.raises(corpora.CorpusError, match="no clip of the split train"):
        corpora.clips("some", ["train"], tmp_path)


def test_how_it_was_spoken_is_read_where_it_is_known(tmp_path):
    manifest(tmp_path, CLIP | {"phonemes": "K AE T"}, CLIP)
    assert [clip.phonemes for clip in corpora.clips("some", ["test"], tmp_path)] == ["K AE T", ""]


def test_another_rate_is_resampled(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000, np.int16), 8000)
    manifest(tmp_path, {"audio_filepath": "a.wav", "offset": 0, "duration": 1, "split": "test"})
    assert len(corpora.clips("some", ["test"], tmp_path)[0].pcm()) == 16000


BAD_TIMES = [
    {"offset": float("nan")},
    {"offset": -1},
    {"duration": float("inf")},
    {"duration": "x"},
    {"duration": None},
]
CLIP = {"audio_filepath": "a.wav", "offset": 0, "duration": 1, "split": "test"}


BAD_PHONEMES = [{"phonemes": "K AE1 T"}, {"phonemes": "k ae t"}, {"phonemes": ["K"]}, {"phonemes": None}]


@pytest.mark.parametrize(
    "line", ["{", '{"split": "test"}', "[]", "7", "null", *(json.dumps(CLIP | b) for b in BAD_TIMES + BAD_PHONEMES)]
)
def test_a_damaged_line_is_named_by_number(tmp_path, line):
    (tmp_path / "some.jsonl").write_text(line + "\n")
    with pytest.raises(corpora.CorpusError, match=r"some\.jsonl:1"):
        corpora.clips("some", ["test"], tmp_path)


def test_a_manifest_that_is_no_text_is_named(tmp_path):
    (tmp_path / "some.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(corpora.CorpusError, match=r"some\.jsonl cannot be read"):
        corpora.clips("some", ["test"], tmp_path)


def test_a_file_that_ends_before_its_clip_is_named_and_a_rounded_duration_is_not(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16000, np.int16), 16000)
    manifest(tmp_path, CLIP | {"duration": 1.05}, CLIP | {"duration": 1.2}, CLIP | {"offset": 2})
    rounded, truncated, beyond = corpora.clips("some", ["test"], tmp_path)
    assert len(rounded.pcm()) == 16000
    for clip in (truncated, beyond):
        with pytest.raises(corpora.CorpusError, match=r"a\.wav ends after 1\.00 s"):
            clip.pcm()


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    with pytest.raises(corpora.CorpusError, match=r"some\.jsonl is missing"):
        corpora.clips("some", ["test"], tmp_path)
    manifest(tmp_path, {"audio_filepath": "a.wav", "offset": 0, "duration": 1, "split": "test"})
    with pytest.raises(corpora.CorpusError, match=r"a\.wav cannot be read"):
        corpora.clips("some", ["test"], tmp_path)[0].pcm()
    monkeypatch.delenv("EARSHOT_DATA", raising=False)
    with pytest.raises(corpora.CorpusError, match="EARSHOT_DATA is not set"):
        corpora.data_folder()


def test_no_speaker_of_the_test_split_is_trained_on(data):
    for corpus in ("speechocean762", "an4"):
        trained = {c.speaker for c in corpora.clips(corpus, ["train"], data)}
        held_out = {c.speaker for c in corpora.clips(corpus, ["dev", "test"], data)}
        assert held_out
        assert not trained & held_out
