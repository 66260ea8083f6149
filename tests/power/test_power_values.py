"""A board's figures in n variants: typical, at the ends, sampled, one at a time, overridden."""

import numpy as np
import pytest

from power import figures
from power.errors import PowerError
from power.values import Values, spread_keys


def test_typical_least_and_greatest_are_the_figures_own(parts):
    for values, run, efficiency in (
        (Values.typical(parts), 10e-12, 0.8),
        (Values.least(parts), 5e-12, 0.5),
        (Values.greatest(parts), 20e-12, 1.0),
    ):
        assert values["core.run"] == pytest.approx([run])
        assert values.curve("reg.efficiency", 0.001) == pytest.approx([efficiency])
        assert values["core.supply"] == pytest.approx([3.0])


def test_sampled_figures_follow_their_distribution(parts):
    values = Values.sampled(parts, 20_000, seed=3)
    run = values["core.run"] * 1e12
    assert run.shape == (20_000,)
    assert run.min() >= 5
    assert run.max() <= 20
    # Triangular from 5 over 10 to 20: mean 35 / 3, variance (25 + 100 + 400 - 50 - 100 - 200) / 18.
    assert run.mean() == pytest.approx(35 / 3, rel=0.01)
    assert run.var() == pytest.approx(175 / 18, rel=0.03)


def test_figures_are_drawn_on_their_own_and_the_same_for_one_seed(parts):
    once, again, other = (Values.sampled(parts, 5000, seed) for seed in (1, 1, 2))
    assert np.array_equal(once["core.pdm"], again["core.pdm"])
    assert not np.array_equal(once["core.pdm"], other["core.pdm"])
    assert abs(np.corrcoef(once["core.pdm"], once["mic.listening"])[0, 1]) < 0.05
    # Reading others before changes nothing, so that a what-if differs by what was changed alone.
    assert np.array_equal(again["mic.listening"], Values.sampled(parts, 5000, 1)["mic.listening"])


def test_one_at_a_time_moves_one_figure_in_each_variant(parts):
    keys = ["core.run", "reg.efficiency"]
    values = Values.one_at_a_time(parts, keys)
    assert values.moved == tuple(keys)
    assert values.n == 5
    assert values["core.run"] * 1e12 == pytest.approx([10, 5, 20, 10, 10])
    assert values.curve("reg.efficiency", 0.001) == pytest.approx([0.8, 0.8, 0.8, 0.5, 1.0])
    assert values["core.pdm"] * 1e6 == pytest.approx([100] * 5)


def test_one_at_a_time_takes_all_that_have_a_spread(parts):
    values = Values.one_at_a_time(parts)
    assert list(values.moved) == spread_keys(parts)
    assert {"core.run", "reg.efficiency", "pack.by_cycles", "pack.resistance"} <= set(values.moved)
    assert not {"core.clock", "pack.capacity", "pack.ocv", "core.supply"} & set(values.moved)


def test_curves_broadcast_over_variants(parts):
    values = Values.sampled(parts, 7, seed=1)
    assert values.curve("pack.ocv", np.linspace(0, 1, 7)).shape == (7,)
    assert values.curve("pack.ocv", np.linspace(0, 1, 4)[:, None]).shape == (4, 7)
    assert values.curve("pack.ocv", 0.5) == pytest.approx([4.0] * 7)


def test_an_override_replaces_a_figure_and_a_curve(parts):
    values = Values.sampled(parts, 3, seed=1)
    values.override("core.run", 7e-12)
    values.override("reg.efficiency", np.array([0.1, 0.2, 0.3]))
    assert values["core.run"] == pytest.approx([7e-12] * 3)
    assert values.curve("reg.efficiency", 5.0) == pytest.approx([0.1, 0.2, 0.3])
    with pytest.raises(PowerError, match=r"no figure 'core\.walk'"):
        values.override("core.walk", 1.0)


def test_what_was_read_is_kept_in_order(parts):
    values = Values.typical(parts)
    values["core.run"], values.curve("reg.efficiency", 1), values["core.run"], values["mic.asleep"]
    assert values.used == ("core.run", "reg.efficiency", "mic.asleep")
    assert values.has("core.run")
    assert not values.has("core.i2s")
    assert values.used == ("core.run", "reg.efficiency", "mic.asleep")


def test_figures_that_there_are_not_are_named(parts):
    values = Values.typical(parts)
    with pytest.raises(
        PowerError, match=r"no figure 'core\.i2s' among the parts of toy, which are: core, mic, pack, reg"
    ):
        values["core.i2s"]
    with pytest.raises(PowerError, match="no figure 'run'"):
        values["run"]
    with pytest.raises(PowerError, match="is a curve"):
        values["pack.ocv"]
    with pytest.raises(PowerError, match="is one figure"):
        values.curve("core.run", 1)


def test_the_shipped_boards_can_be_sampled_whole():
    board = figures.board_parts("artemis")
    values = Values.sampled(board, 100, seed=1)
    for name in board.component_names:
        part = figures.component(name)
        for key in part.figures:
            assert np.all(values[f"{name}.{key}"] >= 0)
        for key, curve in part.curves.items():
            assert np.all(np.isfinite(values.curve(f"{name}.{key}", curve.si[:, :1])))
