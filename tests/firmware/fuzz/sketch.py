"""A random graph as it grows: tensors with sample values, from which the next tensor's scale is chosen.

The values are what the network computes, in floating point: they only serve to keep outputs from being constant.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from firmware.modelc.tflite_file import TfliteFile

MOST_VALUES = 6000  # of an activation
_NONE, _RELU, _RELU_N1_TO_1, _RELU6 = 0, 1, 2, 3
_LIMITS = {_NONE: (None, None), _RELU: (0.0, None), _RELU_N1_TO_1: (-1.0, 1.0), _RELU6: (0.0, 6.0)}
_CHANNELS = [
    1,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    8,
    9,
    12,
    13,
    15,
    16,
    16,
    17,
    20,
    24,
    31,
    32,
    32,
    33,
    40,
    48,
    63,
    64,
    64,
    65,
    70,
]


@dataclass(frozen=True)
class Quantization:
    """One scale and zero point."""

    scale: float
    zero: int

    def quantized(self, real: np.ndarray) -> np.ndarray:
        """To int8, as nearly as matters here."""
        return np.clip(np.rint(real / self.scale) + self.zero, -128, 127).astype(np.int8)


@dataclass(frozen=True)
class Value:
    """An activation, with what it might hold in one call."""

    tensor: int
    quantization: Quantization
    sample: np.ndarray  # int8

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.sample.shape

    @property
    def real(self) -> np.ndarray:
        """The values that the sample stands for."""
        return (self.sample.astype(np.float64) - self.quantization.zero) * self.quantization.scale


@dataclass
class Sketch:
    """A model under construction."""

    random: np.random.Generator
    file: TfliteFile = field(default_factory=TfliteFile)
    values: list[Value] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)  # those that must be, whatever reads them
    samples: dict[int, np.ndarray] = field(default_factory=dict)  # of every activation, inputs among them
    states: int = 0

    def chance(self, probability: float) -> bool:
        """True as often as that."""
        return bool(self.random.random() < probability)

    def integer(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def one_of(self, choices: Sequence):
        """Any of them."""
        return choices[int(self.random.integers(len(choices)))]

    def channels(self, most: int = 70) -> int:
        """A number of channels: round ones, their neighbours, and others."""
        return min(most, self.one_of(_CHANNELS) if self.chance(0.75) else self.integer(1, 70))

    def scale(self) -> float:
        """Of an input."""
        return float(np.float32(2.0 ** self.random.uniform(-8, -2)))

    def zero(self) -> int:
        """A zero point; the ends of the range are as likely as all between them."""
        return int(self.one_of([-128, -128, 127, 0, -1, self.integer(-128, 127), self.integer(-40, 40)]))

    def activation(self) -> int:
        """A fused activation's number."""
        return int(self.one_of([_NONE, _NONE, _NONE, _RELU, _RELU, _RELU6, _RELU_N1_TO_1]))

    def add_input(self, shape: tuple[int, ...], quantization: Quantization | None = None, name: str | None = None):
        """A new input of the graph."""
        if quantization is None:
            quantization = Quantization(self.scale(), self.zero())
        tensor = self.file.tensor(shape, quantization.scale, quantization.zero, name=name)
        self.inputs.append(tensor)
        return self._keep(tensor, quantization, self.random.integers(-128, 128, shape).astype(np.int8))

    def constant(self, shape: tuple[int, ...], quantization: Quantization | None = None) -> Value:
        """An int8 constant; not among the values that later operators find."""
        if quantization is None:
            quantization = Quantization(self.scale(), self.zero())
        data = self.random.integers(-128, 128, shape).astype(np.int8)
        tensor = self.file.tensor(shape, quantization.scale, quantization.zero, data)
        return Value(tensor, quantization, data)

    def find(self, fits: Callable[[Value], bool] = lambda value: True) -> Value | None:
        """A value that fits: mostly the newest, or one that nobody reads yet."""
        fitting = [value for value in self.values if fits(value)]
        if not fitting:
            return None
        if self.chance(0.6):
            return fitting[-1]
        unread = [value for value in fitting if not self.is_read(value.tensor)]
        return self.one_of(unread if unread and self.chance(0.6) else fitting)

    def is_read(self, tensor: int) -> bool:
        """True if an operator takes it in."""
        return any(tensor in inputs for _, inputs, _, _ in self.file.operators)

    def apply(
        self,
        kind: str,
        inputs: list[int],
        real: np.ndarray,
        quantization: Quantization | None = None,
        *,
        activation: int | None = None,
        name: str | None = None,
        **options,
    ) -> Value:
        """An operator with one output, of the values `real`; without a quantization one is chosen to suit them."""
        if activation is not None:
            options["FusedActivationFunction"] = activation
            real = np.clip(real, *_LIMITS[activation]) if activation else real
        if quantization is None:
            quantization = self.quantization(real)
        tensor = self.file.tensor(real.shape, quantization.scale, quantization.zero, name=name)
        self.file.operator(kind, inputs, [tensor], **options)
        return self._keep(tensor, quantization, quantization.quantized(real))

    def apply_many(self, kind: str, inputs: list[int], parts: Sequence[np.ndarray], like: Value, **options) -> None:
        """An operator with several outputs, all quantized as `like`."""
        tensors = [self.file.tensor(part.shape, like.quantization.scale, like.quantization.zero) for part in parts]
        self.file.operator(kind, inputs, tensors, **options)
        for tensor, part in zip(tensors, parts, strict=True):
            self._keep(tensor, like.quantization, like.quantization.quantized(part))

    def requantized(self, value: Value, quantization: Quantization) -> Value:
        """The value with that quantization, through QUANTIZE if need be."""
        if value.quantization == quantization:
            return value
        return self.apply("QUANTIZE", [value.tensor], value.real, quantization)

    def quantization(self, real: np.ndarray) -> Quantization:
        """A scale and a zero point under which most of these values neither saturate nor become one."""
        spread = float(np.quantile(np.abs(real), 0.98)) or 1.0
        low, high = max(float(real.min()), -1.5 * spread), min(float(real.max()), 1.5 * spread)
        for _ in range(10):
            if self.chance(0.5):
                scale = max(high - low, spread * 1e-3) / 255
                zero = int(np.clip(np.rint(-128 - low / scale), -128, 127))
            else:
                zero = self.zero()
                room = [high / (127 - zero)] if high > 0 and zero < 127 else []
                room += [-low / (128 + zero)] if low < 0 and zero > -128 else []
                scale = max([*room, spread * 1e-3])
            scale *= self.one_of([0.3, 0.7, 1, 1, 1, 1.1, 2, 5])
            result = Quantization(float(np.float32(np.clip(scale, 1e-7, 1e4))), zero)
            counts = np.bincount(result.quantized(real).reshape(-1).view(np.uint8))
            if counts.max() <= max(0.6 * real.size, 1.5):
                break
        return self._with_a_tie(real, result) if self.chance(0.5) else result

    def _with_a_tie(self, real: np.ndarray, near: Quantization) -> Quantization:
        """A scale nearby under which one of the values lies halfway between two steps, as nearly as float32 has it.

        There it shows whether a factor was computed in single or in double precision.
        """
        inside = (near.quantized(real) > -125) & (near.quantized(real) < 124) & (np.abs(real) > 5 * near.scale)
        if not inside.any():
            return near
        value = abs(float(self.one_of(real[inside])))
        scale = np.float32(value / (np.floor(value / near.scale) + 0.5))
        return Quantization(float(scale), near.zero)

    def _keep(self, tensor: int, quantization: Quantization, sample: np.ndarray) -> Value:
        value = Value(tensor, quantization, sample)
        self.values.append(value)
        self.samples[tensor] = sample
        return value

    def finish(self) -> bytes:
        """The model: what nobody reads is an output, and so is one value in five that somebody does."""
        plain = []
        for value in self.values:
            if value.tensor in self.outputs or value.tensor in self.inputs:
                continue
            if not self.is_read(value.tensor) or self.chance(0.2):
                plain.append(value.tensor)
        if not plain:  # all that is left over is state, which a caller cannot see
            seen = self.values[-1]
            plain = [self.apply("QUANTIZE", [seen.tensor], seen.real).tensor]
        self.outputs += plain
        return self.file.bytes(self.inputs, self.outputs)

    def part(self, first: int, last: int) -> bytes:
        """A model of the operators from first up to last alone; what they read and nobody writes becomes an input."""
        before = [operator for operator in self.file.operators[:first] if operator[0] in ("CALL_ONCE", "VAR_HANDLE")]
        operators = before + self.file.operators[first:last]
        read = [tensor for _, inputs, _, _ in operators for tensor in inputs if tensor >= 0]
        written = [tensor for _, _, outputs, _ in operators for tensor in outputs]
        bound = [
            i for i, tensor in enumerate(self.file.tensors) if tensor["data"] is not None or tensor.get("variable")
        ]
        free = [tensor for tensor in read if tensor not in written and tensor not in bound]
        names = [self.file.tensors[tensor]["name"] for tensor in read]
        ends = [
            tensor
            for tensor in written
            if (self.file.tensors[tensor]["dtype"] != "resource" and tensor not in read)
            or self.file.tensors[tensor]["name"].removesuffix("_out") in names
        ]
        return replace(self.file, operators=operators).bytes(list(dict.fromkeys(free)), ends)


def windows(real: np.ndarray, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], same: bool):
    """What each position of a kernel sees: [batch, rows, kernel rows, columns, kernel columns, channels].

    NaN where the kernel hangs over the edge. None if the kernel does not fit.
    """
    taps = []
    for size, k, s, d in zip(real.shape[1:3], kernel, stride, dilation, strict=True):
        reach = (k - 1) * d + 1
        count = -(-size // s) if same else (size - reach) // s + 1
        if count < 1:
            return None
        before = max(0, (count - 1) * s + reach - size) // 2 if same else 0
        at = np.arange(count)[:, None] * s + np.arange(k) * d - before
        taps.append(np.where((at < 0) | (at >= size), size, at))
    edged = np.pad(real, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=np.nan)
    return edged[:, taps[0]][:, :, :, taps[1]]


def values_of(shape: Sequence[int]) -> int:
    """How many values a shape holds."""
    return prod(shape)
