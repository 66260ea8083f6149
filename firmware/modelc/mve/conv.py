"""Convolutions as firmware/nn/mve/conv.h takes them."""

from dataclasses import replace

from ..step import Step
from .dense import packed_dense


def conv(step: Step) -> Step | None:
    """nn_conv to nn_mve_conv."""
    packed = packed_dense(step.parameters["dense"])
    return packed and replace(
        step,
        kernel="mve_conv",
        parameters={
            "window": step.parameters["window"],
            "dense": packed,
            "input_zero": step.parameters["input_zero"],
        },
        scratch=2 * packed["depth"],
    )


def one_channel_depthwise(step: Step) -> Step | None:
    """A depthwise convolution of one channel is a convolution: what nn_depthwise has, to nn_mve_conv."""
    layer = step.parameters
    weights = layer["weights"].T.copy()
    channels, depth = weights.shape
    dense = {"depth": depth, "channels": channels, "weights": weights}
    dense |= {name: layer[name] for name in ("bias", "multiplier", "shift", "output")}
    parameters = {"window": layer["window"], "dense": dense, "input_zero": layer["input_zero"]}
    return conv(replace(step, parameters=parameters))
