"""`power fit` as a user calls it."""

import itertools
import json

import pytest

from power.traces import fitted_file


def test_a_table_of_states_and_what_they_tell(power, stored, files, board):
    done = power("fit", str(stored["ppk2"].path), "--ledger", str(files["run"]), "--volts", "3.3")
    assert done.returncode == 0, done.stderr
    for state, mean in board.means().items():
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"{state} ")]
        assert "Nordic PPK2" in line
        assert "synthetic" in line
        shown = line.split()
        assert any(
            abs(float(word) / scale - mean) < 0.01 * mean
            for word, unit in itertools.pairwise(shown)
            for scale, name in ((1e6, "uA"), (1e3, "mA"))
            if unit == name
        )
    assert "sph0641.listening + apollo3.pdm + apollo3.deep_sleep" in done.stdout
    assert "would tell it apart" in done.stdout
    assert "left out after each change of state" in done.stdout
    assert "send: too little data" in done.stdout


def test_what_the_instrument_wrote_is_fitted_as_its_trace_is(power, stored, files):
    ledger = ("--ledger", str(files["run"]), "--volts", "3.3", "--json")
    raw = json.loads(power("fit", str(files["ppk2"]), *ledger).stdout)
    kept = json.loads(power("fit", str(stored["ppk2"].path), *ledger).stdout)
    assert raw == kept


def test_a_trace_without_codes_is_aligned_and_says_how_well(power, files):
    arguments = ("fit", str(files["joulescope-csv"]), "--rate", "4000", "--ledger", str(files["run"]))
    done = power(*arguments)
    assert "aligned with the ledger: offset" in done.stdout
    document = json.loads(power(*arguments, "--json").stdout)
    (trace,) = document["traces"]
    assert trace["alignment"]["offset_s"] == pytest.approx(0, abs=0.05)
    assert trace["alignment"]["correlation"] > 0.99


def test_json_has_the_fields_that_help_names(power, stored, files):
    document = json.loads(power("fit", str(stored["jls"].path), "--ledger", str(files["run"]), "--json").stdout)
    shown = power("fit", "--help").stdout
    for key in document:
        assert key in shown
    for table in ("traces", "states", "combinations", "figures"):
        for key in document[table][0]:
            assert key in shown, (table, key)
    assert document["firmware"] == "synthetic"
    assert document["ledger"]["file"] == "run.json"
    assert len(document["ledger"]["sha256"]) == 64


def test_figures_are_written_only_where_they_are_measured(power, stored, files, tmp_path):
    arguments = ("fit", str(stored["jls"].path), "--ledger", str(files["run"]), "-o", "figures.toml")
    done = power(*arguments, "--firmware", "8f3c1a2", "--accuracy", "0.5", "--widest", "25")
    assert "figures.toml: apollo3." in done.stdout
    written = fitted_file.load(tmp_path / "figures.toml")
    assert "apollo3.burst_run" in written
    assert all(figure.status == "measured" for figure in written.values())
    assert "firmware 8f3c1a2" in written["apollo3.burst_run"].conditions
    assert "Joulescope JS220 000000" in written["apollo3.burst_run"].source.document
    strict = power(*arguments, "--widest", "0.1")
    assert "no figure is measured well enough to be written" in strict.stdout
    assert fitted_file.load(tmp_path / "figures.toml") == {}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{trace}", "--board", "toaster"], "there is no board 'toaster'"),
        (["{trace}", "--ledger", "none.json"], "there is no run in none.json"),
        (["{trace}", "--ledger", "{run}", "--hold", "apollo3.clock"], "--hold apollo3.clock does not enter"),
        (["{trace}", "--ledger", "{run}", "-o", "none/figures.toml"], "there is no folder none"),
        (["none.trace", "--ledger", "{run}"], "none.trace cannot be read"),
        (["{otii}", "--ledger", "{empty}"], "0 snapshots of its ledger"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(  # noqa: PLR0917 - fixtures
    power, stored, files, tmp_path, arguments, complaint
):
    empty = tmp_path / "empty.json"
    document = json.loads(files["run"].read_text())
    document.pop("timeline")
    empty.write_text(json.dumps(document))
    names = {"trace": stored["ppk2"].path, "otii": stored["otii"].path, "run": files["run"], "empty": empty}
    done = power("fit", *(argument.format(**names) for argument in arguments))
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.startswith("power: ")
    assert done.stderr.count("\n") == 1


def test_both_commands_are_in_the_list(power):
    shown = power("--help").stdout
    assert "import " in shown
    assert "fit " in shown
