"""`power` as its user meets it: which runs it takes, and what its help says."""

import json

import pytest

from power import last_run


def test_a_run_of_a_board_with_the_same_core_counts(power, run):
    last_run.write(run.model_copy(update={"board": "mps2_an386"}))
    result = power("report", "--scenario", "always_on", "--days", "200", "--json")

    assert result.returncode == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["run"]["board"] == "mps2_an386"
    assert facts["board"]["name"] == "artemis"
    assert {row["name"]: row["work_per_s"] for row in facts["run"]["states"]} == {"sleep": 25_000, "hear": 2_500_000}


def test_a_run_of_native_is_refused_with_the_next_step(power, run):
    last_run.write(run.model_copy(update={"board": "native", "cycles_are": "nothing"}))
    result = power("report")

    assert result.returncode == 2
    assert result.stdout == ""
    assert "counts no work; run: host replay FILE.wav --board artemis" in result.stderr


def test_a_run_that_never_listened_is_no_ground_for_a_scenario_with_speech(power, run):
    last_run.write(run.model_copy(update={"board": "artemis"}))
    result = power("report", "--scenario", "earpiece")

    assert result.returncode == 2
    assert "the last run never was in it" in result.stderr
    assert "host replay" in result.stderr


@pytest.mark.parametrize("command", ["report", "check", "diff"])
def test_help_teaches(power, command):
    assert f"\n  {command} " in power("--help").stdout
    help_text = power(command, "--help").stdout
    assert "Examples:" in help_text
    assert "--json" in help_text
