"""ADD, SUB and MUL on random shapes and scales, against TFLite Micro's reference kernels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import ACTIVATIONS, ZEROS, examples, scale, sizes

from firmware.modelc import ModelError
from firmware.modelc.graph import Operator
from firmware.modelc.operators import lower
from firmware.modelc.operators.axes import peel_axes
from firmware.modelc.reader import read
from firmware.modelc.targets import target_named
from firmware.modelc.tflite_file import TfliteFile

KINDS = ("ADD", "SUB", "MUL")


def result_scale(draw: st.DrawFn, kind: str, scales: list[float]) -> float:
    """From one at which most results saturate to one that leaves few steps."""
    whole = scales[0] * scales[1] * 64 if kind == "MUL" else max(scales)
    return float(np.float32(whole * draw(st.floats(0.3, 3))))


@pytest.mark.parametrize("kind", KINDS)
@examples(12)
@given(st.data())
def test_with_and_without_broadcasting(check, kind, data):
    draw, model = data.draw, TfliteFile()
    shape = tuple(draw(sizes(1, 4)) for _ in range(draw(sizes(1, 6 if kind == "MUL" else 5))))
    repeated = tuple(1 if draw(st.booleans()) else size for size in shape)[draw(sizes(0, len(shape) - 1)) :]
    shapes = draw(st.sampled_from([(shape, shape), (shape, repeated), (repeated, shape)]))
    scales = [scale(draw) for _ in range(2)]
    ends = [model.tensor(s, step, draw(ZEROS)) for s, step in zip(shapes, scales, strict=True)]
    result = model.tensor(shape, result_scale(draw, kind, scales), draw(ZEROS))
    model.operator(kind, ends, [result], FusedActivationFunction=draw(ACTIVATIONS))
    check(model, ends, [result])


@pytest.mark.parametrize("kind", KINDS)
@examples(4)
@given(st.data())
def test_with_a_constant_and_with_itself(check, kind, data):
    draw, model = data.draw, TfliteFile()
    source = model.tensor((1, 3, 5), scale(draw), draw(ZEROS))
    constant = model.tensor((5,), 0.02, 3, np.arange(-60, 60, 25, dtype=np.int8))
    own, result = model.tensor((1, 3, 5), 0.3, draw(ZEROS)), model.tensor((1, 3, 5), 0.4, 5)
    model.operator(kind, [source, source], [own])
    model.operator(kind, draw(st.permutations([own, constant])), [result])
    check(model, [source], [result])


@pytest.mark.parametrize("kind", KINDS)
def test_axes_that_alternate_between_repeated_and_not(check, kind):
    model = TfliteFile()
    ends = [model.tensor((2, 1, 3, 1, 2), 0.1, 3), model.tensor((1, 2, 1, 3, 1), 0.07, -9)]
    result = model.tensor((2, 2, 3, 3, 2), 0.15, 1)
    model.operator(kind, ends, [result])
    check(model, ends, [result])


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_that_is_repeated_is_not_written_over(check, kind):
    # The part lives within the joined tensor, whose memory the result would like to take over.
    model = TfliteFile()
    source, part = model.tensor((1, 2), 0.05, 3), model.tensor((1, 2), 0.1, -4)
    joined, result = model.tensor((3, 2), 0.1, -4), model.tensor((3, 2), 0.3, 9)
    model.operator("QUANTIZE", [source], [part])
    model.operator("CONCATENATION", [part, part, part], [joined], Axis=0)
    model.operator(kind, [joined, part], [result])
    check(model, [source], [result])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ratio", [0.3, 1.0, 1.7])
def test_a_repeated_row_and_a_repeated_value(check, kind, ratio):
    # Lines longer than what a repeated value is laid out in, and with a rest.
    model = TfliteFile()
    whole, row, value = model.tensor((3, 131), 0.05, -7), model.tensor((131,), 0.05 * ratio, 9), model.tensor((3, 1))
    ends, results = [whole, row, value], []
    for pair in ([whole, row], [row, whole], [whole, value], [value, whole], [whole, whole]):
        results.append(model.tensor((3, 131), 0.05 * ratio * (2 if kind == "MUL" else 30) ** 0.5, 11))
        model.operator(kind, pair, [results[-1]])
    check(model, ends, results)


@pytest.mark.parametrize("target", ["dsp", "mve"])
def test_gates_residuals_and_averages_run_on_the_cores_kernels(target, tmp_path):
    model, size = TfliteFile(), (1, 9, 1, 24)
    source, gates, row = model.tensor(size, 0.05), model.tensor(size, 1 / 256, -128), model.tensor((1, 1, 1, 24), 0.01)
    gated, excited, sum_, difference = (model.tensor(size, 0.04, 3) for _ in range(4))
    mean, over = model.tensor((1, 24), 0.03), model.integers([1, 2])
    model.operator("LOGISTIC", [source], [gates])
    model.operator("MUL", [source, gates], [gated])
    model.operator("MUL", [gated, row], [excited])
    model.operator("ADD", [excited, source], [sum_])
    model.operator("SUB", [sum_, row], [difference])
    model.operator("MEAN", [difference, over], [mean])
    (tmp_path / "model.tflite").write_bytes(model.bytes([source, row], [mean]))
    graph = read(tmp_path / "model.tflite")
    steps = [target_named(target).fit(step) for operator in graph.operators for step in lower(graph, operator)]
    assert [step.kernel for step in steps if not step.kernel.startswith(f"{target}_")] == []
    assert len(steps) == 6


def test_too_many_walks_are_refused():
    operator = Operator(7, "ADD", (0, 1), (2,))
    axes = [(20, 1), (20, 3), (20, 5)]
    assert len(peel_axes(operator, axes, 2)) == 20
    with pytest.raises(ModelError, match="operator 7 ADD goes over 3 axes"):
        peel_axes(operator, axes, 1)
