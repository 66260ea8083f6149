"""A random network of the speech recogniser's shape: `python -m firmware.bench.asr_shape --out FILE.tflite`.

It stands for the recogniser until there is one: a million parameters, depthwise-separable, causal, streaming. A chunk
of FRAMES front-end frames of 40 bands is stacked by STACK to four frames, widened to 256 channels, and goes through
BLOCKS blocks: a depthwise convolution over time (kernels of 5, 7 and 9 frames in turn, its past a state that enters
and leaves), a pointwise convolution, a residual addition. A dense layer gives 41 phonemes' logits a frame.

Weights are random and scales follow the spread that they cause, so that values fill int8 and few saturate. The same
seed gives the same file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from firmware.modelc.tflite_file import TfliteFile

BANDS = 40
FRAMES = 8
STACK = 2
CHANNELS = 256
BLOCKS = 14
KERNELS = (5, 7, 9)
PHONEMES = 41
SEED = 1
_VALID, _NONE, _RELU = 1, 0, 1
_STEPS_A_DEVIATION = 36  # int8 steps of a standard deviation: 3.5 of them fill the range
_BRANCH = 0.5  # deviation of what a block adds


class Writer:
    """Layers onto one TfliteFile; activations are (tensor, channels, standard deviation)."""

    def __init__(self, seed: int) -> None:
        self.file = TfliteFile()
        # The old generator: its numbers are frozen for good.
        self.random = np.random.RandomState(seed)
        self.inputs: dict[str, int] = {}
        self.outputs: dict[str, int] = {}

    def activation(self, frames: int, channels: int, deviation: float, relu: bool = False) -> int:
        """A tensor [1, frames, 1, channels] whose scale fits the deviation."""
        if relu:
            return self.file.tensor((1, frames, 1, channels), deviation / (2 * _STEPS_A_DEVIATION), -128)
        zero = int(self.random.randint(-9, 10))
        return self.file.tensor((1, frames, 1, channels), deviation / _STEPS_A_DEVIATION, zero)

    def weighted(
        self,
        kind: str,
        ends: tuple[int, int],
        shape: tuple[int, ...],
        deviations: tuple[float, float],
        *,
        activation: int = _NONE,
    ) -> None:
        """A convolution with random weights that turns the first deviation into the second."""
        source, result = ends
        axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
        channels = shape[axis]
        fan_in = int(np.prod(shape)) // channels
        values = self.random.randint(-127, 128, shape).astype(np.int8)
        spread = values.std() * fan_in**0.5 * deviations[0]
        scales = (deviations[1] / spread * self.random.uniform(0.8, 1.2, channels)).astype(np.float32)
        weights = self.file.tensor(shape, scales, np.zeros(channels), values, axis=axis)
        factor = scales * np.float32(self.file.tensors[source]["scale"])
        bias = np.rint(self.random.uniform(-0.3, 0.3, channels) * deviations[1] / factor).astype(np.int32)
        biases = self.file.tensor((channels,), factor, np.zeros(channels), bias, "int32")
        options = {"Padding": _VALID, "StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
        if axis == 3:
            options["DepthMultiplier"] = 1
        self.file.operator(kind, [source, weights, biases], [result], FusedActivationFunction=activation, **options)

    def past(self, number: int, source: int, frames: int, kept: int) -> int:
        """The last `kept` frames of the calls before, and then these: [1, kept + frames, 1, channels]."""
        like = self.file.tensors[source]
        channels = like["shape"][3]
        state, window, left = (
            self.file.tensor((1, count, 1, channels), like["scale"], like["zero"])
            for count in (kept, kept + frames, kept)
        )
        self.file.operator("CONCATENATION", [state, source], [window], Axis=1)
        ends = [self.file.integers(values) for values in ([0, frames, 0, 0], [0, 0, 1, channels], [1, 1, 1, 1])]
        self.file.operator("STRIDED_SLICE", [window, *ends], [left], BeginMask=13, EndMask=15)
        self.inputs[f"state{number}"], self.outputs[f"state{number}_out"] = state, left
        return window


def network(seed: int = SEED, blocks: int = BLOCKS, channels: int = CHANNELS) -> bytes:
    """The .tflite file."""
    writer = Writer(seed)
    file = writer.file
    frames = FRAMES // STACK
    zero = -3
    features = file.tensor((1, FRAMES, BANDS), 1 / _STEPS_A_DEVIATION, zero)
    stacked = file.tensor((1, frames, 1, STACK * BANDS), 1 / _STEPS_A_DEVIATION, zero)
    file.operator("RESHAPE", [features, file.integers([1, frames, 1, STACK * BANDS])], [stacked])
    deviation = 1.0
    stream = writer.activation(frames, channels, deviation)
    writer.weighted("CONV_2D", (stacked, stream), (channels, 1, 1, STACK * BANDS), (1.0, deviation))
    for number in range(blocks):
        kernel = KERNELS[number % len(KERNELS)]
        window = writer.past(number, stream, frames, kernel - 1)
        filtered = writer.activation(frames, channels, 1.0, relu=True)
        shape = (1, kernel, 1, channels)
        writer.weighted("DEPTHWISE_CONV_2D", (window, filtered), shape, (deviation, 1.0), activation=_RELU)
        branch = writer.activation(frames, channels, _BRANCH)
        # Half of a normal distribution: its mean square is half of the whole one's.
        writer.weighted("CONV_2D", (filtered, branch), (channels, 1, 1, channels), (0.5**0.5, _BRANCH))
        deviation = (deviation**2 + _BRANCH**2) ** 0.5
        total = writer.activation(frames, channels, deviation)
        file.operator("ADD", [stream, branch], [total], FusedActivationFunction=_NONE)
        stream = total
    logits = writer.activation(frames, PHONEMES, 2.0)
    writer.weighted("CONV_2D", (stream, logits), (PHONEMES, 1, 1, channels), (deviation, 2.0))
    inputs = {"features": features} | writer.inputs
    outputs = {"logits": logits} | writer.outputs
    return file.bytes(list(inputs.values()), list(outputs.values()), (list(inputs), list(outputs)))


def main(
    out: Annotated[Path, typer.Option(metavar="FILE.tflite", help="The file to write.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the random weights.")] = SEED,
) -> None:
    """Write a random INT8 network of the speech recogniser's shape."""
    try:
        out.write_bytes(network(seed))
    except OSError as error:
        typer.echo(f"asr_shape: {out}: {error.strerror or error}", err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
