"""QUANTIZE from float32 and DEQUANTIZE, where a network's ends are float32."""

from ..errors import ModelError
from ..graph import Graph, Operator, Tensor
from ..step import Operand, Step
from .registry import lowering


def _convert(operator: Operator, kernel: str, data: Tensor, output: Tensor, quantized: Tensor) -> list[Step]:
    if data.count != output.count:
        raise ModelError(f"{operator} has {data} of shape {list(data.shape)}, but {output} is {list(output.shape)}")
    return [
        Step(
            operator.index,
            kernel,
            [Operand(data.index), data.count, Operand(output.index)],
            (data.index,),
            output.index,
            {"scale": quantized.scale, "zero": quantized.zero_point},
        )
    ]


def quantize(graph: Graph, operator: Operator) -> list[Step]:
    """From float32: divided by the scale, ties away from zero."""
    data, output = graph.floats(graph.input(operator, 0)), graph.output(operator)
    return _convert(operator, "quantize", data, output, output)


@lowering("DEQUANTIZE", tflm="AddDequantize")
def dequantize(graph: Graph, operator: Operator) -> list[Step]:
    """To float32."""
    if len(operator.outputs) != 1:
        raise ModelError(f"{operator} has {len(operator.outputs)} outputs instead of one; the file is damaged")
    data, output = graph.activation(graph.input(operator, 0)), graph.floats(operator.outputs[0])
    return _convert(operator, "dequantize", data, output, data)
