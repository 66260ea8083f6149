"""python -m firmware.bench, as a user calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from firmware.bench import __main__ as cli
from firmware.bench import measure, stream
from firmware.bench.record import VAD

ROOT = Path(__file__).parents[3]


def bench(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "firmware.bench", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **environment}
    )


def test_json_has_every_figure():
    done = bench(VAD, "--board", "mps2_an386", "--json", "--layers")
    assert done.returncode == 0, done.stderr
    (figures,) = json.loads(done.stdout)["models"]
    whole = {"model", "board", "core", "target", "instructions", "instructions_per_mac", "macs", "arena_bytes"}
    whole |= {"code_bytes", "constant_bytes", "stack_bytes", "crc32_first", "crc32_all", "judged", "cycles", "layers"}
    assert set(figures) == whole | {"outside"}
    layer = {"operator", "kind", "shape", "macs", "instructions", "instructions_per_mac", "outputs", "pointwise"}
    assert all(set(each) == layer for each in figures["layers"])
    assert figures["instructions_per_mac"] == pytest.approx(figures["instructions"] / figures["macs"], abs=1e-4)
    assert figures["cycles"]["instructions"] == figures["instructions"]
    assert figures["judged"] is True


def test_each_model_is_a_row_and_layers_follow(tmp_path):
    other = tmp_path / "other.tflite"
    other.write_bytes(VAD.read_bytes())
    done = bench(VAD, other, "--board", "mps3_an547", "--layers")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith("vad ") and lines[2].startswith("other ")
    assert lines[1].split()[1:6] == lines[2].split()[1:6]
    assert sum("DEPTHWISE_CONV_2D" in line for line in lines) == 12
    assert "Cycles are not estimated for a cortex-m55" in done.stdout
    assert "~" not in done.stdout
    assert done.stderr == ""


def test_results_that_differ_from_the_judges_are_exit_code_one(monkeypatch):
    right = stream.judge
    monkeypatch.setattr(measure.stream, "judge", lambda *arguments: right(*arguments) ^ np.int8(1))
    done = CliRunner().invoke(_app(), [str(VAD), "--board", "mps2_an386", "--no-cycles"])
    assert done.exit_code == 1
    assert "bench: vad: the results are not TFLite Micro's" in done.output


def test_without_the_judge_it_says_that_nothing_was_checked(monkeypatch):
    monkeypatch.setattr(measure.stream, "judge_installed", lambda: False)
    done = CliRunner().invoke(_app(), [str(VAD), "--board", "mps2_an386", "--no-cycles"])
    assert done.exit_code == 0
    assert "not checked" in done.output


def _app():
    import typer

    app = typer.Typer()
    app.command()(cli.command)
    return app


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([VAD, "--board", "mps9"], "there is no board 'mps9'"),
        ([VAD, "--board", "artemis"], "artemis is not emulated by QEMU"),
        (["absent.tflite", "--board", "mps2_an386"], "absent.tflite: No such file"),
        ([ROOT / "README.md", "--board", "mps2_an386"], "not a .tflite file"),
        (["--board", "mps2_an386"], "give a MODEL.tflite or --front-end"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence_and_exit_code_two(arguments, reason):
    done = bench(*arguments)
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_missing_toolchain_names_the_packages():
    done = bench(VAD, "--board", "mps2_an386", PATH="/nowhere")
    assert done.returncode == 2
    assert "apt-get install gcc-arm-none-eabi qemu-system-arm" in done.stderr
