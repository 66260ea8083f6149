"""Helium kernels on QEMU's Cortex-M55 against TFLite Micro's reference kernels: the corners of tiles and tails."""

from collections.abc import Callable, Iterator

import m55
import numpy as np
import pytest
from judge import judge

from firmware.modelc.operators import lower
from firmware.modelc.reader import read
from firmware.modelc.targets import target_named
from firmware.modelc.tflite_file import TfliteFile

SAME, VALID = 0, 1
NONE, RELU, RELU6 = 0, 1, 3
ZEROS = (-128, -127, -3, 0, 1, 77, 127)
Case = tuple[TfliteFile, list[int], list[int]]


class Draw:
    """Random layers of given shape, on random scales."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.model = TfliteFile()

    def one_of(self, *values: int) -> int:
        return int(self.random.choice(values))

    def scale(self) -> float:
        return float(np.float32(2.0 ** self.random.uniform(-9, -2)))

    def image(self, shape: tuple[int, ...]) -> int:
        return self.model.tensor(shape, self.scale(), self.one_of(*ZEROS))

    def weights(self, shape: tuple[int, ...], axis: int, scales: int) -> int:
        values = self.random.integers(-127, 128, shape).astype(np.int8)
        kind = self.one_of(0, 0, 1, 2)
        if kind:
            values[self.random.random(shape) < 0.6] = 127 if kind == 1 else -127
        # A spread of 2^6: shifts of a layer's channels differ.
        return self.model.tensor(shape, (2.0 ** self.random.uniform(-11, -5, scales)), 0, values, axis=axis)

    def layer(
        self,
        kind: str,
        image: int,
        weights: int,
        *,
        shape: tuple[int, ...],
        depth: int,
        loudness: float,
        **options: int,
    ) -> Case:
        tensors = self.model.tensors
        filters = tensors[weights]
        filters["scale"] = np.asarray(filters["scale"], np.float32)
        accumulator = np.float32(tensors[image]["scale"]) * filters["scale"]
        ends = [image, weights]
        if self.one_of(0, 1):
            values = self.random.integers(-20000, 20000, shape[-1]).astype(np.int32)
            ends.append(self.model.tensor((shape[-1],), accumulator, 0, values, "int32"))
        step = np.float32(float(accumulator.max()) * 40 * depth**0.5 * loudness)
        result = self.model.tensor(shape, float(step), self.one_of(*ZEROS))
        options |= {"FusedActivationFunction": self.one_of(NONE, NONE, RELU, RELU6)}
        self.model.operator(kind, ends, [result], **options)
        return self.model, [image], [result]


def fully_connected(seed: int, rows: int, depth: int, channels: int, loudness: float = 1) -> Case:
    draw = Draw(seed)
    image = draw.image((rows, depth))
    weights = draw.weights((channels, depth), 0, draw.one_of(1, channels))
    return draw.layer("FULLY_CONNECTED", image, weights, shape=(rows, channels), depth=depth, loudness=loudness)


def convolution(
    seed: int,
    size: tuple[int, int, int, int],
    kernel: tuple[int, int],
    channels: int,
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: int = SAME,
    multiplier: int = 0,
    loudness: float = 1,
) -> Case:
    """Depthwise if there is a multiplier."""
    draw = Draw(seed)
    image = draw.image(size)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    places = [
        -(-n // s) if padding == SAME else (n - r) // s + 1 for n, s, r in zip(size[1:3], stride, reach, strict=True)
    ]
    depth = kernel[0] * kernel[1] * (1 if multiplier else size[3])
    options = {"Padding": padding, "StrideH": stride[0], "StrideW": stride[1]}
    options |= {"DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
    if multiplier:
        channels = size[3] * multiplier
        options["DepthMultiplier"] = multiplier
        weights = draw.weights((1, *kernel, channels), 3, channels)
    else:
        weights = draw.weights((channels, *kernel, size[3]), 0, channels)
    kind = "DEPTHWISE_CONV_2D" if multiplier else "CONV_2D"
    shape = (size[0], *places, channels)
    return draw.layer(kind, image, weights, shape=shape, depth=depth, loudness=loudness, **options)


def pool(
    seed: int, kind: str, size: tuple[int, int, int, int], kernel: tuple[int, int], *, stride: int, pad: int
) -> Case:
    draw = Draw(seed)
    image = draw.image(size)
    places = [-(-n // stride) if pad == SAME else (n - k) // stride + 1 for n, k in zip(size[1:3], kernel, strict=True)]
    tensor = draw.model.tensors[image]
    result = draw.model.tensor((size[0], *places, size[3]), tensor["scale"], tensor["zero"])
    options = {"Padding": pad, "StrideH": stride, "StrideW": stride, "FusedActivationFunction": draw.one_of(0, 1, 3)}
    draw.model.operator(kind, [image], [result], FilterHeight=kernel[0], FilterWidth=kernel[1], **options)
    return draw.model, [image], [result]


def pair(
    seed: int,
    kind: str,
    first: tuple[int, ...],
    second: tuple[int, ...],
    shape: tuple[int, ...],
    *,
    ratio: float | None = None,
    loudness: float = 1,
) -> Case:
    """ADD, SUB or MUL; ratio is that of the second scale to the first."""
    draw = Draw(seed)
    ends = [draw.image(first), draw.image(second)]
    a, b = (draw.model.tensors[end] for end in ends)
    if ratio is not None:
        b["scale"] = a["scale"] * ratio
    step = a["scale"] * b["scale"] * 64 if kind == "MUL" else max(a["scale"], b["scale"])
    step *= draw.random.uniform(0.3, 3) * loudness
    result = draw.model.tensor(shape, float(np.float32(step)), draw.one_of(*ZEROS))
    draw.model.operator(kind, ends, [result], FusedActivationFunction=draw.one_of(0, 1, 3))
    return draw.model, ends, [result]


def mean(seed: int, size: tuple[int, ...], axes: tuple[int, ...], loudness: float = 0.3) -> Case:
    draw = Draw(seed)
    image = draw.image(size)
    shape = tuple(1 if axis in axes else n for axis, n in enumerate(size))
    step = np.float32(draw.model.tensors[image]["scale"] * loudness)
    result = draw.model.tensor(shape, float(step), draw.one_of(*ZEROS))
    draw.model.operator("MEAN", [image, draw.model.integers(axes)], [result], KeepDims=True)
    return draw.model, [image], [result]


def table(seed: int, count: int) -> Case:
    draw = Draw(seed)
    image = draw.image((1, count))
    result = draw.model.tensor((1, count), 1 / 256, -128)
    draw.model.operator("LOGISTIC", [image], [result])
    return draw.model, [image], [result]


def dense_cases() -> Iterator[Case]:
    for seed, channels in enumerate(range(1, 34)):
        yield fully_connected(seed, 1 + seed % 4, 1 + (seed * 37) % 70, channels)
    for seed, depth in enumerate(range(1, 71)):
        yield fully_connected(100 + seed, 1 + seed % 3, depth, 1 + (seed * 11) % 21)
    for seed, depth in enumerate((128, 144, 65, 200, 256)):
        yield fully_connected(200 + seed, 1 + seed % 2, depth, 8 * seed + 4)
    for seed in range(24):  # depths without a loop
        yield fully_connected(220 + seed, 1 + seed % 2, (32, 64, 128)[seed % 3], 8 + 4 * (seed % 5))
    # From outputs that saturate, without a shift and with ones above zero, to outputs that are all but zero.
    for seed, loudness in enumerate(2.0 ** np.arange(-18, 16, 2)):
        yield fully_connected(300 + seed, 3, 20, 13, loudness)


def convolution_cases() -> Iterator[Case]:
    kernels = ((1, 1), (1, 2), (3, 1), (3, 3), (2, 5), (4, 4))
    strides = ((1, 1), (2, 2), (1, 2), (3, 1))
    dilations = ((1, 1), (1, 1), (2, 1), (1, 3), (2, 2))
    for seed in range(60):
        kernel, stride = kernels[seed % 6], strides[seed % 4]
        dilation = dilations[seed % 5] if stride == (1, 1) else (1, 1)
        padding = VALID if seed % 3 == 0 else SAME
        size = (1 + seed % 2, 7 + seed % 3, 7 + seed % 2, 1 + (seed * 7) % 18)
        yield convolution(
            400 + seed, size, kernel, 1 + (seed * 5) % 33, stride=stride, dilation=dilation, padding=padding
        )
    yield convolution(470, (1, 2, 2, 3), (5, 5), 6)  # a kernel larger than its image
    yield convolution(471, (2, 1, 9, 4), (1, 5), 8, dilation=(1, 4))
    yield convolution(472, (1, 11, 5, 1), (10, 4), 16, stride=(2, 2))
    for seed, loudness in enumerate((2.0**-14, 2.0**-7, 2.0**8)):
        yield convolution(480 + seed, (1, 4, 5, 3), (3, 3), 9, loudness=loudness)


def depthwise_cases() -> Iterator[Case]:
    kernels = ((3, 3), (1, 3), (5, 1), (1, 1), (2, 2), (1, 4), (3, 5))
    strides = ((1, 1), (1, 1), (2, 2))
    dilations = ((1, 1), (1, 2), (2, 1), (2, 2))
    for seed, channels in enumerate((*range(1, 34), 40, 48, 63, 64, 80)):
        stride = strides[seed % 3]
        dilation = dilations[seed % 4] if stride == (1, 1) else (1, 1)
        padding = VALID if seed % 4 == 1 else SAME
        size = (1 + seed % 2, 9, 9 + seed % 4, channels)
        yield convolution(
            500 + seed, size, kernels[seed % 7], 0, stride=stride, dilation=dilation, padding=padding, multiplier=1
        )
    for seed in range(12):
        size = (1, 5, 6, (2, 3, 5, 7, 11, 17)[seed % 6])
        yield convolution(600 + seed, size, (3, 3), 0, padding=seed % 2, multiplier=2 + seed % 7)
    for seed in range(4):  # one channel in: a convolution
        size = (1 + seed % 2, 8, 6, 1)
        yield convolution(620 + seed, size, (4, 3), 0, stride=(2, 2), padding=seed % 2, multiplier=3 + seed)
    yield convolution(630, (1, 2, 3, 32), (5, 5), 0, multiplier=1)
    yield convolution(631, (2, 1, 33, 32), (1, 5), 0, dilation=(1, 8), padding=VALID, multiplier=1)
    yield convolution(632, (1, 9, 5, 24), (3, 2), 0, stride=(1, 3), multiplier=1)
    for seed in range(12):  # several outputs a block
        size = (1 + seed % 2, 10, 10 + seed, (2, 4, 8)[seed % 3])
        dilation = dilations[seed // 3]
        yield convolution(670 + seed, size, kernels[seed % 7], 0, dilation=dilation, padding=seed % 2, multiplier=1)
    for seed, loudness in enumerate(2.0 ** np.arange(-18, 14, 4)):
        yield convolution(640 + seed, (1, 4, 5, 20), (3, 3), 0, multiplier=1, loudness=loudness)


def other_cases() -> Iterator[Case]:
    for seed, channels in enumerate((1, 3, 15, 16, 17, 33, 64)):
        for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
            yield pool(700 + seed, kind, (1 + seed % 2, 6, 5, channels), (3, 2), stride=1 + seed % 2, pad=seed % 2)
    yield pool(720, "AVERAGE_POOL_2D", (1, 25, 5, 64), (25, 5), stride=1, pad=VALID)
    yield pool(721, "AVERAGE_POOL_2D", (1, 20, 30, 5), (20, 30), stride=1, pad=VALID)  # sums beyond 16 bits
    for seed, count in enumerate((1, 2, 3, 4, 5, 15, 64)):
        yield table(730 + seed, 4 * count - 3)


def pair_cases() -> Iterator[Case]:
    """Side by side, a row repeated, one value repeated, in both orders; scales of every order."""
    for number, kind in enumerate(("ADD", "SUB", "MUL")):
        for seed, count in enumerate((1, 2, 3, 4, 5, 15, 64)):
            whole, base = (2, 3, count), 2000 + 400 * number + 40 * seed
            for i, part in enumerate((whole, (1, 3, 1), (count,), (1,))):
                for j, ratio in enumerate((None, 1.0, 0.3, 1.7)):
                    ends = (whole, part) if (i + j + seed) % 2 else (part, whole)
                    yield pair(base + 4 * i + j, kind, *ends, whole, ratio=ratio)
        # From results without a shift or with one to the left, where there can be one, to all but zero.
        for seed, loudness in enumerate(2.0 ** np.arange(-16, 4, 2)):
            if kind == "MUL" or loudness > 2.0**-12:
                yield pair(1900 + 20 * number + seed, kind, (3, 7), (3, 7), (3, 7), loudness=float(loudness))
                yield pair(1910 + 20 * number + seed, kind, (3, 7), (3, 1), (3, 7), loudness=float(loudness))


def mean_cases() -> Iterator[Case]:
    for seed, channels in enumerate((2, 3, 4, 5, 15, 16, 17, 33, 64)):
        yield mean(3300 + seed, (2, 5, 7, channels), (1, 2))
        yield mean(3320 + seed, (1, 5, 7, channels), (1,))
        yield mean(3340 + seed, (3, 5, 2, channels), (0, 2))
        yield mean(3360 + seed, (2, 5, 7, channels), (3,))
        yield mean(3380 + seed, (2, 5, 3, channels), (1, 3))
    yield mean(3400, (1, 30, 40, 5), (1, 2))  # sums beyond 16 bits
    yield mean(3401, (1, 1, 900, 1), (2,))
    for seed, loudness in enumerate(2.0 ** np.arange(-6, 6, 2)):
        yield mean(3410 + seed, (1, 9, 2, 20), (1, 2), float(loudness))


@pytest.mark.parametrize(
    "cases", [dense_cases, convolution_cases, depthwise_cases, other_cases, pair_cases, mean_cases]
)
def test_helium_gives_the_same_bytes(cases: Callable[[], Iterator[Case]], tmp_path):
    paths = []
    for number, (model, ends, results) in enumerate(cases()):
        paths.append(tmp_path / f"case{number}.tflite")
        paths[-1].write_bytes(model.bytes(ends, results))
    graphs = m55.build(paths, tmp_path)
    inputs = []
    for number, graph in enumerate(graphs):
        calls = np.random.default_rng(number).integers(-128, 128, (4, m55.sizes(graph)[0])).astype(np.int8)
        calls[0], calls[1, ::2] = -128, 127
        inputs.append(calls)
    results = m55.run(graphs, inputs, tmp_path)
    different = [
        path.name
        for path, graph, calls, result in zip(paths, graphs, inputs, results, strict=True)
        if not np.array_equal(result.outputs, judge(path, graph, calls))
    ]
    assert different == []


def test_every_layer_runs_on_helium(tmp_path):
    for cases in (dense_cases, convolution_cases, depthwise_cases, other_cases, pair_cases, mean_cases):
        for model, ends, results in cases():
            path = tmp_path / "case.tflite"
            path.write_bytes(model.bytes(ends, results))
            graph = read(path)
            for step in (step for operator in graph.operators for step in lower(graph, operator)):
                assert target_named("mve").fit(step).kernel.startswith("mve_")


def test_a_depthwise_layer_whose_products_leave_16_bits_stays_portable(tmp_path):
    model, ends, results = convolution(1, (1, 4, 4, 16), (3, 3), 0, multiplier=1)
    model.tensors[1]["data"][0, 0, 0, 0] = -128
    path = tmp_path / "case.tflite"
    path.write_bytes(model.bytes(ends, results))
    graph = read(path)
    (step,) = lower(graph, graph.operators[0])
    assert target_named("mve").fit(step) is step
