"""The arithmetic of the power model, checked by hand on round numbers (see conftest.py)."""

import pytest

from power.errors import PowerError
from power.model import Scenario, estimate

DAY = Scenario(name="day", title="a day", hours=8)


def _draws(result) -> dict:
    return {draw.name: draw.mw for draw in result.draws}


def test_typical_power_by_hand(run, parts):
    result = estimate(run, parts, DAY)
    draws = _draws(result)

    # HEAR: 2.5 M instructions x 2 cycles of 50 M = 10 %; SLEEP: 25 000 x 2 of 50 M = 0.1 %.
    assert result.states["hear"].awake.typ == pytest.approx(0.10)
    assert result.states["sleep"].awake.typ == pytest.approx(0.001)
    awake = (0.10 + 0.001) / 2
    assert draws["core, awake"].typ == pytest.approx(500e-6 * 3 * awake * 1000)  # 10 uA/MHz x 50 MHz
    assert draws["core, deep sleep"].typ == pytest.approx(2e-6 * 3 * (1 - awake) * 1000)
    assert draws["PDM block"].typ == pytest.approx(0.3)
    assert draws["microphone"].typ == pytest.approx(0.6)
    assert draws["link UART"].typ == pytest.approx(0.1 * 3 * 0.01)  # 10 bytes of 10 bits a second at 10 000 baud
    load = 0.07575 + 0.006 * (1 - awake) + 0.3 + 0.6 + 0.003
    assert result.total_mw.typ == pytest.approx(load / 0.8 + 0.004)  # and 1 uA at 4 V
    assert draws["regulator loss"].typ == pytest.approx(result.total_mw.typ - load)


def test_bounds_take_every_figure_at_its_end(run, parts):
    result = estimate(run, parts, DAY)

    assert _draws(result)["core, awake"].min == pytest.approx(250e-6 * 3 * 0.02525 * 1000)
    assert _draws(result)["core, awake"].max == pytest.approx(1000e-6 * 3 * 0.101 * 1000)
    low = 0.0189375 + 0.003 * (1 - 0.02525) + 0.15 + 0.3 + 0.003
    high = 0.303 + 0.012 * (1 - 0.101) + 0.6 + 1.2 + 0.003
    assert result.total_mw.min == pytest.approx(low / 1.0)
    assert result.total_mw.max == pytest.approx(high / 0.5 + 0.008)


def test_hours_and_budget(run, parts):
    result = estimate(run, parts, DAY)

    assert result.gross_wh == pytest.approx(0.4)
    assert result.gross_budget_mw == pytest.approx(50.0)
    assert result.usable_wh == pytest.approx((0.1, 0.16, 0.4))
    assert result.usable_budget_mw == pytest.approx((12.5, 20.0, 50.0))
    assert result.hours.typ == pytest.approx(160 / result.total_mw.typ)
    assert result.hours.min == pytest.approx(100 / result.total_mw.max)
    assert result.hours.max == pytest.approx(400 / result.total_mw.min)


def test_the_parts_add_up_to_the_whole(run, parts):
    result = estimate(run, parts, DAY)
    for i in range(3):
        assert sum(draw.mw[i] for draw in result.draws) == pytest.approx(result.total_mw[i])


def test_cycles_from_silicon_need_no_cpi(run, parts):
    result = estimate(run.model_copy(update={"cycles_are": "cycles"}), parts, DAY)

    assert result.states["hear"].awake == pytest.approx((0.05, 0.05, 0.05))
    assert not [used for used in result.figures if used.name == "cpi"]


def test_a_scenario_may_set_its_own_shares(run, parts):
    busy = Scenario(name="busy", title="talking", hours=8, shares={"hear": 1.0})
    result = estimate(run, parts, busy)

    assert list(result.states) == ["hear"]
    assert _draws(result)["core, awake"].typ == pytest.approx(0.5 * 3 * 0.10)


def test_a_state_that_was_never_recorded_is_refused(run, parts):
    talk = Scenario(name="talk", title="dictation", hours=8, shares={"listen": 0.5, "hear": 0.5})
    with pytest.raises(PowerError, match=r"state 'listen'.* \(the run had: sleep, hear"):
        estimate(run, parts, talk)


def test_a_run_that_counts_nothing_is_refused_with_the_next_step(run, parts):
    with pytest.raises(PowerError, match="counts no work; run: host replay"):
        estimate(run.model_copy(update={"cycles_are": "nothing"}), parts, DAY)


def test_a_run_of_another_core_is_refused(run, parts):
    with pytest.raises(PowerError, match=r"mps3_an547.* nothing of toy's core"):
        estimate(run.model_copy(update={"board": "mps3_an547"}), parts, DAY)


def test_more_work_than_the_core_can_do_is_refused(run, parts):
    ledger = run.ledger.model_copy(
        update={"rows": {**run.ledger.rows, "hear": run.ledger.rows["hear"].model_copy(update={"cycles": 10**12})}}
    )
    with pytest.raises(PowerError, match="cannot be this core's"):
        estimate(run.model_copy(update={"ledger": ledger}), parts, DAY)


def test_unknown_link_bytes_are_told_and_left_out(run, parts):
    result = estimate(run.model_copy(update={"link_bytes": None}), parts, DAY)

    assert "link UART" not in _draws(result)
    assert any("link" in note for note in result.notes)
