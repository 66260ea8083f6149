"""Steps for Armv7E-M: the kernels of firmware/nn/dsp, and how their constants are packed.

What is taken: layers whose factors are all below one half, as those of trained networks are. The rest stays with the
portable kernels.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from . import dsp_elementwise as elementwise
from .dsp_scales import scales, wrapped
from .kernel import Kernel
from .operators.window import hangs_over
from .step import Scratch, Step

KERNELS = {
    "dsp_dense": Kernel("nn_dsp_dense", "dsp/dense.h", "nn_dsp_dense"),
    "dsp_rows": Kernel("nn_dsp_rows", "dsp/conv.h", "nn_dsp_rows"),
    "dsp_conv": Kernel("nn_dsp_conv", "dsp/conv.h", "nn_dsp_conv", ring="nn_dsp_conv_ring"),
    "dsp_conv_few": Kernel("nn_dsp_conv_few", "dsp/conv.h", "nn_dsp_conv_few", ring="nn_dsp_conv_few_ring"),
    "dsp_depthwise": Kernel("nn_dsp_depthwise", "dsp/depthwise.h", "nn_dsp_depthwise", ring="nn_dsp_depthwise_ring"),
    "dsp_add": Kernel("nn_dsp_add", "dsp/add.h", "nn_dsp_add"),
    "dsp_add_same": Kernel("nn_dsp_add_same", "dsp/add.h", "nn_dsp_add"),
    "dsp_sub": Kernel("nn_dsp_sub", "dsp/add.h", "nn_dsp_add"),
    "dsp_sub_reversed": Kernel("nn_dsp_sub_reversed", "dsp/add.h", "nn_dsp_add"),
    "dsp_sub_same": Kernel("nn_dsp_sub_same", "dsp/add.h", "nn_dsp_add"),
    "dsp_mul": Kernel("nn_dsp_mul", "dsp/mul.h", "nn_dsp_mul"),
    "dsp_mean": Kernel("nn_dsp_mean", "dsp/mean.h", "nn_mean"),
    "dsp_mean_of_neighbours": Kernel("nn_dsp_mean_of_neighbours", "dsp/mean.h", "nn_mean"),
    "dsp_lookup": Kernel("nn_dsp_lookup", "dsp/lookup.h"),
    "dsp_average_pool": Kernel("nn_dsp_average_pool", "dsp/pool.h", "nn_pool"),
    "dsp_max_pool": Kernel("nn_dsp_max_pool", "dsp/pool.h", "nn_pool"),
}

_BLOCK = 4  # weights in a word
_TILE_ROWS = 4
_TILE_CHANNELS = 2
_GROUP = 4  # channels of dense.h and depthwise.h
_PADDED_BYTES = 1024  # of padded lines, at most
_POINTER = 8  # bytes: the desk's, which the kernels run on too


def blocks_of(weights: np.ndarray) -> np.ndarray:
    """Words of four weights, int32 [channels, blocks], as expand.h draws them; rows are filled up with zeros."""
    channels, depth = weights.shape
    padded = np.zeros((channels, -(-depth // _BLOCK) * _BLOCK), np.int64)
    padded[:, :depth] = weights
    even, odd = padded[:, 0::2], padded[:, 1::2]
    halves = (even << 8) + 127 - odd
    return wrapped((halves[:, 0::2] & 0xFFFF) + (halves[:, 1::2] << 16))


def bias_for_blocks(bias: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Biases, int32 [channels], with what expand.h leaves to them."""
    wide = weights.astype(np.int64)
    return wrapped(bias.astype(np.int64) + 128 * wide[:, 0::2].sum(axis=1) - wide[:, 1::2].sum(axis=1))


def _dense_scales(scale: np.ndarray) -> np.ndarray:
    """Scales of dense.h: of whole groups of channels, or one for all."""
    groups = 1 if len(scale) == 1 else -(-len(scale) // _GROUP) * _GROUP
    full = np.zeros((groups, 2), np.int32)
    full[: len(scale)] = scale
    return full.reshape(-1)


def _dense_stream(weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The stream of dense.h."""
    words, biases = blocks_of(weights), bias_for_blocks(bias, weights)
    groups = -(-len(words) // _GROUP)
    full = np.zeros((groups * _GROUP, 1 + words.shape[1]), np.int32)
    full[: len(words), 0] = biases
    full[: len(words), 1:] = words
    return full.reshape(groups, _GROUP, -1).transpose(0, 2, 1).reshape(-1)


def _tile_stream(weights: np.ndarray, bias: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The stream of tile.h, for an even number of channels."""
    words, biases = blocks_of(weights), bias_for_blocks(bias, weights)
    shape = (len(words) // _TILE_CHANNELS, _TILE_CHANNELS, -1)
    inner = np.concatenate([biases[:, None], words], axis=1).reshape(shape).transpose(0, 2, 1)
    return np.concatenate([inner.reshape(shape[0], -1), scale.reshape(shape[0], -1)], axis=1).reshape(-1)


def _tile_streams(weights: np.ndarray, bias: np.ndarray, scale: np.ndarray) -> dict[str, Any]:
    """Members stream and odd_stream: whole pairs of channels, and once more the last two if the number is odd."""
    even = len(weights) - len(weights) % _TILE_CHANNELS
    members: dict[str, Any] = {"stream": _tile_stream(weights[:even], bias[:even], scale[:even]), "odd_stream": "NULL"}
    if even != len(weights):
        members["odd_stream"] = _tile_stream(weights[-2:], bias[-2:], scale[-2:])
    return members


def _scratch(depth: int) -> int:
    """Bytes of a tile of expanded rows."""
    return 4 * _TILE_ROWS * (1 + 2 * -(-depth // _BLOCK))


def _dense_parameters(layer: dict[str, Any], scale: np.ndarray) -> dict[str, Any]:
    """Members of struct nn_dsp_dense."""
    return {
        "depth": layer["depth"],
        "channels": layer["channels"],
        "scale_step": 0 if len(scale) == 1 else 2,
        "stream": _dense_stream(layer["weights"], layer["bias"]),
        "scale": _dense_scales(scale),
        "output": layer["output"],
    }


def _dense(step: Step) -> Step | None:
    layer: dict[str, Any] = step.parameters
    data, rows, output = step.arguments
    scale = scales(layer["multiplier"], layer["shift"])
    assert isinstance(rows, int)
    if scale is None:
        return None
    depth, channels = layer["depth"], layer["channels"]
    # Rows are expanded before anything is written over them.
    in_place = step.reads if depth == channels else ()
    if rows >= _TILE_ROWS and channels >= _TILE_CHANNELS:
        full = np.broadcast_to(scale, (channels, 2))
        parameters = {
            "depth": depth,
            "channels": channels,
            **_tile_streams(layer["weights"], layer["bias"], full),
            "output": layer["output"],
        }
        return replace(
            step,
            kernel="dsp_rows",
            arguments=[data, rows, Scratch("uint32_t"), output],
            parameters=parameters,
            scratch=_scratch(depth),
            in_place=in_place if rows % _TILE_ROWS == 0 else (),
        )
    return replace(
        step,
        kernel="dsp_dense",
        arguments=[data, rows, Scratch("uint32_t"), output],
        parameters=_dense_parameters(layer, scale),
        scratch=8 * -(-depth // _BLOCK),
        in_place=in_place,
    )


def _padded_line(window: dict[str, int]) -> int:
    """Bytes of a line with its padding if padding lines pays: there is any, and the lines are short."""
    if window["dilation_width"] > 1 or not hangs_over(window):
        return 0
    reach = (window["output_width"] - 1) * window["stride_width"] + window["kernel_width"]
    line = reach * window["channels"]
    return line if window["kernel_height"] * line <= _PADDED_BYTES else 0


def _conv(step: Step) -> Step | None:
    window: dict[str, Any] = step.parameters["window"]
    layer: dict[str, Any] = step.parameters["dense"]
    scale = scales(layer["multiplier"], layer["shift"])
    positions = window["batches"] * window["output_height"] * window["output_width"]
    if scale is None:
        return None
    data, _, output = step.arguments
    if positions < _TILE_ROWS or layer["channels"] < _TILE_CHANNELS:
        return replace(
            step,
            kernel="dsp_conv_few",
            arguments=[data, Scratch("uint32_t"), output],
            parameters={
                "window": window,
                "dense": _dense_parameters(layer, scale),
                "input_zero": step.parameters["input_zero"],
            },
            scratch=8 * -(-layer["depth"] // _BLOCK) + layer["depth"],
        )
    line = _padded_line(window)
    parameters = {
        "window": window,
        "depth": layer["depth"],
        "channels": layer["channels"],
        **_tile_streams(layer["weights"], layer["bias"], scale),
        "output": layer["output"],
        "line": line,
        "input_zero": step.parameters["input_zero"],
    }
    return replace(
        step,
        kernel="dsp_conv",
        arguments=[data, Scratch("uint32_t"), output],
        parameters=parameters,
        scratch=_scratch(layer["depth"]) + layer["depth"] + window["kernel_height"] * line,
    )


def _depthwise_stream(weights: np.ndarray, bias: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The stream of depthwise.h, for weights [taps, channels] of at least four channels."""
    taps, channels = weights.shape
    even = np.zeros((taps + taps % 2, channels), np.int64)
    even[:taps] = weights
    words = wrapped((even[0::2] & 0xFFFF) + (even[1::2] << 16))
    firsts = [*range(0, channels - 3, _GROUP), *([channels - _GROUP] if channels % _GROUP else [])]
    parts = [
        part[..., first : first + _GROUP].reshape(-1)
        if part is not scale
        else scale[first : first + _GROUP].reshape(-1)
        for first in firsts
        for part in (bias, words, scale)
    ]
    return np.concatenate(parts).astype(np.int32)


def _depthwise(step: Step) -> Step | None:
    layer: dict[str, Any] = step.parameters
    window = layer["window"]
    scale = scales(layer["multiplier"], layer["shift"])
    if scale is None or layer["channel_multiplier"] != 1 or window["channels"] < _GROUP:
        return None
    data, _, output = step.arguments
    taps = window["kernel_height"] * window["kernel_width"]
    return replace(
        step,
        kernel="dsp_depthwise",
        arguments=[data, Scratch("const int8_t *"), output],
        parameters={
            "window": window,
            "stream": _depthwise_stream(layer["weights"], layer["bias"], scale),
            "output": layer["output"],
            "input_zero": layer["input_zero"],
        },
        scratch=_POINTER * (taps + taps % 2) + window["channels"],
    )


def _pool(step: Step) -> Step | None:
    window: dict[str, Any] = step.parameters["window"]
    return replace(step, kernel=f"dsp_{step.kernel}") if window["channels"] >= _GROUP else None


REWRITES: dict[str, Callable[[Step], Step | None]] = {
    "dense": _dense,
    "conv": _conv,
    "depthwise": _depthwise,
    "add": elementwise.add,
    "sub": elementwise.sub,
    "mul": elementwise.mul,
    "mean": elementwise.mean,
    "lookup": elementwise.lookup,
    "average_pool": _pool,
    "max_pool": _pool,
}
