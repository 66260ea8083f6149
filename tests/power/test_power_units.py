"""Units: what is written is converted by the right factor, and what is of another dimension is told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from power.units import DIMENSIONS, Conversion, conversion


@pytest.mark.parametrize(
    ("unit", "factor", "canonical"),
    [
        ("uA", 1e-6, "A"),
        ("mA", 1e-3, "A"),
        ("nA", 1e-9, "A"),
        ("mAh", 3.6, "A*s"),
        ("Ah", 3600, "A*s"),
        ("C", 1, "A*s"),
        ("uA/MHz", 1e-12, "A/Hz"),
        ("uA/bank", 1e-6, "A/bank"),
        ("MHz", 1e6, "Hz"),
        ("Mbit/s", 1e6, "Hz"),
        ("us", 1e-6, "s"),
        ("mV", 1e-3, "V"),
        ("mohm", 1e-3, "ohm"),
        ("%", 0.01, "fraction"),
        ("ppm", 1e-6, "fraction"),
        ("fraction", 1, "fraction"),
        ("%/month", 0.01, "1/month"),
        ("%/year", 0.01 / 12, "1/month"),
        ("1/h", 1, "1/h"),
        ("KiB", 1, "KiB"),
        ("cycles/instruction", 1, "cycles/instruction"),
        ("cycles", 1, "cycles"),
        ("degC", 1, "degC"),
    ],
)
def test_a_unit_is_converted(unit, factor, canonical):
    found = conversion(unit)
    assert found.factor == pytest.approx(factor, rel=1e-12)
    assert found.unit == canonical


def test_currents_charges_and_currents_per_clock_or_bank_are_told_apart():
    assert len({conversion(unit).unit for unit in ("mA", "mAh", "mA/MHz", "mA/bank", "mV")}) == 5


def test_every_dimension_is_its_own_unit():
    for unit in DIMENSIONS:
        assert conversion(unit) == Conversion(1.0, unit)


@pytest.mark.parametrize("unit", ["furlong", "", "uA*", "uA/", "(uA)", "u A", "uA**2", "2 uA", "uA\n", "mW/mW*kg"])
def test_what_is_no_unit_is_refused(unit):
    with pytest.raises(ValueError, match="no unit"):
        conversion(unit)


def test_a_unit_of_nothing_that_a_figure_is_is_refused():
    with pytest.raises(ValueError, match="of nothing that a figure here can be"):
        conversion("V*V")


@given(st.text(max_size=12) | st.text(alphabet="uAmVhzHsC/%*1KiB", max_size=8))
def test_any_text_is_a_unit_or_is_refused(text):
    try:
        found = conversion(text)
    except ValueError:
        return
    assert found.unit in DIMENSIONS
    assert found.factor > 0
