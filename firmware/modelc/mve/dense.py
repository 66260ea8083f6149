"""Dense layers as firmware/nn/mve/dense.h takes them."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..step import Step

LANES = 16
GROUP = 4
_UNROLLED = (32, 64, 128)
_MOST_CHANNELS = 1 << 15  # the kernel scatters with offsets of 16 bits


def shift_words(shifts: np.ndarray) -> np.ndarray:
    """int32: what goes to the right below zero, and 256 times what goes to the left."""
    wide = shifts.astype(np.int32)
    right = np.minimum(wide, 0)
    return np.where(right < 0, (right & 0xFF) - 0x10000, wide << 8).astype(np.int32)


def packed_dense(layer: dict[str, Any], rows: int) -> dict[str, Any] | None:
    """Members of struct nn_mve_dense for those of struct nn_dense and so many rows; None if the kernel cannot serve."""
    channels, depth = layer["channels"], layer["depth"]
    if channels >= _MOST_CHANNELS:
        return None
    groups = -(-channels // GROUP)
    partial = depth % LANES

    def by_group(values: np.ndarray) -> np.ndarray:
        padded = np.zeros(groups * GROUP, np.int32)
        padded[:channels] = values if len(values) == channels else np.repeat(values, channels)
        return padded.reshape(groups, GROUP)

    weights = np.zeros((groups * GROUP, -(-depth // LANES) * LANES), np.int8)
    weights[:channels, len(weights[0]) - depth + partial :] = layer["weights"][:, partial:]
    weights[:channels, :partial] = layer["weights"][:, :partial]
    blocks = weights.reshape(groups, GROUP, -1, LANES).transpose(0, 2, 1, 3).reshape(groups, -1)
    words = np.ascontiguousarray(blocks).view(np.int32)
    stream = np.hstack(
        [by_group(layer["bias"]), words, by_group(layer["multiplier"]), by_group(shift_words(layer["shift"]))]
    )
    if (layer["shift"] > 0).any():
        kind = "_shifted"
    else:
        kind = "_relu" if layer["output"]["min"] == layer["output"]["zero"] else ""
        kind += f"_{depth // LANES}" if depth in _UNROLLED else ""
    return {
        "depth": depth,
        "partial": partial,
        "blocks": depth // LANES,
        "group_bytes": 4 * stream.shape[1],
        "output": layer["output"],
        "stream": stream.reshape(-1),
        "channels": channels,
        "two_rows": f"nn_mve_two_rows{kind}" if rows > 1 and channels >= GROUP else "NULL",
        "one_row": f"nn_mve_one_row{kind}" if channels >= 2 * GROUP else "NULL",
    }


def dense(step: Step) -> Step | None:
    """nn_dense to nn_mve_dense."""
    rows = step.arguments[1]
    assert isinstance(rows, int)
    packed = packed_dense(step.parameters, rows)
    return None if packed is None else replace(step, kernel="mve_dense", parameters=packed)
