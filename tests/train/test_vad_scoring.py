"""The shipped network: the C gives what TFLite Micro's interpreter gives, and beats WebRTC's detector."""

from pathlib import Path

import numpy as np
import pytest

from firmware import native
from train import vad_scoring, vad_testsets
from train.cli import MODELS
from train.metrics import auc

SHIPPED = MODELS / "vad.tflite"


@pytest.fixture(scope="module")
def meetings(data) -> vad_testsets.TestSet:
    return vad_testsets.meetings()


def test_c_and_interpreter_agree_to_the_bit_on_real_frames(meetings):
    model = vad_scoring.StreamingTflite(SHIPPED)
    compared = 0
    for recording in meetings.recordings[:3]:
        model.reset()
        features = vad_scoring.chunk_features(recording.pcm)
        expected = [model.decide(chunk) for chunk in model.quantize(features)]
        assert native.Vad(16000).pcm(vad_scoring.padded(recording.pcm)).tolist() == expected
        compared += 2 * len(expected)
    assert compared >= 1000


def pooled(test_set, scorer):
    scores = [scorer(r.pcm) for r in test_set.recordings]
    truth = [r.speech[: len(s)] for r, s in zip(test_set.recordings, scores, strict=True)]
    return auc(np.concatenate(scores), np.concatenate(truth))


def test_meetings_are_heard_better_than_by_webrtc(meetings):
    assert pooled(meetings, vad_scoring.c_scorer()) > pooled(meetings, vad_scoring.webrtc_scorer()) + 0.03


@pytest.mark.parametrize("snr_db", vad_testsets.SNRS_DB)
def test_mixtures_are_heard_better_than_by_webrtc(data, snr_db):
    mixtures = vad_testsets.mixtures(snr_db, count=12)
    assert pooled(mixtures, vad_scoring.c_scorer()) > pooled(mixtures, vad_scoring.webrtc_scorer()) + 0.03


def test_each_frame_takes_the_decision_of_the_chunk_that_holds_its_middle():
    decisions = np.array([0.1, 0.2, 0.3], np.float32)
    spread = vad_scoring.spread(decisions, 3 * vad_scoring.CHUNK)
    assert len(spread) == 9
    assert spread[:3].tolist() == pytest.approx([0.1] * 3)
    assert spread[3] == pytest.approx(0.2)
    assert spread[8] == pytest.approx(0.3)


def test_a_model_that_is_none_is_refused_by_name(tmp_path):
    from firmware.modelc.errors import ModelError

    bad = Path(tmp_path / "bad.tflite")
    bad.write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"bad\.tflite"):
        vad_scoring.StreamingTflite(bad)
