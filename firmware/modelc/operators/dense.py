"""FULLY_CONNECTED."""

import tflite

from ..errors import ModelError
from ..graph import Graph, Operator
from ..quantization import channel_multipliers, folded_bias, output_range, symmetric_weights
from ..step import Operand, Step
from .registry import lowering


@lowering("FULLY_CONNECTED", tflm="AddFullyConnected")
def fully_connected(graph: Graph, operator: Operator) -> list[Step]:
    """Weights [channels, depth]; the input's values are taken as rows of depth."""
    data, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    if operator.options["WeightsFormat"] != tflite.FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise ModelError(f"{operator} has shuffled weights; convert the model without them")
    weights = symmetric_weights(graph, operator)
    if len(weights.shape) != 2:
        raise ModelError(f"{operator} needs two axes, and {weights} is {list(weights.shape)}")
    channels, depth = weights.shape
    rows = data.count // max(depth, 1)
    if rows * depth != data.count or rows * channels != output.count or not output.shape:
        raise ModelError(f"{operator} does not fit: {list(data.shape)} by {list(weights.shape)} to {output}")
    if output.shape[-1] != channels:
        raise ModelError(f"{operator} has {channels} channels, but {output} is {list(output.shape)}")
    if len(weights.scales) > 1 and weights.axis != 0:
        raise ModelError(f"{weights} of {operator} has its scales along axis {weights.axis} instead of 0")
    factors = [float(data.scale) * float(scale) / float(output.scale) for scale in weights.scales]
    multipliers, shifts = channel_multipliers(factors)
    assert weights.data is not None
    return [
        Step(
            operator.index,
            "dense",
            [Operand(data.index), rows, Operand(output.index)],
            (data.index,),
            output.index,
            {
                "depth": depth,
                "channels": channels,
                "multiplier_step": int(len(factors) > 1),
                "weights": weights.data,
                "bias": folded_bias(graph, operator, weights.data, channels, data.zero_point),
                "multiplier": multipliers,
                "shift": shifts,
                "output": output_range(operator, output),
            },
            macs=rows * channels * depth,
        )
    ]
