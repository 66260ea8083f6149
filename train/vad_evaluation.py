"""Evaluation of a voice detector: ROC measures per test set, false alarms, onset delay.

Each measure is taken for the float network, the .tflite (TFLite Micro's interpreter) and the C, on the same audio,
beside WebRTC's detector.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from firmware import native
from firmware.link import Config
from train.corpora import RATE_HZ
from train.metrics import auc, tpr_at_fpr
from train.vad_scoring import CHUNK, Scorer, Scores
from train.vad_testsets import STEP, STEP_S, Recording, TestSet

FPRS = (0.05, 0.315)
"""5 % for products, 31.5 % as in the MarbleNet paper."""

QUIET_BEFORE_ONSET_S = 0.5
WITHIN_S = 1.0
"""An onset is found if the gate opens this soon."""

Advance = Callable[[str], None]


@dataclass(frozen=True)
class RocMeasures:
    """AUC and true-positive rates over all 10 ms frames of a test set."""

    test_set: str
    detector: str
    auc: float
    tpr_at_5: float
    tpr_at_31_5: float


@dataclass(frozen=True)
class FalseAlarms:
    """Segments that the gate let through in an hour of audio without speech."""

    test_set: str
    detector: str
    hours: float
    segments: int
    per_hour: float


@dataclass(frozen=True)
class OnsetDelay:
    """From the true start of speech after a pause to the gate's decision, and what pre-roll saves.

    The delays are those of the onsets that were found, None if none was; start_covered is the share of them whose
    segment, pre-roll included, starts no later than the speech.
    """

    test_set: str
    detector: str
    onsets: int
    missed: int
    median_ms: float | None
    percentile_99_ms: float | None
    start_covered: float | None


def score_all(test_set: TestSet, scorer: Scorer) -> list[Scores]:
    """Scores of every recording of a set."""
    return [scorer(recording.pcm) for recording in test_set.recordings]


def roc_measures(test_set: TestSet, detector: str, scores: list[Scores]) -> RocMeasures:
    """AUC, TPR at 5 % and at 31.5 % FPR with all recordings in one pool."""
    truth = np.concatenate([r.speech[: len(s)] for r, s in zip(test_set.recordings, scores, strict=True)])
    pooled = np.concatenate(scores)
    low, high = (tpr_at_fpr(pooled, truth, fpr) for fpr in FPRS)
    return RocMeasures(test_set.name, detector, auc(pooled, truth), low, high)


@dataclass(frozen=True)
class GateSegment:
    """What the gate did, in samples: where the run began that opened it, when it knew, when it closed."""

    start: int
    opened: int
    closed: int


def segments(scores: Scores) -> list[GateSegment]:
    """The firmware's own gate, at its shipped settings, over scores of 10 ms frames; pre-roll is left to the caller."""
    middle = np.arange(max(1, len(scores) * STEP // CHUNK)) * CHUNK + CHUNK // 2
    decisions = scores[np.minimum(middle // STEP, len(scores) - 1)]
    shipped = Config()
    found = native.openings(
        np.clip(np.rint(decisions * 256), 0, 255).astype(np.uint8), replace(shipped, pre_roll_samples=0)
    )
    hangover = shipped.hangover_chunks * CHUNK
    return [GateSegment(s.start, opened, s.end + hangover) for s, opened in found]


def false_alarms(test_set: TestSet, detector: str, scores: list[Scores]) -> FalseAlarms:
    """Segments in audio that holds no speech."""
    count = sum(len(segments(s)) for s in scores)
    hours = sum(len(r.pcm) for r in test_set.recordings) / RATE_HZ / 3600
    return FalseAlarms(test_set.name, detector, hours, count, count / hours)


def _onsets(recording: Recording) -> Iterable[int]:
    """Samples at which speech starts after at least half a second without."""
    quiet = round(QUIET_BEFORE_ONSET_S / STEP_S)
    truth = recording.speech
    for start in np.flatnonzero(truth[1:] & ~truth[:-1]) + 1:
        if start >= quiet and not truth[start - quiet : start].any():
            yield int(start) * STEP


def onset_delay(test_set: TestSet, detector: str, scores: list[Scores]) -> OnsetDelay:
    """How late the gate opens, over onsets at which it was closed."""
    delays, covered, missed = [], 0, 0
    for recording, score in zip(test_set.recordings, scores, strict=True):
        found = segments(score)
        for onset in _onsets(recording):
            if any(s.opened <= onset < s.closed for s in found):
                continue
            hit = next((s for s in found if onset <= s.opened <= onset + WITHIN_S * RATE_HZ), None)
            if hit is None:
                missed += 1
                continue
            delays.append((hit.opened - onset) / RATE_HZ * 1000)
            covered += hit.start - Config().pre_roll_samples <= onset
    onsets = len(delays) + missed
    if not delays:
        return OnsetDelay(test_set.name, detector, onsets, missed, None, None, None)
    median, late = (float(np.percentile(delays, share)) for share in (50, 99))
    return OnsetDelay(test_set.name, detector, onsets, missed, median, late, covered / len(delays))


@dataclass(frozen=True)
class Evaluation:
    """All measures of all detectors."""

    roc: list[RocMeasures]
    false_alarms: list[FalseAlarms]
    onsets: list[OnsetDelay]

    def as_json(self) -> dict[str, object]:
        """Plain dictionaries and lists."""
        return asdict(self)


def evaluate(
    detectors: Mapping[str, Scorer],
    speech_sets: list[TestSet],
    noise_sets: list[TestSet],
    onset_sets: list[TestSet],
    advance: Advance,
) -> Evaluation:
    """Runs every detector over every set; `advance` is told before each."""
    roc, alarms, onsets = [], [], []
    for name, scorer in detectors.items():
        for test_set in [*speech_sets, *noise_sets]:
            advance(f"{name} on {test_set.name}")
            scores = score_all(test_set, scorer)
            if any(test_set is s for s in noise_sets):
                alarms.append(false_alarms(test_set, name, scores))
                continue
            roc.append(roc_measures(test_set, name, scores))
            if any(test_set is s for s in onset_sets):
                onsets.append(onset_delay(test_set, name, scores))
    return Evaluation(roc, alarms, onsets)
