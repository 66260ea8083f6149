"""Dense layers as firmware/nn/mve/dense.h takes them."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..step import Step

LANES = 16
GROUP = 4
_MOST_CHANNELS = 1 << 15  # the kernel scatters with offsets of 16 bits


def ties_away(output: dict[str, int]) -> int:
    """1 if values below zero survive the clamp, so that the way in which their ties are rounded shows."""
    return int(output["min"] < output["zero"])


def packed_dense(layer: dict[str, Any]) -> dict[str, Any] | None:
    """Members of struct nn_mve_dense for those of struct nn_dense; None where the kernel cannot serve."""
    channels, depth = layer["channels"], layer["depth"]
    if (layer["shift"] > 0).any() or channels >= _MOST_CHANNELS:
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
        [by_group(layer["bias"]), words, by_group(layer["multiplier"]), by_group(layer["shift"].astype(np.int32))]
    )
    return {
        "depth": depth,
        "partial": partial,
        "blocks": depth // LANES,
        "group_bytes": 4 * stream.shape[1],
        "output": layer["output"],
        "stream": stream.reshape(-1),
        "channels": channels,
        "away": ties_away(layer["output"]),
    }


def dense(step: Step) -> Step | None:
    """nn_dense to nn_mve_dense."""
    packed = packed_dense(step.parameters)
    return packed and replace(step, kernel="mve_dense", parameters=packed)
