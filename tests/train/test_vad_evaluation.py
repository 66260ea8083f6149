"""Measures of an evaluation, on scores whose answers are known."""

import json

import numpy as np
import pytest

from firmware.link import Config
from train import vad_testsets
from train.metrics import auc
from train.vad_evaluation import Evaluation, evaluate, false_alarms, onset_delay, roc_measures, segments
from train.vad_scoring import CHUNK
from train.vad_testsets import STEP, Recording

CHUNK_MS = 1000 * CHUNK / 16000
SETTINGS = Config()
CERTAIN_CHUNKS = 3
"""Of certainty, that open the gate at the shipped settings."""


def recording(seconds, *speech):
    """A silent recording whose truth says speech in those stretches, in seconds."""
    truth = np.zeros(round(seconds * 100), bool)
    for start, end in speech:
        truth[round(start * 100) : round(end * 100)] = True
    return Recording(np.zeros(len(truth) * STEP, np.int16), truth)


def heard(seconds, *speech):
    """Scores of certainty in those stretches."""
    return recording(seconds, *speech).speech.astype(np.float32)


def test_the_gate_over_scores_tells_where_it_began_when_it_knew_and_when_it_closed():
    # 3.2 s and 4.8 s are edges of chunks.
    (found,) = segments(heard(9.6, (3.2, 4.8)))
    assert found.start == 51200
    assert found.opened == found.start + CERTAIN_CHUNKS * CHUNK
    assert found.closed == 76800 + SETTINGS.hangover_chunks * CHUNK


def test_false_alarms_are_counted_over_the_hours_of_all_recordings():
    silence = vad_testsets.TestSet("silence", [recording(60), recording(120)])
    scores = [heard(60, (10, 12), (30, 32)), heard(120, (50, 52))]
    found = false_alarms(silence, "some", scores)
    assert (found.segments, found.hours) == (3, pytest.approx(0.05))
    assert found.per_hour == pytest.approx(60)


def test_delay_runs_from_the_true_start_to_the_decision():
    speech = vad_testsets.TestSet("speech", [recording(9.6, (3.2, 4.8))])
    for late_chunks in (0, 5):
        start = 3.2 + late_chunks * CHUNK_MS / 1000
        found = onset_delay(speech, "some", [heard(9.6, (start, 4.8))])
        assert (found.onsets, found.missed) == (1, 0)
        assert found.median_ms == pytest.approx((CERTAIN_CHUNKS + late_chunks) * CHUNK_MS)
        assert found.start_covered == 1.0


def test_a_start_beyond_the_pre_roll_is_not_covered():
    speech = vad_testsets.TestSet("speech", [recording(9.6, (3.2, 6.4))])
    found = onset_delay(speech, "some", [heard(9.6, (3.2 + 12 * CHUNK_MS / 1000, 6.4))])
    assert (found.missed, found.start_covered) == (0, 0.0)


def test_an_onset_that_nobody_heard_is_missed_and_has_no_delay():
    speech = vad_testsets.TestSet("speech", [recording(9.6, (3.2, 4.8))])
    found = onset_delay(speech, "some", [heard(9.6)])
    assert (found.onsets, found.missed, found.median_ms, found.start_covered) == (1, 1, None, None)
    text = json.dumps(Evaluation([], [], [found]).as_json(), allow_nan=False)
    assert json.loads(text)["onsets"][0]["median_ms"] is None


def test_no_onset_is_counted_after_a_short_pause_or_while_the_gate_is_open():
    speech = vad_testsets.TestSet("speech", [recording(9.6, (3.2, 4.8), (5.1, 6.0))])
    assert onset_delay(speech, "some", [heard(9.6, (3.2, 6.0))]).onsets == 1
    assert onset_delay(speech, "some", [heard(9.6, (2.0, 6.0))]).onsets == 0


def test_a_set_is_one_pool_and_not_a_mean_of_recordings():
    """Each recording is ranked without a fault; their thresholds differ."""
    loud, quiet = recording(2, (1, 2)), recording(2, (1, 2))
    scores = [0.5 + loud.speech.astype(np.float32) / 2, quiet.speech.astype(np.float32) / 4]
    measured = roc_measures(vad_testsets.TestSet("both", [loud, quiet]), "some", scores)
    assert measured.auc == pytest.approx(0.75)
    assert auc(scores[0], loud.speech) == auc(scores[1], quiet.speech) == 1


def test_every_detector_runs_over_every_set():
    told = []
    speech, silence = (
        vad_testsets.TestSet("speech", [recording(9.6, (3.2, 4.8))]),
        vad_testsets.TestSet("silence", [recording(5)]),
    )
    scorers = {"all": lambda pcm: np.ones(len(pcm) // STEP, np.float32), "none": lambda pcm: np.zeros(len(pcm) // STEP)}
    result = evaluate(scorers, [speech], [silence], [speech], told.append)
    assert told == ["all on speech", "all on silence", "none on speech", "none on silence"]
    assert [(a.detector, a.segments) for a in result.false_alarms] == [("all", 1), ("none", 0)]
    assert [(r.detector, r.auc) for r in result.roc] == [("all", 0.5), ("none", 0.5)]
    assert [(d.detector, d.onsets) for d in result.onsets] == [("all", 0), ("none", 1)]
