"""A random network with the recogniser's interface: `python -m firmware.bench.asr_placeholder --out FILE.tflite`.

It is for tests and for images that are built before there is a trained one: it takes and gives what recognizer.h asks
for, at the price of the real one, and says nothing. `features` INT8 [1, 8, 40] are two hops for each of four output
frames, `logits` INT8 [1, 4, 40] the classes of firmware/domain/phonemes.py. Depthwise convolutions over time, whose
past is a state that enters and leaves, and pointwise ones, in blocks with a residual; activations are
bounded (ReLU6). The same seed gives the same file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from firmware.bench.asr_shape import BANDS, FRAMES, SEED, STACK, Writer
from firmware.domain.phonemes import CLASSES

CHANNELS = 224
KERNELS = (11,) * 10
OCTAVES = 40.0
"""Log-mel that int8 spans."""
_RELU6 = 3
_LOGIT_SCALE = 0.15


def network(seed: int = SEED, kernels: tuple[int, ...] = KERNELS, channels: int = CHANNELS) -> bytes:
    """The .tflite file: a block for each of `kernels`, `channels` wide."""
    writer = Writer(seed)
    file = writer.file
    frames = FRAMES // STACK
    scale, zero = OCTAVES / 255, -128
    features = file.tensor((1, FRAMES, BANDS), scale, zero)
    stacked = file.tensor((1, frames, 1, STACK * BANDS), scale, zero)
    file.operator("RESHAPE", [features, file.integers([1, frames, 1, STACK * BANDS])], [stacked])
    stream = _bounded(writer, frames, channels)
    writer.weighted("CONV_2D", (stacked, stream), (channels, 1, 1, STACK * BANDS), (15.0, 2.0), activation=_RELU6)
    for number, kernel in enumerate(kernels):
        window = writer.past(number, stream, frames, kernel - 1)
        filtered = _bounded(writer, frames, channels)
        writer.weighted(
            "DEPTHWISE_CONV_2D", (window, filtered), (1, kernel, 1, channels), (2.0, 2.0), activation=_RELU6
        )
        branch = writer.activation(frames, channels, 1.0)
        writer.weighted("CONV_2D", (filtered, branch), (channels, 1, 1, channels), (2.0, 1.0))
        total = _bounded(writer, frames, channels)
        file.operator("ADD", [stream, branch], [total], FusedActivationFunction=_RELU6)
        stream = total
    classes = CLASSES
    sums = file.tensor((1, frames, 1, classes), _LOGIT_SCALE, 0)
    writer.weighted("CONV_2D", (stream, sums), (classes, 1, 1, channels), (2.0, 4.0))
    logits = file.tensor((1, frames, classes), _LOGIT_SCALE, 0)
    file.operator("RESHAPE", [sums, file.integers([1, frames, classes])], [logits])
    inputs = {"features": features} | writer.inputs
    outputs = {"logits": logits} | writer.outputs
    return file.bytes(list(inputs.values()), list(outputs.values()), (list(inputs), list(outputs)))


def _bounded(writer: Writer, frames: int, channels: int) -> int:
    """A tensor of 0 .. 6."""
    return writer.file.tensor((1, frames, 1, channels), np.float32(6 / 255), -128)


def main(
    out: Annotated[Path, typer.Option(metavar="FILE.tflite", help="The file to write.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the random weights.")] = SEED,
) -> None:
    """Write a random INT8 network with the recogniser's interface."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(network(seed))
    except OSError as error:
        typer.echo(f"asr_placeholder: {out}: {error.strerror or error}", err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
