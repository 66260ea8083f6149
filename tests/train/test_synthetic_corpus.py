"""The synthetic corpus: shards that read back as any corpus does, and are not made twice."""

import json
import sys

import pytest
from typer.testing import CliRunner

from firmware.domain.phonemes import CLASS
from train import cli, corpora, pronunciation, synthetic_corpus
from train.sentences import Sentences


@pytest.fixture
def short_shards(monkeypatch):
    monkeypatch.setattr(synthetic_corpus, "SHARD_S", 5.0)


def lines(folder):
    return [json.loads(line) for line in (folder / "synthetic.jsonl").read_text().splitlines()]


def made(folder, seconds, seed=1):
    return synthetic_corpus.synthesize(folder, seconds / 3600, seed, Sentences([]))


def test_the_manifest_reads_back_as_a_corpus(tmp_path, short_shards):
    assert made(tmp_path, 8) == tmp_path / "synthetic.jsonl"
    clips = corpora.clips("synthetic", ["train"], tmp_path)
    assert sum(clip.duration for clip in clips) >= 8
    for clip, line in zip(clips, lines(tmp_path), strict=True):
        pcm = clip.pcm()
        assert len(pcm) == round(clip.duration * corpora.RATE_HZ)
        assert abs(pcm.astype(int)).max() > 0.15 * 32767
        assert clip.speaker.startswith(("flite-", "espeak-ng-"))
        allowed = pronunciation.sentence(line["text"])
        assert set(line["phonemes"].split()) <= CLASS.keys()
        assert (
            min(map(len, allowed[0])) <= len(line["phonemes"].split()) <= sum(max(map(len, word)) for word in allowed)
        )


def test_the_same_seed_gives_the_same_bytes_and_seeds_add_up(tmp_path, short_shards):
    for folder in ("a", "b"):
        made(tmp_path / folder, 1)
    one, two = (synthetic_corpus.shard_path(tmp_path / folder, 1, 0) for folder in ("a", "b"))
    assert one.read_bytes() == two.read_bytes()
    assert lines(tmp_path / "a") == lines(tmp_path / "b")
    made(tmp_path / "a", 1, seed=2)
    assert len({line["audio_filepath"] for line in lines(tmp_path / "a")}) == 2


def test_a_finished_shard_stays_and_an_unfinished_one_is_made_again(tmp_path, short_shards):
    made(tmp_path, 1)
    first = synthetic_corpus.shard_path(tmp_path, 1, 0)
    whole, when = lines(tmp_path), first.stat().st_mtime_ns
    made(tmp_path, 1)
    assert first.stat().st_mtime_ns == when
    assert lines(tmp_path) == whole
    # As an interruption between the sound and its lines leaves it.
    first.with_suffix(".jsonl").unlink()
    first.write_bytes(b"half a shard")
    made(tmp_path, 1)
    assert lines(tmp_path) == whole
    assert corpora.clips("synthetic", ["train"], tmp_path)[0].pcm().any()


def test_the_command_makes_it(tmp_path, short_shards, monkeypatch):
    monkeypatch.delenv("EARSHOT_DATA", raising=False)
    result = CliRunner().invoke(cli.app, ["synthesize", "--hours", "0.001", "--out", str(tmp_path / "new")])
    assert result.exit_code == 0
    assert result.stdout.strip() == str(tmp_path / "new" / "synthetic.jsonl")
    assert "made-up sentences only" in result.stderr
    assert lines(tmp_path / "new")


def test_a_missing_engine_ends_the_command_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", ["train", "synthesize", "--hours", "1", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert "is not installed: apt-get install" in capsys.readouterr().err.splitlines()[-1]
