"""Depthwise convolutions as depthwise.h takes them."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..operators.window import hangs_over
from ..step import Scratch, Step
from .packing import GROUP, scales, wrapped

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


def depthwise(step: Step) -> Step | None:
    """nn_depthwise to nn_dsp_depthwise."""
    layer: dict[str, Any] = step.parameters
    window = layer["window"]
    scale = scales(layer["multiplier"], layer["shift"])
    if scale is None or layer["channel_multiplier"] != 1 or window["channels"] < GROUP:
        return None
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
