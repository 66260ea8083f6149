"""The shipped components and boards: all hold, all say what stands behind them, and they agree with the firmware."""

import math
from pathlib import Path

import pytest

from firmware import boards as firmware_boards
from power import data_files, figures
from power.distributions import MEANING
from power.figures import STATUSES, Component
from power.kinds import KINDS
from power.units import DIMENSIONS

COMPONENTS = data_files.names("components")
BOARDS = data_files.names("boards")
README = Path(figures.__file__).with_name("components") / "README.md"


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_shipped_component_holds(name):
    part, problems = data_files.check(Component, data_files.find("components", name))
    assert problems == []
    assert part.name == name
    for key, figure in {**part.figures, **part.curves}.items():
        assumed = figure.source.document.startswith("assumption")
        assert assumed == (figure.status == "assumed"), f"{name}.{key}"


@pytest.mark.parametrize("name", BOARDS)
def test_a_shipped_board_holds_and_feeds_its_parts_the_voltage_of_their_figures(name):
    board = figures.board_parts(name)
    for rail in board.rails.values():
        volts = rail.volts or figures.component(board.cell).figure("voltage").si.typ
        for role in rail.loads:
            assert figures.component(board.part(role)).figure("supply").si.typ == pytest.approx(volts, rel=0.1)
    assert set(board.ledgers_of) <= set(firmware_boards.names())
    cores = {firmware_boards.load(each).core for each in board.ledgers_of}
    assert len(cores) == 1


def test_every_kind_has_components_and_the_named_ones_are_there():
    assert {figures.component(name).kind for name in COMPONENTS} == set(KINDS)
    mcus = {name for name in COMPONENTS if figures.component(name).kind == "mcu"}
    assert mcus >= {"apollo3", "apollo4p", "apollo510", "nrf52840", "nrf5340", "stm32u575", "stm32u385", "stm32l4r5"}
    assert set(BOARDS) >= {"artemis", "apollo4p_evb", "apollo510_evb", "nano33ble", "nrf5340"}


@pytest.mark.parametrize("name", ["artemis", "nano33ble"])
def test_what_a_board_keeps_powered_is_the_ram_that_its_image_is_linked_into(name):
    kept = figures.board_parts(name).ram_kept_kib * 1024
    assert kept == firmware_boards.load(name).image.memory["RAM"].length


def test_what_the_firmware_also_says_agrees_with_it():
    parts = figures.board_parts("artemis")
    board = firmware_boards.load("artemis")
    assert parts.link_baud == board.link.baud
    mcu = figures.component(parts.mcu)
    assert mcu.figure("clock").si.typ == board.clock_hz
    assert mcu.figure("burst_clock").si.typ == 2 * board.clock_hz


def test_the_cell_is_the_one_of_the_budget():
    cell = figures.component("cell_300mah")
    joules = cell.figure("capacity").si.typ * cell.figure("voltage").si.typ
    assert joules / 3600 == pytest.approx(1.11)
    assert joules / (8 * 3600) == pytest.approx(0.13875)


@pytest.mark.parametrize("name", [name for name in COMPONENTS if figures.component(name).kind == "cell"])
def test_a_cells_curves_bend_the_right_way(name):
    cell = figures.component(name)
    ocv = cell.curve("ocv").si
    assert list(ocv[:, 0])[:: len(ocv) - 1] == [0, 1]
    assert all(a <= b for a, b in zip(ocv[:, 2], ocv[1:, 2], strict=False))
    for curve in ("by_cycles", "by_rate", "resistance_by_temperature"):
        typ = list(cell.curve(curve).si[:, 2])
        assert typ == sorted(typ, reverse=True)
    assert cell.figure("brownout").si.typ <= cell.figure("cutoff").si.typ < ocv[-1, 2]


@pytest.mark.parametrize("name", [name for name in COMPONENTS if figures.component(name).kind == "mcu"])
def test_a_core_asleep_takes_far_less_than_one_at_work(name):
    mcu = figures.component(name)
    work = mcu.figure("run").si.typ * mcu.figure("clock").si.typ
    assert mcu.figure("deep_sleep").si.max < work / 50
    assert mcu.figure("deep_sleep").si.max < mcu.figure("sleep").si.typ < work


def test_a_regulator_loses_more_at_a_microampere_than_at_a_milliampere():
    for name in ("tps62740", "tps62840", "tps62840_3v"):
        efficiency = figures.component(name).curve("efficiency")
        assert efficiency.at(1e-6) < efficiency.at(1e-3) < 1
    assert figures.component("ldo_1v8").curve("efficiency").at(1e-3) == pytest.approx(1.8 / 3.7, abs=0.001)


def _what_each_kind_has() -> str:
    rows = ["| kind | name | usual unit | what |", "|---|---|---|---|"]
    for kind, facts in KINDS.items():
        for name, wanted in facts.figures.items():
            label = f"{name} (optional)" if wanted.optional else name
            rows.append(f"| {kind} | {label} | {DIMENSIONS[wanted.unit].usual} | {wanted.what} |")
        for name, wanted in facts.curves.items():
            units = f"{DIMENSIONS[wanted.unit].usual} over {DIMENSIONS[wanted.x_unit].usual}"
            rows.append(f"| {kind} | {name} (curve) | {units} | {wanted.what} |")
    return "\n".join(rows)


def test_the_readme_says_what_the_code_wants():
    text = README.read_text(encoding="utf-8")
    assert _what_each_kind_has() in text, f"replace its table with:\n{_what_each_kind_has()}"
    for name, meaning in (*STATUSES.items(), *MEANING.items()):
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        assert meaning.removesuffix("; the default") in row


def test_the_readmes_example_loads(tmp_path):
    text = README.read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    rest = "".join(
        f'[figures.{name}]\nmin = {value}\ntyp = {value}\nmax = {value}\nunit = "{unit}"\n'
        'conditions = "none"\nsource = { document = "assumption" }\nstatus = "assumed"\n'
        for name, value, unit in (("supply", 1.8, "V"), ("asleep", 1.0, "uA"), ("wake", 20.0, "ms"))
    )
    (tmp_path / "my_mic.toml").write_text(example + rest)
    part = data_files.read(Component, tmp_path / "my_mic.toml")
    assert math.isclose(part.figure("listening").si.typ, 235e-6)
