"""Shapes that a model computes though they are fixed: SHAPE of a tensor, and arithmetic on what comes of it.

A model with an open batch size computes the target of every RESHAPE so. TFLite Micro runs it with the shapes that the
file states, and so do we: they are constants.
"""

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from .graph import Operator, Tensor

_INTEGERS = ("int32", "int64")


def _strided_slice(operator: Operator, values: list[np.ndarray]) -> np.ndarray | None:
    data, begins, ends, strides = values
    options = operator.options
    if any(options[mask] for mask in ("EllipsisMask", "NewAxisMask", "Offset")):
        return None
    cut: list[slice | int] = []
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        if int(options["ShrinkAxisMask"]) >> axis & 1:
            cut.append(int(begin))
        else:
            opened = [int(options[mask]) >> axis & 1 for mask in ("BeginMask", "EndMask")]
            cut.append(slice(None if opened[0] else int(begin), None if opened[1] else int(end), int(stride)))
    return np.asarray(data[tuple(cut)])


_FOLDS: dict[str, Callable[[Operator, list[np.ndarray]], np.ndarray | None]] = {
    "STRIDED_SLICE": _strided_slice,
    "PACK": lambda operator, values: np.stack(values, int(operator.options["Axis"])),
    "CONCATENATION": lambda operator, values: np.concatenate(values, int(operator.options["Axis"])),
    "GATHER": lambda operator, values: values[0].take(values[1], int(operator.options["Axis"])),
    "RESHAPE": lambda operator, values: values[0].reshape(values[1]),
    "ADD": lambda operator, values: values[0] + values[1],
    "SUB": lambda operator, values: values[0] - values[1],
    "MUL": lambda operator, values: values[0] * values[1],
}


def fold_shapes(tensors: tuple[Tensor, ...], operators: tuple[Operator, ...]) -> tuple[Tensor, ...]:
    """The tensors, with those that hold fixed integers made constants."""
    folded = list(tensors)
    for operator in operators:
        if len(operator.outputs) != 1 or folded[operator.outputs[0]].dtype not in _INTEGERS or not operator.inputs:
            continue
        output = folded[operator.outputs[0]]
        if min(operator.inputs) < 0:
            continue
        ends = [folded[index] for index in operator.inputs]
        value = None
        if operator.kind == "SHAPE":
            value = np.array(ends[0].shape)
        elif operator.kind in _FOLDS:
            constants = [end.data for end in ends if end.data is not None and end.dtype in _INTEGERS]
            if len(constants) == len(ends):
                value = _FOLDS[operator.kind](operator, constants)
        if value is not None and value.size == prod(output.shape):
            folded[output.index] = replace(output, data=value.reshape(output.shape).astype(output.dtype))
    return tuple(folded)
