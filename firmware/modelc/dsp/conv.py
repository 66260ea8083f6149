"""Convolutions as conv.h takes them."""

from dataclasses import replace
from typing import Any

from ..operators.window import hangs_over
from ..step import Scratch, Step
from .dense import TILE_CHANNELS, TILE_ROWS, dense_parameters, tile_bytes, tile_streams
from .packing import blocks_in, scales

_PADDED_BYTES = 1024  # of padded lines, at most


def _padded_line(window: dict[str, int]) -> int:
    """Bytes of a line with its padding if padding lines pays: there is any, and the lines are short."""
    if window["dilation_width"] > 1 or not hangs_over(window):
        return 0
    reach = (window["output_width"] - 1) * window["stride_width"] + window["kernel_width"]
    line = reach * window["channels"]
    return line if window["kernel_height"] * line <= _PADDED_BYTES else 0


def conv(step: Step) -> Step | None:
    """nn_conv to nn_dsp_conv, or to nn_dsp_conv_few for fewer positions than a tile has."""
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
    line = _padded_line(window)
    parameters = {
        "window": window,
        "depth": layer["depth"],
        "channels": layer["channels"],
        **tile_streams(layer["weights"], layer["bias"], scale),
        "output": layer["output"],
        "line": line,
        "input_zero": step.parameters["input_zero"],
    }
    return replace(
        step,
        kernel="dsp_conv",
        arguments=[data, Scratch("uint32_t"), output],
        parameters=parameters,
        scratch=tile_bytes(layer["depth"]) + layer["depth"] + window["kernel_height"] * line,
    )
