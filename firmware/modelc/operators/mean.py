"""MEAN."""

from math import prod

from ..errors import ModelError
from ..fixedpoint import quantize_multiplier
from ..graph import Graph, Operator
from ..step import Operand, Step
from .axes import Axis, axis_of, merge_axes, pad_axes, steps_of
from .registry import lowering

_MOST = 1 << 23  # values in one mean: 256 times as many fit 32 bits


@lowering("MEAN", tflm="AddMean")
def mean(graph: Graph, operator: Operator) -> list[Step]:
    """Over the axes of input 1; whether they are kept with one value or dropped changes nothing in memory."""
    data, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    axes = len(data.shape)
    over = {axis_of(operator, axis, axes) for axis in graph.integers(operator, 1)}
    steps = steps_of(data.shape)
    shape = tuple(1 if axis in over else size for axis, size in enumerate(data.shape))
    dropped = tuple(size for axis, size in enumerate(data.shape) if axis not in over)
    if output.shape != (shape if operator.options["KeepDims"] else dropped):
        raise ModelError(f"{operator} over axes {sorted(over)} of {list(data.shape)} cannot give {list(output.shape)}")
    count = prod(data.shape[axis] for axis in over)
    if not 0 < count <= _MOST:
        raise ModelError(f"{operator} takes the mean of {count} values; 1 to {_MOST} can be")

    def walk(reduced: bool) -> list[Axis]:
        chosen = [axis for axis in range(axes) if (axis in over) == reduced]
        merged = merge_axes(tuple(data.shape[axis] for axis in chosen), [steps[axis] for axis in chosen])
        if len(merged) > 3:
            raise ModelError(f"{operator} goes over {len(merged)} axes that do not lie together; three is the most")
        return pad_axes(merged, 3)

    kept, reduced = walk(reduced=False), walk(reduced=True)
    multiplier, shift = quantize_multiplier(float(data.scale) / float(output.scale))
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    if shift - bits > 30:
        raise ModelError(f"{operator} has an output scale of {output.scale}: too small")
    return [
        Step(
            operator.index,
            "mean",
            [Operand(data.index), Operand(output.index)],
            (data.index,),
            output.index,
            {
                "kept": [axis[0] for axis in kept],
                "kept_step": [axis[1] for axis in kept],
                "reduced": [axis[0] for axis in reduced],
                "reduced_step": [axis[1] for axis in reduced],
                "offset": -data.zero_point * count,
                "multiplier": (multiplier << bits) // count,
                "shift": shift - bits,
                "output_zero": output.zero_point,
            },
        )
    ]
