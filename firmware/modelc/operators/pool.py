"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from ..errors import ModelError
from ..graph import Graph, Operator
from ..quantization import activation_range
from ..step import Operand, Step
from .registry import lowering
from .window import window


def _pool(graph: Graph, operator: Operator, kernel: str) -> list[Step]:
    image, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    if abs(float(image.scale - output.scale)) > 1e-6 or image.zero_point != output.zero_point:
        raise ModelError(f"{operator} must have one scale and zero point for {image} and {output}")
    size = (int(operator.options["FilterHeight"]), int(operator.options["FilterWidth"]))
    geometry = window(operator, image, output, size)
    if output.shape[3] != image.shape[3]:
        raise ModelError(f"{operator} has {image.shape[3]} channels, but {output} is {list(output.shape)}")
    if size[0] * size[1] > 1 << 23:
        raise ModelError(f"{operator} has a window of {size}; the sum of so many values leaves 32 bits")
    least, largest = activation_range(operator, output)
    return [
        Step(
            operator.index,
            kernel,
            [Operand(image.index), Operand(output.index)],
            (image.index,),
            output.index,
            {"window": geometry, "min": least, "max": largest},
        )
    ]


@lowering("AVERAGE_POOL_2D", tflm="AddAveragePool2D")
def average_pool_2d(graph: Graph, operator: Operator) -> list[Step]:
    """Mean of each window, ties away from zero."""
    return _pool(graph, operator, "average_pool")


@lowering("MAX_POOL_2D", tflm="AddMaxPool2D")
def max_pool_2d(graph: Graph, operator: Operator) -> list[Step]:
    """Largest value of each window."""
    return _pool(graph, operator, "max_pool")
