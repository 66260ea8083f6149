"""python -m firmware.modelc, as a user calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

VAD = Path(__file__).parents[3] / "firmware/models/vad.tflite"


def modelc(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "firmware.modelc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=VAD.parents[2])


def test_it_writes_four_files_and_a_summary(tmp_path):
    done = modelc(VAD, "--out", tmp_path / "new", "--target", "portable")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"vad.c", "vad.h", "vad_tflite.c", "vad_tflite.h"}
    for word in ("MACs", "arena", "constants", "DEPTHWISE_CONV_2D", "probability"):
        assert word in done.stdout


def test_for_tflite_micro_a_header_takes_the_place_of_the_kernel_calls(tmp_path):
    done = modelc(VAD, "--out", tmp_path, "--engine", "tflm", "--tflm-arena", 40000, "--json")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"vad.h", "vad_tflm.h", "vad_tflite.c", "vad_tflite.h"}
    assert json.loads(done.stdout)["arena_bytes"] == 40000


def test_the_same_model_gives_the_same_files(tmp_path):
    for folder in ("a", "b"):
        assert modelc(VAD, "--out", tmp_path / folder).returncode == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_json_holds_the_figures(tmp_path):
    figures = json.loads(modelc(VAD, "--out", tmp_path, "--name", "ear", "--json").stdout)
    assert figures["name"] == "ear"
    assert figures["inputs"] == ["features"]
    assert figures["outputs"] == ["probability"]
    assert sorted(figures["states"]) == [f"state{i}" for i in range(6)]
    assert f"#define EAR_ARENA_BYTES {figures['arena_bytes']}\n" in (tmp_path / "ear.h").read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["absent.tflite"], "modelc: absent.tflite: No such file or directory"),
        ([VAD.parents[2] / "pyproject.toml"], "not a .tflite file"),
        ([VAD, "--name", "my net"], "'my net' is not a C identifier; try 'my_net'"),
        ([VAD, "--target", "riscv"], "riscv"),
        ([VAD, "--engine", "riscv"], "riscv"),
        ([VAD, "--tflm-arena", "40000"], "needs engine tflm"),
        ([], "MODEL.tflite"),
    ],
)
def test_what_cannot_be_compiled_ends_with_code_2(arguments, reason, tmp_path):
    done = modelc(*arguments, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_ends_with_code_2(tmp_path):
    (tmp_path / "file").write_text("")
    done = modelc(VAD, "--out", tmp_path / "file")
    assert done.returncode == 2
    assert done.stderr.startswith("modelc: cannot write to ")


def test_help_teaches():
    text = modelc("--help").stdout
    for word in ("MODEL.tflite", "--target", "engine.h", "exit code 2"):
        assert word in text
