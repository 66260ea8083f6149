"""Requantisation, value by value: the C, modelc's Python, and TFLite Micro."""

import subprocess
from pathlib import Path

import cffi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.modelc import fixedpoint

NN = Path(__file__).parents[3] / "firmware/nn"
MAX = (1 << 31) - 1


@pytest.fixture(scope="module")
def requantize(tmp_path_factory):
    """nn_requantize(acc, multiplier, shift) of the C."""
    folder = tmp_path_factory.mktemp("requantize")
    (folder / "one.c").write_text(
        '#include "requantize.h"\n'
        "int32_t one(int32_t a, int32_t m, int32_t s);\n"
        "int32_t one(int32_t a, int32_t m, int32_t s) { return nn_requantize(a, m, s); }\n"
    )
    command = ["gcc", "-std=c11", "-O2", "-shared", "-fPIC", "-Wall", "-Werror", f"-I{NN}", "one.c", "-o", "one.so"]
    subprocess.run(command, cwd=folder, check=True)
    ffi = cffi.FFI()
    ffi.cdef("int32_t one(int32_t a, int32_t m, int32_t s);")
    library = ffi.dlopen(str(folder / "one.so"))
    yield library.one
    ffi.dlclose(library)


def exact(acc: int, multiplier: int, shift: int) -> int:
    """By the definition, in whole numbers: two roundings, the first with ties up, the second away from zero."""
    if shift > 0:
        acc <<= shift
    high = (2 * acc * multiplier + (1 << 31)) >> 32
    if shift >= 0:
        return high
    magnitude = (abs(high) + (1 << (-shift - 1))) >> -shift
    return magnitude if high >= 0 else -magnitude


@settings(max_examples=3000, deadline=None, derandomize=True, database=None)
@given(st.integers(-MAX, MAX), st.integers(1 << 30, MAX), st.integers(-31, 0))
def test_any_accumulator(requantize, acc, multiplier, shift):
    assert requantize(acc, multiplier, shift) == exact(acc, multiplier, shift)
    assert fixedpoint.requantize(acc, multiplier, shift) == exact(acc, multiplier, shift)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.integers(-(1 << 16), 1 << 16), st.integers(1 << 30, MAX), st.integers(1, 14))
def test_factors_above_one(requantize, acc, multiplier, shift):
    assert requantize(acc, multiplier, shift) == exact(acc, multiplier, shift)
    assert fixedpoint.requantize(acc, multiplier, shift) == exact(acc, multiplier, shift)


@pytest.mark.parametrize("shift", range(-31, 1))
def test_ties(requantize, shift):
    for acc in [
        *range(-40, 41),
        *(sign * (1 << bit) + d for sign in (-1, 1) for bit in range(20, 31) for d in (-1, 0, 1)),
    ]:
        assert requantize(acc, 1 << 30, shift) == exact(acc, 1 << 30, shift)


def test_the_ends_of_int32(requantize):
    for acc in (-MAX - 1, -MAX, MAX):
        for multiplier in (0, 1 << 30, MAX):
            for shift in (-31, -1, 0):
                assert requantize(acc, multiplier, shift) == exact(acc, multiplier, shift)


def test_multipliers_hold_31_bits():
    for real in np.random.default_rng(2).uniform(1e-6, 4, 200):
        multiplier, shift = fixedpoint.quantize_multiplier(float(real))
        assert 1 << 30 <= multiplier <= MAX
        assert abs(multiplier * 2.0 ** (shift - 31) / real - 1) < 2.0**-30
    assert fixedpoint.quantize_multiplier(2.0**-40) == (0, 0)
