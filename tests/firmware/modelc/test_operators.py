"""Every operator on random shapes, scales and options, against TFLite Micro's reference kernels."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import (
    ACTIVATIONS,
    SAME,
    VALID,
    ZEROS,
    bias,
    examples,
    output_scale,
    scale,
    sizes,
    weights,
    windowed,
)

from firmware.modelc.tflite_file import TfliteFile


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
    groups = 1 if depthwise else draw(st.sampled_from([1, 1, 1, 2, 3]))
    depth = kernel[0] * kernel[1] * (1 if depthwise else channels)
    if depthwise:
        outputs = channels * draw(st.sampled_from([1, 1, 1, 2, 3]))
        shape, axis = (1, *kernel, outputs), 3
    else:
        outputs = draw(sizes(1, 11)) if groups == 1 else groups * draw(sizes(1, 5))
        shape, axis = (outputs, *kernel, channels), 0
        channels *= groups
    values, scales = weights(draw, shape, axis, draw(st.booleans()))
    input_scale = scale(draw)
    image = model.tensor((batch, height, width, channels), input_scale, draw(ZEROS))
    filters = model.tensor(shape, scales, 0, values, axis=axis)
    accumulator = np.float32(input_scale) * scales
    # An absent bias may also be named, as -1; for a depthwise convolution TFLite Micro does not survive that.
    biases = bias(draw, model, outputs, accumulator) or draw(st.sampled_from([[], [] if depthwise else [-1]]))
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
    lead = draw(st.sampled_from([(rows,), (1, rows), (rows, 1, 1), (1, rows, 1, 2, 1)]))
    shape, kept = (*lead, depth), draw(st.booleans())
    rows = prod(lead)
    source = model.tensor(shape, input_scale, draw(ZEROS))
    filters = model.tensor((channels, depth), scales, 0, values)
    accumulator = np.float32(input_scale) * scales
    biases = bias(draw, model, channels, accumulator) or draw(st.sampled_from([[], [-1]]))
    whole = (*lead, channels) if kept else (rows, channels)
    result = model.tensor(whole, output_scale(draw, float(accumulator.mean()), depth), draw(ZEROS))
    options = {"FusedActivationFunction": draw(ACTIVATIONS), "KeepNumDims": kept}
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


@examples(10)
@given(st.data(), st.sampled_from(["LOGISTIC", "RELU", "LEAKY_RELU", "RELU6", "QUANTIZE"]))
def test_functions_of_one_value(check, data, kind):
    draw, model = data.draw, TfliteFile()
    step, zero = scale(draw), draw(ZEROS)
    source = model.tensor((1, 256), step, zero)
    if kind == "LOGISTIC":
        result = model.tensor((1, 256), 1 / 256, -128)
    elif kind == "RELU6":
        step = max(step, 0.05)
        model.tensors[source] |= {"scale": step, "zero": -128}
        result = model.tensor((1, 256), step * draw(st.sampled_from([1, 0.7])), -128)
    else:
        result = model.tensor((1, 256), step * draw(st.floats(0.2, 5)), draw(ZEROS))
    options = {"Alpha": draw(st.sampled_from([0.0, 0.01, 0.3, 2.5, -0.2]))} if kind == "LEAKY_RELU" else {}
    model.operator(kind, [source], [result], **options)
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


@pytest.mark.parametrize("factor", [1.0, 0.8, 3.1])
@pytest.mark.parametrize("zeros", [(128, 0), (0, 5), (255, -128)])
def test_unsigned_ends_are_exact_for_every_input(build, tmp_path, factor, zeros):
    model = TfliteFile()
    source = model.tensor((1, 256), 0.1, zeros[0], dtype="uint8")
    middle = model.tensor((1, 256), 0.1 * factor, zeros[1])
    result = model.tensor((1, 256), 0.1, zeros[0], dtype="uint8")
    model.operator("QUANTIZE", [source], [middle])
    model.operator("QUANTIZE", [middle], [result])
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    network = build(tmp_path / "model.tflite")
    network.assert_exact(np.arange(-128, 128)[None].astype(np.int8))


@pytest.mark.parametrize("step", [2.0**-20, 0.0001, 0.02, 0.117, 0.43, 3.0])
@pytest.mark.parametrize("zero", [-128, 0, 127])
def test_tanh_is_exact_for_every_input(build, tmp_path, step, zero):
    model = TfliteFile()
    source, result = model.tensor((1, 256), step, zero), model.tensor((1, 256), 1 / 128, 0)
    model.operator("TANH", [source], [result])
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    build(tmp_path / "model.tflite").assert_exact(np.arange(-128, 128)[None].astype(np.int8))


@pytest.mark.parametrize(
    ("step", "result_step"),
    [(0.0001, 0.0001), (0.003, 0.001), (0.02, 0.015), (0.0235, 0.0117), (0.06, 0.04), (0.43, 0.4), (1.7, 1.9)],
)
@pytest.mark.parametrize("zero", [-128, -3, 127])
def test_hard_swish_is_exact_for_every_input(build, tmp_path, step, result_step, zero):
    model = TfliteFile()
    source, result = model.tensor((1, 256), step, zero), model.tensor((1, 256), result_step, -100)
    model.operator("HARD_SWISH", [source], [result])
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


@examples(16)
@given(st.data())
def test_transpose(check, data):
    draw, model = data.draw, TfliteFile()
    shape = tuple(draw(sizes(1, 4)) for _ in range(draw(sizes(1, 5))))
    permutation = draw(st.permutations(range(len(shape))))
    source = model.tensor(shape)
    result = model.tensor(tuple(shape[axis] for axis in permutation))
    model.operator("TRANSPOSE", [source, model.integers(permutation)], [result])
    check(model, [source], [result])


def test_transpose_of_five_axes_end_for_end(check):
    model = TfliteFile()
    source, result = model.tensor((2, 3, 4, 5, 6)), model.tensor((6, 5, 4, 3, 2))
    model.operator("TRANSPOSE", [source, model.integers([4, 3, 2, 1, 0])], [result])
    check(model, [source], [result])


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


@examples(8)
@given(st.data())
def test_split_v(check, data):
    draw, model = data.draw, TfliteFile()
    axes = draw(sizes(1, 4))
    axis = draw(sizes(-axes, axes - 1))
    shape = [draw(sizes(1, 4)) for _ in range(axes)]
    lengths = draw(st.lists(sizes(1, 4), min_size=1, max_size=4))
    shape[axis] = sum(lengths)
    source = model.tensor(tuple(shape))
    results = []
    for length in lengths:
        shape[axis] = length
        results.append(model.tensor(tuple(shape)))
    if draw(st.booleans()):
        lengths[draw(sizes(0, len(lengths) - 1))] = -1
    model.operator("SPLIT_V", [source, model.integers(lengths), model.integers(axis)], results, NumSplits=len(lengths))
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


@examples(10)
@given(st.data(), st.sampled_from(["PACK", "UNPACK"]))
def test_pack_and_unpack(check, data, kind):
    draw, model = data.draw, TfliteFile()
    part = tuple(draw(sizes(1, 4)) for _ in range(draw(sizes(1, 3))))
    axis, count = draw(sizes(-len(part) - 1, len(part))), draw(sizes(1, 4))
    at = axis % (len(part) + 1)
    whole = model.tensor((*part[:at], count, *part[at:]))
    parts = [model.tensor(part) for _ in range(count)]
    if kind == "PACK":
        model.operator("PACK", parts, [whole], Axis=axis, ValuesCount=count)
        check(model, parts, [whole])
    else:
        model.operator("UNPACK", [whole], parts, Axis=axis, Num=count)
        check(model, [whole], parts)


@examples(8)
@given(st.data())
def test_gather(check, data):
    draw, model = data.draw, TfliteFile()
    shape = tuple(draw(sizes(1, 4)) for _ in range(draw(sizes(1, 3))))
    axis = draw(sizes(-len(shape), len(shape) - 1))
    chosen = draw(st.one_of(sizes(0, shape[axis] - 1), st.lists(sizes(0, shape[axis] - 1), min_size=1, max_size=4)))
    at = axis % len(shape)
    source = model.tensor(shape)
    kept = [] if isinstance(chosen, int) else [len(chosen)]
    result = model.tensor((*shape[:at], *kept, *shape[at + 1 :]))
    model.operator("GATHER", [source, model.integers(chosen)], [result], Axis=axis)
    check(model, [source], [result])


def test_shapes_that_are_computed_are_constants(check):
    model = TfliteFile()
    source = model.tensor((2, 3, 4), 0.05, 3)
    shape, rows = model.tensor((3,), None, None, dtype="int32"), model.tensor((), None, None, dtype="int32")
    wanted, result = model.tensor((2,), None, None, dtype="int32"), model.tensor((2, 12), 0.05, 3)
    indices = [model.integers(values) for values in ([0], [1], [1])]
    model.operator("SHAPE", [source], [shape])
    model.operator("STRIDED_SLICE", [shape, *indices], [rows], ShrinkAxisMask=1)
    model.operator("PACK", [rows, model.integers(12)], [wanted], ValuesCount=2)
    model.operator("RESHAPE", [source, wanted], [result])
    after = model.tensor((2, 12), 0.1, -4)
    model.operator("QUANTIZE", [result], [after])
    check(model, [source], [after])
