"""Component, board and scenario data: what is shipped holds, and what has no source does not load."""

import tomllib

import pytest

from firmware import boards as firmware_boards
from power import figures
from power.errors import PowerError
from power.figures import BoardParts, Component, Scenario

FIGURE = """name = "part"
title = "a part"
[figures.run]
min = 1.0
typ = 2.0
max = 3.0
unit = "uA"
conditions = "3.3 V"
source = "a datasheet"
status = "datasheet"
"""


def _parse(tmp_path, text: str) -> Component:
    path = tmp_path / "part.toml"
    path.write_text(text)
    return figures.parse(Component, path)


def test_a_sound_figure_loads(tmp_path):
    assert _parse(tmp_path, FIGURE).figure("run", "uA").range == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('source = "a datasheet"\n', "", "figures.run.source: Field required"),
        ('source = "a datasheet"', 'source = "  "', "figures.run.source: String should have at least 1"),
        ('status = "datasheet"\n', "", "figures.run.status: Field required"),
        ('status = "datasheet"', 'status = "true"', "figures.run.status"),
        ('unit = "uA"', 'unit = "furlong"', "figures.run.unit"),
        ("min = 1.0", "min = 2.5", "not in this order"),
        ("min = 1.0", "min = -1.0", "greater than or equal to 0"),
        ("max = 3.0", "max = inf", "finite"),
        ('unit = "uA"', 'unit = "fraction"', "a fraction"),
        ('name = "part"', 'name = "other"', "name is 'other'"),
        ('title = "a part"', "title = ", "line 2"),
        ('title = "a part"', 'title = "a part"\ncolour = "red"', "colour: Extra inputs"),
    ],
)
def test_a_figure_that_does_not_hold_is_refused_by_name_and_reason(tmp_path, old, new, complaint):
    assert old in FIGURE
    with pytest.raises(PowerError, match=r"part\.toml: ") as error:
        _parse(tmp_path, FIGURE.replace(old, new))
    assert complaint in str(error.value)


def test_a_missing_figure_or_another_unit_is_named(tmp_path):
    part = _parse(tmp_path, FIGURE)
    with pytest.raises(PowerError, match="has no figure 'sleep'"):
        part.figure("sleep", "uA")
    with pytest.raises(PowerError, match="in uA, not in MHz"):
        part.figure("run", "MHz")


def test_all_shipped_data_loads():
    for kind, folder in (
        (Component, figures.COMPONENTS),
        (BoardParts, figures.BOARDS),
        (Scenario, figures.SCENARIOS),
    ):
        assert figures.names(folder)
        for name in figures.names(folder):
            figures.parse(kind, folder / f"{name}.toml")


def test_unknown_names_list_those_there_are():
    with pytest.raises(PowerError, match=r"no scenario 'party'; there are: .*always_on"):
        figures.scenario("party")
    with pytest.raises(PowerError, match="no board 'toaster'; there are: artemis"):
        figures.board_parts("toaster")
    with pytest.raises(PowerError, match="no component 'x'"):
        figures.component("x")


def test_shares_must_be_whole(tmp_path):
    path = tmp_path / "half.toml"
    path.write_text('name = "half"\ntitle = "half a day"\nhours = 8\n[shares]\nhear = 0.5\n')
    with pytest.raises(PowerError, match=r"add up to 0\.5"):
        figures.parse(Scenario, path)


def test_what_the_firmware_also_says_agrees_with_it():
    parts = figures.board_parts("artemis")
    board = firmware_boards.load("artemis")
    assert parts.link_baud == board.link.baud
    assert figures.component(parts.mcu).figure("clock", "MHz").typ * 1e6 == board.clock_hz
    assert set(parts.ledgers_of) <= set(firmware_boards.names())
    cores = {firmware_boards.load(name).core for name in parts.ledgers_of}
    assert cores == {board.core}


def test_the_cell_is_the_one_of_the_budget():
    cell = figures.component("cell_300mah")
    wh = cell.figure("capacity", "mAh").typ * cell.figure("voltage", "V").typ / 1000
    assert wh == pytest.approx(1.11)
    assert 1000 * wh / figures.scenario("always_on").hours == pytest.approx(138.75)


def test_data_files_hold_only_text_that_tomllib_reads():
    for folder in (figures.COMPONENTS, figures.BOARDS, figures.SCENARIOS):
        for path in folder.glob("*.toml"):
            assert tomllib.loads(path.read_text(encoding="utf-8"))["name"] == path.stem
