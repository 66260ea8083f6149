"""Operators with a kernel that slides: convolutions and pools; and dense layers."""

from collections.abc import Callable

import numpy as np

from .sketch import MOST_VALUES, Quantization, Sketch, Value, values_of, windows
from .table import entry

_MOST_WEIGHTS = 12_000
_MOST_MACS = 200_000
SAME, VALID = 0, 1


def _is_image(value: Value) -> bool:
    return len(value.shape) == 4


def _kernel_weights(sketch: Sketch, shape: tuple[int, ...]) -> np.ndarray:
    """int8, in one of several styles; -128 is not what a converter writes, but the reference takes it."""
    random = sketch.random
    style = sketch.one_of(["full", "full", "full", "bell", "small", "sparse", "ends"])
    if style == "full":
        values = random.integers(-127, 128, shape)
    elif style == "bell":
        values = np.clip(np.rint(random.normal(0, 30, shape)), -127, 127)
    elif style == "small":
        values = random.integers(-1, 2, shape)
        values.reshape(-1)[0] = 1
    elif style == "sparse":
        values = random.integers(-127, 128, shape) * (random.random(shape) < 0.2)
    else:
        values = random.choice([-128, -127, 127, 0], shape)
    return values.astype(np.int8)


def _weigh(
    sketch: Sketch, data: Value, values: np.ndarray, axis: int, sums: np.ndarray
) -> tuple[int, list[int], np.ndarray]:
    """Gives weights their scales and a bias: the weights' tensor, the bias as a list, and the real outputs.

    sums: [..., channels], the data's real values times the weights as integers. The outputs are a few units wide, so
    that fused activations cut through them.
    """
    random, channels = sketch.random, values.shape[axis]
    per_channel = sketch.chance(0.75)
    spread = float(np.sqrt(np.mean(sums**2))) or 1.0
    scales = np.full(channels if per_channel else 1, 2.0 ** random.uniform(-1.5, 2.5) / spread)
    if per_channel:
        scales = scales * 2.0 ** random.normal(0, 0.7, channels)
        if sketch.chance(0.25):  # a multiplier far above or far below the others'
            scales[sketch.integer(0, channels - 1)] *= 2.0 ** sketch.integer(-24, 8)
    scales = np.clip(scales, 1e-9, 1e3).astype(np.float32)
    weights = sketch.file.tensor(values.shape, scales, 0, values, axis=axis)
    real = sums * scales.astype(np.float64)
    if sketch.chance(0.2):
        return weights, [], real
    # As the reference wants them: scaled by the input's scale times the weights'.
    bias_scales = np.float32(data.quantization.scale) * scales
    wide = np.clip(random.normal(0, 1, channels) * np.std(real) / bias_scales, -(2**29), 2**29)
    bias = np.rint(wide).astype(np.int32)
    tensor = sketch.file.tensor((channels,), bias_scales, 0, bias, "int32")
    return weights, [tensor], real + bias * (data.quantization.scale * scales.astype(np.float64))


def _geometry(sketch: Sketch, image: Value, kinds: list[str]) -> tuple[list[int], list[int], list[int], int] | None:
    """Kernel, stride, dilation and padding, of one of the kinds."""
    kind = sketch.one_of(kinds)
    height, width = image.shape[1:3]
    kernel, stride, dilation = [1, 1], [1, 1], [1, 1]
    if kind == "3x3":
        kernel = [3, 3]
        stride = [sketch.one_of([1, 1, 2])] * 2
    elif kind == "time":  # a convolution over rows, as of a stream of frames
        kernel = [sketch.integer(2, 9), 1]
        dilation = [sketch.one_of([1, 1, 1, 2, 3]), 1]
        stride = [sketch.one_of([1, 1, 2]), 1]
    elif kind == "whole":
        kernel = [min(height, 9), min(width, 9)]
    elif kind == "any":
        kernel = [sketch.integer(1, 6), sketch.integer(1, 6)]
        stride = [sketch.one_of([1, 1, 2, 3]), sketch.one_of([1, 1, 2, 3])]
        dilation = [sketch.one_of([1, 1, 2, 3]), sketch.one_of([1, 1, 2, 4])]
    elif kind == "strided point":
        stride = [2, sketch.one_of([1, 2])]
    if sketch.chance(0.1) and width > 1:
        kernel, stride, dilation = kernel[::-1], stride[::-1], dilation[::-1]
    padding = sketch.one_of([SAME, VALID])
    if windows(image.real[..., :1], kernel, stride, dilation, padding == SAME) is None:
        padding = SAME
    return kernel, stride, dilation, padding


def _window_options(stride: list[int], padding: int) -> dict[str, int]:
    return {"Padding": padding, "StrideH": stride[0], "StrideW": stride[1]}


@entry("CONV_2D", weight=5)
def conv_2d(sketch: Sketch) -> bool:
    image = sketch.find(_is_image)
    return image is not None and _conv(sketch, image) is not None


def _conv(sketch: Sketch, image: Value, shape_kept: bool = False) -> Value | None:
    kinds = ["1x1", "3x3"] if shape_kept else ["1x1", "1x1", "3x3", "time", "any", "whole", "strided point"]
    kernel, stride, dilation, padding = _geometry(sketch, image, kinds)
    if shape_kept:
        stride, padding = [1, 1], SAME
    depth = image.shape[3]
    channels = depth if shape_kept else sketch.channels()
    channels = channels if shape_kept else max(1, min(channels, _MOST_WEIGHTS // (values_of(kernel) * depth)))
    if channels * values_of(kernel) * depth > _MOST_WEIGHTS:
        return None
    values = _kernel_weights(sketch, (channels, *kernel, depth))
    seen = np.nan_to_num(windows(image.real, kernel, stride, dilation, padding == SAME))
    n, rows, _, columns, _, _ = seen.shape
    if n * rows * columns * channels > MOST_VALUES or n * rows * columns * values.size > _MOST_MACS:
        return None
    sums = np.einsum("nhiwjc,oijc->nhwo", seen, values, optimize=True)
    weights, bias, real = _weigh(sketch, image, values, 0, sums)
    return sketch.apply(
        "CONV_2D",
        [image.tensor, weights, *bias],
        real,
        activation=sketch.activation(),
        DilationHFactor=dilation[0],
        DilationWFactor=dilation[1],
        **_window_options(stride, padding),
    )


@entry("DEPTHWISE_CONV_2D", weight=4)
def depthwise_conv_2d(sketch: Sketch) -> bool:
    image = sketch.find(_is_image)
    if image is None:
        return False
    kernel, stride, dilation, padding = _geometry(sketch, image, ["1x1", "3x3", "3x3", "time", "time", "any", "whole"])
    depth = image.shape[3]
    multiplier = sketch.one_of([1, 1, 1, 2, 3, 4, 7, 8])
    if depth == 1 and sketch.chance(0.5):
        multiplier = sketch.channels()
    values = _kernel_weights(sketch, (1, *kernel, depth * multiplier))
    seen = np.nan_to_num(windows(image.real, kernel, stride, dilation, padding == SAME))
    n, rows, _, columns, _, _ = seen.shape
    if n * rows * columns * depth * multiplier > MOST_VALUES or values.size > _MOST_WEIGHTS:
        return False
    if depth * multiplier > 300:
        return False
    taps = values.reshape(*kernel, depth, multiplier)
    sums = np.einsum("nhiwjc,ijcm->nhwcm", seen, taps, optimize=True).reshape(n, rows, columns, -1)
    weights, bias, real = _weigh(sketch, image, values, 3, sums)
    sketch.apply(
        "DEPTHWISE_CONV_2D",
        [image.tensor, weights, *bias],
        real,
        activation=sketch.activation(),
        DepthMultiplier=multiplier,
        DilationHFactor=dilation[0],
        DilationWFactor=dilation[1],
        **_window_options(stride, padding),
    )
    return True


@entry("FULLY_CONNECTED", weight=2.5)
def fully_connected(sketch: Sketch) -> bool:
    data = sketch.find(lambda value: len(value.shape) >= 2)
    if data is None:
        return False
    depth = data.shape[-1] if sketch.chance(0.5) else values_of(data.shape) // data.shape[0]
    rows = values_of(data.shape) // depth
    channels = max(1, min(sketch.one_of([sketch.channels(), sketch.integer(1, 128)]), _MOST_WEIGHTS // depth))
    if depth > 1000 or rows * channels > MOST_VALUES:
        return False
    values = _kernel_weights(sketch, (channels, depth))
    sums = data.real.reshape(rows, depth) @ values.T.astype(np.float64)
    weights, bias, real = _weigh(sketch, data, values, 0, sums)
    options = {}
    if depth == data.shape[-1] and sketch.chance(0.5):
        real = real.reshape(*data.shape[:-1], channels)
        options["KeepNumDims"] = True
    # Only here does the reference know a bias that is absent by its number.
    inputs = [data.tensor, weights, *(bias or sketch.one_of([[], [-1]]))]
    sketch.apply("FULLY_CONNECTED", inputs, real, activation=sketch.activation(), **options)
    return True


def _pool(sketch: Sketch, kind: str, reduce: Callable[..., np.ndarray]) -> bool:
    image = sketch.find(_is_image)
    if image is None:
        return False
    kernel, stride, _, padding = _geometry(sketch, image, ["3x3", "any", "time", "whole", "whole"])
    seen = windows(image.real, kernel, stride, [1, 1], padding == SAME)
    if seen is None:
        return False
    sketch.apply(
        kind,
        [image.tensor],
        reduce(seen, axis=(2, 4)),
        image.quantization,
        activation=sketch.activation(),
        FilterHeight=kernel[0],
        FilterWidth=kernel[1],
        **_window_options(stride, padding),
    )
    return True


@entry("AVERAGE_POOL_2D")
def average_pool_2d(sketch: Sketch) -> bool:
    return _pool(sketch, "AVERAGE_POOL_2D", np.nanmean)


@entry("MAX_POOL_2D")
def max_pool_2d(sketch: Sketch) -> bool:
    return _pool(sketch, "MAX_POOL_2D", np.nanmax)


@entry("CONV_2D", "ADD")
def residual(sketch: Sketch) -> bool:
    image = sketch.find(_is_image)
    branch = image and _conv(sketch, image, shape_kept=True)
    if branch is None:
        return False
    ends = [image, branch] if sketch.chance(0.5) else [branch, image]
    sketch.apply("ADD", [end.tensor for end in ends], image.real + branch.real, activation=sketch.activation())
    return True


@entry("CONV_2D", "SPLIT_V")
def conv_2d_in_groups(sketch: Sketch) -> bool:
    """Each group of output channels sees its own group of input channels."""
    image = sketch.find(lambda value: _is_image(value) and value.shape[3] % 2 == 0)
    if image is None:
        return False
    depth = image.shape[3]
    groups = sketch.one_of([n for n in (2, 3, 4, 5, 8, depth) if depth % n == 0])
    kernel, stride, dilation, padding = _geometry(sketch, image, ["1x1", "3x3", "time"])
    channels = groups * sketch.integer(1, 6)
    values = _kernel_weights(sketch, (channels, *kernel, depth // groups))
    seen = np.nan_to_num(windows(image.real, kernel, stride, dilation, padding == SAME))
    n, rows, _, columns, _, _ = seen.shape
    if values.size > _MOST_WEIGHTS or n * rows * columns * channels > MOST_VALUES:
        return False
    apart = seen.reshape(*seen.shape[:5], groups, depth // groups)
    kernels = values.reshape(groups, channels // groups, *kernel, depth // groups)
    sums = np.einsum("nhiwjgc,goijc->nhwgo", apart, kernels, optimize=True).reshape(n, rows, columns, channels)
    weights, bias, real = _weigh(sketch, image, values, 0, sums)
    sketch.apply(
        "CONV_2D",
        [image.tensor, weights, *bias],
        real,
        activation=sketch.activation(),
        DilationHFactor=dilation[0],
        DilationWFactor=dilation[1],
        **_window_options(stride, padding),
    )
    return True


@entry("UNIDIRECTIONAL_SEQUENCE_LSTM", weight=0.7)
def lstm(sketch: Sketch) -> bool:
    """Its hidden and cell state are variables that it keeps itself."""
    data = sketch.find(lambda value: len(value.shape) == 3 and value.shape[1] <= 12)
    if data is None:
        if len(sketch.inputs) > 3:
            return False
        data = sketch.add_input((sketch.integer(1, 2), sketch.integer(1, 6), sketch.channels(30)))
    random, model = sketch.random, sketch.file
    batches, steps, depth = data.shape
    units = sketch.integer(1, 24)
    if 4 * units * (depth + units) > _MOST_WEIGHTS or steps * units > MOST_VALUES:
        return False
    hidden = Quantization(sketch.one_of([1 / 128, 0.0051, 0.0078]), sketch.one_of([0, 0, -7, 20]))

    def weights(seen: int, spread: float) -> int:
        values = _kernel_weights(sketch, (units, seen))
        return model.tensor((units, seen), 2.0 ** random.uniform(-1, 1.5) / (spread * 60 * seen**0.5), 0, values)

    spread = float(np.std(data.real)) or 1.0
    across = [weights(depth, spread) for _ in range(4)]
    back = [weights(units, 0.5) for _ in range(4)]
    biases = [
        model.tensor((units,), 1e-4, 0, random.integers(-9000, 9000, units).astype(np.int32), "int32") for _ in range(4)
    ]
    state = (batches, units)
    kept = model.tensor(state, hidden.scale, hidden.zero, variable=True, name=f"hidden{len(model.tensors)}")
    cell_scale = 2.0 ** -sketch.integer(8, 15)
    cell = model.tensor(state, cell_scale, 0, dtype="int16", variable=True, name=f"cell{len(model.tensors)}")
    inputs = [data.tensor, *across, *back, -1, -1, -1, *biases, -1, -1, kept, cell, -1, -1, -1, -1]
    real = random.normal(0, 0.4, (batches, steps, units))  # about as wide as what it gives
    clip = float(sketch.one_of([0.0, 0.0, 0.4, 2.5]))
    tanh = 4
    sketch.apply("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, real, hidden, FusedActivationFunction=tanh, CellClip=clip)
    return True
