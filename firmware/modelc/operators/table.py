"""Functions of one value, as tables: LOGISTIC, TANH, HARD_SWISH, RELU and its kin, QUANTIZE; and SOFTMAX's exp()."""

from collections.abc import Callable

import numpy as np

from .. import fixedpoint
from ..errors import ModelError
from ..graph import Graph, Operator, Tensor
from ..step import Operand, Step
from . import affine
from .registry import lowering


def _ends(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    data, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    _check_count(operator, data, output)
    return data, output


def _check_count(operator: Operator, data: Tensor, output: Tensor) -> None:
    if data.count != output.count:
        raise ModelError(f"{operator} has {data} of shape {list(data.shape)}, but {output} is {list(output.shape)}")


def _lookup(operator: Operator, data: Tensor, output: Tensor, function: Callable[[int], int]) -> list[Step]:
    # A table goes by int8, whatever the bytes stand for.
    lift, least = (256 if data.dtype == "uint8" else 0), (0 if output.dtype == "uint8" else -128)
    values = [function(value + lift if value < 0 else value) for value in range(-128, 128)]
    table = np.array([max(least, min(least + 255, value)) for value in values]).astype(np.uint8).view(np.int8)
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


def _saturating(operator: Operator, data: Tensor, function: Callable[[int], int]) -> Callable[[int], int]:
    """`function` of a value in Q4.27 for the input's values that fit it; the ends of int8 beyond."""
    multiplier, shift = fixedpoint.quantize_multiplier(float(data.scale) * (1 << 27))
    if shift < 0:
        raise ModelError(f"{data} of {operator} has a scale of {data.scale}: too small")
    radius = fixedpoint.input_radius(4, shift)

    def of(value: int) -> int:
        centred = value - data.zero_point
        if abs(centred) >= radius:
            return 127 if centred > 0 else -128
        return function(fixedpoint.requantize(centred, multiplier, shift))

    return of


@lowering("LOGISTIC", tflm="AddLogistic")
def logistic(graph: Graph, operator: Operator) -> list[Step]:
    """The input is taken to Q4.27; beyond its range the result is saturated."""
    data, output = _ends(graph, operator)
    _check_probability(operator, output)

    def function(value: int) -> int:
        return fixedpoint.divide_pot(fixedpoint.logistic(value, 4), 23) - 128

    return _lookup(operator, data, output, _saturating(operator, data, function))


@lowering("TANH", tflm="AddTanh")
def tanh(graph: Graph, operator: Operator) -> list[Step]:
    """As LOGISTIC; TFLite Micro takes the output's scale for 1/128 and its zero point for 0 without a look."""
    data, output = _ends(graph, operator)
    return _lookup(
        operator,
        data,
        output,
        _saturating(operator, data, lambda value: fixedpoint.divide_pot(fixedpoint.tanh(value, 4), 24)),
    )


@lowering("HARD_SWISH", tflm="AddHardSwish")
def hard_swish(graph: Graph, operator: Operator) -> list[Step]:
    """x times relu6(x + 3) / 6, in 16-bit steps."""
    data, output = _ends(graph, operator)
    fine = np.float32(1 / 128) * data.scale  # of an input that is shifted to the top of 16 bits
    final, final_shift = fixedpoint.quantize_multiplier(float(fine / output.scale))
    slope, slope_shift = fixedpoint.quantize_multiplier(float(fine / np.float32(3 / 32768)))
    if final_shift > 0 or final_shift < -15 or slope_shift < -15:
        raise ModelError(f"{operator} has scales too far apart ({data.scale} to {output.scale})")
    final, slope = fixedpoint.upper_half(final), fixedpoint.upper_half(slope)

    def function(value: int) -> int:
        shifted = (value - data.zero_point) << 7
        gate = shifted if slope_shift <= 0 else fixedpoint.saturating_left(shifted, slope_shift - 1, 16)
        gate = fixedpoint.doubling_high(gate, slope, 16)
        if slope_shift > 0:
            gate = fixedpoint.saturating_left(gate, 1, 16)
        gate = fixedpoint.divide_pot(gate, max(-slope_shift, 0))
        # From -1..1 to 0..1. The last product is rounded towards zero.
        product = ((gate + (1 << 15)) >> 1) * fixedpoint.doubling_high(shifted, final, 16)
        product = abs(product) // (1 << 15) * (1 if product >= 0 else -1)
        return fixedpoint.divide_pot(product, -final_shift) + output.zero_point

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


@lowering("LEAKY_RELU", tflm="AddLeakyRelu")
def leaky_relu(graph: Graph, operator: Operator) -> list[Step]:
    """Rescales; values below zero by alpha as well."""
    data, output = _ends(graph, operator)
    alpha = np.float32(operator.options["Alpha"])
    if not np.isfinite(alpha):
        raise ModelError(f"{operator} has an alpha of {alpha}; the file is damaged")
    sign = -1 if alpha < 0 else 1
    above = fixedpoint.quantize_multiplier(float(data.scale) / float(output.scale))
    below = fixedpoint.quantize_multiplier(float(data.scale) * float(abs(alpha)) / float(output.scale))

    def function(value: int) -> int:
        centred = value - data.zero_point
        if centred >= 0:
            return output.zero_point + fixedpoint.requantize(centred, *above)
        return output.zero_point + sign * fixedpoint.requantize(centred, *below)

    return _lookup(operator, data, output, function)


@lowering("RELU6", tflm="AddRelu6")
def relu6(graph: Graph, operator: Operator) -> list[Step]:
    """Cuts at the input's values for 0 and 6. TFLite Micro does not rescale, whatever scale the output has."""
    data, output = _ends(graph, operator)
    six = min(127, data.zero_point + fixedpoint.round_half_away(np.float32(6) / data.scale))
    return _lookup(operator, data, output, lambda value: min(six, max(data.zero_point, value)))


@lowering("QUANTIZE", tflm="AddQuantize")
def quantize(graph: Graph, operator: Operator) -> list[Step]:
    """From one int8 scale to another; or from float32; or, at the ends of a network, from and to uint8."""
    if len(operator.outputs) != 1:
        raise ModelError(f"{operator} has {len(operator.outputs)} outputs instead of one; the file is damaged")
    data, output = graph.interface(graph.input(operator, 0)), graph.interface(operator.outputs[0])
    if data.dtype == "float32":
        return affine.quantize(graph, operator)
    if output.dtype == "float32" or (data.dtype, output.dtype) == ("uint8", "uint8"):
        raise ModelError(f"{operator} cannot make {output.dtype} of {data}, which is {data.dtype}")
    _check_count(operator, data, output)
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
