"""Operators of one value or two: sums, products, activations, changes of scale."""

from collections.abc import Callable

import numpy as np

from .sketch import Quantization, Sketch, Value, values_of
from .table import entry


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


@entry("ADD", "CONCATENATION", weight=0.4)
def sum_with_a_part(sketch: Sketch) -> bool:
    """What is added to a tensor lives within it: the planner must not let the sum write over it."""
    part = sketch.find(lambda value: 1 in value.shape and len(value.shape) > 1 and values_of(value.shape) < 1000)
    if part is None:
        return False
    axis, count = part.shape.index(1), sketch.integer(2, 4)
    real = np.concatenate([part.real] * count, axis=axis)
    joined = sketch.apply("CONCATENATION", [part.tensor] * count, real, part.quantization, Axis=axis)
    ends = [joined, part] if sketch.chance(0.5) else [part, joined]
    sketch.apply("ADD", [end.tensor for end in ends], real + part.real, activation=sketch.activation())
    return True


@entry("MUL")
def mul(sketch: Sketch) -> bool:
    return _broadcast(sketch, "MUL", np.multiply)


@entry("SUB")
def sub(sketch: Sketch) -> bool:
    return _broadcast(sketch, "SUB", np.subtract)


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
    real = data.real * np.clip(data.real + 3, 0, 6) / 6
    quantization = sketch.quantization(real)
    if data.quantization.scale / 128 >= quantization.scale:  # the reference wants its factor below 1
        return False
    sketch.apply("HARD_SWISH", [data.tensor], real, quantization)
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


@entry("LEAKY_RELU", weight=0.5)
def leaky_relu(sketch: Sketch) -> bool:
    data = sketch.find()
    if data is None:
        return False
    alpha = float(np.float32(sketch.one_of([0.01, 0.1, 0.3, 1.5])))
    sketch.apply("LEAKY_RELU", [data.tensor], np.where(data.real > 0, data.real, data.real * alpha), Alpha=alpha)
    return True


@entry("DEQUANTIZE", weight=0.3)
def dequantize(sketch: Sketch) -> bool:
    """An output in float32."""
    data = sketch.find()
    if data is None:
        return False
    tensor = sketch.file.tensor(data.shape, None, None, dtype="float32")
    sketch.file.operator("DEQUANTIZE", [data.tensor], [tensor])
    sketch.outputs.append(tensor)
    return True


@entry("DEQUANTIZE", "QUANTIZE", weight=0.3)
def float_input(sketch: Sketch) -> bool:
    """An input in float32; modelc takes it where it knows DEQUANTIZE."""
    if len(sketch.inputs) > 3:
        return False
    shape = sketch.one_of(sketch.values).shape
    tensor = sketch.file.tensor(shape, None, None, dtype="float32")
    sketch.inputs.append(tensor)
    sketch.samples[tensor] = sketch.random.normal(0, 2, shape).astype(np.float32)
    sketch.apply("QUANTIZE", [tensor], sketch.samples[tensor].astype(np.float64))
    return True
