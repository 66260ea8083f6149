"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from power.report.scales import Scale, ceiling, hours_step, marks, step
from power.report.shown import MINUS, Document, fixed, rounded, unit_text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (21.44, 3, "21.4"),
        (9.996, 3, "10.0"),
        (0.0999999, 2, "0.10"),
        (12345.6, 3, "12,346"),
        (-0.25, 3, f"{MINUS}0.250"),
        (0, 3, "0"),
        (8.0, None, "8"),
        (138.75, None, "138.75"),
        (2.5e-7, None, "0.00000025"),
        (3e5, None, "300,000"),
        (math.inf, 3, "∞"),
        (math.nan, 3, "none"),
    ],
)
def test_a_number_has_the_digits_that_were_asked_for(value, digits, text):
    assert rounded(value, digits) == text


def test_signs_and_zeros():
    assert rounded(1.5, sign=True) == "+1.50"
    assert rounded(0.0, sign=True) == "0"
    assert rounded(0.05, trim=True) == "0.05"
    assert rounded(100.0, trim=True) == "100"
    assert fixed(-0.0004, 3) == "0.000"
    assert fixed(1234.5, 1) == "1,234.5"


@given(st.floats(min_value=1e-9, max_value=1e9), st.integers(min_value=1, max_value=6))
def test_rounding_is_off_by_half_a_digit_at_most(value, digits):
    read = float(rounded(value, digits).replace(",", ""))
    last = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    assert abs(read - value) <= min(0.5, 0.5 * last) * (1 + 1e-9)


def test_units_have_their_letters():
    assert unit_text("uA/MHz") == "µA/MHz"
    assert unit_text("us") == "µs"
    assert unit_text("ohm") == "Ω"
    assert unit_text("cycles/instruction") == "cycles/instruction"


def test_a_number_keeps_its_place():
    document = Document({"a": [{"b": 0.125}], "d": {"e": 2.0}})
    shown = document.number("a.0.b", "%", None)
    assert (shown.place, shown.value, shown.text) == ("a.0.b", 0.125, "12.5\u00a0%")
    assert document.number("d.e", places=2).text == "2.00"
    for nowhere in ("a.0.c", "d.e.f", "x"):
        with pytest.raises(KeyError):
            document.number(nowhere)


@given(st.floats(min_value=1e-6, max_value=1e6))
def test_marks_are_few_and_round(span):
    width = step(span)
    assert 1 <= len(marks(0, span, width)) <= 8
    assert ceiling(span) >= span * (1 - 1e-9)
    assert float(f"{width:.2g}") == pytest.approx(width)
    assert 24 % hours_step(24) == 0


def test_a_scale_without_a_span_stays_at_its_start():
    assert Scale(3, 3, 10, 90)(3) == 10
    assert Scale(0, 2, 10, 90)(1) == 50
