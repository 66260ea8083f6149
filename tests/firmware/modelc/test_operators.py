"""Every operator on random shapes, scales and options, against TFLite Micro's reference kernels."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
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


@pytest.fixture
def check(build, tmp_path):
    """Compiles the model for every target that the desk can run, and compares the outputs of some random calls and
    of the extremes."""

    def compare(model: TfliteFile, inputs: list[int], outputs: list[int]) -> None:
        path = tmp_path / "model.tflite"
        path.write_bytes(model.bytes(inputs, outputs))
        networks = [build(path, target) for target in ("portable", "dsp")]
        calls = networks[0].random_calls(12)
        calls[0], calls[1], calls[2, ::2] = -128, 127, -128
        expected = networks[0].judge(calls)
        for network in networks:
            np.testing.assert_array_equal(network.run(calls), expected)

    return compare


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


@st.composite
def convolutions(draw: st.DrawFn, depthwise: bool) -> tuple[TfliteFile, int, int]:
    model = TfliteFile()
    padding = draw(st.sampled_from([SAME, VALID]))
    kernel = [draw(st.sampled_from([1, 1, 2, 3, 5])) for _ in range(2)]
    dilation = [draw(st.sampled_from([1, 1, 2, 3])) for _ in range(2)]
    stride = [draw(st.sampled_from([1, 1, 2, 3])) for _ in range(2)]
    least = [(k - 1) * d + 1 if padding == VALID else 1 for k, d in zip(kernel, dilation, strict=True)]
    height, width = draw(sizes(least[0], least[0] + 5)), draw(st.sampled_from([least[1], least[1] + 1, least[1] + 4]))
    batch, channels = draw(st.sampled_from([1, 1, 1, 2])), draw(sizes(1, 11))
    depth = kernel[0] * kernel[1] * (1 if depthwise else channels)
    if depthwise:
        outputs = channels * draw(st.sampled_from([1, 1, 1, 2, 3]))
        shape, axis = (1, *kernel, outputs), 3
    else:
        outputs = draw(sizes(1, 11))
        shape, axis = (outputs, *kernel, channels), 0
    values, scales = weights(draw, shape, axis, draw(st.booleans()))
    input_scale = scale(draw)
    image = model.tensor((batch, height, width, channels), input_scale, draw(ZEROS))
    filters = model.tensor(shape, scales, 0, values, axis=axis)
    accumulator = np.float32(input_scale) * scales
    biases = bias(draw, model, outputs, accumulator)
    rows, columns = (
        windowed(size, k, s, d, padding)
        for size, k, s, d in zip((height, width), kernel, stride, dilation, strict=True)
    )
    result = model.tensor(
        (batch, rows, columns, outputs), output_scale(draw, float(accumulator.mean()), depth), draw(ZEROS)
    )
    options = {
        "Padding": padding,
        "StrideH": stride[0],
        "StrideW": stride[1],
        "FusedActivationFunction": draw(ACTIVATIONS),
    }
    options |= {"DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
    if depthwise:
        options["DepthMultiplier"] = outputs // channels
    model.operator("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", [image, filters, *biases], [result], **options)
    return model, image, result


@examples(20)
@given(convolutions(depthwise=False))
def test_conv_2d(check, case):
    model, image, result = case
    check(model, [image], [result])


@examples(20)
@given(convolutions(depthwise=True))
def test_depthwise_conv_2d(check, case):
    model, image, result = case
    check(model, [image], [result])


@pytest.mark.parametrize("exponent", range(1, 9))
def test_ties_round_as_the_reference_rounds_them(build, tmp_path, exponent):
    model = TfliteFile()
    source, result = model.tensor((1, 1, 256, 1), 1.0, 0), model.tensor((1, 1, 256, 2), 2.0**exponent, 0)
    filters = model.tensor((2, 1, 1, 1), 1.0, 0, np.array([1, -1], np.int8).reshape(2, 1, 1, 1))
    model.operator("CONV_2D", [source, filters], [result], StrideH=1, StrideW=1)
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    build(tmp_path / "model.tflite").assert_exact(np.arange(-128, 128)[None].astype(np.int8))


@examples(12)
@given(st.data())
def test_fully_connected(check, data):
    draw, model = data.draw, TfliteFile()
    rows, depth, channels = draw(sizes(1, 3)), draw(sizes(1, 40)), draw(sizes(1, 10))
    values, scales = weights(draw, (channels, depth), 0, draw(st.booleans()))
    input_scale = scale(draw)
    shape = draw(st.sampled_from([(rows, depth), (1, rows, depth), (rows, 1, 1, depth)]))
    source = model.tensor(shape, input_scale, draw(ZEROS))
    filters = model.tensor((channels, depth), scales, 0, values)
    accumulator = np.float32(input_scale) * scales
    biases = bias(draw, model, channels, accumulator) or draw(st.sampled_from([[], [-1]]))
    result = model.tensor((rows, channels), output_scale(draw, float(accumulator.mean()), depth), draw(ZEROS))
    options = {"FusedActivationFunction": draw(ACTIVATIONS)}
    model.operator("FULLY_CONNECTED", [source, filters, *biases], [result], **options)
    check(model, [source], [result])


@examples(16)
@given(st.data(), st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
def test_pools(check, data, kind):
    draw, model = data.draw, TfliteFile()
    padding = draw(st.sampled_from([SAME, VALID]))
    kernel, stride = [draw(sizes(1, 4)) for _ in range(2)], [draw(sizes(1, 3)) for _ in range(2)]
    height, width = draw(sizes(kernel[0], 8)), draw(st.sampled_from([kernel[1], 7]))
    batch, channels = draw(sizes(1, 2)), draw(sizes(1, 9))
    step, zero = scale(draw), draw(ZEROS)
    image = model.tensor((batch, height, width, channels), step, zero)
    rows, columns = (windowed(n, k, s, 1, padding) for n, k, s in zip((height, width), kernel, stride, strict=True))
    result = model.tensor((batch, rows, columns, channels), step, zero)
    model.operator(
        kind,
        [image],
        [result],
        **{"Padding": padding, "StrideH": stride[0], "StrideW": stride[1]},
        **{"FilterHeight": kernel[0], "FilterWidth": kernel[1], "FusedActivationFunction": draw(ACTIVATIONS)},
    )
    check(model, [image], [result])


@examples(16)
@given(st.data())
def test_add_with_and_without_broadcasting(check, data):
    draw, model = data.draw, TfliteFile()
    shape = tuple(draw(sizes(1, 4)) for _ in range(draw(sizes(1, 4))))
    repeated = tuple(1 if draw(st.booleans()) else size for size in shape)[draw(sizes(0, len(shape) - 1)) :]
    shapes = draw(st.sampled_from([(shape, shape), (shape, repeated), (repeated, shape)]))
    scales = [scale(draw) for _ in range(2)]
    ends = [model.tensor(s, step, draw(ZEROS)) for s, step in zip(shapes, scales, strict=True)]
    result = model.tensor(shape, float(np.float32(max(scales) * draw(st.floats(0.3, 3)))), draw(ZEROS))
    model.operator("ADD", ends, [result], FusedActivationFunction=draw(ACTIVATIONS))
    check(model, ends, [result])


@examples(6)
@given(st.data())
def test_add_of_a_constant_and_of_a_tensor_to_itself(check, data):
    draw, model = data.draw, TfliteFile()
    source = model.tensor((1, 3, 5), scale(draw), draw(ZEROS))
    constant = model.tensor((5,), scale(draw), 3, np.arange(-60, 60, 25, dtype=np.int8))
    doubled, result = model.tensor((1, 3, 5), 0.3, draw(ZEROS)), model.tensor((1, 3, 5), 0.4, 5)
    model.operator("ADD", [source, source], [doubled])
    model.operator("ADD", [doubled, constant], [result])
    check(model, [source], [result])


def test_add_does_not_write_over_a_part_that_is_repeated(check):
    # The part lives within the joined tensor, whose memory the sum would like to take over.
    model = TfliteFile()
    source, part = model.tensor((1, 2), 0.05, 3), model.tensor((1, 2), 0.1, -4)
    joined, result = model.tensor((3, 2), 0.1, -4), model.tensor((3, 2), 0.3, 9)
    model.operator("QUANTIZE", [source], [part])
    model.operator("CONCATENATION", [part, part, part], [joined], Axis=0)
    model.operator("ADD", [joined, part], [result])
    check(model, [source], [result])


@examples(10)
@given(st.data(), st.sampled_from(["LOGISTIC", "RELU", "RELU6", "QUANTIZE"]))
def test_functions_of_one_value(check, data, kind):
    draw, model = data.draw, TfliteFile()
    step, zero = scale(draw), draw(ZEROS)
    source = model.tensor((1, 256), step, zero)
    if kind == "LOGISTIC":
        result = model.tensor((1, 256), 1 / 256, -128)
    elif kind == "RELU6":
        step = max(step, 0.05)
        model.tensors[source] |= {"scale": step, "zero": -128}
        result = model.tensor((1, 256), step, -128)
    else:
        result = model.tensor((1, 256), step * draw(st.floats(0.2, 5)), draw(ZEROS))
    model.operator(kind, [source], [result])
    check(model, [source], [result])


@pytest.mark.parametrize("steps", [(0.010286450386047363, 0.010246111080050468), (0.05699330940, 0.06195507943)])
def test_relu_divides_its_scales_in_double_precision(check, steps):
    # One value lies so near a tie that a ratio in single precision would round it the other way.
    model = TfliteFile()
    source, result = (model.tensor((1, 256), step, -128) for step in steps)
    model.operator("RELU", [source], [result])
    check(model, [source], [result])


@pytest.mark.parametrize("seed", range(4))
def test_a_dense_layer_multiplies_its_scales_in_double_precision(build, tmp_path, seed):
    # 64 channels, each with a kernel of one value and an output scale that puts one product halfway between two steps.
    random, model = np.random.default_rng(seed), TfliteFile()
    data_scale, weights_scale = (np.float32(2.0 ** random.uniform(-6, -3)) for _ in range(2))
    source, results = model.tensor((1, 1), float(data_scale), 0), []
    for _ in range(64):
        weight, value, step = random.integers(1, 128), random.integers(20, 128), random.integers(10, 120) + 0.5
        filters = model.tensor((1, 1), float(weights_scale), 0, np.array([[weight]], np.int8))
        scale_ = np.float32(float(data_scale) * float(weights_scale) * float(weight) * float(value) / step)
        results.append(model.tensor((1, 1), float(scale_), 0))
        model.operator("FULLY_CONNECTED", [source, filters], [results[-1]])
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], results))
    build(tmp_path / "model.tflite").assert_exact(np.arange(-128, 128)[:, None])


@pytest.mark.parametrize("step", [2.0**-20, 0.0001, 0.02, 0.117, 0.43, 3.0])
@pytest.mark.parametrize("zero", [-128, 0, 127])
def test_logistic_is_exact_for_every_input(build, tmp_path, step, zero):
    model = TfliteFile()
    source, result = model.tensor((1, 256), step, zero), model.tensor((1, 256), 1 / 256, -128)
    model.operator("LOGISTIC", [source], [result])
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    build(tmp_path / "model.tflite").assert_exact(np.arange(-128, 128)[None].astype(np.int8))


@examples(10)
@given(st.data())
def test_softmax(check, data):
    draw, model = data.draw, TfliteFile()
    shape = draw(st.sampled_from([(1, 1), (1, 12), (3, 7), (1, 2, 3, 5), (2, 200)]))
    step = draw(st.sampled_from([0.0005, 0.004, 0.05, 0.14469251, 1.0, 40.0]))
    source, result = model.tensor(shape, step, draw(ZEROS)), model.tensor(shape, 1 / 256, -128)
    model.operator("SOFTMAX", [source], [result], Beta=draw(st.sampled_from([1.0, 0.5, 2.0])))
    check(model, [source], [result])


@examples(10)
@given(st.data())
def test_concatenation(check, data):
    draw, model = data.draw, TfliteFile()
    axes = draw(sizes(1, 4))
    axis = draw(sizes(-axes, axes - 1))
    shape = [draw(sizes(1, 4)) for _ in range(axes)]
    step, zero, ends = scale(draw), draw(ZEROS), []
    for _ in range(draw(sizes(1, 4))):
        part = list(shape)
        part[axis] = draw(sizes(1, 4))
        ends.append(model.tensor(tuple(part), step, zero))
    whole = list(shape)
    joined = [*ends, ends[0]] if draw(st.booleans()) else ends
    whole[axis] = sum(model.tensors[end]["shape"][axis] for end in joined)
    result = model.tensor(tuple(whole), step, zero)
    model.operator("CONCATENATION", joined, [result], Axis=axis)
    check(model, ends, [result])


@examples(10)
@given(st.data())
def test_slice(check, data):
    draw, model = data.draw, TfliteFile()
    shape = tuple(draw(sizes(1, 5)) for _ in range(draw(sizes(1, 4))))
    begins = [draw(sizes(0, size - 1)) for size in shape]
    lengths = [draw(sizes(1, size - begin)) for size, begin in zip(shape, begins, strict=True)]
    asked = [
        -1 if begin + n == size and draw(st.booleans()) else n
        for begin, n, size in zip(begins, lengths, shape, strict=True)
    ]
    source, result = model.tensor(shape), model.tensor(tuple(lengths))
    dtype = draw(st.sampled_from(["int32", "int64"]))
    model.operator("SLICE", [source, model.integers(begins, dtype), model.integers(asked, dtype)], [result])
    check(model, [source], [result])


@examples(16)
@given(st.data())
def test_strided_slice(check, data):
    draw, model = data.draw, TfliteFile()
    shape = tuple(draw(sizes(1, 6)) for _ in range(draw(sizes(1, 4))))
    begins, ends, strides, lengths, masks = [], [], [], [], [0, 0, 0]
    for axis, size in enumerate(shape):
        shrinks = draw(st.integers(0, 4)) == 0
        stride = 1 if shrinks else draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
        begin = draw(sizes(-size, size - 1))
        end = begin + 1 if shrinks else draw(sizes(-size - 1, size + 2))
        open_ends = [False, False] if shrinks else [draw(st.booleans()), draw(st.booleans())]
        cut = range(size)[None if open_ends[0] else begin : None if open_ends[1] else end : stride]
        if shrinks:
            masks[2] |= 1 << axis
        elif len(cut) == 0:
            begin, end, open_ends, stride, cut = 0, size, [False, False], 1, range(size)
        masks[0] |= open_ends[0] << axis
        masks[1] |= open_ends[1] << axis
        begins.append(begin)
        ends.append(end)
        strides.append(stride)
        if not shrinks:
            lengths.append(len(cut))
    source, result = model.tensor(shape), model.tensor(tuple(lengths))
    indices = [model.integers(values) for values in (begins, ends, strides)]
    masks_ = {"BeginMask": masks[0], "EndMask": masks[1], "ShrinkAxisMask": masks[2]}
    model.operator("STRIDED_SLICE", [source, *indices], [result], **masks_)
    check(model, [source], [result])


@examples(8)
@given(st.data())
def test_split(check, data):
    draw, model = data.draw, TfliteFile()
    axes = draw(sizes(1, 4))
    axis, count = draw(sizes(-axes, axes - 1)), draw(sizes(1, 4))
    shape = [draw(sizes(1, 4)) for _ in range(axes)]
    part = tuple(shape)
    shape[axis] *= count
    source = model.tensor(tuple(shape))
    results = [model.tensor(part) for _ in range(count)]
    model.operator("SPLIT", [model.integers(axis), source], results, NumSplits=count)
    check(model, [source], results)


@examples(10)
@given(st.data())
def test_pad(check, data):
    draw, model = data.draw, TfliteFile()
    shape = tuple(draw(sizes(1, 4)) for _ in range(draw(sizes(1, 4))))
    pads = [[draw(sizes(0, 3)), draw(sizes(0, 3))] for _ in shape]
    zero = draw(ZEROS)
    source = model.tensor(shape, 0.05, zero)
    result = model.tensor(tuple(n + a + b for n, (a, b) in zip(shape, pads, strict=True)), 0.05, zero)
    inputs, kind = [source, model.integers(pads)], "PAD"
    if draw(st.booleans()):
        inputs.append(model.tensor((1,), 0.05, zero, np.array([draw(sizes(-128, 127))], np.int8)))
        kind = "PADV2"
    model.operator(kind, inputs, [result])
    check(model, [source], [result])


@pytest.mark.parametrize(
    ("kind", "shape", "result"),
    [("RESHAPE", (2, 3, 4), (1, 24)), ("EXPAND_DIMS", (3, 4), (3, 1, 4)), ("SQUEEZE", (1, 3, 1, 4), (3, 4))],
)
def test_reshape_and_its_kin(check, kind, shape, result):
    model = TfliteFile()
    source, seen = model.tensor(shape, 0.05, 3), model.tensor(result, 0.05, 3)
    extra = {"RESHAPE": [model.integers(result)], "EXPAND_DIMS": [model.integers(1)], "SQUEEZE": []}[kind]
    model.operator(kind, [source, *extra], [seen])
    after = model.tensor(result, 0.1, -4)
    model.operator("QUANTIZE", [seen], [after])
    check(model, [source], [after])
