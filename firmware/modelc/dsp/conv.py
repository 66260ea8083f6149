"""Convolutions as conv.h takes them."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..operators.window import hangs_over
from ..step import Scratch, Step
from .dense import TILE_CHANNELS, TILE_ROWS, dense_parameters, tile_bytes, tile_streams
from .packing import BLOCK, blocks_in, scales

_PADDED_BYTES = 1024  # of padded lines, at most


def _padded_line(window: dict[str, int], channels: int) -> int:
    """Bytes of a line with its padding, 0 where nn_dsp_conv_lines does not pay.

    It spares a position its edges, and rows that are no whole blocks their gathering; against that stands the
    multiplication of what fills the rows up. The lines must be short.
    """
    row = window["kernel_width"] * window["channels"]
    blocks = window["kernel_height"] * -(-row // BLOCK)
    more = blocks - -(-window["kernel_height"] * row // BLOCK)
    ragged = row % BLOCK != 0
    if window["dilation_width"] > 1 or not (hangs_over(window) or ragged):
        return 0
    if 3 * more * channels > 4 * window["kernel_height"] * row:
        return 0
    reach = (window["output_width"] - 1) * window["stride_width"] + window["kernel_width"]
    line = reach * window["channels"]
    return line if window["kernel_height"] * line <= _PADDED_BYTES else 0


def _rows_of_blocks(weights: np.ndarray, rows: int) -> np.ndarray:
    """Weights [channels, depth] with each of the kernel's rows filled up with zeros to whole blocks."""
    apart = weights.reshape(len(weights), rows, -1)
    return np.pad(apart, ((0, 0), (0, 0), (0, -apart.shape[2] % BLOCK))).reshape(len(weights), -1)


def conv(step: Step) -> Step | None:
    """nn_conv to nn_dsp_conv or nn_dsp_conv_lines, or to nn_dsp_conv_few for fewer positions than a tile has."""
    window: dict[str, Any] = step.parameters["window"]
    layer: dict[str, Any] = step.parameters["dense"]
    scale = scales(layer["multiplier"], layer["shift"])
    positions = window["batches"] * window["output_height"] * window["output_width"]
    if scale is None:
        return None
    data, _, output = step.arguments
    if positions < TILE_ROWS or layer["channels"] < TILE_CHANNELS:
        return replace(
            step,
            kernel="dsp_conv_few",
            arguments=[data, Scratch("uint32_t"), output],
            parameters={
                "window": window,
                "dense": dense_parameters(layer, scale),
                "input_zero": step.parameters["input_zero"],
            },
            scratch=8 * blocks_in(layer["depth"]) + layer["depth"],
        )
    line = _padded_line(window, layer["channels"])
    weights = _rows_of_blocks(layer["weights"], window["kernel_height"]) if line else layer["weights"]
    depth = weights.shape[1]
    return replace(
        step,
        kernel="dsp_conv_lines" if line else "dsp_conv",
        arguments=[data, Scratch("uint32_t"), output],
        parameters={
            "window": window,
            "depth": depth,
            "channels": layer["channels"],
            **tile_streams(weights, layer["bias"], scale),
            "output": layer["output"],
            "line": line,
            "input_zero": step.parameters["input_zero"],
        },
        scratch=tile_bytes(depth) + (window["kernel_height"] * line + 3 if line else depth),
    )
