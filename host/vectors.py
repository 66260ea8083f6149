"""The inputs that a self-test and a benchmark run on a board: the same at every call, and nothing is said in them.

Loud, faint and silent; at the ends of the range; noise and tones: what a fixed-point computation stumbles over.
"""

from dataclasses import dataclass

import numpy as np

from firmware.link import TrialSubject
from firmware.pipeline import recognizer_facts
from firmware.trial import kernels
from host.lockstep import CHUNK_SAMPLES

CLASSES = 40
"""Of the recogniser's logits."""
FEATURES = 80
"""Values of log-mel in a chunk."""


@dataclass(frozen=True)
class Series:
    """Inputs for one subject, run after run; `outputs` names what each run gives."""

    subject: TrialSubject
    inputs: tuple[bytes, ...]
    outputs: tuple[str, ...] = ("",)


def all_series() -> tuple[Series, ...]:
    """Front end, kernels, both networks of this computer's models, and the decoder."""
    random = np.random.default_rng(2024)
    frames_per_call = recognizer_facts.read(recognizer_facts.SHIPPED).frames_per_call
    return (
        Series(TrialSubject.FRONTEND, _sounds(random)),
        Series(TrialSubject.KERNELS, _bytes(random, 6, kernels.INPUT_BYTES), kernels.OUTPUTS),
        Series(TrialSubject.VAD, _bytes(random, 40, FEATURES)),
        Series(TrialSubject.ASR, _bytes(random, 8, frames_per_call * FEATURES)),
        Series(TrialSubject.DECODER, _logits(random)),
    )


def _sounds(random: np.random.Generator) -> tuple[bytes, ...]:
    """16 chunks of int16."""
    time = np.arange(CHUNK_SAMPLES)
    chunks = []
    for number, (noise, tone, step) in enumerate(
        [
            (0, 0, 0),
            (1, 0, 0),
            (30, 300, 0.02),
            (3000, 0, 0),
            (300, 20000, 0.4),
            (0, 32767, 3.1),
            (20000, 0, 0),
            (0, 5, 1),
        ]
        * 2
    ):
        chunk = random.normal(0, 1, CHUNK_SAMPLES) * noise + tone * np.sin((step + 0.03 * (number // 8)) * time)
        chunks.append(np.clip(np.rint(chunk), -32768, 32767).astype("<i2"))
    chunks[6] = np.where(time % 16 < 8, 32767, -32768).astype("<i2")
    return tuple(chunk.tobytes() for chunk in chunks)


def _bytes(random: np.random.Generator, count: int, size: int) -> tuple[bytes, ...]:
    """int8: uniform, near the middle, and at the ends, in turn."""
    kinds = [
        random.integers(-128, 128, (count, size)),
        np.clip(np.rint(random.normal(0, 12, (count, size))), -128, 127),
        random.choice([-128, 127], (count, size)),
    ]
    return tuple(kinds[number % 3][number].astype(np.int8).tobytes() for number in range(count))


def _logits(random: np.random.Generator) -> tuple[bytes, ...]:
    """40 frames of int8: a class that is likely now and then, blanks between."""
    frames = random.integers(-60, 0, (40, CLASSES))
    frames[np.arange(40), np.where(np.arange(40) % 3 == 0, 0, random.integers(1, CLASSES, 40))] = 60
    return tuple(frame.astype(np.int8).tobytes() for frame in frames)
