"""Training for a few steps on real recordings: it learns, it can be resumed, it refuses what cannot ship."""

import json
from dataclasses import replace
from multiprocessing import Pipe

import pytest
from typer.testing import CliRunner

from train.cli import app
from train.corpora import CorpusError
from train.vad_network import VadShape
from train.vad_training import VadTraining, _received, load, train_vad

SHORT = replace(VadTraining(), steps=30, batch=8, fresh=1, pool=48, rooms=2, dev_mixtures=12, every=15, average=0.9)


@pytest.fixture(autouse=True)
def _data(data):
    """Everything here needs recordings."""


def test_it_learns_and_goes_on_from_a_checkpoint(tmp_path):
    shape = VadShape(channels=8, dilations=(1, 2))
    weights = train_vad(tmp_path, shape, SHORT, resume=False)
    assert load(weights).shape == shape
    train_vad(tmp_path, shape, replace(SHORT, steps=45), resume=True)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [15, 30, 45]
    assert log[-1]["loss"] < log[0]["loss"]
    with pytest.raises(ValueError, match="another shape"):
        train_vad(tmp_path, VadShape(channels=9, dilations=(1, 2)), SHORT, resume=True)
    (tmp_path / "checkpoint.pt").write_bytes(b"PK")
    with pytest.raises(ValueError, match="is damaged"):
        train_vad(tmp_path, shape, SHORT, resume=True)


def test_there_must_be_something_to_go_on_from(tmp_path):
    with pytest.raises(ValueError, match=r"checkpoint\.pt is missing"):
        train_vad(tmp_path / "new", VadShape(), SHORT, resume=True)
    assert not (tmp_path / "new").exists()


def test_what_stops_a_process_that_mixes_is_told():
    receiver, sender = Pipe(duplex=False)
    sender.send(CorpusError("a.wav cannot be read"))
    sender.close()
    with pytest.raises(CorpusError, match=r"a\.wav cannot be read"):
        _received(receiver)
    with pytest.raises(ValueError, match="has died"):
        _received(receiver)


def test_a_network_over_the_limit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the limit is 10500"):
        train_vad(tmp_path, VadShape(channels=64), SHORT, resume=False)


def test_the_command_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("EARSHOT_DATA")
    result = CliRunner().invoke(app, ["vad", "--run", str(tmp_path)])
    assert isinstance(result.exception, CorpusError)
    assert "EARSHOT_DATA is not set" in str(result.exception)
