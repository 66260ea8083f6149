"""Sounds and settings that make any voice detector decide, whatever it has learnt; other people's models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.link import Config
from firmware.native import Vad, segments

Sound = NDArray[np.int16]


@pytest.fixture(scope="session")
def vowels() -> Callable[..., Sound]:
    """Vowels of 0.4 s with pauses of 0.4 s of faint noise between them."""

    def make(count: int, rate: int = 16000, pitch_hz: float = 120) -> Sound:
        samples = rate * 2 // 5
        time = np.arange(samples) / rate
        voice = np.zeros(samples)
        for hz in pitch_hz * np.arange(1, int(4000 / pitch_hz)):
            formants = sum(1 / (1 + ((hz - at) / width) ** 2) for at, width in ((700, 90), (1200, 110), (2600, 160)))
            voice += formants * np.sin(2 * np.pi * hz * time + hz)
        voice *= np.hanning(samples) * 12000 / np.abs(voice).max()
        pause = np.random.default_rng(3).standard_normal(samples) * 20
        return np.tile(np.concatenate([pause, voice]), count).round().astype(np.int16)

    return make


@pytest.fixture(scope="session")
def eager() -> Callable[[Sound, int], Config]:
    """Settings under which the shipped network cuts a sound into the most segments; at least one a second."""

    def make(sound: Sound, rate: int) -> Config:
        scores = Vad(rate).pcm(sound)
        settings = [
            Config(
                on_q8=on, off_q8=on, min_speech_chunks=1, hangover_chunks=1, pre_roll_samples=0, sleep_after_chunks=0
            )
            for on in range(1, 256)
        ]
        best = max(settings, key=lambda config: len(segments(scores, config)))
        assert len(segments(scores, best)) >= len(sound) / rate, "the network does not tell vowels from pauses"
        return best

    return make


@pytest.fixture(scope="session")
def other_models() -> Path:
    """The folder with other people's models; skips where there is none."""
    # Here, as it brings Capstone, which does not load under the sanitizers.
    from firmware.bench.errors import BenchError
    from firmware.bench.record import models_folder

    try:
        return models_folder()
    except BenchError as error:
        pytest.skip(str(error))
