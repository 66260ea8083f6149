"""What the recogniser is judged on: unseen speakers, clean and in noise that no training heard."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firmware.native import CHUNK
from train import corpora
from train.asr_bank import Labels
from train.asr_corpora import labels_of
from train.corpora import RATE_HZ, Pcm

SNRS_DB: tuple[float | None, ...] = (None, 20.0, 10.0, 5.0, 0.0)
"""None is the recording as it is."""
SPLITS = {"an4": "test", "speechocean762": "test", "speech_commands7": "dev", "fsdd": "test"}
"""Corpora with speakers that training does not hear (fsdd: takes that it does not hear), and the split of each.

speech_commands7 has no test split: its dev is what training reports its progress on, too.
"""
NOISES = ("ambience", "esc10", "music")
TAIL_S = 0.5
"""Silence, or noise, after the last word: what a gate's hangover would let through."""

PHASE_SEED = 17


@dataclass(frozen=True)
class Spoken:
    """A recording, what is said in it, and its phonemes by the dictionary's first pronunciations."""

    pcm: Pcm
    text: str
    labels: Labels
    speaker: str


@dataclass(frozen=True)
class SpeechSet:
    """A corpus at one SNR (None: as recorded)."""

    corpus: str
    snr_db: float | None
    spoken: tuple[Spoken, ...]

    @property
    def noise(self) -> str:
        """The SNR in words."""
        return noise_of(self.snr_db)


def noise_of(snr_db: float | None) -> str:
    """An SNR in words."""
    return "as recorded" if snr_db is None else f"at {snr_db:g} dB"


def noises() -> list[Pcm]:
    """The test split's recorded noises."""
    return [clip.pcm() for name in NOISES for clip in corpora.clips(name, ["test"])]


def in_noise(pcm: Pcm, noise: Pcm, snr_db: float, rng: np.random.Generator) -> Pcm:
    """Speech and noise together, int16[n]; scaled down, both, where they would leave int16's range.

    Args:
        pcm: speech, int16[n] at 16 kHz
        noise: int16[m], m > 0; a part of it is taken, and repeated if it is shorter
        snr_db: over the louder half of the speech's hops
        rng: which part
    """
    speech = pcm.astype(np.float64)
    hops = speech[: len(speech) // 256 * 256].reshape(-1, 256)
    power = np.sort(np.mean(hops**2, axis=1))
    active = float(np.mean(power[len(power) // 2 :])) if len(power) else 1.0
    part = np.resize(np.roll(noise, -int(rng.integers(len(noise)))), len(speech)).astype(np.float64)
    part *= np.sqrt(active / 10 ** (snr_db / 10) / max(1.0, float(np.mean(part**2))))
    mixed = speech + part
    return np.rint(mixed * min(1.0, 32767 / max(1.0, float(np.max(np.abs(mixed)))))).astype(np.int16)


def recorded(corpus: str, most: int, split: str | None = None) -> SpeechSet:
    """At most so many clips, evenly over the split, as recorded, with a tail of silence.

    Each starts at its own place in a chunk, as speech does on a board: where all start with a chunk, as in training,
    error rates differ by several per cent from elsewhere.

    Args:
        corpus: its name
        most: at least 1
        split: instead of the one in SPLITS

    Raises:
        CorpusError: the corpus is missing or damaged, or has no such split.
    """
    found = corpora.clips(corpus, [split or SPLITS[corpus]])
    step = max(1, len(found) / most)
    chosen = [found[int(i * step)] for i in range(min(most, len(found)))]
    spoken = []
    rng = np.random.default_rng(PHASE_SEED)
    for clip in chosen:
        pcm = np.pad(clip.pcm(), (int(rng.integers(CHUNK)), round(TAIL_S * RATE_HZ)))
        spoken.append(Spoken(pcm, clip.text, labels_of(clip.text), clip.speaker))
    return SpeechSet(corpus, None, tuple(spoken))


def noisy(clean: SpeechSet, snr_db: float, some_noises: Sequence[Pcm], seed: int = 3) -> SpeechSet:
    """The same recordings in noise."""
    rng = np.random.default_rng([seed, round(snr_db * 10) + 1000])
    spoken = tuple(
        Spoken(
            in_noise(s.pcm, some_noises[int(rng.integers(len(some_noises)))], snr_db, rng), s.text, s.labels, s.speaker
        )
        for s in clean.spoken
    )
    return SpeechSet(clean.corpus, snr_db, spoken)
