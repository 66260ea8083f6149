"""The command: what is wrong ends in one sentence and exit code 2."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from train import cli


def refusal(monkeypatch, capsys, *arguments):
    """What the command says on its way out with exit code 2."""
    monkeypatch.setattr(sys, "argv", ["train", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("train: ")
    assert said.count("\n") == 1
    return said


def test_every_column_is_of_one_network(monkeypatch, capsys, tmp_path):
    other = tmp_path / "other.tflite"
    other.write_bytes((cli.MODELS / "vad.tflite").read_bytes() + bytes(4))
    said = refusal(monkeypatch, capsys, "eval", "vad", "--model", other)
    assert "is not the network in the C" in said
    assert "copy the file there" in said


def test_a_model_that_is_none_is_refused(monkeypatch, capsys, tmp_path):
    assert "nowhere.tflite" in refusal(monkeypatch, capsys, "eval", "vad", "--model", tmp_path / "nowhere.tflite")
    (tmp_path / "text.tflite").write_text("no model")
    assert "is not a .tflite file" in refusal(monkeypatch, capsys, "eval", "vad", "--model", tmp_path / "text.tflite")


def test_a_run_that_is_not_there_is_refused(monkeypatch, capsys, tmp_path):
    for command in (["quantize"], ["eval", "vad"]):
        assert "no trained voice detector" in refusal(monkeypatch, capsys, *command, "--run", tmp_path)


def test_a_run_is_not_written_over(monkeypatch, capsys, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"hours of work")
    assert "holds a run already" in refusal(monkeypatch, capsys, "vad", "--run", tmp_path)
    assert "is no folder" in refusal(monkeypatch, capsys, "vad", "--run", tmp_path / "checkpoint.pt")


def test_a_network_too_large_is_refused(monkeypatch, capsys, tmp_path):
    said = refusal(monkeypatch, capsys, "vad", "--run", tmp_path / "new", "--channels", 64)
    assert "the limit is 10500" in said


def test_the_base_install_says_what_to_install():
    """Without the extra, the first import of torch fails."""
    code = "import sys; sys.modules['torch'] = None; sys.argv = ['train', 'vad']; from train.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "train: torch is not installed; pip install -e '.[train]' in Earshot's folder\n",
    )


@pytest.mark.parametrize("arguments", [["vad", "--steps", "0"], ["vad", "--seed", "-1"], ["quantize", "--clips", "99"]])
def test_an_option_out_of_range_is_refused_by_name(arguments):
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 2
    assert arguments[1] in result.output
