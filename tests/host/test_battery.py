"""The battery that this firmware asks for, against that of the ledger which is shipped with the power model.

A change that costs more than a twentieth of the hours fails here with the table that says where they went. One that is
meant to: replay the demo's clip on the virtual artemis again and copy its run to power/ledgers/artemis.json.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from board_on_a_line import run_host

from power import figures, kept_ledgers, last_run

MOST_LOST = "5"
"""Percent of the typical hours."""


def run_power(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`power ...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "power.cli", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def ledger(travellers, tmp_path_factory) -> Path:
    """The run of the image on the demo's clip."""
    folder = tmp_path_factory.mktemp("battery")
    soundfile.write(folder / "demo.wav", travellers, 16_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        result = run_host("replay", str(folder / "demo.wav"), "--board", "artemis")
        assert result.returncode == 0, result.stderr
        return last_run.path()


def test_this_firmware_lasts_eight_hours_in_every_shipped_scenario(ledger):
    result = run_power("check", "--hours", "8", "--ledger", str(ledger))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("scenario", ["earpiece", "always_on"])
def test_this_firmware_costs_no_more_battery_than_the_shipped_ledger(ledger, scenario):
    shipped = kept_ledgers.shipped(figures.board_parts("artemis"))
    assert shipped is not None
    result = run_power("diff", str(shipped.file), str(ledger), "--scenario", scenario, "--fail-over", MOST_LOST)
    assert result.returncode == 0, result.stdout + result.stderr
