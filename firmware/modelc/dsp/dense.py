"""Dense layers: of few rows as dense.h takes them, of many as tile.h does."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..step import Scratch, Step
from .packing import GROUP, bias_for_blocks, blocks_in, blocks_of, dense_stream, scales

TILE_ROWS = 4
TILE_CHANNELS = 2


def _dense_scales(scale: np.ndarray) -> np.ndarray:
    """Scales of dense.h: of whole groups of channels, or one for all."""
    groups = 1 if len(scale) == 1 else -(-len(scale) // GROUP) * GROUP
    full = np.zeros((groups, 2), np.int32)
    full[: len(scale)] = scale
    return full.reshape(-1)


def _tile_stream(weights: np.ndarray, bias: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The stream of tile.h, for an even number of channels."""
    words, biases = blocks_of(weights), bias_for_blocks(bias, weights)
    shape = (len(words) // TILE_CHANNELS, TILE_CHANNELS, -1)
    inner = np.concatenate([biases[:, None], words], axis=1).reshape(shape).transpose(0, 2, 1)
    return np.concatenate([inner.reshape(shape[0], -1), scale.reshape(shape[0], -1)], axis=1).reshape(-1)


def tile_streams(weights: np.ndarray, bias: np.ndarray, scale: np.ndarray) -> dict[str, Any]:
    """Members stream and odd_stream: whole pairs of channels, and once more the last two if the number is odd."""
    even = len(weights) - len(weights) % TILE_CHANNELS
    members: dict[str, Any] = {"stream": _tile_stream(weights[:even], bias[:even], scale[:even]), "odd_stream": "NULL"}
    if even != len(weights):
        members["odd_stream"] = _tile_stream(weights[-2:], bias[-2:], scale[-2:])
    return members


def tile_bytes(depth: int) -> int:
    """Bytes of a tile of expanded rows."""
    return 4 * TILE_ROWS * (1 + 2 * blocks_in(depth))


def dense_parameters(layer: dict[str, Any], scale: np.ndarray) -> dict[str, Any]:
    """Members of struct nn_dsp_dense."""
    return {
        "depth": layer["depth"],
        "channels": layer["channels"],
        "scale_step": 0 if len(scale) == 1 else 2,
        "stream": dense_stream(layer["weights"], layer["bias"]),
        "scale": _dense_scales(scale),
        "output": layer["output"],
    }


def dense(step: Step) -> Step | None:
    """nn_dense to nn_dsp_rows, or to nn_dsp_dense for fewer rows than a tile has."""
    layer: dict[str, Any] = step.parameters
    data, rows, output = step.arguments
    scale = scales(layer["multiplier"], layer["shift"])
    assert isinstance(rows, int)
    if scale is None:
        return None
    depth, channels = layer["depth"], layer["channels"]
    # Rows are expanded before anything is written over them.
    in_place = step.reads if depth == channels else ()
    if rows >= TILE_ROWS and channels >= TILE_CHANNELS:
        full = np.broadcast_to(scale, (channels, 2))
        parameters = {
            "depth": depth,
            "channels": channels,
            **tile_streams(layer["weights"], layer["bias"], full),
            "output": layer["output"],
        }
        return replace(
            step,
            kernel="dsp_rows",
            arguments=[data, rows, Scratch("uint32_t"), output],
            parameters=parameters,
            scratch=tile_bytes(depth),
            in_place=in_place if rows % TILE_ROWS == 0 else (),
        )
    return replace(
        step,
        kernel="dsp_dense",
        arguments=[data, rows, Scratch("uint32_t"), output],
        parameters=dense_parameters(layer, scale),
        scratch=8 * blocks_in(depth),
        in_place=in_place,
    )
