"""The model against published figures: rows as near as they are held to, none left out, the document as written."""

import shutil

import pytest
from typer.testing import CliRunner

from power import validation_cases
from power.cli import app
from power.errors import PowerError
from power.validate_command import DOCUMENT, document
from power.validation_cases import Case, cases, radio_rows, wakeword_rows

# MLPerf Tiny v1.3, as published: mean power in mW and duty.
PUBLISHED = {
    "STM32U385": (3.975, 0.606),
    "STM32U3C5": (4.319, 0.189),
    "STM32U575 at 60": (9.52, 0.970),
    "STM32U575 at 160": (11.47, 0.363),
    "STM32H7A3 at 40": (16.17, 0.928),
    "STM32H7A3 at 280": (30.45, 0.133),
    "STM32L4R5 at 70": (22.72, 0.959),
    "STM32L4R5 at 120": (25.62, 0.561),
    "Syntiant NDP9120": (0.507, 0.022),
}


def test_every_case_is_as_near_as_it_is_held_to_or_says_why_not():
    assert [case.name for case in cases() if not case.holds] == []


def test_no_row_of_the_benchmark_is_left_out():
    rows = wakeword_rows()
    assert len(rows) == len(PUBLISHED)
    for name, (milliwatts, duty) in PUBLISHED.items():
        row = next(each for each in rows if each.system.startswith(name))
        assert row.milliwatts == pytest.approx(milliwatts, rel=0.002)
        assert row.duty == pytest.approx(duty, abs=0.001)


def test_most_rows_are_within_a_quarter():
    found = [case for case in cases() if case.group == "streaming wake word"]
    assert sum(case.within for case in found) >= 7
    assert all(case.tolerance == 0.25 for case in found)


def test_a_row_by_hand():
    row = next(each for each in wakeword_rows() if each.system == "STM32U575 at 160 MHz")
    assert row.from_work() == pytest.approx(23.07 * 0.36346 + 0.2 * 23.07 * (1 - 0.36346))


def test_a_connection_event_is_near_the_published_measurement():
    # Texas Instruments SWRA793A, table 6-1: CC2340R5, 1 s, LE 1M, 0 dBm: 7 uA.
    row = next(each for each in radio_rows() if "connected, interval 1 s" in each.system)
    assert row.microamps == 7.0
    assert row.modelled() == pytest.approx(7.0, rel=0.15)


def test_the_document_is_what_the_command_writes():
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_a_reason_that_is_out_of_date_does_not_hold():
    near = Case("g", "n", 1.0, 1.1, "mW", 0.25, "s", "b", "a reason")
    assert not near.holds
    assert Case("g", "n", 1.0, 2.0, "mW", 0.25, "s", "b", "a reason").holds
    assert not Case("g", "n", 1.0, 2.0, "mW", 0.25, "s", "b", None).holds
    assert not Case("g", "n", 1.0, None, "mW", 0.25, "s", "b", None).holds


def test_the_command_shows_all_and_ends_well():
    result = CliRunner().invoke(app, ["validate"])
    assert result.exit_code == 0
    for case in cases():
        assert case.name.split(",")[0] in result.output


def test_the_command_writes_the_document(tmp_path):
    result = CliRunner().invoke(app, ["validate", "-o", str(tmp_path / "v.md")])
    assert result.exit_code == 0
    assert (tmp_path / "v.md").read_text(encoding="utf-8") == document()


def test_a_row_that_is_far_off_ends_with_1(tmp_path, monkeypatch):
    folder = shutil.copytree(validation_cases.FOLDER, tmp_path / "validation")
    file = folder / "streaming_wakeword.toml"
    file.write_text(file.read_text().replace("work_milliwatts = 23.07", "work_milliwatts = 99.0"))
    monkeypatch.setattr(validation_cases, "FOLDER", folder)
    result = CliRunner().invoke(app, ["validate"])
    assert result.exit_code == 1
    assert "OUTSIDE" in result.output


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("duty = 0.60618", "duty = 1.2", r"streaming_wakeword\.toml:7: rows\[0\]\.duty"),
        ("work_mhz = 96.0\n", "", "has work_milliwatts, and so needs all of"),
        ("duty = 0.60618", "dutty = 0.6", r"rows\[0\]\.duty: is missing"),
    ],
)
def test_a_row_that_does_not_hold_is_refused_by_line_and_key(tmp_path, monkeypatch, old, new, complaint):
    folder = shutil.copytree(validation_cases.FOLDER, tmp_path / "validation")
    file = folder / "streaming_wakeword.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    monkeypatch.setattr(validation_cases, "FOLDER", folder)
    with pytest.raises(PowerError, match=complaint):
        wakeword_rows()
