"""Our detector beside other people's: the same audio, frames and labels, one table, one picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from train.metrics import auc, roc, tpr_at_fpr
from train.vad_scoring import Scorer
from train.vad_testsets import Recording, TestSet

QUIETER_DB = 30
"""How far the level drops in the test of quiet microphones."""

POINTS = 400
"""Of a ROC curve that is kept for the picture."""


@dataclass(frozen=True)
class Curve:
    """One detector on one set: measures, and the ROC curve at `POINTS` false-positive rates, float64[POINTS] each."""

    test_set: str
    detector: str
    auc: float
    tpr_at_5: float
    false: npt.NDArray[np.float64]
    true: npt.NDArray[np.float64]


def quieter(test_set: TestSet) -> TestSet:
    """The set as a microphone would give it whose gain is QUIETER_DB lower, rounded to 16 bits."""
    gain = 10 ** (-QUIETER_DB / 20)
    recordings = [Recording(np.rint(r.pcm * gain).astype(np.int16), r.speech) for r in test_set.recordings]
    return TestSet(f"{test_set.name}, {QUIETER_DB} dB quieter", recordings)


def curves(detectors: Mapping[str, Scorer], sets: Sequence[TestSet], advance: Callable[[str], None]) -> list[Curve]:
    """Every detector on every set, set by set; `advance` is told before each."""
    rates = np.linspace(0, 1, POINTS) ** 2
    found = []
    for test_set in sets:
        for name, scorer in detectors.items():
            advance(f"{name} on {test_set.name}")
            scores = [scorer(recording.pcm) for recording in test_set.recordings]
            truth = np.concatenate([r.speech[: len(s)] for r, s in zip(test_set.recordings, scores, strict=True)])
            pooled = np.concatenate(scores)
            false, true = roc(pooled, truth)
            found.append(
                Curve(
                    test_set.name,
                    name,
                    auc(pooled, truth),
                    tpr_at_fpr(pooled, truth, 0.05),
                    rates,
                    np.interp(rates, false, true),
                )
            )
    return found


def picture(found: Sequence[Curve], path: Path) -> None:
    """Draws a ROC plot a set into `path` (.svg, .png or .pdf).

    Raises:
        ValueError: matplotlib does not write files of that kind.
    """
    from matplotlib.figure import Figure

    sets = list(dict.fromkeys(curve.test_set for curve in found))
    columns = min(3, len(sets))
    rows = -(-len(sets) // columns)
    figure = Figure(figsize=(4.2 * columns, 4.0 * rows), layout="constrained")
    for number, name in enumerate(sets):
        axes = figure.add_subplot(rows, columns, number + 1)
        for curve in (curve for curve in found if curve.test_set == name):
            ours = curve.detector == "C"
            label = f"{curve.detector}  {curve.auc:.3f}"
            axes.plot(curve.false, curve.true, label=label, linewidth=2.2 if ours else 1.1, zorder=3 if ours else 2)
        axes.axvline(0.05, color="0.8", linewidth=0.8)
        axes.set(title=name, xlabel="false-positive rate", ylabel="true-positive rate", xlim=(0, 0.5), ylim=(0.5, 1))
        axes.legend(loc="lower right", fontsize="small", title="AUC", title_fontsize="small")
    figure.savefig(path)
