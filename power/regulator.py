"""Between cell and rail: what a regulator takes from the cell for a load."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Efficiency = Callable[[Array], Array]
"""Power out by power in, 0..1, of the rail's current in A."""

_NO_LOAD_A = 1e-9


def taken_w(efficiency: Efficiency, volts: float, amps: ArrayLike) -> Array:
    """Power that the regulator takes for `amps` at `volts`, without its quiescent current; shape of `amps`."""
    load = np.maximum(np.asarray(amps, dtype=np.float64), 0.0)
    return volts * load / efficiency(np.maximum(load, _NO_LOAD_A))
