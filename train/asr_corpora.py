"""What the recogniser learns from and is judged on: corpora with their phonemes, and noises."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy import signal

from firmware.domain.phonemes import CLASS
from train import asr_bank, corpora
from train.asr_augment import Pool
from train.asr_bank import Banked, Features, Labels, Utterance
from train.corpora import RATE_HZ, Clip
from train.pronunciation import sentence
from train.untranscribed import transcribed

WEIGHTS = {
    "speechocean762": 2.0,
    "an4": 2.2,
    "kathleen": 1.6,
    "librispeech251": 1.4,
    "speech_commands7": 1.6,
    "fsdd": 0.5,
    "synthetic": 4.0,
}
"""How often an utterance of a corpus is drawn, against the others."""

UNTRANSCRIBED = "librispeech251"
SYNTHETIC = "synthetic"

DEV = ("speechocean762", "an4", "speech_commands7")
NOISES = ("ambience", "esc10", "music")
SYNTHETIC_NOISES = 60
BABBLES = 60
NOISE_S = 15.0


def labels_of(text: str) -> Labels:
    """Classes of the phonemes of a text, each word in its first pronunciation."""
    return np.array([CLASS[p] for variants in sentence(text) for p in variants[0]], np.uint8)


def labels_of_clip(clip: Clip) -> Labels:
    """As the manifest has them, or else those of the text."""
    if clip.phonemes:
        return np.array([CLASS[p] for p in clip.phonemes.split()], np.uint8)
    return labels_of(clip.text)


def utterances(corpus: str, splits: Sequence[str], folder: Path | None = None) -> list[Utterance]:
    """Clips with a transcript, and its phonemes."""
    found = ((clip, labels_of_clip(clip)) for clip in corpora.clips(corpus, splits, folder))
    return [Utterance(clip, labels) for clip, labels in found if len(labels)]


def training_utterances(corpus: str, bank: Path, synthetic: Path | None) -> list[Utterance]:
    """What is learned from in a corpus, in an order that does not change as it grows."""
    if corpus == UNTRANSCRIBED:
        parts = transcribed(corpora.clips(corpus, ["train"]), bank / f"{corpus}.jsonl")
        return [Utterance(clip, np.array([CLASS[p] for p in phonemes], np.uint8)) for clip, phonemes in parts]
    if corpus == SYNTHETIC:
        # It may still be growing: whole shards alone.
        found = utterances(corpus, ["train"], synthetic)
        return found[: len(found) // asr_bank.SHARD * asr_bank.SHARD]
    return utterances(corpus, ["train"])


def dev_sets(most: int = 200) -> dict[str, list[Banked]]:
    """At most so many utterances of each development split, as they are."""
    sets = {}
    for corpus in DEV:
        some = utterances(corpus, ["dev"])
        step = max(1, len(some) // most)
        sets[corpus] = [Banked(asr_bank.frames(u.clip.pcm()), u.labels) for u in some[::step][:most]]
    return sets


def noises(seed: int = 5) -> list[Features]:
    """Log-mel of recorded noise of the training splits, of synthetic noise, and of babble made of training speakers."""
    rng = np.random.default_rng(seed)
    found = [f for name in NOISES for f in asr_bank.noise_shard(corpora.clips(name, ["train"]))]
    found += [asr_bank.frames(_colored(rng)) for _ in range(SYNTHETIC_NOISES)]
    talkers = corpora.clips("librispeech251", ["train"]) + corpora.clips("commonvoice53", ["train"])
    found += [asr_bank.frames(_babble(rng, talkers)) for _ in range(BABBLES)]
    return found


def _scaled(samples: np.ndarray) -> corpora.Pcm:
    return np.clip(np.rint(samples / max(1e-9, float(samples.std())) * 2000), -32768, 32767).astype(np.int16)


def _colored(rng: np.random.Generator) -> corpora.Pcm:
    """Noise with a power law from white to brown."""
    count = round(NOISE_S * RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    slope = np.maximum(np.arange(len(spectrum)), 1.0) ** rng.uniform(-1.0, 0.1)
    noise = np.fft.irfft(spectrum * slope, count)
    if rng.random() < 0.3:
        low = rng.uniform(100, 2000)
        band = signal.butter(2, [low, low * rng.uniform(1.5, 3)], "bandpass", fs=RATE_HZ, output="sos")
        noise = signal.sosfilt(band, noise)
    return _scaled(noise)


def _babble(rng: np.random.Generator, talkers: Sequence[Clip]) -> corpora.Pcm:
    """Three to eight talkers at once."""
    count = round(NOISE_S * RATE_HZ)
    mixed = np.zeros(count)
    for _ in range(int(rng.integers(3, 9))):
        pcm = talkers[int(rng.integers(len(talkers)))].pcm().astype(np.float64)
        line = np.resize(np.roll(pcm, int(rng.integers(len(pcm)))), count)
        mixed += line / max(1.0, float(line.std())) * 10 ** rng.uniform(-0.3, 0.3)
    return _scaled(mixed)


class GrowingPool:
    """The pool of a bank that another process may still be filling: each call reads the shards that are new."""

    def __init__(self, bank: Path, weights: dict[str, float], found_noises: Sequence[Features]) -> None:
        self.bank, self.weights, self.noises = bank, weights, found_noises
        self.read: dict[Path, list[Banked]] = {}

    def __call__(self) -> Pool:
        """All finished shards."""
        utterances: dict[str, list[Banked]] = {}
        for corpus, paths in asr_bank.shards(self.bank).items():
            for path in paths:
                if path not in self.read:
                    self.read[path] = asr_bank.read(path)
            utterances[corpus] = [banked for path in paths for banked in self.read[path]]
        return Pool(utterances, self.weights, self.noises)


def fillings(bank: Path, variants: Sequence[int], synthetic: Path | None) -> Iterator[str]:
    """Fills the bank, variant by variant; yields what it is about to do.

    Args:
        bank: its folder
        variants: numbers, 0 for the recordings as they are
        synthetic: folder of synthesised speech, if there is any
    """
    for variant in variants:
        for corpus in WEIGHTS:
            if corpus == SYNTHETIC and synthetic is None:
                continue
            yield f"{corpus}, variant {variant}"
            asr_bank.fill(bank, corpus, training_utterances(corpus, bank, synthetic), variant)
