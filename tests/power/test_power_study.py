"""A whole study: hours with their spread, the tornado, sweeps, what-ifs, the goal, the inputs."""

import hashlib

import numpy as np
import pytest
from talking_run import talking_run

from power import data_files, figures
from power.errors import PowerError
from power.results import Study
from power.scenario import Scenario, scenario
from power.sensitivity import sweep
from power.study import inputs, outlook, study

DAYS = 1500


def _study(board: str = "artemis", name: str = "earpiece", **options) -> Study:
    return study(talking_run(), figures.board_parts(board), scenario(name), days=DAYS, **options)


@pytest.fixture(scope="module")
def earpiece() -> Study:
    return _study()


@pytest.mark.parametrize("board", ["artemis", "apollo4p_evb"])
def test_the_earpiece_lasts_24_hours_at_the_5th_percentile(board):
    result = _study(board)
    assert result.lifetime.p5 >= 24
    assert result.lifetime.wanted_hours == 8
    assert 1000 * result.lifetime.budget_gross_w == pytest.approx(138.75)


@pytest.mark.parametrize("board", data_files.names("boards"))
@pytest.mark.parametrize("name", data_files.names("scenarios"))
def test_every_scenario_runs_on_every_board_and_its_engines_agree(board, name):
    parts = figures.board_parts(board)
    run = talking_run(board=parts.ledgers_of[0])
    result = study(run, parts, scenario(name), days=50)
    assert abs(result.agreement) < 0.01
    assert result.simulation.hours == pytest.approx(float(result.typical.hours[0]) * (1 + result.agreement))


def test_the_verdict_has_hours_wanted_percentile_and_margin(earpiece):
    life = earpiece.lifetime
    assert life.verdict == (
        f"lasts {life.hours_typ:.1f} h of 8 h wanted, 5th percentile {life.p5:.1f} h, margin {life.p5 / 8:.1f}x"
    )
    assert life.p5 < life.p50 < life.p95
    assert life.margin == pytest.approx(life.p5 / 8)
    assert sum(days for _, days in life.histogram) == DAYS


def test_percentiles_are_those_of_the_sampled_days(earpiece):
    hours = earpiece.sampled.hours
    assert hours.shape == (DAYS,)
    assert np.mean(hours < earpiece.lifetime.p5) == pytest.approx(0.05, abs=0.002)


def test_one_seed_gives_one_study_and_another_seed_nearly_the_same(earpiece):
    assert _study().lifetime == earpiece.lifetime
    other = _study(seed=2).lifetime
    assert other.p5 != earpiece.lifetime.p5
    assert other.p5 == pytest.approx(earpiece.lifetime.p5, rel=0.05)
    assert other.hours_typ == earpiece.lifetime.hours_typ


def test_the_tornado_is_sorted_and_each_bar_is_a_study_of_its_own(earpiece):
    rows = earpiece.tornado.rows
    assert [row.width for row in rows] == sorted((row.width for row in rows), reverse=True)
    row = next(each for each in rows if each.key == "apollo3.pdm")
    for value, hours in ((row.lowest, row.hours_at_lowest), (row.highest, row.hours_at_highest)):
        budget, _ = outlook(
            talking_run(), figures.board_parts("artemis"), scenario("earpiece"), days=5, changes={"apollo3.pdm": value}
        )
        assert float(budget.hours[0]) == pytest.approx(hours)
    assert {"scenario.phases.day.playback", "cell_300mah.by_cycles"} <= {each.key for each in rows}


def test_evidence_says_what_each_figures_range_is_worth(earpiece):
    width = {row.key: row.width / earpiece.tornado.hours_typ for row in earpiece.tornado.rows}
    for each in earpiece.typical.evidence:
        assert each.hours_share == pytest.approx(width.get(each.key, 0.0))
    assert [each.milliwatts for each in earpiece.typical.evidence] == sorted(
        (each.milliwatts for each in earpiece.typical.evidence), reverse=True
    )


@pytest.mark.parametrize(
    ("change", "longer"),
    [
        ({"cell.capacity": 2160.0}, True),  # 600 mAh
        ({"apollo3.burst_run": 40e-12}, False),
        ({"scenario.temperature": -10.0}, False),
        ({"radio.interval_s": 0.0075}, False),
        ({"scenario.phases.day.speech": 0.0}, True),
        ({"phases.day.playback": 0.0}, True),
        ({"cell_300mah.by_cycles": 0.5}, False),
    ],
)
def test_a_what_if_moves_the_hours_and_has_no_bar_of_its_own(earpiece, change, longer):
    result = _study(changes=change)
    assert (result.lifetime.hours_typ > earpiece.lifetime.hours_typ) == longer
    assert result.changes == change
    moved = next(iter(change)).rpartition(".")[2]
    if moved in ("capacity", "burst_run", "temperature", "by_cycles"):
        assert not [row for row in result.tornado.rows if row.key.endswith(f".{moved}")]


@pytest.mark.parametrize("change", [{"moon.phase": 1.0}, {"cell.capacity": -1.0}, {"scenario.phases.day.speech": 2.0}])
def test_a_what_if_that_cannot_be_is_refused(change):
    with pytest.raises(PowerError):
        _study(changes=change)


def test_a_sweep_is_a_study_at_each_of_its_points():
    parts, which = figures.board_parts("artemis"), scenario("earpiece")
    capacities, intervals = (540.0, 1080.0, 2160.0), (0.03, 0.1)
    hours = sweep(talking_run(), parts, which, ("cell.capacity", capacities), ("radio.interval_s", intervals))
    assert hours.shape == (2, 3)
    for i, interval in enumerate(intervals):
        for j, capacity in enumerate(capacities):
            changes = {"cell.capacity": capacity, "radio.interval_s": interval}
            budget, _ = outlook(talking_run(), parts, which, days=5, changes=changes)
            assert hours[i, j] == pytest.approx(float(budget.hours[0]))
    alone = sweep(talking_run(), parts, which, ("cell.capacity", capacities), changes={"radio.interval_s": 0.1})
    assert alone.shape == (1, 3)
    assert alone[0] == pytest.approx(hours[1])


def test_inputs_are_the_files_with_their_hashes(earpiece):
    names = [name for name, _ in earpiece.inputs]
    assert names[:2] == ["scenarios/earpiece.toml", "boards/artemis.toml"]
    assert {f"components/{name}.toml" for name in earpiece.typical.parts.component_names} <= set(names)
    content = data_files.find("scenarios", "earpiece").read_bytes()
    assert earpiece.inputs[0][1] == hashlib.sha256(content).hexdigest()


def test_a_scenario_made_in_memory_has_no_file():
    made = Scenario(name="made", title="in memory", hours=8.0, shares="ledger")
    assert inputs(figures.board_parts("artemis"), made)[0][0] == "boards/artemis.toml"


def test_the_original_estimate_is_a_study_too():
    result = _study(name="original_estimate")
    assert 1000 * float(result.typical.from_cell_w[0]) == pytest.approx(45.0)
    assert result.lifetime.hours_typ > 8
