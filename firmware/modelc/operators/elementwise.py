"""ADD, SUB and MUL: two tensors value by value, either of them repeated along any axis."""

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import ModelError
from ..fixedpoint import quantize_multiplier
from ..graph import Graph, Operator, Tensor
from ..quantization import output_range
from ..step import Operand, Step
from .axes import Axis, merge_axes, peel_axes, steps_of
from .registry import lowering

_HEADROOM = 20  # as in add.c
_Parameters = dict[str, object]


@dataclass(frozen=True)
class _Pair:
    """The operands of one operator."""

    operator: Operator
    first: Tensor
    second: Tensor
    output: Tensor

    def steps(self, kernel: str, parameters: Callable[[list[Axis]], _Parameters]) -> list[Step]:
        """One step that walks over up to four axes; of more, the outermost are walked over here."""
        first, second, output = self.first, self.second, self.output
        along = [_broadcast_steps(self.operator, tensor, output) for tensor in (first, second)]
        axes = merge_axes(output.shape, *along, steps_of(output.shape))
        return [
            Step(
                self.operator.index,
                kernel,
                [Operand(first.index, at[0]), Operand(second.index, at[1]), Operand(output.index, at[2])],
                (first.index, second.index),
                output.index,
                parameters(inner),
                in_place=tuple(tensor.index for tensor in (first, second) if tensor.count == output.count),
            )
            for at, inner in peel_axes(self.operator, axes, 4, outermost=True)
        ]


def _pair(graph: Graph, operator: Operator) -> _Pair:
    first, second = (graph.activation(graph.input(operator, position)) for position in (0, 1))
    return _Pair(operator, first, second, graph.output(operator))


def _broadcast_steps(operator: Operator, addend: Tensor, output: Tensor) -> list[int]:
    """Values between neighbours along each axis of the output; 0 where the addend is repeated."""
    shape = (1,) * (len(output.shape) - len(addend.shape)) + addend.shape
    if len(shape) != len(output.shape) or any(a not in (1, b) for a, b in zip(shape, output.shape, strict=True)):
        raise ModelError(f"{operator} cannot broadcast {addend} of shape {list(addend.shape)} to {list(output.shape)}")
    return [0 if size == 1 else step for size, step in zip(shape, steps_of(shape), strict=True)]


def _sum(pair: _Pair, kernel: str, factors: tuple[float, float, float]) -> list[Step]:
    """factors: from each input to the common scale, from the common scale with its headroom to the output's."""
    final, final_shift = quantize_multiplier(factors[2])
    if final_shift > 0:
        scales = f"{pair.first.scale}, {pair.second.scale} to {pair.output.scale}"
        raise ModelError(f"{pair.operator} has scales too far apart ({scales})")

    def addend(tensor: Tensor, factor: float, step: list[int]) -> dict[str, int | list[int]]:
        multiplier, shift = quantize_multiplier(factor)
        return {"zero": tensor.zero_point, "multiplier": multiplier, "shift": shift, "step": step}

    def parameters(axes: list[Axis]) -> _Parameters:
        shape, first, second, _ = (list(column) for column in zip(*axes, strict=True))
        return {
            "shape": shape,
            "first": addend(pair.first, factors[0], first),
            "second": addend(pair.second, factors[1], second),
            "multiplier": final,
            "shift": final_shift,
            "output": output_range(pair.operator, pair.output),
        }

    return pair.steps(kernel, parameters)


def _sum_factors(pair: _Pair) -> tuple[float, float, float]:
    """Both inputs are brought to twice the larger scale, added, and brought to the output's scale."""
    first, second, output = (float(tensor.scale) for tensor in (pair.first, pair.second, pair.output))
    common = 2 * max(first, second)
    return first / common, second / common, common / ((1 << _HEADROOM) * output)


@lowering("ADD", tflm="AddAdd")
def add(graph: Graph, operator: Operator) -> list[Step]:
    """The sum of two tensors."""
    pair = _pair(graph, operator)
    return _sum(pair, "add", _sum_factors(pair))


@lowering("SUB", tflm="AddSub")
def sub(graph: Graph, operator: Operator) -> list[Step]:
    """The first less the second."""
    pair = _pair(graph, operator)
    return _sum(pair, "sub", _sum_factors(pair))


@lowering("MUL", tflm="AddMul")
def mul(graph: Graph, operator: Operator) -> list[Step]:
    """The product of both inputs less their zero points, brought to the output's scale."""
    pair = _pair(graph, operator)
    factor = float(pair.first.scale) * float(pair.second.scale) / float(pair.output.scale)
    multiplier, shift = quantize_multiplier(factor)
    if shift > 30:
        raise ModelError(f"{operator} has an output scale of {pair.output.scale}: too small")

    def parameters(axes: list[Axis]) -> _Parameters:
        shape, first, second, _ = (list(column) for column in zip(*axes, strict=True))
        return {
            "shape": shape,
            "first": {"zero": pair.first.zero_point, "step": first},
            "second": {"zero": pair.second.zero_point, "step": second},
            "multiplier": multiplier,
            "shift": shift,
            "output": output_range(operator, pair.output),
        }

    return pair.steps("mul", parameters)
