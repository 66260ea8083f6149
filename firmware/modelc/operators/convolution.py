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
    """Weights [channels out, height, width, channels in]; 1x1 with stride 1 is a dense layer on every pixel.

    Where the weights have a part of the input's channels, the outputs go in as many groups.
    """
    image, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    weights = symmetric_weights(graph, operator)
    if len(weights.shape) != 4 or len(image.shape) != 4 or len(output.shape) != 4:
        raise ModelError(f"{operator} needs four axes, and {weights} is {list(weights.shape)}")
    channels, height, width, depth = weights.shape
    groups = image.shape[3] // max(depth, 1)
    if groups * depth != image.shape[3] or channels % max(groups, 1):
        raise ModelError(f"{operator} takes {image.shape[3]} channels to {channels}, {depth} in a kernel")
    if output.shape[3] != channels:
        raise ModelError(f"{operator} has {channels} kernels, but {output} is {list(output.shape)}")
    geometry = window(operator, image, output, (height, width))
    assert weights.data is not None
    rows = weights.data.reshape(channels, -1)
    multipliers, shifts = channel_multipliers(_multipliers(operator, image, weights, output, axis=0))
    dense = {
        "depth": rows.shape[1],
        "channels": channels,
        "multiplier_step": 1,
        "weights": rows,
        "bias": folded_bias(graph, operator, rows, channels, image.zero_point),
        "multiplier": multipliers,
        "shift": shifts,
        "output": output_range(operator, output),
    }
    step = Step(operator.index, "dense", [], (image.index,), output.index, macs=output.count * rows.shape[1])
    if (height, width, groups) == (1, 1, 1) and geometry["stride_height"] == geometry["stride_width"] == 1:
        step.parameters = dense
        step.arguments = [Operand(image.index), image.count // depth, Operand(output.index)]
        return [step]
    step.kernel = "conv"
    step.parameters = {"window": geometry, "dense": dense, "input_zero": image.zero_point}
    step.arguments = [Operand(image.index), Scratch(), Operand(output.index)]
    step.scratch = rows.shape[1]
    if groups > 1:
        step.kernel = "grouped_conv"
        group = step.parameters | {"dense": dense | {"channels": channels // groups}}
        step.parameters = {"group": group, "groups": groups}
        step.scratch = (groups + 1) * rows.shape[1]
    return [step]


@lowering("DEPTHWISE_CONV_2D", tflm="AddDepthwiseConv2D")
def depthwise_conv_2d(graph: Graph, operator: Operator) -> list[Step]:
    """Weights [1, height, width, channels out]."""
    image, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    weights = symmetric_weights(graph, operator)
    if len(weights.shape) != 4 or weights.shape[0] != 1 or len(image.shape) != 4 or len(output.shape) != 4:
        raise ModelError(f"{operator} needs four axes, and {weights} is {list(weights.shape)}")
    _, height, width, channels = weights.shape
    if channels % image.shape[3] or output.shape[3] != channels:
        raise ModelError(
            f"{operator} gives {channels} channels from {image.shape[3]}, and {output} is {list(output.shape)}"
        )
    geometry = window(operator, image, output, (height, width))
    assert weights.data is not None
    columns = weights.data.reshape(-1, channels)
    multipliers, shifts = channel_multipliers(_multipliers(operator, image, weights, output, axis=3))
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
