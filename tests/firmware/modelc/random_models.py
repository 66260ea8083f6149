"""What the tests of operators draw from: scales, zero points, weights, biases."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tflite_file import TfliteFile

SAME, VALID = 0, 1
ACTIVATIONS = st.sampled_from([0, 0, 1, 2, 3])  # none, relu, relu -1 to 1, relu6
ZEROS = st.sampled_from([-128, -127, -3, 0, 1, 77, 127])
sizes = st.integers


def examples(count: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def scale(draw: st.DrawFn) -> float:
    return float(np.float32(2.0 ** draw(st.floats(-9, -2))))


def weights(draw: st.DrawFn, shape: tuple[int, ...], axis: int, per_channel: bool) -> tuple[np.ndarray, np.ndarray]:
    """Values and scales; the values are random, not tiny, and now and then at the ends of their range."""
    random = np.random.default_rng(draw(sizes(0, 1 << 30)))
    values = random.integers(-127, 128, shape).astype(np.int8)
    if draw(st.booleans()):
        values[random.random(shape) < 0.5] = 127
    scales = random.uniform(0.001, 0.02, shape[axis] if per_channel else 1).astype(np.float32)
    return values, scales


def bias(draw: st.DrawFn, model: TfliteFile, channels: int, scales: np.ndarray) -> list[int]:
    """The index of a bias, or nothing."""
    if not draw(st.booleans()):
        return []
    random = np.random.default_rng(draw(sizes(0, 1 << 30)))
    values = random.integers(-20000, 20000, channels).astype(np.int32)
    return [model.tensor((channels,), scales, 0, values, "int32")]


def output_scale(draw: st.DrawFn, accumulator_scale: float, depth: int) -> float:
    """From outputs that saturate and multipliers above 1 to outputs of a few steps."""
    spread = 40 * depth**0.5
    return float(np.float32(accumulator_scale * spread * 2.0 ** draw(st.sampled_from([-12, -4, -1, 0, 1, 3]))))


def windowed(size: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else (size - reach) // stride + 1
