"""Walking over tensors with a step an axis, and walking over as few axes as will do."""

from math import prod

from ..errors import ModelError
from ..graph import Operator

Axis = tuple[int, ...]
"""Size, then one step (in values) for every tensor that is walked over together."""

_MOST_WALKS = 256


def axis_of(operator: Operator, axis: int, axes: int) -> int:
    """The axis counted from the first; raises ModelError unless the tensor has it."""
    if not -axes <= axis < axes:
        raise ModelError(f"{operator} names axis {axis} of {axes}; the file is damaged")
    return axis % axes


def steps_of(shape: tuple[int, ...]) -> list[int]:
    """Values between neighbours along each axis of a tensor that lies in one piece."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def merge_axes(shape: tuple[int, ...], *steps: list[int]) -> list[Axis]:
    """Drops axes of one value and joins neighbours that every tensor walks through as one; at least one is left."""
    merged: list[Axis] = []
    for axis in zip(shape, *steps, strict=True):
        if axis[0] == 1:
            continue
        if merged and all(outer == inner * axis[0] for outer, inner in zip(merged[-1][1:], axis[1:], strict=True)):
            merged[-1] = (merged[-1][0] * axis[0], *axis[1:])
        else:
            merged.append(axis)
    return merged or [(1, *(1 for _ in steps))]


def pad_axes(axes: list[Axis], count: int) -> list[Axis]:
    """Leading axes of one value until there are `count`."""
    return [(1, *(0 for _ in axes[0][1:]))] * (count - len(axes)) + axes


def peel_axes(
    operator: Operator, axes: list[Axis], count: int, *, outermost: bool = False
) -> list[tuple[Axis, list[Axis]]]:
    """Walks with `count` axes each that together make the walk over all axes.

    Each comes with where every tensor starts, in values. The axes that are too many are those of fewest values, or
    the outermost ones. Raises ModelError where that makes too many walks.
    """
    walks = [(tuple(0 for _ in axes[0][1:]), axes)]
    while len(walks[0][1]) > count:
        sizes = [axis[0] for axis in walks[0][1]]
        peeled = 0 if outermost else sizes.index(min(sizes))
        if len(walks) * sizes[peeled] > _MOST_WALKS:
            raise ModelError(f"{operator} goes over {len(axes)} axes that do not lie together; {count} is the most")
        walks = [
            (
                tuple(at + i * step for at, step in zip(start, left[peeled][1:], strict=True)),
                left[:peeled] + left[peeled + 1 :],
            )
            for start, left in walks
            for i in range(sizes[peeled])
        ]
    return [(start, pad_axes(left, count)) for start, left in walks]
