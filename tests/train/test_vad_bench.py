"""The bench beside other people's detectors: measures on known scores, a picture, and nobody left out in silence."""

from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

from train import vad_bench, vad_peers, vad_testsets
from train.vad_peers import Peer
from train.vad_testsets import STEP, Recording


def _set(seconds: float = 4.0) -> vad_testsets.TestSet:
    """Half silence, then half loud noise that is called speech."""
    frames = round(seconds * 100)
    rng = np.random.default_rng(1)
    pcm = np.zeros(frames * STEP, np.int16)
    pcm[len(pcm) // 2 :] = rng.integers(-8000, 8000, len(pcm) - len(pcm) // 2)
    return vad_testsets.TestSet("halves", [Recording(pcm, np.arange(frames) >= frames // 2)])


def _loudness(pcm):
    return np.abs(pcm.reshape(-1, STEP).astype(np.float32)).mean(axis=1)


def test_a_detector_that_is_right_has_an_auc_of_one_and_one_that_guesses_a_half():
    found = vad_bench.curves({"right": _loudness, "flat": lambda pcm: 0 * _loudness(pcm)}, [_set()], lambda _: None)
    assert [(c.detector, c.auc, c.tpr_at_5) for c in found] == [("right", 1.0, 1.0), ("flat", 0.5, 0.05)]


def test_a_quieter_set_has_the_same_truth_and_a_thirtieth_of_the_level():
    loud = _set()
    quiet = vad_bench.quieter(loud)
    assert quiet.name == "halves, 30 dB quieter"
    assert (quiet.recordings[0].speech == loud.recordings[0].speech).all()
    ratio = np.abs(loud.recordings[0].pcm).max() / np.abs(quiet.recordings[0].pcm).max()
    assert ratio == pytest.approx(10**1.5, rel=0.01)


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_picture_names_each_detector_with_its_auc(tmp_path, suffix):
    found = vad_bench.curves({"C": _loudness}, [_set()], lambda _: None)
    vad_bench.picture(found, tmp_path / f"roc.{suffix}")
    assert (tmp_path / f"roc.{suffix}").stat().st_size > 2000


def test_a_peer_that_is_missing_or_broken_is_named_with_what_to_do(monkeypatch):
    def gone():
        raise ImportError("no such module")

    def broken():
        raise OSError("libc++.so.1: cannot open shared object file")

    peers = (
        Peer("Nobody", "no-such-detector", gone),
        Peer("Gone", "numpy", gone),
        Peer("Broken", "numpy", broken),
        Peer("Here", "numpy", lambda: _loudness),
    )
    monkeypatch.setattr(vad_peers, "PEERS", peers)
    found = vad_peers.found()
    assert [name.split()[0] for name in found.scorers] == ["Here"]
    assert found.missing == {
        "Nobody": "not installed: pip install --no-deps no-such-detector",
        "Gone": "not installed: pip install --no-deps numpy",
        "Broken": "installed, but does not load (libc++.so.1: cannot open shared object file)",
    }


@pytest.mark.parametrize("peer", vad_peers.PEERS, ids=lambda peer: peer.package)
def test_each_peer_that_is_here_gives_a_probability_for_each_frame(peer):
    try:
        scorer = peer.load()
    except (PackageNotFoundError, ImportError, OSError):
        pytest.skip(f"{peer.package} is not installed here")
    recording = _set().recordings[0]
    scores = scorer(recording.pcm)
    assert len(scores) == len(recording.speech)
    assert float(scores.min()) >= 0 and float(scores.max()) <= 1
