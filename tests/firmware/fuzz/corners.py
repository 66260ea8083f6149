"""Networks at the corners of what an operator allows, where random shapes seldom come."""

from collections.abc import Iterator
from math import prod

import numpy as np

from firmware.modelc.tflite_file import TfliteFile

_SAME, _VALID = 0, 1
_RELU, _RELU6 = 1, 3
_INPUT_SCALE = 0.05


class _Corner:
    """A network of few operators; what nobody reads is its output."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.file = TfliteFile()
        self.inputs: list[int] = []

    def input(self, *shape: int, zero: int = 3) -> int:
        self.inputs.append(self.file.tensor(shape, _INPUT_SCALE, zero))
        return self.inputs[-1]

    def _weigh(self, shape: tuple[int, ...], axis: int, taps: int, bias: bool) -> tuple[list[int], float]:
        """Weights, perhaps biases, and an output scale under which few outputs saturate."""
        channels = shape[axis]
        scales = (0.01 * 2.0 ** self.random.uniform(-1, 1, channels)).astype(np.float32)
        values = self.random.integers(-127, 128, shape).astype(np.int8)
        tensors = [self.file.tensor(shape, scales, 0, values, axis=axis)]
        spread = 75 * 73 * np.sqrt(taps)
        if bias:
            data = self.random.integers(-int(spread), int(spread) + 1, channels).astype(np.int32)
            bias_scales = np.float32(_INPUT_SCALE) * scales
            tensors.append(self.file.tensor((channels,), bias_scales, 0, data, "int32"))
        return tensors, float(spread * _INPUT_SCALE * 0.01 / 50)

    def window(
        self,
        image: int,
        kernel: tuple[int, int],
        channels: int,
        *,
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        padding: int = _SAME,
        zero: int = -7,
        activation: int = 0,
        bias: bool = True,
        depthwise: bool = False,
    ) -> int:
        """A convolution; output scale and input scale are one another's neighbours, so that layers may follow."""
        batch, height, width, depth = self.file.tensors[image]["shape"]
        sizes = []
        for size, k, s, d in zip((height, width), kernel, stride, dilation, strict=True):
            sizes.append(-(-size // s) if padding == _SAME else (size - (k - 1) * d - 1) // s + 1)
        shape = (1, *kernel, channels) if depthwise else (channels, *kernel, depth)
        weights, scale = self._weigh(shape, 3 if depthwise else 0, prod(kernel) * (1 if depthwise else depth), bias)
        out = self.file.tensor((batch, *sizes, channels), scale, zero)
        options = {
            "Padding": padding,
            "StrideH": stride[0],
            "StrideW": stride[1],
            "DilationHFactor": dilation[0],
            "DilationWFactor": dilation[1],
            "FusedActivationFunction": activation,
        }
        if depthwise:
            options["DepthMultiplier"] = channels // depth
        self.file.operator("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", [image, *weights], [out], **options)
        return out

    def dense(self, rows: int, units: int, *, bias: bool = True, zero: int = 5, activation: int = 0) -> int:
        count, depth = self.file.tensors[rows]["shape"]
        weights, scale = self._weigh((units, depth), 0, depth, bias)
        out = self.file.tensor((count, units), scale, zero)
        inputs = weights if bias else [*weights, -1]
        self.file.operator("FULLY_CONNECTED", [rows, *inputs], [out], FusedActivationFunction=activation)
        return out

    def pool(
        self, kind: str, image: int, kernel: tuple[int, int], stride: tuple[int, int], padding: int = _SAME
    ) -> int:
        spec = self.file.tensors[image]
        batch, height, width, depth = spec["shape"]
        sizes = [
            -(-size // s) if padding == _SAME else (size - k) // s + 1
            for size, k, s in zip((height, width), kernel, stride, strict=True)
        ]
        out = self.file.tensor((batch, *sizes, depth), spec["scale"], spec["zero"])
        options = {"FilterHeight": kernel[0], "FilterWidth": kernel[1], "StrideH": stride[0], "StrideW": stride[1]}
        self.file.operator(f"{kind}_POOL_2D", [image], [out], Padding=padding, **options)
        return out

    def binary(self, kind: str, a: int, b: int, *, scale: float = 0.1, zero: int = 4) -> int:
        shapes = [self.file.tensors[x]["shape"] for x in (a, b)]
        out = self.file.tensor(np.broadcast_shapes(*shapes), scale, zero)
        self.file.operator(kind, [a, b], [out])
        return out

    def lstm(self, frames: int, units: int) -> int:
        """A layer with its state inside; the cell's scale is a power of two, as TFLite Micro wants it."""
        batch, steps, depth = self.file.tensors[frames]["shape"]

        def weights(columns: int) -> int:
            values = self.random.integers(-127, 128, (units, columns)).astype(np.int8)
            return self.file.tensor(values.shape, 0.008, 0, values)

        def biases() -> int:
            data = self.random.integers(-3000, 3000, units).astype(np.int32)
            return self.file.tensor((units,), 0.008 * _INPUT_SCALE, 0, data, "int32")

        hidden = self.file.tensor((batch, units), 1 / 128, 0, variable=True)
        cell = self.file.tensor((batch, units), 2.0**-11, 0, dtype="int16", variable=True)
        out = self.file.tensor((batch, steps, units), 1 / 128, 0)
        inputs = [frames, *(weights(depth) for _ in range(4)), *(weights(units) for _ in range(4)), -1, -1, -1]
        inputs += [*(biases() for _ in range(4)), -1, -1, hidden, cell, -1, -1, -1, -1]
        options = {"FusedActivationFunction": 4, "CellClip": 0.0, "ProjClip": 0.0, "TimeMajor": False}
        self.file.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [out], **options)
        return out

    def model(self, *outputs: int) -> bytes:
        return self.file.bytes(self.inputs, list(outputs))


def corners() -> Iterator[tuple[str, bytes]]:
    """Names, fit for C, and models."""
    yield from _convolutions()
    yield from _depthwise()
    yield from _dense()
    yield from _pools()
    yield from _factors()
    yield from _shapes_of_graphs()


def _convolutions() -> Iterator[tuple[str, bytes]]:
    for depth in (1, 2, 3, 4, 5):
        for channels in (1, 2, 3, 4, 5):
            corner = _Corner(10 * depth + channels)
            image = corner.input(1, 5, 4, depth, zero=(-128, 127, 0)[(depth + channels) % 3])
            point = corner.window(image, (1, 1), channels, activation=_RELU)
            corner.file.tensors[point]["scale"] = _INPUT_SCALE
            yield f"conv_{depth}_to_{channels}", corner.model(point, corner.window(image, (3, 2), channels, bias=False))
    for stride in ((2, 2), (2, 1), (1, 3)):
        corner = _Corner(100 + stride[0])
        image = corner.input(2, 7, 6, 12, zero=-128)
        yield f"point_stride_{stride[0]}{stride[1]}", corner.model(corner.window(image, (1, 1), 9, stride=stride))
    for name, size, kernel, depth in (
        ("beyond_image", (2, 3), (5, 6), 3),
        ("one_pixel", (1, 1), (3, 3), 17),
        ("huge", (16, 16), (15, 15), 1),
        ("huge_deep", (5, 5), (15, 15), 5),
        ("long", (70, 1), (65, 1), 4),
        ("wide", (1, 70), (1, 65), 1),
    ):
        corner = _Corner(200 + len(name))
        image = corner.input(1, *size, depth, zero=127)
        yield f"conv_{name}", corner.model(corner.window(image, kernel, 6, activation=_RELU6))
    for zero in (-128, 127):
        corner = _Corner(300 + zero)
        image = corner.input(3, 8, 7, 5, zero=zero)
        yield (
            f"conv_dilated_{zero + 128}",
            corner.model(
                corner.window(image, (3, 3), 7, dilation=(3, 2), zero=-zero - 1),
                corner.window(image, (3, 3), 5, dilation=(4, 4), stride=(1, 1)),
                corner.window(image, (2, 2), 8, dilation=(2, 3), padding=_VALID),
            ),
        )
    corner = _Corner(350)  # dilation where there is but one tap, and beyond the image
    image = corner.input(1, 9, 7, 6, zero=-128)
    outputs = [
        corner.window(image, (3, 1), 5, dilation=(2, 3)),
        corner.window(image, (1, 3), 6, dilation=(5, 2), depthwise=True),
        corner.window(image, (1, 1), 4, dilation=(7, 1 << 24)),
        corner.window(image, (2, 3), 6, dilation=(1 << 16, 40)),
        corner.window(image, (3, 2), 6, dilation=(90, 1 << 16), depthwise=True),
    ]
    yield "taps_far_apart", corner.model(*outputs)
    for depth, channels in ((3000, 2), (2, 3000), (515, 5)):
        corner = _Corner(depth)
        image = corner.input(1, 1, 3, depth)
        yield f"conv_many_{depth}_{channels}", corner.model(corner.window(image, (1, 1), channels))
    corner = _Corner(400)  # scratch of one layer beside the next, in place or not
    image = corner.input(1, 6, 6, 8)
    first = corner.window(image, (1, 1), 8)
    corner.file.tensors[first]["scale"] = _INPUT_SCALE
    second = corner.window(first, (3, 3), 8)
    corner.file.tensors[second]["scale"] = _INPUT_SCALE
    yield "conv_chain", corner.model(corner.window(second, (1, 1), 3))


def _depthwise() -> Iterator[tuple[str, bytes]]:
    for channels in (1, 2, 3, 4, 5, 7, 16, 17, 33):
        corner = _Corner(500 + channels)
        image = corner.input(2, 5, 6, channels, zero=-128)
        yield (
            f"depthwise_{channels}",
            corner.model(
                corner.window(image, (3, 3), channels, depthwise=True, bias=False, activation=_RELU),
                corner.window(image, (3, 3), channels, depthwise=True, stride=(2, 2), zero=127),
                corner.window(image, (1, 1), channels, depthwise=True, stride=(2, 2)),
            ),
        )
    for name, size, kernel, depth, multiplier in (
        ("beyond_image", (2, 3), (5, 6), 5, 1),
        ("huge", (9, 9), (15, 15), 9, 1),
        ("huge_multiplied", (9, 9), (15, 15), 3, 3),
        ("long", (80, 1), (70, 1), 6, 1),
        ("from_one", (6, 6), (3, 3), 1, 37),
        ("from_two", (6, 6), (3, 3), 2, 5),
        ("one_pixel", (1, 1), (3, 3), 3000, 1),
    ):
        corner = _Corner(600 + len(name))
        image = corner.input(1, *size, depth, zero=127)
        wide = depth * multiplier
        yield f"depthwise_{name}", corner.model(corner.window(image, kernel, wide, depthwise=True))
    for zero in (-128, 127):
        corner = _Corner(700 + zero)
        image = corner.input(3, 9, 8, 6, zero=zero)
        yield (
            f"depthwise_dilated_{zero + 128}",
            corner.model(
                corner.window(image, (3, 3), 6, depthwise=True, dilation=(3, 2)),
                corner.window(image, (3, 3), 12, depthwise=True, dilation=(4, 4)),
                corner.window(image, (2, 3), 6, depthwise=True, dilation=(2, 2), padding=_VALID),
            ),
        )


def _dense() -> Iterator[tuple[str, bytes]]:
    for rows in range(1, 9):
        corner = _Corner(800 + rows)
        data = corner.input(rows, 9 + rows, zero=(127, -128)[rows % 2])
        yield (
            f"dense_{rows}",
            corner.model(
                corner.dense(data, 1),
                corner.dense(data, rows, bias=False, activation=_RELU),
                corner.dense(data, 3),
            ),
        )
    for depth, units in ((1, 1), (1, 9), (2, 2), (3, 7), (5000, 3), (3, 4001), (4096, 1), (1, 33000), (40000, 5)):
        corner = _Corner(900 + depth % 100)
        yield f"dense_{depth}_to_{units}", corner.model(corner.dense(corner.input(1, depth), units))


def _pools() -> Iterator[tuple[str, bytes]]:
    for kind in ("AVERAGE", "MAX"):
        for channels in (1, 3, 4, 17):
            corner = _Corner(1000 + channels)
            image = corner.input(2, 7, 5, channels, zero=-128)
            yield (
                f"{kind.lower()}_pool_{channels}",
                corner.model(
                    corner.pool(kind, image, (3, 2), (2, 2)),
                    corner.pool(kind, image, (4, 4), (3, 4)),
                    corner.pool(kind, image, (9, 9), (1, 1)),
                    corner.pool(kind, image, (7, 5), (1, 1), _VALID),
                    corner.pool(kind, image, (1, 1), (2, 3)),
                ),
            )
        corner = _Corner(1100)
        image = corner.input(1, 40, 40, 5)
        yield f"{kind.lower()}_pool_large", corner.model(corner.pool(kind, image, (40, 40), (1, 1), _VALID))


def _factors() -> Iterator[tuple[str, bytes]]:
    """Scales that kernels for a core may decline, channel by channel."""
    for name, exponents in (("above_half", (3, -2)), ("vanishing", (-30, -60)), ("of_all_sizes", (6, -20))):
        corner = _Corner(1300 + len(name))
        image = corner.input(1, 4, 4, 6)
        outputs = [
            corner.window(image, (1, 1), 9),
            corner.window(image, (3, 3), 6),
            corner.window(image, (3, 3), 6, depthwise=True),
            corner.window(image, (3, 3), 1),
        ]
        for out in outputs:
            for _, inputs, ends, _ in corner.file.operators:
                if ends == [out]:
                    _, weights, *bias = inputs
                    channels = len(np.atleast_1d(corner.file.tensors[weights]["scale"]))
                    scales = np.exp2(np.linspace(*exponents, channels)).astype(np.float32)
                    corner.file.tensors[weights]["scale"] = scales
                    for tensor in bias:
                        corner.file.tensors[tensor]["scale"] = np.float32(_INPUT_SCALE) * scales
                    corner.file.tensors[out]["scale"] = 0.05 * 2.0 ** max(exponents)
        yield f"factors_{name}", corner.model(*outputs)
    for zero in (-128, 3, 127):  # so far apart that 32 bits lose some of a value, or that nothing is left of it
        corner = _Corner(1340)
        image = corner.input(2, 33, zero=zero)
        outputs = []
        for ratio in (2.0**-24, 2.0**-28, 2.0**20):
            for kind, options in (("QUANTIZE", {}), ("RELU", {}), ("LEAKY_RELU", {"Alpha": 0.3})):
                outputs.append(corner.file.tensor((2, 33), _INPUT_SCALE * ratio, -zero - 1))
                corner.file.operator(kind, [image], [outputs[-1]], **options)
        for kind in ("ADD", "SUB", "MUL"):
            outputs.append(corner.binary(kind, image, image, scale=_INPUT_SCALE * 2.0**20))
        yield f"scales_far_apart_{zero + 128}", corner.model(*outputs)
    corner = _Corner(1350)
    image = corner.input(1, 5, 5, 20)
    out = corner.window(image, (3, 3), 20, depthwise=True)
    weights = corner.file.operators[0][1][1]
    corner.file.tensors[weights]["data"][:] = -128
    yield "weights_at_their_least", corner.model(out, corner.window(image, (3, 3), 8))


def _shapes_of_graphs() -> Iterator[tuple[str, bytes]]:
    corner = _Corner(1200)
    a, b = corner.input(1, 4, 5), corner.input(1, 4, 5)
    yield "no_operators", corner.model(b, a)

    corner = _Corner(1201)
    a = corner.input(1, 7)
    total = corner.binary("ADD", a, a)
    yield "doubled", corner.model(total, corner.binary("MUL", a, a, scale=0.3), corner.binary("SUB", a, a))

    corner = _Corner(1202)
    a = corner.input(1, 33)
    total = corner.binary("ADD", a, corner.input(1, 33, zero=-9))
    yield "one_output_twice", corner.model(total, total)

    corner = _Corner(1203)
    a = corner.input(1, 19)
    corner.file.tensor((1, 100), 0.1, 0)  # nobody writes or reads it
    yield "input_is_output", corner.model(a, corner.binary("ADD", a, a))

    corner = _Corner(1204)
    a = corner.input(2, 6)
    fixed = corner.file.tensor((1, 5), 0.1, 1, np.arange(5, dtype=np.int8).reshape(1, 5))
    yield "constant_output", corner.model(fixed, corner.dense(a, 2))

    corner = _Corner(1205)  # an output that a later operator could have written over
    a = corner.input(1, 4, 4, 8)
    middle = corner.window(a, (1, 1), 8)
    corner.file.tensors[middle]["scale"] = _INPUT_SCALE
    yield (
        "outputs_along_the_way",
        corner.model(middle, corner.binary("ADD", middle, a), corner.window(middle, (3, 3), 8)),
    )

    corner = _Corner(1206)
    a = corner.input(1, 8)
    one = corner.file.tensor((1,), 0.02, 5, np.array([77], np.int8))
    yield (
        "with_one_number",
        corner.model(*(corner.binary(kind, x, y) for kind in ("ADD", "SUB", "MUL") for x, y in ((a, one), (one, a)))),
    )

    corner = _Corner(1207)
    a = corner.input(1, 6, 4)
    flat = corner.file.tensor((1, 24), _INPUT_SCALE, 3)
    corner.file.operator("RESHAPE", [a, corner.file.integers([1, 24])], [flat])
    halves = [corner.file.tensor((1, 3, 4), _INPUT_SCALE, 3) for _ in range(2)]
    corner.file.operator("SPLIT", [corner.file.integers(1), a], halves, NumSplits=2)
    yield "parts_of_an_input", corner.model(flat, halves[1], a)

    corner = _Corner(1208)
    a, b = corner.input(1, 12), corner.input(1, 5)  # b is read by nobody
    total = corner.binary("ADD", a, a)
    corner.binary("MUL", a, total)  # its result is read by nobody
    yield "what_nobody_reads", corner.model(total)
    assert b in corner.inputs

    corner = _Corner(1209)  # a variable of which an input is the next value, and that is an output
    a = corner.input(1, 8)
    handle = corner.file.handle("past")
    past = corner.file.tensor((1, 8), _INPUT_SCALE, 3)
    corner.file.operator("READ_VARIABLE", [handle], [past])
    total = corner.binary("ADD", past, a)
    corner.file.operator("ASSIGN_VARIABLE", [handle, a], [])
    yield "variable_of_an_input", corner.model(total, past)

    corner = _Corner(1210)  # two variables that swap places by way of a sum
    a = corner.input(1, 8)
    handles = [corner.file.handle(name) for name in ("one", "other")]
    values = [corner.file.tensor((1, 8), _INPUT_SCALE, 3) for _ in handles]
    for handle, value in zip(handles, values, strict=True):
        corner.file.operator("READ_VARIABLE", [handle], [value])
    total = corner.binary("ADD", values[0], a, scale=_INPUT_SCALE, zero=3)
    corner.file.operator("ASSIGN_VARIABLE", [handles[1], total], [])
    corner.file.operator("ASSIGN_VARIABLE", [handles[0], values[1]], [])
    yield "variables_that_swap", corner.model(corner.binary("SUB", values[0], values[1]))

    corner = _Corner(1211)
    a = corner.input(2, 3, 4, 5, zero=-128)
    mean = corner.file.tensor((), 0.02, 9)
    corner.file.operator("MEAN", [a, corner.file.integers([0, 1, 2, 3])], [mean], KeepDims=False)
    yield "mean_of_everything", corner.model(mean)

    for steps, units in ((1, 1), (3, 1), (2, 5)):
        corner = _Corner(1400 + 10 * steps + units)
        a = corner.input(1, steps, 3, zero=0)
        yield f"lstm_{steps}_{units}", corner.model(corner.lstm(a, units))
