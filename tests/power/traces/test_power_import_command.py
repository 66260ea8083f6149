"""`power import` as a user calls it."""

import json
from xml.etree import ElementTree

import pytest

from power.import_command import amps, parse_channels
from power.traces.picture import envelope
from power.traces.store import open_trace


def test_the_summary_is_said_and_the_trace_kept(power, files, tmp_path, board):
    done = power("import", str(files["ppk2"]), "-o", "quiet.trace", "--volts", "3.3")
    assert done.returncode == 0, done.stderr
    assert "talk.ppk2 (ppk2), Nordic PPK2, 4000 samples a second" in done.stdout
    assert "  60.00 s, 23" in done.stdout
    assert "they are left out" in done.stdout
    for state in board.means():
        assert f"  {state} " in done.stdout
    kept = open_trace(tmp_path / "quiet.trace")
    assert kept.facts.volts == 3.3
    assert kept.facts.summary.energy_j == pytest.approx(3.3 * kept.facts.summary.charge_c)


def test_json_has_the_fields_that_help_names(power, files, tmp_path):
    done = power("import", str(files["jls"]), "-o", "a.trace", "--json")
    document = json.loads(done.stdout)
    assert set(document) == {
        "file", "format", "source", "sha256", "instrument", "started", "rate", "volts",
        "has_voltage", "has_codes", "channels", "summary",
    }  # fmt: skip
    summary = document["summary"]
    assert set(summary) == {
        "duration_s", "samples", "missing", "gaps", "longest_gap_s", "mean_a", "min_a", "max_a", "charge_c", "energy_j",
        "states", "uncertain_codes", "repeated_times", "cut_short",
    }  # fmt: skip
    assert summary["charge_c"] == pytest.approx(summary["mean_a"] * summary["samples"] / document["rate"])
    shown = power("import", "--help").stdout
    for name in ("sha256", "instrument", *summary):
        assert name in shown


def test_beside_the_file_by_default_and_never_over_what_is_there(power, files, tmp_path):
    copy = tmp_path / "talk.csv"
    copy.write_bytes(files["ppk2-csv"].read_bytes())
    assert power("import", str(copy)).returncode == 0
    assert (tmp_path / "talk.trace").exists()
    again = power("import", str(copy))
    assert again.returncode == 2
    assert "talk.trace is there already; name another with -o, or write over it with --force" in again.stderr
    assert power("import", str(copy), "--force").returncode == 0
    itself = power("import", "talk.trace", "-o", "talk.trace", "--force")
    assert itself.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["none.ppk2"], "none.ppk2 cannot be read"),
        (["{otii}", "-o", "x.trace", "--format", "wav"], "there is no format 'wav'"),
        (["{otii}", "-o", "x.trace", "--volts", "-3"], "--volts is -3"),
        (["{otii}", "-o", "x.trace", "--rate", "0"], "--rate is 0"),
        (["{otii}", "-o", "none/x.trace"], "there is no folder none"),
        (["{otii}", "-o", "x.trace", "--picture", "x.gif"], "a picture ends in .png, .svg, .pdf"),
        (["{otii}", "-o", "x.trace", "--channels", "D0,D9"], "name channels like D0,D1,D2"),
        (["{otii}", "-o", "x.trace", "--channels", "1,1"], "names a channel twice"),
        (["{otii}", "-o", "x.trace", "--map", "amps"], "--map: 'amps' is not key=column"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(power, files, tmp_path, arguments, complaint):
    done = power("import", *(argument.format(otii=files["otii"]) for argument in arguments))
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.startswith("power: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "x.trace").exists()


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_picture_is_drawn(power, files, tmp_path, ending):
    done = power("import", str(files["ppk2"]), "-o", "a.trace", "--picture", f"a.{ending}")
    assert done.returncode == 0, done.stderr
    picture = (tmp_path / f"a.{ending}").read_bytes()
    if ending == "png":
        assert picture.startswith(b"\x89PNG")
        return
    text = ElementTree.fromstring(picture)
    assert text.tag.endswith("svg")
    for colour in ("#7a8b99", "#2a9d8f", "#e9a23b"):
        assert colour.encode() in picture, "a state's colour"


def test_the_envelope_holds_every_sample(stored, board):
    trace = stored["ppk2"]
    shape = envelope(trace, 50)
    summary = trace.facts.summary
    assert len(shape.seconds) == 50
    assert shape.least.min() == pytest.approx(summary.min_a)
    assert shape.greatest.max() == pytest.approx(summary.max_a)
    assert shape.mean.mean() == pytest.approx(summary.mean_a, rel=0.01)
    assert (shape.least <= shape.mean).all()
    assert (shape.mean <= shape.greatest).all()
    assert set(shape.code.tolist()) <= {0, 1, 2, 3}
    assert (envelope(stored["otii"], 10).code == -1).all()


def test_channels_as_they_may_be_written():
    assert parse_channels("D0,D1,D2") == parse_channels("0, 1,d2") == (0, 1, 2)


def test_currents_are_written_in_the_unit_that_suits():
    assert [amps(value) for value in (0.0, 2.5e-9, 331.2e-6, 0.0123, 1.5)] == [
        "0 nA", "2.5 nA", "331.2 uA", "12.3 mA", "1.5 A",
    ]  # fmt: skip
