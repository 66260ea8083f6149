"""Training for a few steps on real recordings: it learns, it can be resumed, it refuses what cannot ship."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from train.cli import app
from train.vad_network import VadShape
from train.vad_training import VadTraining, load, train_vad

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


def test_a_network_over_the_limit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the limit is 10500"):
        train_vad(tmp_path, VadShape(channels=64), SHORT, resume=False)


def test_the_command_says_what_is_missing(tmp_path, monkeypatch):
    from train.corpora import CorpusError

    monkeypatch.delenv("EARSHOT_DATA")
    result = CliRunner().invoke(app, ["vad", "--run", str(tmp_path)])
    assert isinstance(result.exception, CorpusError)
    assert "EARSHOT_DATA is not set" in str(result.exception)
