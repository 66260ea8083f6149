"""What every training run has: how its learning rate goes, and what a damaged checkpoint raises."""

import math
import pickle
from zipfile import BadZipFile

UNREADABLE = (
    OSError,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
    EOFError,
    AttributeError,
    BadZipFile,
    pickle.UnpicklingError,
)
"""What torch raises for a file that it did not write, or that holds other tensors."""


def warmed_cosine(peak: float, done: float, warm_up: float) -> float:
    """The learning rate when the share `done` of a run is done: linear up to `peak`, then half a cosine.

    It ends at a hundredth of the peak (I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm
    Restarts", 2017, section 3, without restarts).
    """
    if done < warm_up:
        return peak * max(done / warm_up, 0.02)
    return peak * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * (done - warm_up) / (1 - warm_up))))
