"""What a random graph is made of: one small function an operator, in a table.

A function adds an operator (or a few that belong together) to the sketch and says True, or finds nothing that it could
work on and says False. It is registered with the operators that modelc must know for it, and with a weight.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .sketch import MOST_VALUES, Quantization, Sketch, Value, values_of, windows

_MOST_WEIGHTS = 12_000
_MOST_MACS = 200_000
SAME, VALID = 0, 1


@dataclass(frozen=True)
class Entry:
    """A row of the table."""

    add: Callable[[Sketch], bool]
    needs: tuple[str, ...]
    weight: float


TABLE: dict[str, Entry] = {}


def entry(*needs: str, weight: float = 1.0) -> Callable[[Callable[[Sketch], bool]], Callable[[Sketch], bool]]:
    """Registers a function under its name; `needs` are TFLite's names of the operators that it may use."""

    def register(add: Callable[[Sketch], bool]) -> Callable[[Sketch], bool]:
        TABLE[add.__name__] = Entry(add, needs, weight)
        return add

    return register


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
    real = sums * scales
    if sketch.chance(0.2):
        return weights, [], real
    # As the reference wants them: scaled by the input's scale times the weights'.
    bias_scales = np.float32(data.quantization.scale) * scales
    wide = np.clip(random.normal(0, 1, channels) * np.std(real) / bias_scales, -(2**29), 2**29)
    bias = np.rint(wide).astype(np.int32)
    tensor = sketch.file.tensor((channels,), bias_scales, 0, bias, "int32")
    return weights, [tensor], real + bias * bias_scales


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


def _broadcast(sketch: Sketch, kind: str, compute: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> bool:
    """Two values of one shape, or of shapes that broadcast: another value, a constant, or the value itself."""
    first = sketch.find()
    if first is None:
        return False

    def broadcasts(other: Value) -> bool:
        shape = (1,) * (len(first.shape) - len(other.shape)) + other.shape
        return len(shape) == len(first.shape) and all(a in (1, b) for a, b in zip(shape, first.shape, strict=True))

    style = sketch.one_of(["value", "value", "value", "constant", "itself"])
    second = first
    if style == "value":
        second = sketch.find(lambda value: value is not first and broadcasts(value)) or first
    if style == "constant" or (style == "value" and second is first):
        shapes = [first.shape, first.shape[-1:], (1,), tuple(n if sketch.chance(0.5) else 1 for n in first.shape)]
        second = sketch.constant(sketch.one_of(shapes))
    if sketch.chance(0.3) and second.shape == first.shape:
        first, second = second, first
    real = compute(first.real, second.real)
    sketch.apply(kind, [first.tensor, second.tensor], real, activation=sketch.activation())
    return True


@entry("ADD", weight=1.5)
def add(sketch: Sketch) -> bool:
    return _broadcast(sketch, "ADD", np.add)


@entry("MUL")
def mul(sketch: Sketch) -> bool:
    return _broadcast(sketch, "MUL", np.multiply)


@entry("SUB")
def sub(sketch: Sketch) -> bool:
    return _broadcast(sketch, "SUB", np.subtract)


@entry("CONV_2D", "ADD")
def residual(sketch: Sketch) -> bool:
    image = sketch.find(_is_image)
    branch = image and _conv(sketch, image, shape_kept=True)
    if branch is None:
        return False
    ends = [image, branch] if sketch.chance(0.5) else [branch, image]
    sketch.apply("ADD", [end.tensor for end in ends], image.real + branch.real, activation=sketch.activation())
    return True


@entry("PAD", "PADV2")
def pad(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    pads = [[sketch.integer(0, 3), sketch.integer(0, 3)] if sketch.chance(0.5) else [0, 0] for _ in data.shape]
    if data.shape[0] > 0 and len(data.shape) > 1:
        pads[0] = [0, 0] if sketch.chance(0.9) else [0, 1]
    inputs, kind, fill = [data.tensor, sketch.file.integers(pads)], "PAD", 0.0
    if sketch.chance(0.3):
        filling = sketch.constant((1,), data.quantization)
        inputs, kind, fill = [*inputs, filling.tensor], "PADV2", filling.real[0]
    real = np.pad(data.real, pads, constant_values=fill)
    if real.size > MOST_VALUES:
        return False
    sketch.apply(kind, inputs, real, data.quantization)
    return True


@entry("RESHAPE", "EXPAND_DIMS", "SQUEEZE", weight=1.2)
def reshape(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    kind = sketch.one_of(["RESHAPE", "RESHAPE", "RESHAPE", "EXPAND_DIMS", "SQUEEZE"])
    if kind == "EXPAND_DIMS" and len(data.shape) < 4:
        axis = sketch.integer(0, len(data.shape))
        shape = (*data.shape[:axis], 1, *data.shape[axis:])
        inputs = [data.tensor, sketch.file.integers(axis)]
    elif kind == "SQUEEZE" and 1 in data.shape and values_of(data.shape) > 1:
        shape = tuple(size for size in data.shape if size != 1)
        inputs = [data.tensor]
    else:
        kind, shape = "RESHAPE", _other_shape(sketch, data.shape)
        inputs = [data.tensor, sketch.file.integers(shape)]
    sketch.apply(kind, inputs, data.real.reshape(shape), data.quantization)
    return True


def _other_shape(sketch: Sketch, shape: tuple[int, ...]) -> tuple[int, ...]:
    """As many values; mostly four axes, so that convolutions can go on, or a row a batch."""
    if sketch.chance(0.3):
        return (shape[0], values_of(shape[1:]))
    left = values_of(shape) // shape[0]
    sizes = []
    for most in (12, 12):
        size = sketch.one_of([n for n in range(1, most + 1) if left % n == 0])
        sizes.append(size)
        left //= size
    return (shape[0], *sizes, left)


@entry("CONCATENATION", "QUANTIZE", weight=1.5)
def concatenation(sketch: Sketch) -> bool:
    first = sketch.find()
    if first is None:
        return False
    axis = sketch.integer(0, len(first.shape) - 1) if sketch.chance(0.5) else len(first.shape) - 1
    if axis == 0 and len(first.shape) > 1:
        axis = 1

    def joins(other: Value) -> bool:
        return len(other.shape) == len(first.shape) and all(
            a == b for i, (a, b) in enumerate(zip(other.shape, first.shape, strict=True)) if i != axis
        )

    parts = [first]
    for _ in range(sketch.integer(1, 3)):
        other = sketch.find(joins) or first
        if sketch.chance(0.15):
            shape = list(first.shape)
            shape[axis] = sketch.integer(1, 5)
            parts.append(sketch.constant(tuple(shape), first.quantization))
        else:
            parts.append(sketch.requantized(other, first.quantization))
    sketch.random.shuffle(parts)
    real = np.concatenate([part.real for part in parts], axis=axis)
    if real.size > MOST_VALUES:
        return False
    counted = axis - len(first.shape) if sketch.chance(0.3) else axis
    sketch.apply("CONCATENATION", [part.tensor for part in parts], real, first.quantization, Axis=counted)
    return True


@entry("SPLIT")
def split(sketch: Sketch) -> bool:
    data = sketch.find(lambda value: max(value.shape) > 1)
    if data is None:
        return False
    ways = [(axis, n) for axis, size in enumerate(data.shape) for n in (2, 3, 4, 5) if size % n == 0]
    if not ways:
        return False
    axis, count = sketch.one_of(ways)
    parts = np.split(data.real, count, axis=axis)
    counted = axis - len(data.shape) if sketch.chance(0.3) else axis
    sketch.apply_many("SPLIT", [sketch.file.integers(counted), data.tensor], parts, data, NumSplits=count)
    return True


@entry("STRIDED_SLICE", "SLICE")
def strided_slice(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    cuts, steps = [], sketch.chance(0.6)
    for size in data.shape:
        begin, stride = sketch.integer(0, size - 1) if sketch.chance(0.5) else 0, 1
        end = sketch.integer(begin + 1, size) if sketch.chance(0.5) else size
        if steps and sketch.chance(0.3):
            stride = sketch.one_of([2, 3, -1, -2])
            begin, end = (end - 1, begin - 1) if stride < 0 else (begin, end)
        cuts.append((begin, end, stride))
    # What ends before the first value of an axis is written from that axis's other end.
    real = data.real[tuple(slice(b, None if e < 0 else e, s) for b, e, s in cuts)]
    if all(stride == 1 for _, _, stride in cuts) and sketch.chance(0.5):
        indices = [[begin for begin, _, _ in cuts], [end - begin for begin, end, _ in cuts]]
        inputs = [data.tensor, *(sketch.file.integers(values) for values in indices)]
        sketch.apply("SLICE", inputs, real, data.quantization)
        return True
    ends = [end - size - 1 if end < 0 else end for (_, end, _), size in zip(cuts, data.shape, strict=True)]
    ends = [-size - 1 if end < -size else end for end, size in zip(ends, data.shape, strict=True)]
    columns = [[begin for begin, _, _ in cuts], ends, [stride for _, _, stride in cuts]]
    inputs = [data.tensor, *(sketch.file.integers(values) for values in columns)]
    shrinks = 0
    if len(real.shape) > 1 and real.shape[1] == 1 and cuts[1][2] == 1 and sketch.chance(0.3):
        real, shrinks = real[:, 0], 2
    sketch.apply("STRIDED_SLICE", inputs, real, data.quantization, ShrinkAxisMask=shrinks)
    return True


@entry("SOFTMAX", weight=0.5)
def softmax(sketch: Sketch) -> bool:
    # The reference stops at an assertion where a row's powers come to 512.
    data = sketch.find(lambda value: value.shape[-1] < 512)
    if data is None:
        return False
    spread = float(np.std(data.real)) or 1.0
    beta = float(np.float32(sketch.one_of([1.0, 1.0, 0.5, 2 / spread, 1 / spread])))
    if not 1 < beta * data.quantization.scale * 2**26 < 2**31:
        return False
    powers = np.exp((data.real - data.real.max(axis=-1, keepdims=True)) * beta)
    real = powers / powers.sum(axis=-1, keepdims=True)
    sketch.apply("SOFTMAX", [data.tensor], real, Quantization(1 / 256, -128), Beta=beta)
    return True


@entry("LOGISTIC", weight=0.6)
def logistic(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    real = 1 / (1 + np.exp(-np.clip(data.real, -30, 30)))
    sketch.apply("LOGISTIC", [data.tensor], real, Quantization(1 / 256, -128))
    return True


@entry("TANH", weight=0.6)
def tanh(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    sketch.apply("TANH", [data.tensor], np.tanh(data.real), Quantization(1 / 128, 0))
    return True


@entry("HARD_SWISH", weight=0.6)
def hard_swish(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    sketch.apply("HARD_SWISH", [data.tensor], data.real * np.clip(data.real + 3, 0, 6) / 6)
    return True


@entry("RELU", weight=0.5)
def relu(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    sketch.apply("RELU", [data.tensor], np.maximum(data.real, 0))
    return True


@entry("RELU6", weight=0.5)
def relu6(sketch: Sketch) -> bool:
    data = sketch.find(lambda value: value.quantization.zero < 100 and value.quantization.scale > 1e-4)
    if data is None:
        return False
    sketch.apply("RELU6", [data.tensor], np.clip(data.real, 0, 6), data.quantization)
    return True


@entry("QUANTIZE", weight=0.7)
def quantize(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    sketch.apply("QUANTIZE", [data.tensor], data.real)
    return True


@entry("TRANSPOSE")
def transpose(sketch: Sketch) -> bool:
    data = sketch.find(lambda value: len(value.shape) > 1)
    if data is None:
        return False
    order = [int(axis) for axis in sketch.random.permutation(len(data.shape))]
    if len(order) == 4 and sketch.chance(0.7):
        order = [0, *(1 + int(axis) for axis in sketch.random.permutation(3))]
    inputs = [data.tensor, sketch.file.integers(order)]
    sketch.apply("TRANSPOSE", inputs, data.real.transpose(order), data.quantization)
    return True


@entry("MEAN")
def mean(sketch: Sketch) -> bool:
    data = sketch.find(lambda value: len(value.shape) > 1)
    if data is None:
        return False
    axes = [1, 2] if len(data.shape) == 4 and sketch.chance(0.5) else [sketch.integer(1, len(data.shape) - 1)]
    kept = sketch.chance(0.5)
    real = data.real.mean(axis=tuple(axes), keepdims=kept)
    quantization = data.quantization if sketch.chance(0.3) else None
    inputs = [data.tensor, sketch.file.integers(axes)]
    sketch.apply("MEAN", inputs, real, quantization, KeepDims=kept)
    return True


@entry("CONCATENATION", "STRIDED_SLICE", weight=1.5)
def stream(sketch: Sketch) -> bool:
    """A state: the last rows of the data are kept for the next call, which finds them before its own."""
    data = sketch.find(lambda value: len(value.shape) >= 3)
    if data is None or sketch.states == 3:
        return False
    rows = sketch.integer(1, 8)
    shape = (data.shape[0], rows, *data.shape[2:])
    if values_of(shape) + values_of(data.shape) > MOST_VALUES:
        return False
    state = sketch.add_input(shape, data.quantization, name=f"state{sketch.states}")
    whole = np.concatenate([state.real, data.real], axis=1)
    joined = sketch.apply("CONCATENATION", [state.tensor, data.tensor], whole, data.quantization, Axis=1)
    count = whole.shape[1]
    begins, ends = [0] * len(shape), list(joined.shape)
    begins[1] = count - rows if sketch.chance(0.5) else -rows
    # Through the masks or in numbers, with one end of the cut negative or not.
    masks = {"BeginMask": 0b1101, "EndMask": 0b1111} if sketch.chance(0.5) else {}
    indices = [sketch.file.integers(values) for values in (begins, ends, [1] * len(shape))]
    kept = sketch.apply(
        "STRIDED_SLICE",
        [joined.tensor, *indices],
        whole[:, count - rows :],
        data.quantization,
        name=f"state{sketch.states}_out",
        **masks,
    )
    sketch.outputs.append(kept.tensor)
    sketch.values.remove(kept)  # so that the newest value is the joined frames, for what comes next
    sketch.states += 1
    return True


@entry("ADD")
def running_sum(sketch: Sketch) -> bool:
    """A state that every call adds to."""
    data = sketch.find()
    if data is None or sketch.states == 3:
        return False
    quantization = Quantization(data.quantization.scale * 3, sketch.zero())
    state = sketch.add_input(data.shape, quantization, name=f"state{sketch.states}")
    tensors = [state.tensor, data.tensor]
    total = sketch.apply(
        "ADD",
        tensors if sketch.chance(0.5) else tensors[::-1],
        state.real + data.real,
        quantization,
        name=f"state{sketch.states}_out",
        FusedActivationFunction=0,
    )
    sketch.outputs.append(total.tensor)
    sketch.states += 1
    return True
