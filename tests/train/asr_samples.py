"""A network small enough for tests, and utterances that it can learn: each phoneme a band that sounds."""

import numpy as np

from train.asr_augment import Pool
from train.asr_bank import Banked
from train.asr_network import AsrShape

TINY = AsrShape(channels=16, blocks=2, kernel=3, ahead=(1,), first=4, second=4)


def banked(rng: np.random.Generator, phonemes: int = 5) -> Banked:
    """Phonemes of three frames with two of silence between."""
    labels = rng.integers(1, 6, phonemes).astype(np.uint8)
    features = np.full((5 * phonemes + 4, 2, 40), 600, np.int16)
    for position, label in enumerate(labels):
        features[5 * position + 2 : 5 * position + 5, :, 6 * label : 6 * label + 6] = 4000
    return Banked(features.reshape(-1, 80), labels)


def pool(seed: int = 1) -> Pool:
    """Forty such utterances in two corpora, and a quiet noise."""
    rng = np.random.default_rng(seed)
    some = [banked(rng) for _ in range(40)]
    noise = rng.integers(0, 700, (100, 80)).astype(np.int16)
    return Pool({"one": some[:20], "two": some[20:]}, {"one": 2.0}, [noise])
