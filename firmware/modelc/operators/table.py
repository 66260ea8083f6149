"""Functions of one value, as tables: LOGISTIC, RELU, RELU6, QUANTIZE; and SOFTMAX, whose exp() is one."""

from collections.abc import Callable

import numpy as np

from .. import fixedpoint
from ..errors import ModelError
from ..graph import Graph, Operator, Tensor
from ..step import Operand, Step
from .registry import lowering


def _ends(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    data, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    if data.count != output.count:
        raise ModelError(f"{operator} has {data} of shape {list(data.shape)}, but {output} is {list(output.shape)}")
    return data, output


def _lookup(operator: Operator, data: Tensor, output: Tensor, function: Callable[[int], int]) -> list[Step]:
    table = np.array([max(-128, min(127, function(value))) for value in range(-128, 128)], np.int8)
    return [
        Step(
            operator.index,
            "lookup",
            [table, Operand(data.index), data.count, Operand(output.index)],
            (data.index,),
            output.index,
            in_place=(data.index,),
        )
    ]


def _check_probability(operator: Operator, output: Tensor) -> None:
    if output.zero_point != -128 or float(output.scale) != 1 / 256:
        raise ModelError(
            f"{operator} must have scale 1/256 and zero point -128, "
            f"but {output} has {output.scale} and {output.zero_point}"
        )


@lowering("LOGISTIC", tflm="AddLogistic")
def logistic(graph: Graph, operator: Operator) -> list[Step]:
    """The input is taken to Q4.27; beyond its range the result is saturated."""
    data, output = _ends(graph, operator)
    _check_probability(operator, output)
    multiplier, shift = fixedpoint.quantize_multiplier(float(data.scale) * (1 << 27))
    if shift < 0:
        raise ModelError(f"{data} of {operator} has a scale of {data.scale}: too small")
    radius = fixedpoint.input_radius(4, shift)

    def function(value: int) -> int:
        centred = value - data.zero_point
        if centred <= -radius:
            return -128
        if centred >= radius:
            return 127
        return (
            fixedpoint.divide_pot(fixedpoint.logistic(fixedpoint.requantize(centred, multiplier, shift), 4), 23) - 128
        )

    return _lookup(operator, data, output, function)


@lowering("RELU", tflm="AddRelu")
def relu(graph: Graph, operator: Operator) -> list[Step]:
    """Rescales, then cuts at the output's zero point."""
    data, output = _ends(graph, operator)
    multiplier, shift = fixedpoint.quantize_multiplier(float(data.scale) / float(output.scale))
    return _lookup(
        operator,
        data,
        output,
        lambda value: max(
            output.zero_point,
            output.zero_point + fixedpoint.requantize(value - data.zero_point, multiplier, shift),
        ),
    )


@lowering("RELU6", tflm="AddRelu6")
def relu6(graph: Graph, operator: Operator) -> list[Step]:
    """Cuts at the values for 0 and 6; TFLite Micro does not rescale here, so the scales must agree."""
    data, output = _ends(graph, operator)
    if data.scale != output.scale or data.zero_point != output.zero_point:
        raise ModelError(f"{operator} must have one scale and zero point for {data} and {output}")
    six = min(127, data.zero_point + fixedpoint.round_half_away(np.float32(6) / data.scale))
    return _lookup(operator, data, output, lambda value: min(six, max(data.zero_point, value)))


@lowering("QUANTIZE", tflm="AddQuantize")
def quantize(graph: Graph, operator: Operator) -> list[Step]:
    """From one int8 scale to another."""
    data, output = _ends(graph, operator)
    multiplier, shift = fixedpoint.quantize_multiplier(float(data.scale) / float(output.scale))
    return _lookup(
        operator,
        data,
        output,
        lambda value: output.zero_point + fixedpoint.requantize(value - data.zero_point, multiplier, shift),
    )


@lowering("SOFTMAX", tflm="AddSoftmax")
def softmax(graph: Graph, operator: Operator) -> list[Step]:
    """Over the last axis; the table holds exp() of each difference to the row's maximum, taken to Q5.26."""
    data, output = _ends(graph, operator)
    _check_probability(operator, output)
    if data.shape != output.shape or not data.shape or data.shape[-1] > 4095:
        raise ModelError(f"{operator} has {data} of shape {list(data.shape)}; a row must have 1 to 4095 values")
    factor = min(float(operator.options["Beta"]) * float(data.scale) * (1 << 26), (1 << 31) - 1.0)
    if not factor > 1:
        raise ModelError(f"{operator} has beta {operator.options['Beta']} and scale {data.scale}: too small")
    multiplier, shift = fixedpoint.quantize_multiplier(factor)
    differences = min(255, fixedpoint.input_radius(5, shift)) + 1
    exp = [fixedpoint.exp_on_negative(fixedpoint.doubling_high(-d << shift, multiplier), 5) for d in range(differences)]
    depth = data.shape[-1]
    return [
        Step(
            operator.index,
            "softmax",
            [Operand(data.index), Operand(output.index)],
            (data.index,),
            output.index,
            {
                "rows": data.count // depth,
                "depth": depth,
                "differences": differences,
                "exp_q31": np.array(exp, np.int32),
            },
            in_place=(data.index,),
        )
    ]
