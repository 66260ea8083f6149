"""Measures of a voice detector: ROC and its points, false alarms, onset delay."""

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating]
Truth = npt.NDArray[np.bool_]


def roc(scores: Scores, truth: Truth) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """ROC curve over all thresholds, ties taken together (T. Fawcett, "An introduction to ROC analysis", 2006).

    Args:
        scores: float[n], higher is more like speech
        truth: bool[n]

    Returns:
        false-positive rate and true-positive rate, float64[m] each, from (0, 0) to (1, 1).

    Raises:
        ValueError: one of the classes is absent.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        raise ValueError("a ROC needs speech and non-speech frames both")
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], truth[order]
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    true = np.cumsum(hits)[last]
    false = last + 1 - true
    return np.append(0.0, false / negatives), np.append(0.0, true / positives)


def auc(scores: Scores, truth: Truth) -> float:
    """Area under the ROC curve.

    Raises:
        ValueError: one of the classes is absent.
    """
    return float(np.trapezoid(*roc(scores, truth)[::-1]))


def tpr_at_fpr(scores: Scores, truth: Truth, fpr: float) -> float:
    """True-positive rate where the ROC curve crosses a false-positive rate, linear between its points."""
    false, true = roc(scores, truth)
    return float(np.interp(fpr, false, true))
