"""Steps for Armv7E-M: the kernels of firmware/nn/dsp, and how their constants are packed.

What is taken: layers whose factors are all below one half, as those of trained networks are. The rest stays with the
portable kernels.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .kernel import Kernel
from .operators.window import hangs_over
from .step import Scratch, Step

KERNELS = {
    "dsp_dense": Kernel("nn_dsp_dense", "dsp/dense.h", "nn_dsp_dense"),
    "dsp_rows": Kernel("nn_dsp_rows", "dsp/conv.h", "nn_dsp_rows"),
    "dsp_conv": Kernel("nn_dsp_conv", "dsp/conv.h", "nn_dsp_conv", ring="nn_dsp_conv_ring"),
    "dsp_conv_lines": Kernel("nn_dsp_conv_lines", "dsp/conv.h", "nn_dsp_conv"),
    "dsp_conv_few": Kernel("nn_dsp_conv_few", "dsp/conv.h", "nn_dsp_conv_few", ring="nn_dsp_conv_few_ring"),
    "dsp_depthwise": Kernel("nn_dsp_depthwise", "dsp/depthwise.h", "nn_dsp_depthwise", ring="nn_dsp_depthwise_ring"),
    "dsp_depthwise_3x3": Kernel("nn_dsp_depthwise_3x3", "dsp/depthwise_3x3.h", "nn_dsp_depthwise"),
    "dsp_add": Kernel("nn_dsp_add", "dsp/add.h", "nn_dsp_add"),
    "dsp_add_same": Kernel("nn_dsp_add_same", "dsp/add.h", "nn_dsp_add"),
    "dsp_average_pool": Kernel("nn_dsp_average_pool", "dsp/pool.h", "nn_pool"),
    "dsp_max_pool": Kernel("nn_dsp_max_pool", "dsp/pool.h", "nn_pool"),
}

_BLOCK = 4  # weights in a word
_TILE_ROWS = 4
_TILE_CHANNELS = 2
_GROUP = 4  # channels of dense.h and depthwise.h
_PADDED_BYTES = 1024  # of padded lines, at most
_LINES = 3  # of pairs, of depthwise_3x3.h
_POINTER = 8  # bytes: the desk's, which the kernels run on too


def _wrapped(values: np.ndarray) -> np.ndarray:
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
    return _wrapped(np.stack([2 * multiplier.astype(np.int64) - (1 << 32), power], axis=1))


def blocks_of(weights: np.ndarray) -> np.ndarray:
    """Words of four weights, int32 [channels, blocks], as expand.h draws them; rows are filled up with zeros."""
    channels, depth = weights.shape
    padded = np.zeros((channels, -(-depth // _BLOCK) * _BLOCK), np.int64)
    padded[:, :depth] = weights
    even, odd = padded[:, 0::2], padded[:, 1::2]
    halves = (even << 8) + 127 - odd
    return _wrapped((halves[:, 0::2] & 0xFFFF) + (halves[:, 1::2] << 16))


def bias_for_blocks(bias: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Biases, int32 [channels], with what expand.h leaves to them."""
    wide = weights.astype(np.int64)
    return _wrapped(bias.astype(np.int64) + 128 * wide[:, 0::2].sum(axis=1) - wide[:, 1::2].sum(axis=1))


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


def _padded_line(window: dict[str, int], channels: int) -> int:
    """Bytes of a line with its padding, 0 where nn_dsp_conv_lines does not pay.

    It spares a position its edges, and rows that are no whole blocks their gathering; against that stands the
    multiplication of what fills the rows up. The lines must be short.
    """
    row = window["kernel_width"] * window["channels"]
    blocks = window["kernel_height"] * -(-row // _BLOCK)
    more = blocks - -(-window["kernel_height"] * row // _BLOCK)
    ragged = row % _BLOCK != 0
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
    return np.pad(apart, ((0, 0), (0, 0), (0, -apart.shape[2] % _BLOCK))).reshape(len(weights), -1)


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
            **_tile_streams(weights, layer["bias"], scale),
            "output": layer["output"],
            "line": line,
            "input_zero": step.parameters["input_zero"],
        },
        scratch=_scratch(depth) + (window["kernel_height"] * line + 3 if line else depth),
    )


def _depthwise_stream(weights: np.ndarray, bias: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The stream of depthwise.h, for weights [taps, channels] of at least four channels."""
    taps, channels = weights.shape
    even = np.zeros((taps + taps % 2, channels), np.int64)
    even[:taps] = weights
    words = _wrapped((even[0::2] & 0xFFFF) + (even[1::2] << 16))
    firsts = [*range(0, channels - 3, _GROUP), *([channels - _GROUP] if channels % _GROUP else [])]
    parts = [
        part[..., first : first + _GROUP].reshape(-1)
        if part is not scale
        else scale[first : first + _GROUP].reshape(-1)
        for first in firsts
        for part in (bias, words, scale)
    ]
    return np.concatenate(parts).astype(np.int32)


def _is_3x3(window: dict[str, int]) -> bool:
    """What depthwise_3x3.h takes, where its lines pay: instructions of a group of channels, as measured, are fewer."""
    steps = [window[f"{name}_{axis}"] for name in ("stride", "dilation") for axis in ("height", "width")]
    if (window["kernel_height"], window["kernel_width"]) != (3, 3) or steps != [1] * 4:
        return False
    rows, columns = window["output_height"], window["output_width"]
    if window["pad_left"] + window["input_width"] > columns + 2:
        return False
    return 72 * rows * columns + (rows + 2) * (80 + 13 * (columns + 2)) < 117 * rows * columns


def _depthwise_3x3(step: Step, scale: np.ndarray) -> Step:
    layer: dict[str, Any] = step.parameters
    window, weights = layer["window"], layer["weights"]
    # The taps of two rows of the kernel, column by column, and of the third and none.
    taps = np.zeros((12, weights.shape[1]), np.int8)
    taps[[0, 2, 4]], taps[[1, 3, 5]], taps[[6, 8, 10]] = weights[0:3], weights[3:6], weights[6:9]
    data, _, output = step.arguments
    return replace(
        step,
        kernel="dsp_depthwise_3x3",
        arguments=[data, Scratch("uint32_t"), output],
        parameters={
            "window": window,
            "stream": _depthwise_stream(taps, layer["bias"], scale),
            "output": layer["output"],
            "input_zero": layer["input_zero"],
            "padded": "true" if hangs_over(window) else "false",
        },
        scratch=_LINES * 4 * _GROUP * (window["output_width"] + 2),
    )


def _depthwise(step: Step) -> Step | None:
    layer: dict[str, Any] = step.parameters
    window = layer["window"]
    scale = scales(layer["multiplier"], layer["shift"])
    if scale is None or layer["channel_multiplier"] != 1 or window["channels"] < _GROUP:
        return None
    if _is_3x3(window):
        return _depthwise_3x3(step, scale)
    data, _, output = step.arguments
    taps = window["kernel_height"] * window["kernel_width"]
    padded = hangs_over(window)
    return replace(
        step,
        kernel="dsp_depthwise",
        arguments=[data, Scratch("const int8_t *"), output],
        parameters={
            "window": window,
            "stream": _depthwise_stream(layer["weights"], layer["bias"], scale),
            "output": layer["output"],
            "input_zero": layer["input_zero"],
            "padded": "true" if padded else "false",
        },
        scratch=_POINTER * (taps + taps % 2) + (window["channels"] if padded else 0),
    )


def _pool(step: Step) -> Step | None:
    window: dict[str, Any] = step.parameters["window"]
    return replace(step, kernel=f"dsp_{step.kernel}") if window["channels"] >= _GROUP else None


def _is_halved(addend: dict[str, Any]) -> bool:
    return bool(addend["multiplier"] == 1 << 30 and addend["shift"] == 0)


def _add(step: Step) -> Step | None:
    """Inputs of the output's shape; at least one has the larger scale, which is halved."""
    layer: dict[str, Any] = step.parameters
    (data0, data1, output), (first, second) = step.arguments, (layer["first"], layer["second"])
    if [*layer["shape"][:3], first["step"][3], second["step"][3]] != [1] * 5:
        return None
    if not _is_halved(first):
        data0, data1, first, second = data1, data0, second, first
    same = _is_halved(second)
    final = scales(np.array([layer["multiplier"]]), np.array([layer["shift"]]))
    smaller = scales(np.array([second["multiplier"]]), np.array([min(second["shift"], -1)]))
    if final is None or smaller is None or not _is_halved(first):
        return None
    parameters = {
        "count": layer["shape"][3],
        "larger_offset": -first["zero"] << 19,
        "smaller_offset": -second["zero"] << (19 if same else 20),
        "smaller_scale": smaller[0].tolist(),
        "output_scale": final[0].tolist(),
        "output": layer["output"],
    }
    return replace(
        step,
        kernel="dsp_add_same" if same else "dsp_add",
        arguments=[data0, data1, output],
        parameters=parameters,
    )


REWRITES: dict[str, Callable[[Step], Step | None]] = {
    "dense": _dense,
    "conv": _conv,
    "depthwise": _depthwise,
    "add": _add,
    "average_pool": _pool,
    "max_pool": _pool,
}
