"""`power report` as its user meets it: every form, what-ifs, and one sentence for what does not hold."""

import json
import subprocess
import sys

import pytest

from power import data_files, figures, what_if
from power.errors import PowerError
from power.report.schema import ReportDocument
from power.scenario import scenario

FEW = ["--days", "200"]


def test_it_works_before_any_run_and_says_whose_ledger_it_is(power):
    result = power("report", *FEW)
    assert result.returncode == 0, result.stderr
    assert "shipped with the firmware" in result.stderr
    assert result.stderr.count("\n") == 1
    for words in ("5th percentile", "core, awake", "regulator loss", "from the cell", "closed form", "power report"):
        assert words in result.stdout


@pytest.mark.parametrize("board", data_files.names("boards"))
def test_every_shipped_board_has_a_report_before_any_run(power, board):
    result = power("report", "--board", board, "--json", *FEW)
    assert result.returncode == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["run"]["board"] in figures.board_parts(board).ledgers_of
    assert facts["engines"]["agree"]


def test_the_last_run_comes_before_the_shipped_ledger(power, tmp_path):
    shipped = json.loads((data_files.SHIPPED / "ledgers" / "artemis.json").read_text())
    kept = tmp_path / "state/earshot/last_run.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({**shipped, "firmware": "9.9.9", "build": "00000000000000ab"}))
    result = power("report", "--json", *FEW)
    assert result.stderr == ""
    assert json.loads(result.stdout)["run"] | {"states": 0} == {
        **json.loads(result.stdout)["run"],
        "firmware": "9.9.9, build 00000000000000ab",
        "origin": "the last run",
        "states": 0,
    }


@pytest.mark.parametrize(
    ("name", "begins"), [("r.html", b"<!DOCTYPE html>"), ("r.md", b"# Power budget"), ("r.pdf", b"%PDF-")]
)
def test_the_suffix_decides_the_form(power, tmp_path, name, begins):
    result = power("report", "-o", name, *FEW)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert result.stdout.startswith(f"{name}: lasts ")
    assert result.stdout.count("\n") == 1


def test_json_in_a_file_is_json_on_the_screen(power, tmp_path):
    result = power("report", "-o", "r.json", "--json", *FEW)
    assert result.returncode == 0, result.stderr
    kept = (tmp_path / "r.json").read_text()
    ReportDocument.model_validate_json(kept)
    assert json.loads(result.stdout.split("\n", 1)[1]) == json.loads(kept)


def test_the_command_line_in_the_report_makes_it_again(power):
    asked = ["--scenario", "always_on", "--set", "cell.capacity=0.1Ah", "--days", "200", "--seed", "7"]
    first = json.loads(power("report", "--json", *asked).stdout)
    program, *arguments = first["command"].split()
    assert program == "power"
    assert json.loads(power(*arguments, "--json").stdout) == first


def test_what_ifs_change_the_hours(power):
    whole = json.loads(power("report", "--json", *FEW).stdout)
    half = json.loads(power("report", "--json", "--set", "cell.capacity=150mAh", *FEW).stdout)
    assert half["hours"]["typ"] == pytest.approx(whole["hours"]["typ"] / 2, rel=0.05)
    assert half["changes"] == [{"key": "cell_300mah.capacity", "value": 150, "unit": "mAh"}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scenario", "party"], ["'party'", "always_on", "earpiece"]),
        (["--board", "toaster"], ["'toaster'", "artemis"]),
        (["--ledger", "/nowhere/run.json"], ["no run in /nowhere/run.json", "host replay"]),
        (["-o", "report.docx"], ["report.docx", ".html, .md, .pdf, .json"]),
        (["-o", "report"], ["no suffix"]),
        (["-o", "/nowhere/report.html"], ["/nowhere", "make it first"]),
        (["-o", "folder.html"], ["folder.html is a folder"]),
        (["--set", "apollo3.rum=9uA/MHz"], ["'apollo3.rum'", "apollo3.run"]),
        (["--set", "capacity=9"], ["'capacity'", "cell_300mah.capacity"]),
        (["--set", "apollo3.run=9mAh"], ["apollo3.run", "mAh is a charge", "uA/MHz"]),
        (["--set", "apollo3.run=9furlong"], ["furlong"]),
        (["--set", "apollo3.run=fast"], ["not KEY=VALUE", "apollo3.run=9uA/MHz"]),
        (["--set", "apollo3.run"], ["not KEY=VALUE"]),
        (["--set", "apollo3.run=1", "--set", "mcu.run=2"], ["apollo3.run twice"]),
        (["--set", "scenario.temperature=9degC"], ["no unit"]),
        (["--days", "3"], ["--days", "100"]),
        (["--frobnicate"], ["frobnicate"]),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(power, tmp_path, arguments, words):
    (tmp_path / "folder.html").mkdir()
    result = power("report", *arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


def test_a_file_that_cannot_be_written_is_told(power, tmp_path):
    (tmp_path / "full.html").symlink_to("/dev/full")
    result = power("report", "-o", "full.html", *FEW)
    assert result.returncode == 2
    assert "full.html cannot be written (No space left on device)" in result.stderr


def test_a_damaged_ledger_is_refused(power, tmp_path):
    (tmp_path / "run.json").write_text('{"board": 7}')
    result = power("report", "--ledger", "run.json")
    assert result.returncode == 2
    assert "run.json is damaged: " in result.stderr


def test_help_and_a_check_start_without_the_heavy_libraries():
    heavy = "{'matplotlib', 'jinja2', 'weasyprint', 'pint', 'scipy'}"
    code = f"import sys, power.cli; found = {heavy} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_without_weasyprint_a_pdf_names_the_line_that_installs_it(monkeypatch):
    from power.report import pdf

    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(PowerError, match=r"pip install 'earshot\[power\]'"):
        pdf.render({})


def test_a_key_may_be_a_part_a_role_or_a_number_of_the_scenario():
    parts, day = figures.board_parts("artemis"), scenario("earpiece")
    for key, full in (
        ("apollo3.run", "apollo3.run"),
        ("mcu.run", "apollo3.run"),
        ("cell.by_cycles", "cell_300mah.by_cycles"),
        ("temperature", "scenario.temperature"),
        ("scenario.radio.interval_s", "scenario.radio.interval_s"),
        ("radio.interval_s", "scenario.radio.interval_s"),
    ):
        assert what_if.full_key(key, parts, day) == full


def test_a_value_without_a_unit_is_in_the_figures_own():
    parts, day = figures.board_parts("artemis"), scenario("earpiece")
    read = what_if.read(["cell.capacity=200", "mcu.clock=48000kHz", "temperature=-5"], parts, day)
    assert read == {
        "cell_300mah.capacity": pytest.approx(720),
        "apollo3.clock": pytest.approx(48e6),
        "scenario.temperature": -5,
    }
    assert what_if.written("cell_300mah.capacity", read["cell_300mah.capacity"]) == (200, "mAh")
