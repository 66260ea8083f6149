"""Factors as the kernels of firmware/nn/dsp multiply by them: struct nn_dsp_scale."""

import numpy as np


def wrapped(values: np.ndarray) -> np.ndarray:
    """Integers modulo 2^32, as int32."""
    return (values.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def scales(multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray | None:
    """Rows of struct nn_dsp_scale, int32 [channels, 2]; None unless every factor is below one half.

    A factor of zero has multiplier 0, whatever its shift.
    """
    nothing = multiplier == 0
    if (shift[~nothing] > -1).any():
        return None
    exponent = np.where(nothing, 1, -shift.astype(np.int64))
    power = np.where(nothing, 0, -(1 << (32 - exponent)))
    return wrapped(np.stack([2 * multiplier.astype(np.int64) - (1 << 32), power], axis=1))


def scale(multiplier: int, shift: int) -> list[int] | None:
    """One struct nn_dsp_scale; None unless the factor is below one half."""
    rows = scales(np.array([multiplier]), np.array([shift]))
    return None if rows is None else rows[0].tolist()
