"""Depthwise convolutions as firmware/nn/mve/depthwise.h takes them."""

from dataclasses import replace

import numpy as np

from ..operators.window import hangs_over
from ..step import Step
from .conv import one_channel_depthwise
from .dense import LANES, ties_away

# The channels of a block in the order in which VMULLB/T and VMOVLB/T bring them out.
_LANE_ORDER = np.array([0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15])


def depthwise(step: Step) -> Step | None:
    """nn_depthwise to nn_mve_depthwise."""
    layer = step.parameters
    geometry, weights = layer["window"], layer["weights"]
    if geometry["channels"] == 1:
        return one_channel_depthwise(step)
    taps, channels = weights.shape
    if (layer["shift"] > 0).any() or (weights == -128).any():
        return None
    multiplier = layer["channel_multiplier"]
    starts = list(range(0, channels, LANES))
    overlap = -channels % LANES if multiplier == 1 and channels >= LANES else 0
    starts[-1] -= overlap
    columns = np.array([range(start, start + LANES) for start in starts])

    def by_block(values: np.ndarray) -> np.ndarray:
        padded = np.append(values, np.zeros(LANES, values.dtype))
        return padded[np.minimum(columns, len(padded) - 1)]

    rows = np.stack([by_block(tap) for tap in weights], axis=1)  # block, tap, lane
    words = np.ascontiguousarray(rows).view(np.int32).reshape(len(starts), -1)
    bias, multipliers, shifts = (
        by_block(layer[name].astype(np.int32))[:, _LANE_ORDER] for name in ("bias", "multiplier", "shift")
    )
    scales = np.stack([multipliers.reshape(-1, 4, 4), shifts.reshape(-1, 4, 4)], axis=2).reshape(len(starts), -1)
    output = layer["output"]
    quads, padded = -(-taps // 4), hangs_over(geometry)
    return replace(
        step,
        kernel="mve_depthwise",
        parameters={
            "pairs": taps // 2,
            "single": taps % 2,
            "blocks": len(starts),
            "stream": np.hstack([bias, words, scales]).reshape(-1),
            "output": output,
            "overlap": overlap,
            "quads": quads,
            "skip": (geometry["stride_width"] - 1) * geometry["channels"],
            "general": int(ties_away(output) or (output["min"], output["max"]) != (-128, 127)),
            "window": geometry,
            "channel_multiplier": multiplier,
            "input_zero": layer["input_zero"],
            "padded": int(padded),
        },
        scratch=16 * quads + (geometry["channels"] if padded else 0),
    )
