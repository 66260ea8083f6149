"""A network that hears tones, and speech of tones for it: what a recogniser makes of them is known beforehand.

Phoneme k is a tone in band k of both hops of a chunk. The network has the recogniser's interface and its look-ahead:
a chunk's tone comes out as its phoneme's logits as many frames later.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware.domain.phonemes import CLASS, CLASSES
from firmware.modelc import compile_model
from firmware.modelc.tflite_file import TfliteFile
from firmware.native.library import FIRMWARE
from firmware.pipeline.recognizer_facts import read

FACTS = read(FIRMWARE / "models/asr.toml")
BANDS = 40
TONE_Q8 = 20 * 256
_SCALE, _ZERO = 40 / 255, -128
_TONE_LOGIT, _BLANK_LOGIT = 15.0, 7.0

Features = NDArray[np.int16]
"""Log-mel of chunks, [chunks, 2 * BANDS]."""


def network() -> bytes:
    """The .tflite file."""
    file = TfliteFile()
    frames, delay, width = FACTS.frames_per_call, FACTS.lookahead_frames, 2 * BANDS

    def rows(count: int) -> int:
        return file.tensor((1, count, 1, width), _SCALE, _ZERO)

    features = file.tensor((1, 2 * frames, BANDS), _SCALE, _ZERO)
    new, state, window, old, left = rows(frames), rows(delay), rows(delay + frames), rows(frames), rows(delay)
    file.operator("RESHAPE", [features, file.integers([1, frames, 1, width])], [new])
    file.operator("CONCATENATION", [state, new], [window], Axis=1)
    for begin, count, result in ((0, frames, old), (frames, delay, left)):
        places = [file.integers([0, begin, 0, 0]), file.integers([1, count, 1, width])]
        file.operator("SLICE", [window, *places], [result])
    values = np.zeros((CLASSES, 1, 1, width), np.int8)
    for phoneme in range(1, CLASSES):
        values[phoneme, 0, 0, [phoneme, BANDS + phoneme]] = 64
    scale = np.full(CLASSES, _TONE_LOGIT / (2 * TONE_Q8 / 256 * 64), np.float32)
    weights = file.tensor(values.shape, scale, np.zeros(CLASSES), values)
    bias = np.zeros(CLASSES, np.int32)
    factor = scale * np.float32(_SCALE)
    bias[0] = round(_BLANK_LOGIT / float(factor[0]))
    biases = file.tensor((CLASSES,), factor, np.zeros(CLASSES), bias, "int32")
    sums = file.tensor((1, frames, 1, CLASSES), 0.15, 0)
    options = {"Padding": 1, "StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
    file.operator("CONV_2D", [old, weights, biases], [sums], **options)
    logits = file.tensor((1, frames, CLASSES), 0.15, 0)
    file.operator("RESHAPE", [sums, file.integers([1, frames, CLASSES])], [logits])
    return file.bytes([features, state], [logits, left], (["features", "past"], ["logits", "past_out"]))


def library(folder: Path) -> Path:
    """The network as a shared library with `const struct nn_model tones_model`."""
    model = folder / "tones.tflite"
    model.write_bytes(network())
    compile_model(model, folder, "portable", "tones")
    out = folder / "tones.so"
    nn = FIRMWARE / "nn"
    # gcc knows nothing of a sanitizer that this Python may run under.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    command = ["gcc", "-std=c11", "-O2", "-fPIC", "-shared", f"-I{nn}", f"-I{folder}", "-o", out]
    subprocess.run([*command, folder / "tones.c", *sorted(nn.glob("*.c"))], check=True, env=environment)
    return out


def silence(chunks: int) -> Features:
    """Nobody speaks."""
    return np.zeros((chunks, 2 * BANDS), np.int16)


def said(*phonemes: str, chunks_each: int = 2) -> Features:
    """Phonemes one after the other, without a pause."""
    rows = silence(chunks_each * len(phonemes))
    for place, phoneme in enumerate(phonemes):
        span = rows[place * chunks_each : (place + 1) * chunks_each]
        span[:, CLASS[phoneme]] = span[:, BANDS + CLASS[phoneme]] = TONE_Q8
    return rows
