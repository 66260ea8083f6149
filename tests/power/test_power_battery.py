"""The cell: integrals checked by hand on a voltage that falls in a straight line, and what must hold for any cell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from power import battery
from power.battery import Cell


def _cell(**changes) -> Cell:
    """1000 C from 4 V down to 3 V in a straight line, 0.5 ohm, cut off at 3.2 V."""
    facts = {
        "capacity": 1000.0,
        "voltage": 3.5,
        "resistance": 0.0,
        "cutoff": 3.2,
        "brownout": 3.0,
        "self_discharge": 0.0,
        "rest_loss": 0.0,
        "by_temperature": 1.0,
        "by_cycles": 1.0,
    }
    facts.update({name: value for name, value in changes.items() if name in facts})
    return Cell(
        **{name: np.array([value]) for name, value in facts.items()},
        by_rate=changes.get("by_rate", np.ones_like),
        ocv=(3.0 + battery.charge_grid())[:, None],
    )


def test_the_energy_down_to_the_cutoff_is_the_area_under_the_voltage():
    used = battery.usable(_cell(), 0.001)
    assert used.left == pytest.approx(0.2)
    assert used.coulomb == pytest.approx(800)
    assert used.mean_v == pytest.approx(3.6)
    assert used.joules == pytest.approx(800 * 3.6)


def test_resistance_takes_voltage_and_ends_the_discharge_sooner():
    # 0.35 W at some 3.5 V: 0.1 A, which takes 0.1 V of 1 ohm: cut off at 3.3 V at rest.
    used = battery.usable(_cell(resistance=1.0), 0.355)
    assert used.left == pytest.approx(0.3, abs=0.003)
    assert used.mean_v == pytest.approx((4.0 + 3.3) / 2 - 0.1, abs=0.003)
    assert used.resistance_j == pytest.approx(700 * 0.1 * 0.1 * 1.0 / 0.1, rel=0.02)


def test_age_temperature_reserve_and_rate_each_take_their_part():
    base = float(battery.usable(_cell(), 0.001).joules[0])
    for change in ({"by_cycles": 0.8}, {"by_temperature": 0.8}, {"rest_loss": 0.2}, {"by_rate": lambda c: 0.8 + 0 * c}):
        assert battery.usable(_cell(**change), 0.001).joules == pytest.approx(0.8 * base)


def test_a_load_that_the_cell_cannot_carry_gets_nothing():
    used = battery.usable(_cell(resistance=10.0), 1.0)
    assert used.left == 1.0
    assert used.joules == 0.0


def test_self_discharge_is_a_current_of_the_rating():
    month = battery.MONTH_S
    leak = battery.self_discharge_w(_cell(self_discharge=0.03 / month), np.array([3.6]))
    assert leak == pytest.approx(0.03 * 1000 / month * 3.6)


def test_the_peak_sags_from_where_the_cutoff_is_met():
    sag = battery.sag(_cell(resistance=1.0), np.array([0.0]), np.array([0.31]))
    # V (3.2 - V) / 1 ohm = 0.31 W.
    assert sag.peak_a == pytest.approx(0.1)
    assert sag.sag_v == pytest.approx(0.1)
    assert sag.margin_v == pytest.approx(3.1 - 3.0)


@given(st.floats(0.001, 2.0), st.floats(0.0, 2.0), st.floats(1.01, 3.0))
def test_a_heavier_load_never_gets_more_energy(watts, resistance, factor):
    cell = _cell(resistance=resistance)
    light, heavy = battery.usable(cell, watts), battery.usable(cell, watts * factor)
    assert heavy.joules <= light.joules * (1 + 1e-6)
    assert 0 <= light.left <= 1
    assert light.joules <= 1000 * 4.0
