"""CONV_2D and DEPTHWISE_CONV_2D."""

from math import prod

import numpy as np

from ..errors import ModelError
from ..graph import Graph, Operator, Tensor
from ..quantization import channel_multipliers, folded_bias, output_range, symmetric_weights
from ..step import Operand, Scratch, Step
from .registry import lowering
from .window import hangs_over, window


def _multipliers(operator: Operator, image: Tensor, weights: Tensor, output: Tensor, axis: int) -> list[float]:
    """Real factor from accumulator to output, one a channel along `axis` of the weights."""
    if len(weights.scales) > 1 and weights.axis != axis:
        raise ModelError(f"{weights} of {operator} has its scales along axis {weights.axis} instead of {axis}")
    scales = weights.scales if len(weights.scales) > 1 else np.repeat(weights.scales, weights.shape[axis])
    return [float(image.scale) * float(scale) / float(output.scale) for scale in scales]


@lowering("CONV_2D", tflm="AddConv2D")
def conv_2d(graph: Graph, operator: Operator) -> list[Step]:
    """Weights [channels out, height, width, channels in]; 1x1 with stride 1 is a dense layer on every pixel."""
    image, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    weights = symmetric_weights(graph, operator)
    if len(weights.shape) != 4 or len(image.shape) != 4 or len(output.shape) != 4:
        raise ModelError(f"{operator} needs four axes, and {weights} is {list(weights.shape)}")
    channels, _, _, depth = weights.shape
    if depth != image.shape[3]:
        raise ModelError(f"{operator} is a grouped convolution ({image.shape[3]} channels in, {depth} in the kernel)")
    if output.shape[3] != channels:
        raise ModelError(f"{operator} has {channels} kernels, but {output} is {list(output.shape)}")
    assert weights.data is not None
    factors = _multipliers(operator, image, weights, output, axis=0)
    return [_convolution(graph, operator, image, weights.data, factors)]


def _convolution(graph: Graph, operator: Operator, image: Tensor, filters: np.ndarray, factors: list[float]) -> Step:
    """filters: int8 [channels out, height, width, channels in]; factors: one a channel out."""
    output = graph.output(operator)
    channels, kernel = filters.shape[0], filters.shape[1:3]
    rows = filters.reshape(channels, -1)
    depth = rows.shape[1]
    geometry = window(operator, image, output, kernel)
    multipliers, shifts = channel_multipliers(factors)
    dense = {
        "depth": depth,
        "channels": channels,
        "multiplier_step": 1,
        "weights": rows,
        "bias": folded_bias(graph, operator, rows, channels, image.zero_point),
        "multiplier": multipliers,
        "shift": shifts,
        "output": output_range(operator, output),
    }
    step = Step(operator.index, "dense", [], (image.index,), output.index, macs=output.count * depth)
    if kernel == (1, 1) and geometry["stride_height"] == geometry["stride_width"] == 1:
        step.parameters = dense
        step.arguments = [Operand(image.index), image.count // depth, Operand(output.index)]
        return step
    step.kernel = "conv"
    step.parameters = {"window": geometry, "dense": dense, "input_zero": image.zero_point}
    step.arguments = [Operand(image.index), Scratch(), Operand(output.index)]
    step.scratch = depth
    return step


@lowering("DEPTHWISE_CONV_2D", tflm="AddDepthwiseConv2D")
def depthwise_conv_2d(graph: Graph, operator: Operator) -> list[Step]:
    """Weights [1, height, width, channels out]; of one channel in, this is a CONV_2D."""
    image, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    weights = symmetric_weights(graph, operator)
    if len(weights.shape) != 4 or weights.shape[0] != 1 or len(image.shape) != 4 or len(output.shape) != 4:
        raise ModelError(f"{operator} needs four axes, and {weights} is {list(weights.shape)}")
    _, height, width, channels = weights.shape
    if channels % image.shape[3] or output.shape[3] != channels:
        raise ModelError(
            f"{operator} gives {channels} channels from {image.shape[3]}, and {output} is {list(output.shape)}"
        )
    assert weights.data is not None
    columns = weights.data.reshape(-1, channels)
    factors = _multipliers(operator, image, weights, output, axis=3)
    if image.shape[3] == 1:
        filters = np.ascontiguousarray(columns.T).reshape(channels, height, width, 1)
        return [_convolution(graph, operator, image, filters, factors)]
    geometry = window(operator, image, output, (height, width))
    multipliers, shifts = channel_multipliers(factors)
    padded = hangs_over(geometry)
    return [
        Step(
            operator.index,
            "depthwise",
            [Operand(image.index), Scratch(), Operand(output.index)],
            (image.index,),
            output.index,
            {
                "window": geometry,
                "channel_multiplier": channels // image.shape[3],
                "weights": columns,
                "bias": folded_bias(graph, operator, columns.T, channels, image.zero_point),
                "multiplier": multipliers,
                "shift": shifts,
                "output": output_range(operator, output),
                "input_zero": image.zero_point,
            },
            scratch=prod((height, width, image.shape[3])) if padded else 0,
            macs=output.count * height * width,
        )
    ]
