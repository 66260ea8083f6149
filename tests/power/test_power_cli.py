"""`power` as its user meets it: a process, its output and its exit code."""

import json
import subprocess
import sys

import pytest

from power import last_run


@pytest.fixture
def power(tmp_path, monkeypatch):
    """Runs `power ARGUMENTS` with its state in tmp_path."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def call(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "power.cli", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return call


@pytest.fixture
def kept(run, power):
    """A run of mps2_an386 as the last one."""
    last_run.write(run.model_copy(update={"board": "mps2_an386"}))


def test_the_report_names_components_hours_and_sources(power, kept):
    result = power("report")

    assert result.returncode == 0, result.stderr
    for text in ("core, awake", "core, deep sleep", "PDM block", "microphone", "regulator loss", "from the cell"):
        assert text in result.stdout
    assert "138.75 mW" in result.stdout
    assert "Knowles SPH0641LU4H-1 datasheet" in result.stdout


def test_the_json_adds_up(power, kept):
    document = json.loads(power("report", "--json").stdout)

    for end in ("min", "typ", "max"):
        assert sum(part["mw"][end] for part in document["components"]) == pytest.approx(document["total_mw"][end])
    assert document["hours"]["typ"] == pytest.approx(
        1000 * document["cell"]["usable_wh"]["typ"] / document["total_mw"]["typ"]
    )
    assert document["hours"]["min"] < document["hours"]["typ"] < document["hours"]["max"]
    used = {name for part in document["components"] for name in part["rests_on"]}
    assert used <= set(document["figures"])
    assert all(figure["source"] and figure["status"] for figure in document["figures"].values())


def test_a_kept_run_can_be_asked_about(power, run, tmp_path):
    file = last_run.write(run.model_copy(update={"board": "artemis"}), tmp_path / "kept.json")
    assert json.loads(power("report", "--ledger", str(file), "--json").stdout)["run"]["board"] == "artemis"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scenario", "party"], ["'party'", "always_on"]),
        (["--board", "toaster"], ["'toaster'", "artemis"]),
        (["--ledger", "/nowhere/run.json"], ["no run in /nowhere/run.json", "host replay"]),
        (["--frobnicate"], ["frobnicate"]),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(power, kept, arguments, words):
    result = power("report", *arguments)

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


def test_without_a_run_it_names_the_next_step(power):
    result = power("report")

    assert result.returncode == 2
    assert result.stderr.startswith("power: there is no run in ")
    assert "host replay FILE.wav --board artemis" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_damaged_run_is_refused(power, kept):
    last_run.path().write_text('{"board": 7}')
    result = power("report")

    assert result.returncode == 2
    assert "is damaged: " in result.stderr


def test_a_run_of_native_is_refused_with_the_next_step(power, run):
    last_run.write(run.model_copy(update={"board": "native", "cycles_are": "nothing"}))
    result = power("report")

    assert result.returncode == 2
    assert "counts no work; run: host replay FILE.wav --board artemis" in result.stderr


def test_help_teaches(power):
    assert "host replay" in power("--help").stdout
    assert "--json" in power("report", "--help").stdout
