"""`power sweep`: the model's hours in each of its forms, and sides that say what they mean."""

import csv
import io
import json
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from living_run import living_run

from power import cli, figures, last_run
from power.errors import PowerError
from power.scenario import scenario
from power.sensitivity import sweep
from power.sweep_command import read_side

TALK = (["hear"] * 7 + ["listen"] * 2 + ["send"]) * 20
TWO = ["--x", "cell.capacity=5:100:3", "--y", "scenario.phases.day.speech=0:0.6:4"]


@pytest.fixture
def power(tmp_path, monkeypatch, capsys):
    """Runs `power sweep ARGUMENTS` in this process, on a kept run; exit code, stdout, stderr."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    last_run.write(living_run(TALK, ended=True))

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["power", "sweep", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def expected() -> np.ndarray:
    return sweep(
        living_run(TALK),
        figures.board_parts("artemis"),
        scenario("earpiece"),
        ("cell_300mah.capacity", 3.6 * np.linspace(5, 100, 3)),
        ("scenario.phases.day.speech", np.linspace(0, 0.6, 4)),
    )


def test_json_is_the_models_sweep(power):
    code, out, _ = power(*TWO, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["x"] == {"key": "cell_300mah.capacity", "unit": "mAh", "values": [5, 52.5, 100]}
    assert document["y"]["values"] == pytest.approx([0, 0.2, 0.4, 0.6])
    assert np.array(document["hours"]) == pytest.approx(expected())
    assert document["wanted"] == scenario("earpiece").hours


def test_the_table_grows_upwards_and_marks_what_is_too_short(power):
    code, out, _ = power(*TWO)
    assert code == 0
    rows = [line.split() for line in out.splitlines() if line.split() and line.split()[0] in ("0", "0.2", "0.4", "0.6")]
    assert [row[0] for row in rows] == ["0.6", "0.4", "0.2", "0"]
    hours = expected()
    for row, values in zip(rows, hours[::-1], strict=True):
        assert [float(cell.rstrip("*").replace(",", "")) for cell in row[1:]] == pytest.approx(values, abs=0.51)
        assert [cell.endswith("*") for cell in row[1:]] == list(values < scenario("earpiece").hours)


def test_a_csv_has_a_line_for_each_pair(power, tmp_path):
    file = tmp_path / "map.csv"
    code, out, _ = power(*TWO, "-o", str(file))
    assert code == 0
    assert out.startswith(f"{file}: ")
    rows = list(csv.reader(io.StringIO(file.read_text())))
    assert rows[0] == ["cell_300mah.capacity [mAh]", "scenario.phases.day.speech", "hours"]
    assert np.array([float(row[2]) for row in rows[1:]]).reshape(4, 3) == pytest.approx(expected(), rel=1e-5)
    assert [float(row[0]) for row in rows[1:4]] == [5, 52.5, 100]


@pytest.mark.parametrize("sides", [TWO, TWO[:2]])
def test_an_svg_is_the_same_each_time_and_says_its_numbers(power, tmp_path, sides):
    files = [tmp_path / f"{name}.svg" for name in "ab"]
    for file in files:
        assert power(*sides, "-o", str(file))[0] == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    text = " ".join(ET.parse(files[0]).getroot().itertext())
    assert "Typical hours: earpiece on artemis" in text
    assert "cell_300mah.capacity, mAh" in text


@pytest.mark.parametrize(("suffix", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures_have_their_form(power, tmp_path, suffix, begins):
    file = tmp_path / f"map.{suffix}"
    assert power(*TWO, "-o", str(file))[0] == 0
    assert file.read_bytes().startswith(begins)


def test_what_is_set_holds_in_all_of_it(power):
    _, plain, _ = power(*TWO, "--json")
    _, cold, _ = power(*TWO, "--json", "--set", "scenario.temperature=-10")
    assert (np.array(json.loads(cold)["hours"]) < np.array(json.loads(plain)["hours"])).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--x"),
        (["--x", "apollo3.cpi"], "KEY=A:B:N"),
        (["--x", "apollo3.cpi=1"], "KEY=A:B:N"),
        (["--x", "apollo3.cpi=1:2:1"], "from 2 to 200"),
        (["--x", "apollo3.cpi=1:2:999999"], "from 2 to 200"),
        (["--x", "apollo3.cpi=2:1"], "is not up"),
        (["--x", "apollo3.cpi=0:1:3:log"], "above 0"),
        (["--x", "apollo3.cpi=1:2:3:4"], "apollo3.cpi"),
        (["--x", "apollo3.speed=1:2"], "apollo3.speed"),
        (["--x", "cell.capacity=1V:2V"], "is a voltage"),
        (["--x", "cell.capacity=nan:2"], "--x"),
        (["--x", "scenario.temperature=0:900"], "temperature"),
        (["--x", "apollo3.clock=0:1"], "above 0"),
        ([*TWO[:2], "--y", "cell_300mah.capacity=1:2"], "both are cell_300mah.capacity"),
        ([*TWO, "--set", "cell.capacity=9"], "swept and set"),
        ([*TWO, "-o", "map.gif"], "map.gif"),
        ([*TWO, "-o", "/nowhere/map.svg"], "no folder /nowhere"),
        ([*TWO, "--scenario", "party"], "party"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(power, arguments, said):
    code, out, err = power(*arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err


@given(
    text=st.text(max_size=40) | st.from_regex(r"(cell\.capacity|apollo3\.run)=[0-9a-zA-Z.:+-]{0,20}", fullmatch=True)
)
def test_a_text_is_a_side_or_is_refused(text):
    try:
        side = read_side("--x", text, figures.board_parts("artemis"), scenario("earpiece"))
    except PowerError as error:
        assert str(error).isprintable()
        return
    assert (np.diff(side.values) > 0).all()
    assert 2 <= len(side.values) <= 200
