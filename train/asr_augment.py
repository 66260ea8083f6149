"""Augmentation on the log-mel, anew for each batch: level, microphone, noise, the microphone's floor, SpecAugment.

The front end's bands are log2(1 + energy), and energies of independent sounds add: mixing noise in, or turning the
gain, is arithmetic on energies, exact but for the cross term, and costs a fraction of doing it on the waveform.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from train.asr_bank import Banked, Features
from train.asr_network import BANDS, HOPS

OCTAVES_PER_DB = 1 / (10 * np.log10(2))
"""log2 of energy for a decibel."""


@dataclass(frozen=True)
class Conditions:
    """Shares, and (low, high) of uniform draws; levels in dB."""

    clean: float = 0.2
    snr_db: tuple[float, float] = (-2.0, 30.0)
    gain_db: tuple[float, float] = (-34.0, 10.0)
    talker_db: tuple[float, float] = (-5.0, 5.0)
    tilt_db: tuple[float, float] = (-8.0, 8.0)
    ripple_db: float = 3.0
    telephone: float = 0.08
    floor_db: tuple[float, float] = (-6.0, 24.0)
    gap_s: tuple[float, float] = (0.05, 0.7)
    bands_masked: int = 7
    times_masked: int = 10
    masks: int = 2

    def eased(self, strength: float) -> "Conditions":
        """The same from 0, next to clean speech, to 1, as it stands: CTC finds its first alignments in clean speech."""

        def between(low: float, high: float) -> tuple[float, float]:
            return low * strength, high * strength

        return replace(
            self,
            clean=1 - (1 - self.clean) * strength,
            snr_db=(20 + (self.snr_db[0] - 20) * strength, 20 + (self.snr_db[1] - 20) * strength),
            gain_db=between(*self.gain_db),
            tilt_db=between(*self.tilt_db),
            ripple_db=self.ripple_db * strength,
            telephone=self.telephone * strength,
            bands_masked=round(self.bands_masked * strength),
            times_masked=round(self.times_masked * strength),
        )


@dataclass(frozen=True)
class Batch:
    """Windows of several utterances in a row.

    features: float32 [batch, hops, 40] in octaves, parts of it masked; unmasked: the same, nothing masked;
    labels: int64 [sum of counts]; counts: int64 [batch]
    """

    features: torch.Tensor
    unmasked: torch.Tensor
    labels: torch.Tensor
    counts: torch.Tensor


@dataclass
class Pool:
    """What batches are drawn from: utterances and noises by corpus, and how often each corpus comes up."""

    utterances: dict[str, list[Banked]]
    weights: dict[str, float]
    noises: Sequence[Features]

    def hours(self) -> float:
        """Of speech, variants counted."""
        return sum(len(b.features) for some in self.utterances.values() for b in some) * 0.032 / 3600


class Drawer:
    """Draws batches of windows of so many frames; the same seed, pool and calls give the same ones."""

    def __init__(self, pool: Pool, seed: int, frames: int, batch: int, conditions: Conditions | None = None) -> None:
        self.pool, self.whole, self.windows = pool, frames, batch
        self.full = conditions or Conditions()
        self.rng = np.random.default_rng(seed)
        self._at(1.0)

    def _at(self, strength: float) -> None:
        self.conditions = self.full if strength >= 1 else self.full.eased(strength)
        shorter = 1 if strength >= 1 else 2
        self.frames, self.batch = self.whole // shorter, self.windows * shorter

    def _line(self) -> tuple[npt.NDArray[np.float32], list[npt.NDArray[np.uint8]]]:
        """Utterances in a row with pauses: octaves [frames, 80] and their labels."""
        rng, conditions = self.rng, self.conditions
        line = np.zeros((self.frames, HOPS * BANDS), np.float32)
        names = [name for name, some in self.pool.utterances.items() if some]
        share = np.array([self.pool.weights.get(name, 1.0) for name in names])
        labels: list[npt.NDArray[np.uint8]] = []
        at, misses = int(rng.integers(0, 20)), 0
        while misses < 3:
            some = self.pool.utterances[names[int(rng.choice(len(names), p=share / share.sum()))]]
            drawn = some[int(rng.integers(len(some)))]
            length = len(drawn.features)
            if at + length > self.frames:
                misses += 1
                continue
            gain = rng.uniform(*conditions.talker_db) * OCTAVES_PER_DB
            # Near silence the gain fades out: log2(1 + energy) has a floor at zero.
            octaves = drawn.features.astype(np.float32) / 256
            line[at : at + length] = np.maximum(octaves + np.float32(gain) * np.minimum(octaves, 1), 0)
            labels.append(drawn.labels)
            at += length + int(rng.uniform(*conditions.gap_s) / 0.032)
        return line, labels

    def _noise(self) -> npt.NDArray[np.float32]:
        noise = np.zeros((self.frames, HOPS * BANDS), np.float32)
        clip = self.pool.noises[int(self.rng.integers(len(self.pool.noises)))]
        start, at = int(self.rng.integers(max(1, len(clip) - 30))), 0
        while at < self.frames:
            piece = clip[start:][: self.frames - at]
            noise[at : at + len(piece)] = piece.astype(np.float32) / 256
            at += max(1, len(piece))
            start = 0
        return noise

    def draw(self, strength: float = 1.0) -> Batch:
        """The next batch; below full strength it is eased, and of twice as many windows half as long."""
        self._at(strength)
        lines, labels, noises = [], [], []
        for _ in range(self.batch):
            line, said = self._line()
            lines.append(line)
            labels.append(np.concatenate(said) if said else np.empty(0, np.uint8))
            noises.append(self._noise())
        features = self._mixed(torch.from_numpy(np.stack(lines)), torch.from_numpy(np.stack(noises)))
        return Batch(
            self._masked(features.clone()),
            features,
            torch.from_numpy(np.concatenate(labels).astype(np.int64)),
            torch.tensor([len(said) for said in labels]),
        )

    def _uniform(self, bounds: tuple[float, float], *shape: int) -> torch.Tensor:
        return torch.from_numpy(self.rng.uniform(*bounds, size=shape).astype(np.float32))

    def _mixed(self, speech: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Octaves [batch, frames, 80] of both to what a microphone brings, [batch, hops, 40]."""
        conditions, batch = self.conditions, len(speech)
        # The front end errs below zero at times, where there is next to nothing.
        energy = (torch.exp2(speech.reshape(batch, -1, BANDS)) - 1).clamp(min=0)
        noise_energy = (torch.exp2(noise.reshape(batch, -1, BANDS)) - 1).clamp(min=0)
        total = energy.sum(dim=2)
        # Level of the speech: the mean of what lies less than 30 dB below the loudest hop.
        active = total > total.amax(dim=1, keepdim=True) * 1e-3
        loudness = (total * active).sum(dim=1) / active.sum(dim=1).clamp(min=1)
        hiss = noise_energy.sum(dim=2).mean(dim=1).clamp(min=1.0)
        snr_db = self._uniform(conditions.snr_db, batch)
        snr_db[torch.from_numpy(self.rng.random(batch) < conditions.clean)] = 60.0
        energy = energy + noise_energy * (loudness / hiss * 10 ** (-snr_db / 10))[:, None, None]
        energy = energy * self._microphone(batch)
        floor = torch.exp2(self._uniform(conditions.floor_db, batch, 1, 1) * OCTAVES_PER_DB)
        return torch.log2(1 + energy + floor)

    def _microphone(self, batch: int) -> torch.Tensor:
        """Energy gain of each band [batch, 1, 40]: level, tilt, ripple, at times a telephone's band."""
        conditions = self.conditions
        band = torch.linspace(-0.5, 0.5, BANDS)
        gain_db = self._uniform(conditions.gain_db, batch, 1) + self._uniform(conditions.tilt_db, batch, 1) * band
        for cycles in (1.0, 2.0, 3.5):
            phase = self._uniform((0, 2 * np.pi), batch, 1)
            depth = self._uniform((0, conditions.ripple_db), batch, 1)
            gain_db = gain_db + depth / cycles**0.5 * torch.sin(2 * np.pi * cycles * band + phase)
        telephone = torch.from_numpy(self.rng.random(batch) < conditions.telephone)
        outside = (torch.arange(BANDS) < 3) | (torch.arange(BANDS) > 26)
        gain_db = gain_db - 50.0 * (telephone[:, None] & outside)
        return (10 ** (gain_db / 10))[:, None, :]

    def _masked(self, features: torch.Tensor) -> torch.Tensor:
        """SpecAugment's masks (D. Park et al., 2019, section 2), filled with the window's mean."""
        conditions, rng = self.conditions, self.rng
        for window in features:
            mean = float(window.mean())
            for _ in range(conditions.masks):
                width = int(rng.integers(0, conditions.bands_masked + 1))
                start = int(rng.integers(0, BANDS - width + 1))
                window[:, start : start + width] = mean
            for _ in range(3 * conditions.masks):
                width = int(rng.integers(0, conditions.times_masked + 1))
                start = int(rng.integers(0, len(window) - width + 1))
                window[start : start + width] = mean
        return features
