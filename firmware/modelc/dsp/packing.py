"""What the kernels of firmware/nn/dsp have in common: scales, and weights as expand.h and dense.h take them."""

import numpy as np

BLOCK = 4  # weights in a word
GROUP = 4  # channels of dense.h and depthwise.h


def blocks_in(depth: int) -> int:
    """Words that so many weights take."""
    return -(-depth // BLOCK)


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


def blocks_of(weights: np.ndarray) -> np.ndarray:
    """Words of four weights, int32 [channels, blocks], as expand.h draws them; rows are filled up with zeros."""
    channels, depth = weights.shape
    padded = np.zeros((channels, blocks_in(depth) * BLOCK), np.int64)
    padded[:, :depth] = weights
    even, odd = padded[:, 0::2], padded[:, 1::2]
    halves = (even << 8) + 127 - odd
    return wrapped((halves[:, 0::2] & 0xFFFF) + (halves[:, 1::2] << 16))


def bias_for_blocks(bias: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Biases, int32 [channels], with what expand.h leaves to them."""
    wide = weights.astype(np.int64)
    return wrapped(bias.astype(np.int64) + 128 * wide[:, 0::2].sum(axis=1) - wide[:, 1::2].sum(axis=1))


def dense_stream(weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The stream of dense.h."""
    words, biases = blocks_of(weights), bias_for_blocks(bias, weights)
    groups = -(-len(words) // GROUP)
    full = np.zeros((groups * GROUP, 1 + words.shape[1]), np.int32)
    full[: len(words), 0] = biases
    full[: len(words), 1:] = words
    return full.reshape(groups, GROUP, -1).transpose(0, 2, 1).reshape(-1)
