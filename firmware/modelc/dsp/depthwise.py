"""Depthwise convolutions as depthwise.h takes them."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..operators.window import hangs_over
from ..step import Scratch, Step
from .packing import GROUP, scales, wrapped

_LINES = 3  # of pairs, of depthwise_3x3.h
_POINTER = 8  # bytes: the desk's, which the kernels run on too


def _depthwise_stream(weights: np.ndarray, bias: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The stream of depthwise.h, for weights [taps, channels] of at least four channels."""
    taps, channels = weights.shape
    even = np.zeros((taps + taps % 2, channels), np.int64)
    even[:taps] = weights
    words = wrapped((even[0::2] & 0xFFFF) + (even[1::2] << 16))
    firsts = [*range(0, channels - 3, GROUP), *([channels - GROUP] if channels % GROUP else [])]
    parts = [
        part[..., first : first + GROUP].reshape(-1) if part is not scale else scale[first : first + GROUP].reshape(-1)
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
        scratch=_LINES * 4 * GROUP * (window["output_width"] + 2),
    )


def depthwise(step: Step) -> Step | None:
    """nn_depthwise to nn_dsp_depthwise_3x3 where it pays, else to nn_dsp_depthwise."""
    layer: dict[str, Any] = step.parameters
    window = layer["window"]
    scale = scales(layer["multiplier"], layer["shift"])
    if scale is None or layer["channel_multiplier"] != 1 or window["channels"] < GROUP:
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
