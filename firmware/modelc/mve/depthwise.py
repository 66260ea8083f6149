"""Depthwise convolutions as firmware/nn/mve/depthwise.h and depthwise_outputs.h take them."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..operators.window import hangs_over
from ..step import Step
from .conv import one_channel_depthwise
from .dense import LANES, shift_words

_UNROLLED = (3, 5, 9)
_SMALL_SCRATCH = 2048  # bytes; more is taken only up to a quarter of the input

# The channels of a block in the order in which VMULLB/T and VMOVLB/T bring them out.
_LANE_ORDER = np.array([0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15])


def depthwise(step: Step) -> Step | None:
    """nn_depthwise to nn_mve_depthwise."""
    layer: Any = step.parameters
    geometry, weights = layer["window"], layer["weights"]
    if geometry["channels"] == 1:
        return one_channel_depthwise(step)
    taps, channels = weights.shape
    if (weights == -128).any():
        return None
    multiplier = layer["channel_multiplier"]
    starts = list(range(0, channels, LANES))
    overlap = -channels % LANES if multiplier == 1 and channels >= LANES else 0
    starts[-1] -= overlap
    columns = np.array([range(start, start + LANES) for start in starts])
    lines, row_bytes = _lines(geometry), geometry["output_width"] * channels
    repeated = (
        multiplier == 1
        and channels in (2, 4, 8)
        and geometry["stride_width"] == 1
        and lines["line_bytes"] > 0
        and row_bytes >= LANES
    )
    if repeated:
        columns %= channels

    def by_block(values: np.ndarray) -> np.ndarray:
        padded = np.append(values, np.zeros(LANES, values.dtype))
        return padded[np.minimum(columns, len(padded) - 1)]

    rows = np.stack([by_block(tap) for tap in weights], axis=1)  # block, tap, lane
    words = np.ascontiguousarray(rows).view(np.int32).reshape(len(starts), -1)
    constants = (layer["bias"], layer["multiplier"], shift_words(layer["shift"]))
    bias, multipliers, shifts = (by_block(values)[:, _LANE_ORDER] for values in constants)
    scales = np.stack([multipliers.reshape(-1, 4, 4), shifts.reshape(-1, 4, 4)], axis=2).reshape(len(starts), -1)
    blocks = [bias, words, scales]
    by_lane = multiplier > 1 or (channels < LANES and not repeated)
    if by_lane:
        seen = np.array(
            [[(start + lane) // multiplier - start // multiplier for lane in range(LANES)] for start in starts]
        )
        blocks.insert(0, seen.astype(np.uint8).view(np.int32))
    output = layer["output"]
    general = output != {"zero": -128, "min": -128, "max": 127}
    if by_lane:
        outputs = "nn_mve_depthwise_by_lane"
    else:
        shifted = (layer["shift"] > 0).any()
        few = not shifted and taps in _UNROLLED and not overlap and geometry["stride_width"] == 1
        outputs = f"nn_mve_depthwise_{taps if few else 'any'}{'_shifted' if shifted else '_general' if general else ''}"
    quads = -(-taps // 4)
    pieces = LANES * taps if repeated and geometry["input_height"] == 1 and not lines["copies"] else 0
    return replace(
        step,
        kernel="mve_depthwise",
        parameters={
            "pairs": taps // 2,
            "single": taps % 2,
            "blocks": len(starts),
            "stream": np.hstack(blocks).reshape(-1),
            "output": output,
            "overlap": overlap,
            "quads": quads,
            "skip": (geometry["stride_width"] - 1) * geometry["channels"],
            "outputs": outputs,
            "window": geometry,
            "channel_multiplier": multiplier,
            "count": row_bytes // LANES if repeated else geometry["output_width"],
            "rest": int(repeated and row_bytes % LANES > 0),
            **lines,
            "input_zero": layer["input_zero"],
        },
        scratch=16 * quads + lines["margin_bytes"] + pieces,
    )


def _lines(geometry: dict[str, int]) -> dict[str, int]:
    """How rows are laid out in scratch, and whether they are."""
    channels, width = geometry["channels"], geometry["input_width"]
    last = (geometry["output_width"] - 1) * geometry["stride_width"] - geometry["pad_left"]
    right = max(0, last + (geometry["kernel_width"] - 1) * geometry["dilation_width"] + 1 - width)
    line = (geometry["pad_left"] + width + right) * channels
    reach = (geometry["kernel_height"] - 1) * geometry["dilation_height"] + 1
    copies = geometry["pad_left"] > 0 or right > 0
    margin = line * (1 + copies * reach) if hangs_over(geometry) else 0
    if margin > max(_SMALL_SCRATCH, width * geometry["input_height"] * channels // 4):
        pixel = channels if hangs_over(geometry) else 0
        return {"line_bytes": 0, "reach": reach, "copies": 0, "margin_bytes": pixel}
    return {"line_bytes": line, "reach": reach, "copies": int(copies), "margin_bytes": margin}
