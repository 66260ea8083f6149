"""Convolutions as firmware/nn/mve/conv.h takes them."""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ..step import Step
from .dense import LANES, packed_dense


def conv(step: Step) -> Step | None:
    """nn_conv to nn_mve_conv."""
    layer: Any = step.parameters
    geometry = layer["window"]
    places = prod(geometry[name] for name in ("batches", "output_height", "output_width"))
    dense = layer["dense"]
    if not _in_one_piece(geometry):  # patches may as well be whole blocks long
        excess = -dense["depth"] % LANES
        weights = np.pad(dense["weights"], ((0, 0), (0, excess)))
        dense = dense | {"depth": dense["depth"] + excess, "weights": weights}
    packed = packed_dense(dense, places)
    if packed is None:
        return None
    return replace(step, kernel="mve_conv", parameters=layer | {"dense": packed}, scratch=2 * packed["depth"])


def _in_one_piece(geometry: dict[str, int]) -> bool:
    """True if the kernel may find what it sees side by side, as nn_mve_conv has it."""
    across = geometry["kernel_width"] == geometry["input_width"] and geometry["dilation_height"] == 1
    return geometry["dilation_width"] == 1 and (geometry["kernel_height"] == 1 or across)


def one_channel_depthwise(step: Step) -> Step | None:
    """A depthwise convolution of one channel is a convolution: what nn_depthwise has, to nn_mve_conv."""
    layer: Any = step.parameters
    weights = layer["weights"].T.copy()
    channels, depth = weights.shape
    dense = {"depth": depth, "channels": channels, "weights": weights}
    dense |= {name: layer[name] for name in ("bias", "multiplier", "shift", "output")}
    parameters = {"window": layer["window"], "dense": dense, "input_zero": layer["input_zero"]}
    return conv(replace(step, parameters=parameters))
