"""Corpora small enough for tests: a manifest and its recordings, written where a test wants them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import soundfile

from train.corpora import RATE_HZ, Pcm


def voiced(seconds: float, seed: int) -> Pcm:
    """Bursts of tone and noise between pauses."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    burst = np.sin(2 * np.pi * 3 * times + seed) > -0.2
    tone = np.sin(2 * np.pi * rng.uniform(150, 900) * times) + 0.3 * rng.standard_normal(len(times))
    return np.rint(4000 * burst * tone).astype(np.int16)


def write_corpus(folder: Path, name: str, entries: Iterable[Mapping[str, object]], seconds: float = 0.8) -> None:
    """A corpus of one recording an entry; what an entry lacks of a manifest's fields is added."""
    lines = []
    for number, entry in enumerate(entries):
        path = f"{name}{number}.wav"
        length = seconds + 0.05 * number
        soundfile.write(folder / path, voiced(length, number), RATE_HZ)
        given = {"audio_filepath": path, "offset": 0, "duration": length, "split": "train", "text": "yes"}
        lines.append(json.dumps({**given, **entry}) + "\n")
    (folder / f"{name}.jsonl").write_text("".join(lines))
