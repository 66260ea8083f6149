"""How scales become the integers that kernels work with, exactly as TFLite Micro does it."""

import numpy as np

from .errors import ModelError
from .fixedpoint import INT32_MAX, quantize_multiplier, round_half_away
from .graph import Graph, Operator, Tensor
from .schema import ACTIVATIONS


def activation_range(operator: Operator, output: Tensor) -> tuple[int, int]:
    """Least and largest int8 value that the fused activation lets through; raises ModelError for TANH and the like."""
    name = ACTIVATIONS.get(int(operator.options["FusedActivationFunction"]), "unknown")
    limits: dict[str, tuple[float | None, float | None]] = {
        "NONE": (None, None),
        "RELU": (0.0, None),
        "RELU6": (0.0, 6.0),
        "RELU_N1_TO_1": (-1.0, 1.0),
    }
    if name not in limits:
        raise ModelError(f"{operator} has the fused activation {name}; modelc knows {', '.join(limits)}")

    def quantized(limit: float) -> int:
        return output.zero_point + round_half_away(np.float32(limit) / output.scale)

    low, high = limits[name]
    least = -128 if low is None else max(-128, quantized(low))
    largest = 127 if high is None else min(127, quantized(high))
    return min(least, 127), max(largest, -128)


def output_range(operator: Operator, output: Tensor) -> dict[str, int]:
    """The members of struct nn_range."""
    least, largest = activation_range(operator, output)
    return {"zero": output.zero_point, "min": least, "max": largest}


def channel_multipliers(factors: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Q31 multipliers (int32) and shifts (int8) of real factors."""
    pairs = [quantize_multiplier(factor) for factor in factors]
    if any(shift > 30 for _, shift in pairs):
        raise ModelError("a layer's input scale times weight scale exceeds its output scale by more than 2^30")
    return (
        np.array([multiplier for multiplier, _ in pairs], np.int32),
        np.array([shift for _, shift in pairs], np.int8),
    )


def folded_bias(graph: Graph, operator: Operator, weights: np.ndarray, channels: int, zero_point: int) -> np.ndarray:
    """Biases less the input's zero point times each channel's weights, so that kernels multiply raw int8 inputs.

    weights: int8 [channels, values of one channel]. Raises ModelError if an accumulator could leave int32.
    """
    wide = weights.astype(np.int64)
    bias = np.zeros(channels, np.int64)
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        tensor = graph.constant(operator, 2, ("int32",))
        if tensor.count != channels:
            raise ModelError(f"{tensor} holds {tensor.count} biases for the {channels} channels of {operator}")
        assert tensor.data is not None
        bias = tensor.data.reshape(-1).astype(np.int64)
    folded = bias - zero_point * wide.sum(axis=1)
    bound = np.maximum(np.abs(folded), np.abs(bias)) + 128 * np.abs(wide).sum(axis=1)
    if (bound > INT32_MAX).any():
        channel = int(np.argmax(bound))
        raise ModelError(f"{operator} can overflow 32 bits in channel {channel}; its bias or its kernel is too large")
    return folded.astype(np.int32)


def symmetric_weights(graph: Graph, operator: Operator) -> Tensor:
    """The weights at input 1, int8 and with zero points of zero, as TFLite's quantization demands."""
    weights = graph.constant(operator, 1, ("int8",))
    if weights.zero_points.any():
        raise ModelError(f"{weights} has a zero point other than 0; quantize the weights symmetrically")
    return weights
