import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from firmware.native.decoding import log2_posteriors


def in_floats(logits: np.ndarray, scale: float) -> np.ndarray:
    octaves = logits * (256 / round(256 / scale)) / np.log(2)
    octaves = octaves - octaves.max(axis=1, keepdims=True)
    return octaves - np.log2(np.exp2(octaves).sum(axis=1, keepdims=True))


@given(arrays(np.int8, (7, 40)), st.floats(0.001, 2))
def test_they_err_by_less_than_a_128th_of_an_octave(logits, scale):
    expected = np.maximum(in_floats(logits.astype(float), scale), -128)
    assert np.abs(log2_posteriors(logits, scale) / 256 - expected).max() < 1 / 128


def test_equal_logits_share_alike():
    assert (log2_posteriors(np.full((1, 40), -7, np.int8), 0.1) == round(-256 * np.log2(40))).all()


def test_far_apart_ones_are_held_at_the_floor():
    logits = np.full((1, 40), -128, np.int8)
    logits[0, 3] = 127
    found = log2_posteriors(logits, 1.0)
    assert found[0, 3] == 0
    assert (np.delete(found[0], 3) == -32768).all()


@pytest.mark.parametrize("scale", [0.0, -0.1, float("nan")])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="is no tensor's"):
        log2_posteriors(np.zeros((1, 40), np.int8), scale)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"not int8 \[frames, 40\]"):
        log2_posteriors(np.zeros((1, 41), np.int8), 0.1)
