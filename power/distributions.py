"""How a figure's value is spread between its min and max."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Distribution = Literal["triangular", "uniform", "normal", "fixed"]

MEANING: dict[Distribution, str] = {
    "triangular": "likeliest at typ, falling in a straight line to min and max; the default",
    "uniform": "anything from min to max, alike likely",
    "normal": "typ is the median, min and max are two standard deviations from it, and nothing lies beyond them",
    "fixed": "a fact without spread: min, typ and max are one number",
}
"""What each distribution says of a value, for people."""

Values = NDArray[np.float64]


def quantile(distribution: Distribution, low: Values, typ: Values, high: Values, u: Values) -> Values:
    """The value that a part stays below with probability `u` (0..1); arrays that broadcast to one shape.

    u = 0 gives `low` and u = 1 gives `high`, exactly. "normal" may have a wider side: it is a normal distribution on
    each side of its median `typ`, cut off at two standard deviations.
    """
    if distribution == "fixed":
        return typ + 0 * u
    if distribution == "uniform":
        value = low + (high - low) * u
    elif distribution == "normal":
        z = _cut_normal(u)
        value = typ + np.where(z < 0, typ - low, high - typ) * z / 2
    else:
        width = high - low
        below = np.sqrt(np.maximum(u * width * (typ - low), 0))
        above = np.sqrt(np.maximum((1 - u) * width * (high - typ), 0))
        value = np.where(u * width < typ - low, low + below, high - above)
    # The ends exactly: they are the figure's min and max, which a reader looks for.
    return np.where(u <= 0, low, np.where(u >= 1, high, np.clip(value, low, high)))


_TABLE_SIZE = 4097


@cache
def _normal_table() -> tuple[Values, Values]:
    """Probabilities and standard deviations of a normal distribution cut off at +-2; linear between (error < 1e-5)."""
    normal = NormalDist()
    z = np.linspace(-2, 2, _TABLE_SIZE)
    below = np.array([normal.cdf(value) for value in z])
    return (below - below[0]) / (below[-1] - below[0]), z


def _cut_normal(u: Values) -> Values:
    return np.interp(u, *_normal_table())
