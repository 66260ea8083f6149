"""ROC measures against definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.metrics import auc, roc, tpr_at_fpr


def test_perfect_reversed_and_constant_scores():
    truth = np.array([False, True, False, True])
    assert auc(truth.astype(float), truth) == 1.0
    assert auc(-truth.astype(float), truth) == 0.0
    assert auc(np.zeros(4), truth) == 0.5


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_auc_is_the_share_of_pairs_in_order(pairs):
    scores = np.array([s for s, _ in pairs], float)
    truth = np.array([t for _, t in pairs])
    if truth.all() or not truth.any():
        with pytest.raises(ValueError, match="both"):
            auc(scores, truth)
        return
    difference = scores[truth][:, None] - scores[~truth][None, :]
    assert auc(scores, truth) == pytest.approx(((difference > 0) + 0.5 * (difference == 0)).mean())


def test_rate_at_a_point_of_the_curve():
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    truth = np.array([True, False, True, False])
    false, true = roc(scores, truth)
    assert false.tolist() == [0, 0, 0.5, 0.5, 1]
    assert true.tolist() == [0, 0.5, 0.5, 1, 1]
    assert tpr_at_fpr(scores, truth, 0.25) == 0.5
