"""Test sets for voice detectors, none of whose speakers, noises or rooms are trained on.

Truth and scores are compared at 10 ms frames, the finest step in common use.
"""

from dataclasses import dataclass

import numpy as np

from train import corpora
from train.corpora import RATE_HZ, Pcm
from train.labels import FRAME
from train.metrics import Truth
from train.mixing import Conditions, Mixer
from train.rooms import impulse_responses

STEP_S = 0.01
STEP = round(RATE_HZ * STEP_S)
SNRS_DB = (-5, 0, 5, 10, 20)
TEST_SPEECH = {"speechocean762": 3.0, "an4": 1.0}
TEST_NOISE = {"ambience": 2.0, "esc10": 2.0, "music": 1.0}


@dataclass(frozen=True)
class Recording:
    """int16[n] at 16 kHz, and bool[n // 160]: which 10 ms frames are speech."""

    pcm: Pcm
    speech: Truth


@dataclass(frozen=True)
class TestSet:
    """A named list of recordings."""

    name: str
    recordings: list[Recording]


def _frames_of_segments(count: int, segments: tuple[tuple[float, float], ...]) -> Truth:
    middle = (np.arange(count) + 0.5) * STEP_S
    truth = np.zeros(count, bool)
    for start, end in segments:
        truth |= (middle >= start) & (middle < end)
    return truth


def meetings() -> TestSet:
    """AMI excerpts with the speaker turns of their human annotators."""
    recordings = []
    for clip in corpora.clips("ami_excerpts", ["test"]):
        pcm = clip.pcm()
        recordings.append(Recording(pcm, _frames_of_segments(len(pcm) // STEP, clip.speech)))
    return TestSet("ami_excerpts", recordings)


def mixtures(snr_db: float, count: int, seed: int = 4242) -> TestSet:
    """Held-out speakers in held-out rooms with held-out noise at one signal-to-noise ratio, eight seconds each."""
    conditions = Conditions(
        no_speech=0.0,
        talker_db=(-6.0, 6.0),
        speed_share=0.0,
        room=0.5,
        noise=1.0,
        second_noise=0.0,
        synthetic_noise=0.0,
        snr_db=(snr_db, snr_db),
        level_dbfs=(-45.0, -15.0),
        band_limit=0.0,
        tilt=0.0,
        clipping=0.0,
        dc=0.0,
    )
    mixer = Mixer(
        speech=[corpora.clips(name, ["test"]) for name in TEST_SPEECH],
        speech_weight=list(TEST_SPEECH.values()),
        noise=[corpora.clips(name, ["test"]) for name in TEST_NOISE],
        noise_weight=list(TEST_NOISE.values()),
        rooms=impulse_responses(40, seed),
        seed=seed,
        conditions=conditions,
    )
    recordings = []
    for _ in range(count):
        mixture = mixer.mixture()
        middle = np.arange(len(mixture.pcm) // STEP) * STEP + STEP // 2
        recordings.append(Recording(mixture.pcm, mixture.speech[np.minimum(middle // FRAME, len(mixture.speech) - 1)]))
    return TestSet(f"mixtures {snr_db:+g} dB", recordings)


def without_speech() -> list[TestSet]:
    """Test audio of the noise and music corpora, each as one long recording; cries and sneezes are left out."""
    sets = []
    for name in TEST_NOISE:
        parts = [clip.pcm() for clip in corpora.clips(name, ["test"]) if not clip.human]
        pcm = np.concatenate(parts)
        sets.append(TestSet(name, [Recording(pcm, np.zeros(len(pcm) // STEP, bool))]))
    return sets
