"""TFLite's integer arithmetic in Python, for the tables and multipliers that modelc computes.

The rounding rules and constants are those of TFLite Micro's reference kernels; the tests hold every result against
the interpreter. All values are Python integers within int32.
"""

from math import floor, frexp, isfinite

import numpy as np

INT32_MAX = (1 << 31) - 1
INT32_MIN = -(1 << 31)


def doubling_high(a: int, b: int, bits: int = 32) -> int:
    """High half of 2ab for a, b of so many bits, ties up."""
    return min((a * b + (1 << (bits - 2))) >> (bits - 1), (1 << (bits - 1)) - 1)


def divide_pot(value: int, exponent: int) -> int:
    """value / 2^exponent, ties away from zero."""
    if exponent == 0:
        return value
    return ((abs(value) + (1 << (exponent - 1))) >> exponent) * (1 if value >= 0 else -1)


def saturating_left(value: int, shift: int, bits: int = 32) -> int:
    """value * 2^shift within so many bits."""
    return max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, value << shift))


def upper_half(multiplier: int) -> int:
    """A Q31 multiplier in Q15."""
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1)


def requantize(value: int, multiplier: int, shift: int) -> int:
    """value * multiplier / 2^31 * 2^shift, rounded twice; `shift` below zero is to the right.

    What a shift to the left pushes out of 32 bits is lost.
    """
    if shift > 0:
        value = ((value << shift) - INT32_MIN) % (1 << 32) + INT32_MIN
    return divide_pot(doubling_high(value, multiplier), max(-shift, 0))


def quantize_multiplier(real: float) -> tuple[int, int]:
    """A positive factor as Q31 multiplier in [2^30, 2^31) and shift; (0, 0) for one too small to matter.

    An infinite one, which only a damaged file has, gets a shift that is beyond all bounds.
    """
    if not isfinite(real):
        return INT32_MAX, 1 << 10
    mantissa, shift = frexp(real)
    multiplier = floor(mantissa * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier >>= 1
        shift += 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """The largest input that, shifted left, still fits Q(integer_bits).(31 - integer_bits)."""
    return floor(((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) / (1 << left_shift))


def exp_on_negative(value: int, integer_bits: int) -> int:
    """exp() in Q31 of a value at most zero with `integer_bits` bits left of the point."""
    if value == 0:
        return INT32_MAX
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    within = (value & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exp_quarter(saturating_left(within, integer_bits))
    remainder = within - value
    # exp(-2^e) in Q31, e from -2 up.
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for exponent, factor in zip(range(-2, 5), factors, strict=True):
        if integer_bits > exponent and remainder & (1 << (fraction_bits + exponent)):
            result = doubling_high(result, factor)
    return result


def _exp_quarter(value: int) -> int:
    """exp() in Q31 on [-1/4, 0): a Taylor polynomial around -1/8."""
    x = value + (1 << 28)
    x2 = doubling_high(x, x)
    x3 = doubling_high(x2, x)
    x4 = doubling_high(x2, x2)
    tail = divide_pot(doubling_high(divide_pot(x4, 2) + x3, 715827883) + x2, 1)
    exp_minus_eighth = 1895147668
    return exp_minus_eighth + doubling_high(exp_minus_eighth, x + tail)


def _two_over_one_plus(x: int) -> int:
    """2 / (1 + x) in Q29 for x in Q31 from 0 to 1: three Newton steps."""
    half = (x + INT32_MAX + 1) // 2
    y = 1515870810 + doubling_high(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - doubling_high(half, y)
        y += saturating_left(doubling_high(y, error), 2)
    return y


def reciprocal_of_one_plus(x: int) -> int:
    """1 / (1 + x) in Q31 for x in Q31 from 0 to 1."""
    return saturating_left(_two_over_one_plus(x), 1)


def logistic(value: int, integer_bits: int) -> int:
    """1 / (1 + exp(-value)) in Q31."""
    if value == 0:
        return 1 << 30
    positive = reciprocal_of_one_plus(exp_on_negative(-abs(value), integer_bits))
    return positive if value > 0 else INT32_MAX - positive


def tanh(value: int, integer_bits: int) -> int:
    """tanh() in Q31."""
    if value == 0:
        return 0
    # 2 / (1 + exp(-2 |x|)) - 1; the doubling is one bit more to the left of the point.
    magnitude = _two_over_one_plus(exp_on_negative(-abs(value), integer_bits + 1)) - (1 << 29)
    return saturating_left(magnitude, 2) * (1 if value > 0 else -1)


def round_half_away(value: np.float32) -> int:
    """A single-precision value to the nearest integer, ties away from zero."""
    magnitude = floor(abs(float(value)) + 0.5)
    return magnitude if value >= 0 else -magnitude
