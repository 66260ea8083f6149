"""What the gate's settings cost: false alarms against missed speech, on recordings that are not the test's.

False alarms are counted on every second clip of the training split's noise, missed speech on mixtures of the
development split's speakers with that noise. The network in the library scores both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from firmware import native
from firmware.link import Config
from train import corpora
from train.labels import FRAME
from train.mixing import Conditions, Mixer
from train.rooms import impulse_responses
from train.vad_scoring import padded
from train.vad_training import DEV_SPEECH, NOISE_WEIGHT

SNRS_DB = (0, 5, 10, 20)
CANDIDATES = (
    (128, 90, 5, 20),
    (150, 90, 8, 20),
    (160, 90, 8, 20),
    (170, 90, 8, 20),
    (180, 90, 8, 20),
    (200, 100, 8, 20),
)
"""on_q8, off_q8, min_speech_chunks, hangover_chunks."""

Decisions = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Heard:
    """Decisions of a recording, uint8[chunks] in Q8, and which of its 256-sample frames are speech, bool[frames]."""

    decisions: Decisions
    speech: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class GateCost:
    """What one setting of the gate does: false alarms an hour by corpus, share of speech missed by SNR in dB."""

    config: Config
    false_alarms_per_hour: dict[str, float]
    missed: dict[int, float]


def _heard(pcm: corpora.Pcm, speech: npt.NDArray[np.bool_] | None = None) -> Heard:
    decisions = native.Vad(corpora.RATE_HZ).pcm(padded(pcm))
    return Heard(decisions, np.zeros(0, bool) if speech is None else speech)


def noise() -> dict[str, list[Heard]]:
    """Every second training clip of each noise corpus; cries and sneezes are left out."""
    return {
        name: [_heard(clip.pcm()) for clip in corpora.clips(name, ["train"])[::2] if not clip.human]
        for name in NOISE_WEIGHT
    }


def speech(mixtures: int, seed: int = 5) -> dict[int, list[Heard]]:
    """Development speakers in training noise, so many mixtures of eight seconds at each SNR."""
    rooms = impulse_responses(30, seed)
    result = {}
    for snr_db in SNRS_DB:
        level = (float(snr_db), float(snr_db))
        conditions = Conditions(no_speech=0, noise=1, synthetic_noise=0, snr_db=level, level_dbfs=(-45, -15))
        mixer = Mixer(
            speech=[corpora.clips(name, ["dev"]) for name in DEV_SPEECH],
            speech_weight=[3.0, 1.0],
            noise=[corpora.clips(name, ["train"]) for name in NOISE_WEIGHT],
            noise_weight=list(NOISE_WEIGHT.values()),
            rooms=rooms,
            seed=seed + snr_db,
            conditions=replace(conditions, talker_db=(-6.0, 6.0)),
        )
        drawn = [mixer.mixture() for _ in range(mixtures)]
        result[snr_db] = [_heard(mixture.pcm, mixture.speech) for mixture in drawn]
    return result


def missed_share(recordings: Sequence[Heard], config: Config) -> float:
    """Share of the speech frames that no segment, pre-roll included, covers whole."""
    missed = total = 0
    for recording in recordings:
        covered: npt.NDArray[np.bool_] = np.zeros(len(recording.decisions) * native.CHUNK, bool)
        for segment in native.segments(recording.decisions, config):
            covered[segment.start : segment.end] = True
        frames = np.all(covered.reshape(-1, FRAME), axis=1)[: len(recording.speech)]
        missed += int((recording.speech & ~frames).sum())
        total += int(recording.speech.sum())
    return missed / total if total else 0.0


def alarms_per_hour(recordings: Sequence[Heard], config: Config) -> float:
    """Segments in an hour of recordings without speech."""
    samples = sum(len(r.decisions) for r in recordings) * native.CHUNK
    count = sum(len(native.segments(r.decisions, config)) for r in recordings)
    return count / (samples / corpora.RATE_HZ / 3600)


def costs(without: dict[str, list[Heard]], with_speech: dict[int, list[Heard]]) -> list[GateCost]:
    """Every candidate over the same decisions."""
    fields = ("on_q8", "off_q8", "min_speech_chunks", "hangover_chunks")
    configs = [replace(Config(), **dict(zip(fields, values, strict=True))) for values in CANDIDATES]
    return [
        GateCost(
            config,
            {name: alarms_per_hour(recordings, config) for name, recordings in without.items()},
            {snr_db: missed_share(recordings, config) for snr_db, recordings in with_speech.items()},
        )
        for config in configs
    ]
