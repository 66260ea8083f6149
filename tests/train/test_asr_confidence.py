"""The fit of the confidence: it finds what is there, turns no evidence round, and is what the board reckons."""

import numpy as np
import pytest

from firmware.native.decoding import Decoder, DecoderConfig
from train import asr_domains
from train.asr_confidence import Fit, Heard, fit, fitted, trade


def evidence(count: int, seed: int) -> np.ndarray:
    """Average margin, worst margin (both below 0), doubt (above), in octaves."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, (0.4, 0.8, 0.5), (count, 3)) * (-1, -1, 1)


def drawn(truth: Fit, rows: np.ndarray, seed: int) -> np.ndarray:
    """Which phrases are right, as often as the truth says."""
    return np.random.default_rng(seed).random(len(rows)) < truth.confidence(rows)


def test_a_known_logistic_is_recovered():
    rows = evidence(40_000, 1)
    truth = Fit(offset=2.6, average=1.5, worst=0.5, doubt=1.0)
    right = drawn(truth, rows, 2)
    found = fit(rows, right)
    # Both kinds weigh the same, which shifts the offset by the log of their odds.
    offset = truth.offset - np.log(right.sum() / (~right).sum())
    assert found.offset == pytest.approx(offset, abs=0.25)  # the ridge draws it to zero a little
    assert (found.average, found.worst, found.doubt) == pytest.approx((1.5, 0.5, 1.0), rel=0.12)


@pytest.mark.parametrize(
    ("truth", "held"),
    [
        (Fit(1.0, 1.5, -0.8, 1.0), "worst"),
        (Fit(1.0, 1.5, 0.8, -1.0), "doubt"),
        (Fit(-1.0, -1.5, 0.8, 1.0), "average"),
    ],
)
def test_evidence_that_points_the_wrong_way_has_no_weight(truth, held):
    rows = evidence(8000, 3)
    found = fit(rows, drawn(truth, rows, 4))
    assert getattr(found, held) == 0
    others = {"average", "worst", "doubt"} - {held}
    assert all(getattr(found, name) > 0.2 for name in others)


def test_evidence_that_tells_all_apart_still_gives_finite_weights():
    rows = evidence(200, 5) * 30
    found = fit(rows, rows[:, 0] > np.median(rows[:, 0]))
    assert found.average > 0.1
    assert np.isfinite(list(found.__dict__.values())).all()


def test_there_must_be_both_kinds():
    rows = evidence(10, 1)
    for right in (np.ones(10, bool), np.zeros(10, bool)):
        with pytest.raises(ValueError, match="heard rightly, and others"):
            fit(rows, right)


def test_settings_are_what_the_board_reckons_with():
    """Fed the shipped settings, the formula here gives the C's confidence."""
    config = DecoderConfig.shipped(reject_below_q8=0)
    names = {"offset": "offset_q8", "average": "by_average_q8", "worst": "by_worst_q8", "doubt": "by_doubt_q8"}
    shipped = Fit(**{ours: getattr(config, theirs) / 256 for ours, theirs in names.items()})
    assert shipped.settings() == {theirs: getattr(config, theirs) for theirs in names.values()}
    decoder = Decoder(asr_domains.shipped("commands"), config)
    rng = np.random.default_rng(6)
    told = set()
    for sharpness in np.linspace(0.5, 6, 30):
        logits = (rng.standard_normal((60, 40)) * sharpness).astype(np.float32)
        result = decoder.decode(asr_domains.posteriors(logits))
        if result.text:
            rows = np.array([[result.average_q8, result.worst_q8, result.doubt_q8]]) / 256
            assert result.confidence_q8 / 256 == pytest.approx(shipped.confidence(rows)[0], abs=0.02)
            told.add(result.confidence_q8)
    assert len(told) >= 3


def heard(inside: bool, right: list[bool], confidence: list[float]) -> Heard:
    rows = np.array([[c - 1, c - 2, 1 - c] for c in confidence])
    return Heard("some", "corpus", inside, rows, np.array(confidence), np.ones(len(right), bool), np.array(right))


def test_the_trade_is_between_right_phrases_rejected_and_outside_speech_let_through():
    some = [heard(True, [True, True, False], [0.9, 0.35, 0.95]), heard(False, [False, False, True], [0.1, 0.6, 0.25])]
    traded = {t: (lost, through) for t, lost, through in trade(some, [h.confidence for h in some])}
    # A sentence of the domain that is heard wrongly counts for neither; one said by chance is right.
    assert traded[0.1] == (0, 1)
    assert traded[0.3] == pytest.approx((1 / 3, 1 / 2))
    assert traded[0.6] == pytest.approx((2 / 3, 1 / 2))
    assert traded[0.7] == pytest.approx((2 / 3, 0))


def test_where_no_phrase_was_heard_there_is_nothing_to_fit_to():
    """Their evidence reads as that of a perfect match."""
    some = [heard(True, [True, True], [0.9, 0.8]), heard(False, [False, False], [0.2, 0.3])]
    none = Heard("some", "corpus", False, np.zeros((50, 3)), np.zeros(50), np.zeros(50, bool), np.zeros(50, bool))
    assert fitted([*some, none]) == fitted(some)
    assert not none.confidence_by(fitted(some)).any()
    assert np.array_equal(some[0].confidence_by(fitted(some)), fitted(some).confidence(some[0].evidence))


def test_all_domains_are_fitted_together():
    some = [heard(True, [True, True], [0.9, 0.8]), heard(False, [False, False], [0.2, 0.3])]
    found = fitted(some)
    assert found.confidence(some[0].evidence).min() > 0.5 > found.confidence(some[1].evidence).max()
