"""What the tests of operators draw from: scales, zero points, weights, biases, layers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from firmware.modelc.tflite_file import TfliteFile

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


TANH = 4


@dataclass
class LstmLayer:
    """One LSTM layer on random weights; its fields are what the tests vary."""

    batches: int = 1
    steps: int = 3
    depth: int = 5
    units: int = 6
    time_major: bool = False
    input_scale: float = 0.03
    hidden_scale: float = 1 / 128
    cell_scale: float = 2.0**-12
    zeros: tuple[int, int] = (-3, 4)
    clip: float = 0.0
    seed: int = 1
    activation: int = TANH
    file: TfliteFile = field(default_factory=TfliteFile)
    inputs: list[int] = field(default_factory=list)

    def build(self) -> tuple[TfliteFile, int, int]:
        model, random = self.file, np.random.default_rng(self.seed)

        def weights(depth: int) -> int:
            values = random.integers(-127, 128, (self.units, depth)).astype(np.int8)
            return model.tensor((self.units, depth), random.uniform(0.003, 0.02), 0, values)

        def bias() -> int:
            values = random.integers(-4000, 4000, self.units).astype(np.int32)
            return model.tensor((self.units,), 1e-4, 0, values, "int32")

        lead = (self.steps, self.batches) if self.time_major else (self.batches, self.steps)
        state = (self.batches, self.units)
        source = model.tensor((*lead, self.depth), self.input_scale, self.zeros[0])
        result = model.tensor((*lead, self.units), self.hidden_scale, self.zeros[1])
        across = [weights(self.depth) for _ in range(4)]
        back = [weights(self.units) for _ in range(4)]
        biases = [bias() for _ in range(4)]
        hidden = model.tensor(state, self.hidden_scale, self.zeros[1], variable=True, name="hidden")
        cell = model.tensor(state, self.cell_scale, 0, dtype="int16", variable=True, name="cell")
        self.inputs = [source, *across, *back, -1, -1, -1, *biases, -1, -1, hidden, cell, -1, -1, -1, -1]
        options = {"FusedActivationFunction": self.activation, "CellClip": self.clip, "TimeMajor": self.time_major}
        model.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", self.inputs, [result], **options)
        return model, source, result


def many_kinds() -> bytes:
    """A network with every way of keeping state, float ends and a computed shape."""
    layer = LstmLayer(batches=1, steps=2, depth=2, units=2)
    model, source, sequence = layer.build()
    shape, flat = (
        model.tensor((3,), None, None, dtype="int32"),
        model.tensor((1, 4), layer.hidden_scale, layer.zeros[1]),
    )
    mean, handle = model.tensor((1,), 0.02, 3), model.handle("past")
    past, both, swished = (model.tensor((1, 4), 0.05, -7) for _ in range(3))
    first = TfliteFile()
    value = first.tensor((1, 4), 0.05, -7, np.arange(4, dtype=np.int8))
    first.operator("ASSIGN_VARIABLE", [first.handle("past"), value], [])
    model.subgraphs = [first]
    result = model.tensor((1, 4), None, None, dtype="float32")
    model.operator("SHAPE", [sequence], [shape])
    model.operator("RESHAPE", [sequence, model.integers([1, 4])], [flat])
    model.operator("CALL_ONCE", [], [], InitSubgraphIndex=1)
    model.operator("READ_VARIABLE", [handle], [past])
    model.operator("MUL", [past, flat], [both])
    model.operator("HARD_SWISH", [both], [swished])
    model.operator("ASSIGN_VARIABLE", [handle, swished], [])
    model.operator("MEAN", [swished, model.integers([1])], [mean])
    model.operator("DEQUANTIZE", [swished], [result])
    return model.bytes([source], [result, mean])
