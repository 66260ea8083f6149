"""Operators that move values: RESHAPE and its kin, CONCATENATION, SPLIT, slices, PAD, TRANSPOSE; and MEAN."""

import numpy as np

from .sketch import MOST_VALUES, Sketch, Value, values_of
from .table import entry


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
    kind = sketch.one_of(["RESHAPE", "RESHAPE", "EXPAND_DIMS", "EXPAND_DIMS", "SQUEEZE"])
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


@entry("SPLIT_V")
def split_v(sketch: Sketch) -> bool:
    data = sketch.find(lambda value: max(value.shape) > 1)
    if data is None:
        return False
    axis = int(np.argmax(data.shape))
    cuts = sorted({sketch.integer(1, data.shape[axis] - 1) for _ in range(sketch.integer(1, 3))})
    parts = np.split(data.real, cuts, axis=axis)
    sizes = sketch.file.integers([part.shape[axis] for part in parts])
    inputs = [data.tensor, sizes, sketch.file.integers(axis)]
    sketch.apply_many("SPLIT_V", inputs, parts, data, NumSplits=len(parts))
    return True


@entry("PACK", "UNPACK")
def pack_or_unpack(sketch: Sketch) -> bool:
    data = sketch.find(lambda value: len(value.shape) < 4) if sketch.chance(0.7) else None
    if data is not None:
        axis = sketch.integer(0, len(data.shape))
        parts = [data]
        for _ in range(sketch.integer(0, 2)):
            other = sketch.find(lambda value: value.shape == data.shape) or data
            parts.append(sketch.requantized(other, data.quantization))
        real = np.stack([part.real for part in parts], axis=axis)
        if real.size > MOST_VALUES:
            return False
        inputs = [part.tensor for part in parts]
        sketch.apply("PACK", inputs, real, data.quantization, Axis=axis, ValuesCount=len(parts))
        return True
    data = sketch.find(lambda value: len(value.shape) > 2 and min(value.shape) <= 4)
    if data is None:
        return False
    axis = sketch.one_of([axis for axis, size in enumerate(data.shape) if size <= 4])
    real = [np.take(data.real, number, axis=axis) for number in range(data.shape[axis])]
    sketch.apply_many("UNPACK", [data.tensor], real, data, Axis=axis, Num=len(real))
    return True


@entry("GATHER", weight=0.7)
def gather(sketch: Sketch) -> bool:
    data = sketch.find(lambda value: len(value.shape) > 1)
    if data is None:
        return False
    axis = sketch.integer(1, len(data.shape) - 1)
    rows = [sketch.integer(0, data.shape[axis] - 1) for _ in range(sketch.integer(1, 6))]
    real = np.take(data.real, rows, axis=axis)
    if real.size > MOST_VALUES:
        return False
    sketch.apply("GATHER", [data.tensor, sketch.file.integers(rows)], real, data.quantization, Axis=axis)
    return True
