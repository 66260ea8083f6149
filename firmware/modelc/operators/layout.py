"""Operators that only move values: RESHAPE and its kin, CONCATENATION, SLICE, SPLIT, PACK, PAD, TRANSPOSE and more."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from ..errors import ModelError
from ..graph import VALUE_BYTES, Graph, Operator, Tensor
from ..step import Operand, Step, View
from .axes import axis_of, merge_axes, peel_axes, steps_of
from .registry import lowering


@dataclass(frozen=True)
class _Part:
    """A walk over part of a tensor: first value, and steps along the axes of the common shape."""

    tensor: Tensor
    start: int
    steps: list[int]


def _move(operator: Operator, shape: tuple[int, ...], source: _Part, target: _Part) -> list[Step]:
    """Copies source to target; where both lie in one piece, the two may as well share their memory."""
    if source.tensor.dtype != target.tensor.dtype:
        raise ModelError(f"{operator} cannot make {target.tensor.dtype} of {source.tensor}, {source.tensor.dtype}")
    source, target, shape = _bytes(source), _bytes(target), (*shape, VALUE_BYTES[source.tensor.dtype])
    axes = merge_axes(shape, source.steps, target.steps)
    if len(axes) == 1 and axes[0][1:] == (1, 1):
        return [_piece(operator, axes[0][0], source, target)]
    steps = []
    for (from_, to), inner in peel_axes(operator, axes, 4):
        sizes, input_step, output_step = (list(column) for column in zip(*inner, strict=True))
        steps.append(
            Step(
                operator.index,
                "copy",
                [Operand(source.tensor.index, source.start + from_), Operand(target.tensor.index, target.start + to)],
                (source.tensor.index,),
                target.tensor.index,
                {"shape": sizes, "input_step": input_step, "output_step": output_step},
            )
        )
    return steps


def _bytes(part: _Part) -> _Part:
    """The same walk in bytes, with the bytes of a value as its last axis."""
    size = VALUE_BYTES[part.tensor.dtype]
    return _Part(part.tensor, part.start * size, [*(step * size for step in part.steps), 1])


def _piece(operator: Operator, count: int, source: _Part, target: _Part) -> Step:
    step = Step(
        operator.index,
        "move",
        [Operand(target.tensor.index, target.start), Operand(source.tensor.index, source.start), count],
        (source.tensor.index,),
        target.tensor.index,
    )
    if target.tensor.bytes == count:
        step.view = View(target.tensor.index, source.tensor.index, source.start)
    elif source.tensor.bytes == count:
        step.view = View(source.tensor.index, target.tensor.index, target.start)
    return step


def _same_scale(operator: Operator, data: Tensor, output: Tensor) -> None:
    if data.dtype == output.dtype == "float32":
        return
    if data.scale != output.scale or data.zero_point != output.zero_point:
        raise ModelError(
            f"{operator} must have one scale and zero point for {data} ({data.scale}, {data.zero_point}) "
            f"and {output} ({output.scale}, {output.zero_point})"
        )


def _ends(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    return graph.moved(graph.input(operator, 0)), _output(graph, operator)


def _output(graph: Graph, operator: Operator) -> Tensor:
    if len(operator.outputs) != 1:
        raise ModelError(f"{operator} has {len(operator.outputs)} outputs instead of one; the file is damaged")
    return graph.moved(operator.outputs[0])


def alias(graph: Graph, operator: Operator) -> list[Step]:
    """The output has the input's values in the same order."""
    data, output = _ends(graph, operator)
    if data.count != output.count:
        raise ModelError(f"{operator} cannot make {list(output.shape)} of {data}, which is {list(data.shape)}")
    return _move(operator, (data.count,), _Part(data, 0, [1]), _Part(output, 0, [1]))


for _kind, _tflm in (("RESHAPE", "AddReshape"), ("EXPAND_DIMS", "AddExpandDims"), ("SQUEEZE", "AddSqueeze")):
    lowering(_kind, _tflm)(alias)


@lowering("CONCATENATION", tflm="AddConcatenation")
def concatenation(graph: Graph, operator: Operator) -> list[Step]:
    """The inputs, one after the other along an axis; as in TFLite Micro they all have the output's scale."""
    output = _output(graph, operator)
    if operator.options["FusedActivationFunction"]:
        raise ModelError(f"{operator} has a fused activation, which is not supported")
    axes = len(output.shape)
    axis = axis_of(operator, int(operator.options["Axis"]), axes)
    position, moves = 0, list[Step]()
    for index in operator.inputs:
        if index < 0:
            raise ModelError(f"{operator} lacks an input; the file is damaged")
        data = graph.moved(index)
        _same_scale(operator, data, output)
        if len(data.shape) != axes or any(size != output.shape[i] for i, size in enumerate(data.shape) if i != axis):
            raise ModelError(f"{operator} cannot join {data} of shape {list(data.shape)} to {list(output.shape)}")
        steps = steps_of(output.shape)
        moves += _move(
            operator, data.shape, _Part(data, 0, steps_of(data.shape)), _Part(output, position * steps[axis], steps)
        )
        position += data.shape[axis]
    if not moves or position != output.shape[axis]:
        raise ModelError(f"{operator} joins {position} along axis {axis}, but {output} is {list(output.shape)}")
    return moves


def _cut(operator: Operator, data: Tensor, output: Tensor, begins: list[int], strides: list[int]) -> list[Step]:
    """The output is data[begin : : stride] along every axis; its shape has been checked by the caller."""
    lengths = output.shape
    steps = steps_of(data.shape)
    return _move(
        operator,
        lengths,
        _Part(
            data,
            sum(begin * step for begin, step in zip(begins, steps, strict=True)),
            [stride * step for stride, step in zip(strides, steps, strict=True)],
        ),
        _Part(output, 0, steps_of(lengths)),
    )


@lowering("SLICE", tflm="AddSlice")
def slice_(graph: Graph, operator: Operator) -> list[Step]:
    """From begin, size values along every axis; a size of -1 goes to the end."""
    data, output = _ends(graph, operator)
    begins, sizes = graph.integers(operator, 1), graph.integers(operator, 2)
    if not len(begins) == len(sizes) == len(data.shape) == len(output.shape):
        raise ModelError(f"{operator} has begin {begins} and size {sizes} for {data} of shape {list(data.shape)}")
    for axis, (begin, size, whole) in enumerate(zip(begins, sizes, data.shape, strict=True)):
        length = whole - begin if size == -1 else size
        if begin < 0 or begin + length > whole or length != output.shape[axis]:
            raise ModelError(f"{operator} cuts {begin} + {length} out of {whole}, but {output} is {list(output.shape)}")
    return _cut(operator, data, output, begins, [1] * len(begins))


@lowering("STRIDED_SLICE", tflm="AddStridedSlice")
def strided_slice(graph: Graph, operator: Operator) -> list[Step]:
    """data[begin:end:stride] along every axis, with Python's rules for what is negative or left out."""
    data, output = _ends(graph, operator)
    options = operator.options
    if options["EllipsisMask"] or options["NewAxisMask"] or options["Offset"]:
        raise ModelError(f"{operator} uses an ellipsis, a new axis or an offset, which is not supported")
    begins, ends, strides = (graph.integers(operator, position) for position in (1, 2, 3))
    if not len(begins) == len(ends) == len(strides) == len(data.shape):
        raise ModelError(f"{operator} has begin {begins}, end {ends}, stride {strides} for {data}")
    first, lengths, kept = [], [], []
    for axis, (size, stride) in enumerate(zip(data.shape, strides, strict=True)):
        if stride == 0:
            raise ModelError(f"{operator} has a stride of 0")
        begin = None if int(options["BeginMask"]) >> axis & 1 else begins[axis]
        end = None if int(options["EndMask"]) >> axis & 1 else ends[axis]
        start, stop, _ = slice(begin, end, stride).indices(size)
        length = max(0, ceil((stop - start) / stride))
        if int(options["ShrinkAxisMask"]) >> axis & 1:
            length = 1 if 0 <= start < size else 0
        else:
            kept.append(length)
        first.append(start)
        lengths.append(length)
    if tuple(kept) != output.shape or 0 in lengths:
        raise ModelError(f"{operator} cuts {lengths} out of {data}, but {output} is {list(output.shape)}")
    steps = steps_of(data.shape)
    source = _Part(
        data,
        sum(start * step for start, step in zip(first, steps, strict=True)),
        [stride * step for stride, step in zip(strides, steps, strict=True)],
    )
    return _move(operator, tuple(lengths), source, _Part(output, 0, steps_of(tuple(lengths))))


@lowering("SPLIT", tflm="AddSplit")
def split(graph: Graph, operator: Operator) -> list[Step]:
    """Equal parts along an axis; input 0 is the axis, input 1 the data."""
    data = graph.moved(graph.input(operator, 1))
    axis = _only_axis(graph, operator, 0, data)
    count = len(operator.outputs)
    if not count or data.shape[axis] % count:
        raise ModelError(f"{operator} splits {data.shape[axis]} into {count} unequal parts")
    return _split(graph, operator, data, axis, [data.shape[axis] // count] * count)


@lowering("SPLIT_V", tflm="AddSplitV")
def split_v(graph: Graph, operator: Operator) -> list[Step]:
    """Parts of given sizes along an axis, one of them perhaps -1 for what is left; inputs data, sizes, axis."""
    data = graph.moved(graph.input(operator, 0))
    axis = _only_axis(graph, operator, 2, data)
    lengths = graph.integers(operator, 1)
    if lengths.count(-1) == 1:
        lengths[lengths.index(-1)] += data.shape[axis] - sum(lengths)
    if len(lengths) != len(operator.outputs) or min(lengths, default=0) < 1 or sum(lengths) != data.shape[axis]:
        raise ModelError(f"{operator} cannot split {data.shape[axis]} into {lengths}")
    return _split(graph, operator, data, axis, lengths)


def _only_axis(graph: Graph, operator: Operator, position: int, data: Tensor) -> int:
    values = graph.integers(operator, position)
    if len(values) != 1:
        raise ModelError(f"{operator} has axis {values}; the file is damaged")
    return axis_of(operator, values[0], len(data.shape))


def _split(graph: Graph, operator: Operator, data: Tensor, axis: int, lengths: list[int]) -> list[Step]:
    position, moves = 0, list[Step]()
    for index, length in zip(operator.outputs, lengths, strict=True):
        output = graph.moved(index)
        begins = [0] * len(data.shape)
        begins[axis] = position
        if output.shape != (*data.shape[:axis], length, *data.shape[axis + 1 :]):
            raise ModelError(f"{operator} cuts {length} along axis {axis}, but {output} is {list(output.shape)}")
        moves += _cut(operator, data, output, begins, [1] * len(begins))
        position += length
    return moves


def _pad(graph: Graph, operator: Operator) -> list[Step]:
    data, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    _same_scale(operator, data, output)
    pads = graph.integers(operator, 1)
    if len(pads) != 2 * len(data.shape) or min(pads, default=0) < 0:
        raise ModelError(f"{operator} has paddings {pads} for {data} of shape {list(data.shape)}")
    expected = tuple(size + pads[2 * axis] + pads[2 * axis + 1] for axis, size in enumerate(data.shape))
    if expected != output.shape:
        raise ModelError(f"{operator} would give {list(expected)}, but {output} is {list(output.shape)}")
    value = output.zero_point
    if len(operator.inputs) > 2:
        constant = graph.constant(operator, 2, ("int8",))
        _same_scale(operator, constant, output)
        if constant.count != 1:
            raise ModelError(f"{constant} of {operator} must be one value")
        assert constant.data is not None
        value = int(np.asarray(constant.data).reshape(-1)[0])
    steps = steps_of(output.shape)
    start = sum(pads[2 * axis] * step for axis, step in enumerate(steps))
    fill = Step(operator.index, "fill", [Operand(output.index), value, output.count], (), output.index)
    moves = _move(operator, data.shape, _Part(data, 0, steps_of(data.shape)), _Part(output, start, steps))
    for move in moves:
        move.view = None  # what lies around the data must not share its memory
    return [fill, *moves]


lowering("PAD", "AddPad")(_pad)
lowering("PADV2", "AddPadV2")(_pad)


@lowering("TRANSPOSE", tflm="AddTranspose")
def transpose(graph: Graph, operator: Operator) -> list[Step]:
    """Axis i of the output is axis permutation[i] of the input."""
    data, output = _ends(graph, operator)
    permutation = graph.integers(operator, 1)
    if sorted(permutation) != list(range(len(data.shape))):
        raise ModelError(f"{operator} has the permutation {permutation} for {data} of shape {list(data.shape)}")
    if tuple(data.shape[axis] for axis in permutation) != output.shape:
        raise ModelError(f"{operator} cannot make {list(output.shape)} of {data}, which is {list(data.shape)}")
    steps = steps_of(data.shape)
    source = _Part(data, 0, [steps[axis] for axis in permutation])
    return _move(operator, output.shape, source, _Part(output, 0, steps_of(output.shape)))


@lowering("PACK", tflm="AddPack")
def pack(graph: Graph, operator: Operator) -> list[Step]:
    """The inputs, one after the other along an axis that the output has more."""
    output = _output(graph, operator)
    axis = axis_of(operator, int(operator.options["Axis"]), len(output.shape))
    part = (*output.shape[:axis], *output.shape[axis + 1 :])
    if len(operator.inputs) != output.shape[axis] or min(operator.inputs) < 0:
        raise ModelError(f"{operator} packs {len(operator.inputs)} tensors, but {output} is {list(output.shape)}")
    steps = steps_of(output.shape)
    around = steps[:axis] + steps[axis + 1 :]
    moves = list[Step]()
    for position, index in enumerate(operator.inputs):
        data = graph.moved(index)
        _same_scale(operator, data, output)
        if data.shape != part:
            raise ModelError(f"{operator} cannot pack {data} of shape {list(data.shape)} to {list(output.shape)}")
        moves += _move(operator, part, _Part(data, 0, steps_of(part)), _Part(output, position * steps[axis], around))
    return moves


@lowering("UNPACK", tflm="AddUnpack")
def unpack(graph: Graph, operator: Operator) -> list[Step]:
    """Each output is the input at one position of an axis, which it lacks."""
    data = graph.moved(graph.input(operator, 0))
    axis = axis_of(operator, int(operator.options["Axis"]), len(data.shape))
    part = (*data.shape[:axis], *data.shape[axis + 1 :])
    steps = steps_of(data.shape)
    around = steps[:axis] + steps[axis + 1 :]
    moves = list[Step]()
    for position, index in enumerate(operator.outputs):
        output = graph.moved(index)
        if output.shape != part or len(operator.outputs) != data.shape[axis]:
            raise ModelError(f"{operator} cannot cut {list(output.shape)} out of {data}, which is {list(data.shape)}")
        moves += _move(operator, part, _Part(data, position * steps[axis], around), _Part(output, 0, steps_of(part)))
    return moves


@lowering("GATHER", tflm="AddGather")
def gather(graph: Graph, operator: Operator) -> list[Step]:
    """The input at constant positions of one axis."""
    data, output = _ends(graph, operator)
    axis = axis_of(operator, int(operator.options["Axis"]), len(data.shape))
    if operator.options["BatchDims"]:
        raise ModelError(f"{operator} has batch dimensions, which is not supported")
    indices = graph.constant(operator, 1, ("int32", "int64"))
    shape = (*data.shape[:axis], *indices.shape, *data.shape[axis + 1 :])
    positions = graph.integers(operator, 1)
    if shape != output.shape or any(not 0 <= position < data.shape[axis] for position in positions):
        raise ModelError(f"{operator} takes {positions} of {list(data.shape)}, but {output} is {list(output.shape)}")
    steps = steps_of(data.shape)
    inner = steps[axis]
    outer = data.count // (data.shape[axis] * inner)
    moves = list[Step]()
    for number, position in enumerate(positions):
        moves += _move(
            operator,
            (outer, inner),
            _Part(data, position * inner, [data.shape[axis] * inner, 1]),
            _Part(output, number * inner, [len(positions) * inner, 1]),
        )
    return moves


@lowering("SHAPE", tflm="AddShape")
def shape_(graph: Graph, operator: Operator) -> list[Step]:
    """A constant; what takes it for anything else than a shape is refused where it does."""
    return []
