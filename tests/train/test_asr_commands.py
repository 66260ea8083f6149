"""The recogniser's commands: what is wrong is one sentence and exit code 2, said before any work is done."""

import json
import re
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from train import asr_bench, asr_commands, asr_confidence, asr_judged, cli
from train.asr_evaluation import Measure, rate_of
from train.asr_network import AsrNetwork
from train.asr_training import save


@pytest.fixture
def refusal(monkeypatch, capsys):
    """Calls the command, which must refuse, and gives its one sentence."""
    monkeypatch.delenv("EARSHOT_DATA", raising=False)  # a sentence about it would be said too late

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["train", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 2
        said = capsys.readouterr().err
        assert said.startswith("train: ")
        assert said.count("\n") == 1
        return said

    return call


def test_a_run_is_not_written_over(refusal, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"hours of work")
    said = refusal("asr", "--run", tmp_path)
    assert "holds a run already" in said and "--resume" in said
    assert "is no folder" in refusal("asr", "--run", tmp_path / "checkpoint.pt")
    assert (tmp_path / "checkpoint.pt").read_bytes() == b"hours of work"


def test_there_must_be_something_to_go_on_from(refusal, tmp_path):
    assert "nothing to go on from; start without --resume" in refusal("asr", "--run", tmp_path / "new", "--resume")


def test_a_folder_without_synthesised_speech_is_refused(refusal, tmp_path):
    said = refusal("asr", "--run", tmp_path / "new", "--synthetic", tmp_path / "nowhere")
    assert f"train synthesize --out {tmp_path / 'nowhere'}" in said


def test_a_teacher_that_is_none_is_refused_before_the_bank_is_filled(refusal, tmp_path):
    command = "asr", "--run", tmp_path / "new", "--bank", tmp_path / "bank", "--teacher"
    assert "no trained recogniser" in refusal(*command, tmp_path / "nowhere.pt")
    (tmp_path / "text.pt").write_text("no network")
    assert "holds no trained recogniser" in refusal(*command, tmp_path / "text.pt")
    assert not (tmp_path / "bank").exists()


def test_without_recordings_nothing_is_trained(refusal, tmp_path):
    command = "asr", "--run", tmp_path / "new", "--bank", tmp_path / "bank"
    assert "EARSHOT_DATA is not set" in refusal(*command)
    assert not (tmp_path / "new").exists()


def test_quantizing_needs_a_run_and_a_bank(refusal, tmp_path):
    out = tmp_path / "out.tflite"
    command = "quantize", "asr", "--out", out, "--run", tmp_path, "--bank", tmp_path / "bank"
    assert "no trained recogniser; make one with `train asr`" in refusal(*command)
    save(AsrNetwork(), tmp_path / "asr.pt")
    said = refusal(*command)
    assert f"{tmp_path / 'bank'} holds no speech" in said and "--bank" in said
    assert not out.exists()


def test_every_column_is_of_one_network(refusal, tmp_path):
    other = tmp_path / "other.tflite"
    other.write_bytes((cli.MODELS / "asr.tflite").read_bytes() + bytes(4))
    said = refusal("eval", "asr", "--model", other)
    assert "is not the network in the C" in said and "copy the file there" in said


def test_a_model_that_is_none_is_refused(refusal, tmp_path):
    assert "nowhere.tflite" in refusal("eval", "asr", "--model", tmp_path / "nowhere.tflite")
    (tmp_path / "text.tflite").write_text("no model")
    assert "is not a .tflite file" in refusal("eval", "asr", "--model", tmp_path / "text.tflite")
    assert "is no recogniser" in refusal("eval", "asr", "--model", cli.MODELS / "vad.tflite")


def test_a_float_network_or_a_rate_that_is_not_there_is_refused(refusal, tmp_path):
    assert "no trained recogniser" in refusal("eval", "asr", "--run", tmp_path)
    assert "8000" in refusal("eval", "asr", "--rate", 8000)


@pytest.mark.parametrize(
    "arguments",
    [["asr", "--steps", "0"], ["asr", "--alpha", "2"], ["eval", "asr", "--most", "0"], ["bench", "asr", "--most", "0"]],
)
def test_an_option_out_of_range_is_refused_by_name(arguments):
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 2
    assert arguments[-2] in result.output


def plain(text: str) -> str:
    """Help without its colours, frames and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize(
    ("command", "teaches"),
    [
        (["bench", "asr"], ["PocketSphinx", "AN4's test set", "--snr", "several may be given", "--json"]),
        (["eval", "asr"], ["Phoneme error rate", "--rate", "15625", "bootstrap", "is refused"]),
        (["asr"], ["train synthesize", "train quantize asr", "--teacher", "--resume", "12000 take about"]),
        (["quantize"], ["asr", "--bank", "as train asr has filled it"]),
    ],
)
def test_help_teaches(command, teaches):
    result = CliRunner().invoke(cli.app, [*command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for word in teaches:
        assert word in plain(result.output)


MEASURES = [
    Measure("an4", None, "C", "phoneme", "", rate_of([1, 0], [5, 5])),
    Measure("an4", None, "C", "word", "trigrams", rate_of([1, 0], [2, 2])),
    Measure("an4", 5.0, "image", "word", "trigrams", rate_of([2, 0], [2, 2])),
]


def test_an_evaluation_is_two_tables_and_says_that_float_is_left_out(monkeypatch):
    monkeypatch.setattr(asr_judged, "measures", lambda *_: MEASURES)
    result = CliRunner().invoke(cli.app, ["eval", "asr", "--rate", "15625"])
    assert result.exit_code == 0
    assert "phoneme error rate at 15625 Hz" in result.output and "word error rate at 15625 Hz" in result.output
    for part in ("10.0%", "25.0%", "50.0%", "as recorded", "5 dB", "trigrams"):
        assert part in result.output
    assert f"no {asr_commands.MODELS / 'asr.pt'}: the float network is left out" in result.output.replace("\n", " ")


@pytest.mark.parametrize(("command", "module"), [("eval", asr_judged), ("bench", asr_bench)])
def test_json_is_one_document_with_the_intervals(monkeypatch, command, module):
    monkeypatch.setattr(module, "measures", lambda *_: MEASURES)
    result = CliRunner().invoke(cli.app, [command, "asr", "--json"])
    found = json.loads(result.stdout)
    assert [one["rate"]["errors"] for one in found] == [1, 1, 2]
    assert found[1]["rate"]["low"] <= 0.25 <= found[1]["rate"]["high"]
    assert (found[0]["snr_db"], found[2]["snr_db"]) == (None, 5.0)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_confidence_is_shown_as_shipped_and_as_fitted(monkeypatch, options):
    rows = np.array([[-0.2, -0.4, 0.3], [-2.0, -4.0, 2.0]])
    heard = [
        asr_confidence.Heard(
            "some",
            "an4",
            inside,
            rows[[row, row]],
            np.array([0.9 - row / 2] * 2),
            np.ones(2, bool),
            np.array([inside] * 2),
        )
        for row, inside in enumerate([True, False])
    ]
    monkeypatch.setattr(asr_confidence, "listen", lambda advance: heard)
    result = CliRunner().invoke(cli.app, ["eval", "confidence", *options])
    assert result.exit_code == 0
    if options:
        found = json.loads(result.stdout)
        assert set(found["settings"]["fitted"]) | {"reject_below_q8"} == set(found["settings"]["shipped"])
        assert found["trade"]["shipped"][3] == [0.4, 0.0, 1.0]
        assert found["trade"]["fitted"][4] == [0.5, 0.0, 0.0]
    else:
        assert re.search(r"0\.4\W+0\.0%\W+100\.0%\W+0\.0%\W+0\.0%", result.output)
        assert "by_doubt_q8" in result.output


def test_the_bench_hears_the_same_recordings_with_each_contender(data):
    told = []
    found = asr_bench.measures(2, [], told.append)
    assert [m.recogniser for m in found].count("PocketSphinx") == 1
    assert len({m.rate.total for m in found}) == 1 and found[0].rate.total > 0
    assert len(told) == len(found)
