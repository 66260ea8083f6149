"""Walking over tensors with a step an axis, and walking over as few axes as will do."""

from math import prod

Axis = tuple[int, ...]
"""Size, then one step (in values) for every tensor that is walked over together."""


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
