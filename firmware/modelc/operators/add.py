"""ADD."""

from ..errors import ModelError
from ..fixedpoint import quantize_multiplier
from ..graph import Graph, Operator, Tensor
from ..quantization import output_range
from ..step import Operand, Step
from .axes import merge_axes, pad_axes, steps_of
from .registry import lowering

_HEADROOM = 20  # as in add.c


def _broadcast_steps(operator: Operator, addend: Tensor, output: Tensor) -> list[int]:
    """Values between neighbours along each axis of the output; 0 where the addend is repeated."""
    shape = (1,) * (len(output.shape) - len(addend.shape)) + addend.shape
    if len(shape) != len(output.shape) or any(a not in (1, b) for a, b in zip(shape, output.shape, strict=True)):
        raise ModelError(f"{operator} cannot broadcast {addend} of shape {list(addend.shape)} to {list(output.shape)}")
    return [0 if size == 1 else step for size, step in zip(shape, steps_of(shape), strict=True)]


@lowering("ADD", tflm="AddAdd")
def add(graph: Graph, operator: Operator) -> list[Step]:
    """Both inputs are brought to twice the larger scale, added, and brought to the output's scale."""
    first = graph.activation(graph.input(operator, 0))
    second = graph.activation(graph.input(operator, 1))
    output = graph.output(operator)
    steps = [_broadcast_steps(operator, addend, output) for addend in (first, second)]
    axes = merge_axes(output.shape, *steps, steps_of(output.shape))
    if len(axes) > 4:
        raise ModelError(f"{operator} broadcasts over {len(axes)} axes; four is the most")
    axes = pad_axes(axes, 4)
    common = 2 * float(max(first.scale, second.scale))
    final, final_shift = quantize_multiplier(common / ((1 << _HEADROOM) * float(output.scale)))
    if final_shift > 0 or final == 0:
        raise ModelError(f"{operator} has scales too far apart ({first.scale}, {second.scale} to {output.scale})")

    def addend(tensor: Tensor, column: int) -> dict[str, int | list[int]]:
        multiplier, shift = quantize_multiplier(float(tensor.scale) / common)
        return {
            "zero": tensor.zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "step": [axis[column] for axis in axes],
        }

    return [
        Step(
            operator.index,
            "add",
            [Operand(first.index), Operand(second.index), Operand(output.index)],
            (first.index, second.index),
            output.index,
            {
                "shape": [axis[0] for axis in axes],
                "first": addend(first, 1),
                "second": addend(second, 2),
                "multiplier": final,
                "shift": final_shift,
                "output": output_range(operator, output),
            },
            in_place=tuple(tensor.index for tensor in (first, second) if tensor.count == output.count),
        )
    ]
