"""What an output costs besides its multiplications: a micro-benchmark.

Two pointwise convolutions of keyword spotting's kind (25 x 5 positions, 64 channels, a multiplier a channel) differ in
their depth alone: DEPTH and twice DEPTH values. What their costs extrapolate to at depth zero, divided by the outputs,
is the price of an output: requantization (bias, two roundings, zero point, clamp, store) and the set-up of the inner
loop for it. Random weights and inputs; outputs fill int8.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from firmware.bench import stream
from firmware.bench.image import Builder, Job
from firmware.modelc import compile_model
from firmware.modelc.tflite_file import TfliteFile

DEPTH = 64
ROWS, COLUMNS, CHANNELS = 25, 5, 64


def pointwise(depth: int) -> bytes:
    """A .tflite file of one pointwise convolution."""
    random = np.random.RandomState(7)
    file = TfliteFile()
    image = file.tensor((1, ROWS, COLUMNS, depth), 0.02, -5)
    values = random.randint(-127, 128, (CHANNELS, 1, 1, depth)).astype(np.int8)
    scales = random.uniform(0.004, 0.012, CHANNELS).astype(np.float32)
    weights = file.tensor(values.shape, scales, np.zeros(CHANNELS), values)
    bias = random.randint(-9000, 9000, CHANNELS).astype(np.int32)
    biases = file.tensor((CHANNELS,), scales * np.float32(0.02), np.zeros(CHANNELS), bias, "int32")
    spread = float(0.02 * 73 * 73 * 0.008 * depth**0.5)
    result = file.tensor((1, ROWS, COLUMNS, CHANNELS), spread / 40, 4)
    file.operator("CONV_2D", [image, weights, biases], [result], Padding=1, StrideH=1, StrideW=1)
    return file.bytes([image], [result])


def requantization(builder: Builder) -> float:
    """Instructions an output at depth zero, extrapolated, on the builder's board; BenchError as the builder's."""
    depths = (DEPTH, 2 * DEPTH)
    networks = []
    for depth in depths:
        folder = Path(tempfile.mkdtemp(dir=builder.folder))
        path = folder / f"pointwise_{depth}.tflite"
        path.write_bytes(pointwise(depth))
        networks.append(compile_model(path, folder, builder.board.modelc_target))
    jobs = [Job(i, stream.random_bytes(2 * ROWS * COLUMNS * depth).reshape(2, -1)) for i, depth in enumerate(depths)]
    shallow, deep = (result.instructions[0] for result in builder.image(networks).run(jobs))
    return (2 * shallow - deep) / (ROWS * COLUMNS * CHANNELS)
