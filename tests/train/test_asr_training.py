"""Training of the recogniser on phonemes made of tones: it learns, goes on, distils, and refuses damage."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from asr_samples import TINY, banked, pool
from hypothesis import given
from hypothesis import strategies as st

from firmware.domain.phonemes import CLASSES
from train.asr_augment import Drawer
from train.asr_network import AsrNetwork
from train.asr_training import AsrTraining, errors, greedy, learning_rate, load, loss_of, phoneme_error_rate, train_asr

SHORT = AsrTraining(
    steps=80, batch=6, frames=60, every=40, easy_steps=60, learning_rate=2e-2, average=0.9, dropout=0.0, threads=1
)


def _dev():
    rng = np.random.default_rng(9)
    return {"tones": [banked(rng) for _ in range(12)]}


def _log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_it_learns_and_goes_on_from_a_checkpoint(tmp_path):
    weights = train_asr(tmp_path, TINY, SHORT, pool, _dev(), resume=False)
    assert load(weights).shape == TINY
    train_asr(tmp_path, TINY, replace(SHORT, steps=160), pool, _dev(), resume=True)
    log = _log(tmp_path)
    assert [entry["step"] for entry in log] == [40, 80, 120, 160]
    assert log[-1]["loss"] < 0.7 * log[0]["loss"]
    assert log[-1]["per"]["tones"] < 0.6
    with pytest.raises(ValueError, match="another shape"):
        train_asr(tmp_path, replace(TINY, channels=8), SHORT, pool, _dev(), resume=True)
    (tmp_path / "checkpoint.pt").write_bytes(b"PK")
    with pytest.raises(ValueError, match="is damaged"):
        train_asr(tmp_path, TINY, SHORT, pool, _dev(), resume=True)


def test_there_must_be_something_to_go_on_from(tmp_path):
    with pytest.raises(ValueError, match=r"checkpoint\.pt is missing"):
        train_asr(tmp_path / "new", TINY, SHORT, pool, _dev(), resume=True)
    assert not (tmp_path / "new").exists()


def test_a_teacher_alone_teaches(tmp_path):
    taught = replace(SHORT, alpha=0.0, temperature=1.0)
    teacher = load(train_asr(tmp_path / "teacher", replace(TINY, streaming=False), SHORT, pool, _dev(), resume=False))
    train_asr(tmp_path / "student", TINY, taught, pool, _dev(), resume=False, teacher=teacher)
    log = _log(tmp_path / "student")
    assert log[-1]["loss"] < 0.8 * log[0]["loss"]


def test_the_network_is_held_to_what_its_teacher_said_a_lag_before():
    batch = Drawer(pool(), 2, 60, 4).draw(0.0)
    rows = len(batch.counts)
    said = torch.randn(rows, 60, CLASSES)
    late = torch.cat([torch.randn(rows, 5, CLASSES), said[:, :-5]], dim=1)
    taught = replace(SHORT, alpha=0.0)

    def loss(lag: int) -> float:
        return float(loss_of(lambda _: late, batch, lambda _: said, replace(taught, lag=lag)))

    assert loss(5) == pytest.approx(0, abs=1e-5)
    assert min(loss(4), loss(6), loss(0)) > 1


def test_a_run_that_diverges_ends_with_a_sentence_and_keeps_its_checkpoint(tmp_path):
    train_asr(tmp_path, TINY, replace(SHORT, steps=40), pool, _dev(), resume=False)
    kept = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(ValueError, match="without a finite gradient"):
        train_asr(tmp_path, TINY, replace(SHORT, learning_rate=1e38), pool, _dev(), resume=True)
    assert (tmp_path / "checkpoint.pt").read_bytes() == kept


def test_batches_are_the_same_for_the_same_seed_and_finite():
    first, second = (Drawer(pool(), 5, 60, 4) for _ in range(2))
    for strength in (0.0, 0.5, 1.0):
        one, other = first.draw(strength), second.draw(strength)
        assert torch.equal(one.features, other.features) and torch.equal(one.labels, other.labels)
        assert bool(torch.isfinite(one.features).all()) and bool((one.features >= 0).all())
        assert int(one.counts.sum()) == len(one.labels)


def test_masks_are_in_the_batch_and_not_in_what_the_teacher_hears():
    batch = Drawer(pool(), 5, 60, 4).draw()
    assert (batch.features != batch.unmasked).any()


def test_a_file_that_is_no_network_is_refused(tmp_path):
    path = tmp_path / "asr.pt"
    with pytest.raises(ValueError, match="there is no"):
        load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="holds no trained recogniser"):
        load(path)


@given(st.lists(st.integers(1, 4), max_size=9), st.lists(st.integers(1, 4), max_size=9))
def test_errors_are_the_edit_distance(said, heard):
    row = list(range(len(heard) + 1))
    for i, one in enumerate(said, start=1):
        left, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            left, row[j] = row[j], min(left + (one != other), row[j] + 1, row[j - 1] + 1)
    assert errors(said, heard) == row[-1]


def test_the_best_path_drops_repeats_and_blanks():
    best = [0, 3, 3, 0, 3, 5, 5, 0, 0, 5]
    assert greedy(torch.nn.functional.one_hot(torch.tensor(best), 40).float()) == [3, 3, 5, 5]


def test_the_learning_rate_warms_up_and_falls():
    rates = [learning_rate(SHORT, step) for step in range(SHORT.steps)]
    peak = int(np.argmax(rates))
    assert 0 < peak < SHORT.steps // 5
    assert rates[-1] < rates[peak] / 50


def test_an_untrained_network_is_wrong():
    assert phoneme_error_rate(AsrNetwork(TINY), _dev()["tones"]) > 0.5
