"""Convolutions as firmware/nn/mve/conv.h takes them."""

from dataclasses import replace
from math import prod
from typing import Any

from ..step import Step
from .dense import packed_dense


def conv(step: Step) -> Step | None:
    """nn_conv to nn_mve_conv."""
    layer: Any = step.parameters
    geometry = layer["window"]
    places = prod(geometry[name] for name in ("batches", "output_height", "output_width"))
    packed = packed_dense(layer["dense"], places)
    if packed is None:
        return None
    return replace(step, kernel="mve_conv", parameters=layer | {"dense": packed}, scratch=2 * packed["depth"])


def one_channel_depthwise(step: Step) -> Step | None:
    """A depthwise convolution of one channel is a convolution: what nn_depthwise has, to nn_mve_conv."""
    layer: Any = step.parameters
    weights = layer["weights"].T.copy()
    channels, depth = weights.shape
    dense = {"depth": depth, "channels": channels, "weights": weights}
    dense |= {name: layer[name] for name in ("bias", "multiplier", "shift", "output")}
    parameters = {"window": layer["window"], "dense": dense, "input_zero": layer["input_zero"]}
    return conv(replace(step, parameters=parameters))
