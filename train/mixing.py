"""Mixtures on the fly: utterances on a time line, in a room, with noise, through a microphone; with frame labels.

Everything random comes from one generator, so the same seed and corpora give the same mixtures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import soxr
from scipy import signal

from train.corpora import RATE_HZ, Clip, Pcm
from train.labels import FRAME, speech_frames
from train.rooms import Impulse

Samples = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Conditions:
    """How the mixtures vary: probabilities, and (low, high) of uniform draws."""

    seconds: float = 8.0
    no_speech: float = 0.12
    gap_s: tuple[float, float] = (0.1, 3.0)
    talker_db: tuple[float, float] = (-12.0, 6.0)
    speed: tuple[float, float] = (0.88, 1.14)
    speed_share: float = 0.4
    room: float = 0.6
    noise: float = 0.92
    second_noise: float = 0.3
    synthetic_noise: float = 0.25
    snr_db: tuple[float, float] = (-8.0, 30.0)
    level_dbfs: tuple[float, float] = (-62.0, -12.0)
    band_limit: float = 0.25
    tilt: float = 0.4
    clipping: float = 0.06
    dc: float = 0.1


@dataclass
class Mixture:
    """int16[n] at 16 kHz; one label a frame of 256 samples; the SNR over speech in dB (inf without noise)."""

    pcm: Pcm
    speech: Labels
    snr_db: float


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples), dtype=np.float64))) if len(samples) else 0.0


def _colored_noise(rng: np.random.Generator, count: int) -> Samples:
    """Noise with a power law from white to brown, at times gated or pulsed."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.arange(len(spectrum)), 1.0)
    noise = np.fft.irfft(spectrum * frequency ** rng.uniform(-1.0, 0.1), count)
    if rng.random() < 0.3:
        period = rng.uniform(0.05, 1.5) * RATE_HZ
        noise *= 0.2 + (np.sin(2 * np.pi * np.arange(count) / period + rng.uniform(0, 6.28)) > rng.uniform(-0.8, 0.8))
    if rng.random() < 0.2:
        tone = rng.uniform(50, 3000)
        noise += rng.uniform(0.3, 3) * noise.std() * np.sin(2 * np.pi * tone / RATE_HZ * np.arange(count))
    return noise.astype(np.float32)


@dataclass
class Mixer:
    """Draws mixtures from corpora.

    Args:
        speech: one list of clips a corpus, drawn with the corpus's weight
        noise: one list of clips a corpus, drawn likewise
        rooms: impulse responses
    """

    speech: Sequence[Sequence[Clip]]
    speech_weight: Sequence[float]
    noise: Sequence[Sequence[Clip]]
    noise_weight: Sequence[float]
    rooms: Sequence[Impulse]
    seed: int
    conditions: Conditions = field(default_factory=Conditions)

    def __post_init__(self) -> None:
        """Start the generator."""
        self.rng = np.random.default_rng(self.seed)

    def _clip(self, corpora: Sequence[Sequence[Clip]], weight: Sequence[float]) -> Clip:
        share = np.asarray(weight, float)
        corpus = corpora[int(self.rng.choice(len(corpora), p=share / share.sum()))]
        return corpus[int(self.rng.integers(len(corpus)))]

    def _utterance(self) -> tuple[Samples, Labels]:
        pcm = self._clip(self.speech, self.speech_weight).pcm()
        if self.rng.random() < self.conditions.speed_share:
            speed = self.rng.uniform(*self.conditions.speed)
            resampled = soxr.resample(pcm.astype(np.float32), RATE_HZ * speed, RATE_HZ, quality="LQ")
            pcm = np.clip(resampled, -32768, 32767).astype(np.int16)
        labels = speech_frames(pcm)
        samples = pcm[: len(labels) * FRAME].astype(np.float32)
        loudness = _rms(samples.reshape(-1, FRAME)[labels].ravel()) or 1.0
        return samples * np.float32(10 ** (self.rng.uniform(*self.conditions.talker_db) / 20) / loudness), labels

    def speech_line(self, count: int) -> tuple[Samples, Labels]:
        """Utterances with pauses between them: float32[count] of active level about one, and labels."""
        line, labels = np.zeros(count, np.float32), np.zeros(count // FRAME, bool)
        at = int(self.rng.integers(-RATE_HZ * 2, RATE_HZ * 2)) // FRAME
        while at < len(labels):
            samples, active = self._utterance()
            skip = max(0, -at)
            take = min(len(active), len(labels) - at) - skip
            if take > 0:
                to = at + skip
                line[to * FRAME : (to + take) * FRAME] = samples[skip * FRAME : (skip + take) * FRAME]
                labels[to : to + take] = active[skip : skip + take]
            at += len(active) + int(self.rng.uniform(*self.conditions.gap_s) * RATE_HZ / FRAME)
        return line, labels

    def _noise_part(self, count: int) -> Samples:
        if self.rng.random() < self.conditions.synthetic_noise:
            return _colored_noise(self.rng, count)
        line, at = np.zeros(count, np.float32), 0
        clip = self._clip(self.noise, self.noise_weight).pcm().astype(np.float32)
        start = int(self.rng.integers(max(1, len(clip) - RATE_HZ)))
        while at < count and len(clip):
            piece = clip[start:][: count - at]
            line[at : at + len(piece)] = piece
            at += len(piece)
            start = 0
        return line

    def noise_line(self, count: int) -> Samples:
        """One or two noises mixed: float32[count] with an RMS of one (zero if the clip is silent)."""
        noise = self._noise_part(count)
        noise /= _rms(noise) or 1.0
        if self.rng.random() < self.conditions.second_noise:
            other = self._noise_part(count)
            noise += other / (_rms(other) or 1.0) * np.float32(10 ** (self.rng.uniform(-15, 3) / 20))
        return noise / np.float32(_rms(noise) or 1.0)

    def _microphone(self, samples: Samples) -> Pcm:
        rng, conditions = self.rng, self.conditions
        if rng.random() < conditions.band_limit:
            low, high = rng.uniform(60, 350), rng.uniform(3200, 7600)
            band = signal.butter(int(rng.integers(1, 4)), [low, high], "bandpass", fs=RATE_HZ, output="sos")
            samples = signal.sosfilt(band, samples).astype(np.float32)
        if rng.random() < conditions.tilt:
            samples = signal.lfilter([1, -rng.uniform(-0.6, 0.8)], [1], samples).astype(np.float32)
        level = 10 ** (rng.uniform(*conditions.level_dbfs) / 20) * 32768
        samples = samples * np.float32(level / (_rms(samples) or 1.0))
        if rng.random() < conditions.clipping:
            ceiling = np.percentile(np.abs(samples), rng.uniform(92, 99.8))
            samples = np.clip(samples, -ceiling, ceiling)
        if rng.random() < conditions.dc:
            samples = samples + np.float32(rng.uniform(-0.02, 0.02) * 32768)
        hiss = rng.standard_normal(len(samples)).astype(np.float32) * np.float32(10 ** rng.uniform(-1.5, 0.8))
        return np.clip(np.rint(samples + hiss), -32768, 32767).astype(np.int16)

    def mixture(self) -> Mixture:
        """The next mixture."""
        rng, conditions = self.rng, self.conditions
        count = round(conditions.seconds * RATE_HZ) // (2 * FRAME) * 2 * FRAME
        silent = rng.random() < conditions.no_speech
        if silent:
            samples, labels = np.zeros(count, np.float32), np.zeros(count // FRAME, bool)
        else:
            samples, labels = self.speech_line(count)
            if self.rooms and rng.random() < conditions.room:
                room = self.rooms[int(rng.integers(len(self.rooms)))]
                samples = signal.oaconvolve(samples, room)[:count].astype(np.float32)
        snr_db = float("inf")
        if silent or rng.random() < conditions.noise:
            snr_db = rng.uniform(*conditions.snr_db)
            loudness = _rms(samples.reshape(-1, FRAME)[labels].ravel()) or 1.0
            samples = samples + self.noise_line(count) * np.float32(loudness * 10 ** (-snr_db / 20))
        return Mixture(self._microphone(samples), labels, snr_db)
