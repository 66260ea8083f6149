"""The kernels' own network: `python -m firmware.trial.kernels --out FILE.tflite`.

A network of a few hundred parameters that uses every kernel that our two networks use, each with an output of its own:
a board that runs it says which kernel goes wrong. What it computes means nothing; modelc compiles it as any other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from firmware.modelc.tflite_file import TfliteFile

CHANNELS = 4
ROWS = 4
WIDTH = 4
RING_PAST, CARRIED_PAST = 8, 6
"""Rows of the two streaming states: what a convolution reads goes round in a ring, the other is carried."""
INPUT_BYTES = ROWS * WIDTH * CHANNELS
OUTPUTS = ("pad", "conv", "pointwise", "depthwise", "ring", "carry", "add", "add_same", "dense", "logistic")
"""Names of the outputs, in their order: what each one is the result of."""

_SCALE, _WIDE, _ZERO = 0.05, 0.11, -7
_SAME, _VALID = 0, 1
_RELU = 1


class _Network:
    """Layers with random weights; each gives the index of its output."""

    def __init__(self) -> None:
        self.file = TfliteFile()
        self._random = np.random.default_rng(0xEA5)

    def tensor(self, shape: tuple[int, ...], scale: float = _SCALE, zero: int = _ZERO) -> int:
        return self.file.tensor(shape, scale, zero)

    def _weights(self, shape: tuple[int, ...], axis: int) -> tuple[int, int]:
        channels = shape[axis]
        values = self._random.integers(-127, 128, shape).astype(np.int8)
        scales = self._random.uniform(0.002, 0.01, channels).astype(np.float32)
        bias = self._random.integers(-2000, 2000, channels).astype(np.int32)
        return (
            self.file.tensor(shape, scales, 0, values, axis=axis),
            self.file.tensor((channels,), scales * np.float32(_SCALE), 0, bias, "int32"),
        )

    def pad(self, image: int) -> int:
        result = self.tensor((1, ROWS + 1, WIDTH + 1, CHANNELS))
        self.file.operator("PAD", [image, self.file.integers([[0, 0], [0, 1], [0, 1], [0, 0]])], [result])
        return result

    def conv(self, image: int, shape: tuple[int, ...], kernel: int, stride: int) -> int:
        result = self.tensor(shape, _WIDE)
        weights = self._weights((shape[-1], kernel, kernel, CHANNELS), 0)
        options = {"Padding": _VALID, "StrideH": stride, "StrideW": stride, "FusedActivationFunction": _RELU}
        options |= {"DilationHFactor": 1, "DilationWFactor": 1}
        self.file.operator("CONV_2D", [image, *weights], [result], **options)
        return result

    def depthwise(self, image: int, rows: int, width: int, channels: int, kernel: int) -> int:
        result = self.tensor((1, rows - kernel + 1, width, channels))
        weights = self._weights((1, kernel, 1, channels), 3)
        options = {"Padding": _VALID, "StrideH": 1, "StrideW": 1, "DepthMultiplier": 1}
        options |= {"DilationHFactor": 1, "DilationWFactor": 1, "FusedActivationFunction": 0}
        self.file.operator("DEPTHWISE_CONV_2D", [image, *weights], [result], **options)
        return result

    def streaming(self, rows: int, past_rows: int) -> tuple[int, int, int]:
        """Past rows and the new ones: the state, the window of both, the next call's state."""
        depth = WIDTH * CHANNELS
        past = self.tensor((1, past_rows, 1, depth), _WIDE)
        window = self.tensor((1, past_rows + ROWS, 1, depth), _WIDE)
        self.file.operator("CONCATENATION", [past, rows], [window], Axis=1, FusedActivationFunction=0)
        kept = self.tensor((1, past_rows, 1, depth), _WIDE)
        bounds = [self.file.integers([0, ROWS, 0, 0]), self.file.integers([1, past_rows, 1, depth])]
        self.file.operator("SLICE", [window, *bounds], [kept])
        return past, window, kept

    def add(self, one: int, other: int) -> int:
        result = self.tensor(self.file.tensors[one]["shape"], _WIDE)
        self.file.operator("ADD", [one, other], [result], FusedActivationFunction=0)
        return result

    def reshape(self, image: int, shape: tuple[int, ...]) -> int:
        result = self.tensor(shape, _WIDE)
        self.file.operator("RESHAPE", [image, self.file.integers(list(shape))], [result])
        return result


def kernels_network() -> bytes:
    """The .tflite: input int8 [1, ROWS, WIDTH, CHANNELS], the outputs of OUTPUTS, and two streaming states."""
    net = _Network()
    image = net.tensor((1, ROWS, WIDTH, CHANNELS))
    padded = net.pad(image)
    conv = net.conv(padded, (1, 2, 2, CHANNELS), 3, 2)
    pointwise = net.conv(image, (1, ROWS, WIDTH, CHANNELS), 1, 1)
    depthwise = net.depthwise(pointwise, ROWS, WIDTH, CHANNELS, 3)

    rows = net.reshape(pointwise, (1, ROWS, 1, WIDTH * CHANNELS))
    ring_past, ring_window, ring_kept = net.streaming(rows, RING_PAST)
    ring = net.depthwise(ring_window, RING_PAST + ROWS, 1, WIDTH * CHANNELS, RING_PAST + 1)
    # An addition wants its operands in one piece: no ring.
    carried_past, carried, carried_kept = net.streaming(rows, CARRIED_PAST)
    carry = net.add(carried, carried)

    added = net.add(image, pointwise)
    added_same = net.add(image, image)
    row = net.reshape(added_same, (1, INPUT_BYTES))
    dense = net.tensor((1, 8))
    net.file.operator("FULLY_CONNECTED", [row, *net._weights((8, INPUT_BYTES), 0)], [dense], FusedActivationFunction=0)
    logistic = net.tensor((1, 8), 1 / 256, -128)
    net.file.operator("LOGISTIC", [dense], [logistic])

    outputs = [padded, conv, pointwise, depthwise, ring, carry, added, added_same, dense, logistic]
    names = (["input", "ring_past", "carried_past"], [*OUTPUTS, "ring_past_out", "carried_past_out"])
    return net.file.bytes([image, ring_past, carried_past], [*outputs, ring_kept, carried_kept], names)


def main(out: Annotated[Path, typer.Option(metavar="FILE.tflite", help="The file to write.")]) -> None:
    """Write the kernels' own network."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(kernels_network())


if __name__ == "__main__":
    typer.run(main)
