"""The bank: training speech as log-mel, each utterance in several variants of speed and room, kept on disk.

What a variant changes needs the waveform: speed (by resampling: tempo, pitch and formants together) and the room.
Everything else that augments (noise, level, microphone, SpecAugment) happens on the log-mel, anew for each batch, in
train/asr_augment.py. A shard is an .npz of one corpus and variant; a finished shard is not made again, so an
interrupted run goes on, and several trainings share a bank.
"""

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from scipy import signal

from firmware.native.features import logmel
from train import corpora
from train.corpora import RATE_HZ, Clip, Pcm
from train.rooms import Impulse, impulse_responses

FEATURES = 80
"""Two hops of 40 bands: a frame."""
SHARD = 500
"""Utterances a shard."""
ROOMS = 300
SEED = 11

Features = npt.NDArray[np.int16]
"""int16 [frames, 80], log2(1 + energy) in Q8."""
Labels = npt.NDArray[np.uint8]
"""uint8 [phonemes], classes of firmware.domain.phonemes."""


@dataclass(frozen=True)
class Variation:
    """How variants differ: shares, and (low, high) of uniform draws."""

    speed_share: float = 0.75
    speed: tuple[float, float] = (0.84, 1.2)
    room_share: float = 0.45


@dataclass(frozen=True)
class Utterance:
    """A clip and what is said in it."""

    clip: Clip
    labels: Labels


@dataclass(frozen=True)
class Banked:
    """One variant of an utterance, as the trainer draws it."""

    features: Features
    labels: Labels


def varied(pcm: Pcm, rng: np.random.Generator, rooms: Sequence[Impulse], variation: Variation) -> Pcm:
    """The recording, int16[m], at another speed, and in a room, at the level it had.

    Args:
        pcm: int16[n] at 16 kHz
        rng: decides
        rooms: impulse responses of energy one
        variation: how often, how much
    """
    samples = pcm.astype(np.float32)
    if rng.random() < variation.speed_share:
        samples = soxr.resample(samples, RATE_HZ * rng.uniform(*variation.speed), RATE_HZ, quality="LQ")
    if rooms and rng.random() < variation.room_share:
        samples = signal.oaconvolve(samples, rooms[int(rng.integers(len(rooms)))])[: len(samples) + RATE_HZ // 5]
    loudest = float(np.max(np.abs(samples), initial=1.0))
    return np.rint(samples * min(1.0, 32700 / loudest)).astype(np.int16)


def frames(pcm: Pcm, rate: int = RATE_HZ) -> Features:
    """The front end's log-mel of int16[n], as int16 [frames, 80]; the last frame is filled up with silence.

    Raises:
        ValueError: the front end has no tables for the rate.
    """
    chunk = 512
    whole = np.pad(pcm, (0, -len(pcm) % chunk))
    return logmel(whole, rate).reshape(-1, FEATURES)


def fits(length: int, labels: Labels) -> bool:
    """Whether CTC has a path: a frame a phoneme, and a blank between equal ones."""
    return length >= len(labels) + int(np.sum(labels[1:] == labels[:-1]))


def _write(path: Path, banked: Sequence[Banked]) -> None:
    # Another training may be at work on the same shard.
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez(
                file,
                features=np.concatenate([b.features for b in banked]) if banked else np.empty((0, FEATURES), np.int16),
                frames=np.array([len(b.features) for b in banked], np.int32),
                labels=np.concatenate([b.labels for b in banked]) if banked else np.empty(0, np.uint8),
                phonemes=np.array([len(b.labels) for b in banked], np.int32),
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> list[Banked]:
    """The utterances of a shard; those without a phoneme are left out.

    Raises:
        OSError, ValueError, KeyError: it cannot be read, or is no shard.
    """
    with np.load(path) as shard:
        features = np.split(shard["features"], np.cumsum(shard["frames"])[:-1])
        labels = np.split(shard["labels"], np.cumsum(shard["phonemes"])[:-1])
    return [Banked(f, p) for f, p in zip(features, labels, strict=True) if len(p)]


def shards(folder: Path) -> dict[str, list[Path]]:
    """Finished shards by corpus."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.npz")):
        found.setdefault(path.name.split(".")[0], []).append(path)
    return found


def fill(  # noqa: PLR0917 - what, of what, and how
    folder: Path,
    corpus: str,
    utterances: Sequence[Utterance],
    variant: int,
    variation: Variation | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Writes the shards of one variant of a corpus that are not there yet.

    Args:
        folder: the bank
        corpus: its name
        utterances: all of its training utterances, in an order that does not change; a corpus may grow at its end, by
            whole shards: what is put behind a finished shard of less than SHARD utterances is not looked at
        variant: 0 is the recording as it is, the others are drawn
        variation: how much the others vary
        progress: told after each utterance how many are done

    Raises:
        CorpusError: a recording cannot be read; its shard is not written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rooms: list[Impulse] = []
    for start in range(0, len(utterances), SHARD):
        path = folder / f"{corpus}.{variant:02d}.{start // SHARD:04d}.npz"
        chosen = utterances[start : start + SHARD]
        if path.exists():
            continue
        if variant and not rooms:
            rooms = impulse_responses(ROOMS, SEED + variant)
        rng = np.random.default_rng([SEED, variant, start, zlib.crc32(corpus.encode())])
        banked = []
        for number, utterance in enumerate(chosen):
            pcm = utterance.clip.pcm()
            if variant:
                pcm = varied(pcm, rng, rooms, variation or Variation())
            features = frames(pcm)
            if fits(len(features), utterance.labels):
                banked.append(Banked(features, utterance.labels))
            progress(start + number + 1)
        corpora.forget()
        _write(path, banked)


def noise_shard(clips: Sequence[Clip]) -> Iterator[Features]:
    """Log-mel of noises, as they are."""
    for clip in clips:
        yield frames(clip.pcm())
