"""How much memory TFLite Micro takes for a network: reckoned from the file, for cores of any pointer size.

TFLite Micro fills its arena from both ends: records that stay (nodes, tensors, multipliers a channel, variables) from
the top, activations from the bottom, largest first, where nothing lives at the same time. The activations are placed
here as it places them. The records depend on the library's version and kernels, and are taken generously.
"""

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import tflite

from .schema import OPERATORS

_ALIGNMENT = 16
_WIDTHS = {"FLOAT32": 4, "INT32": 4, "INT64": 8, "INT16": 2, "RESOURCE": 4}
_WIDTH = {getattr(tflite.TensorType, name): width for name, width in _WIDTHS.items()}
# Bytes that TFLite Micro notes while it plans: of all, of a tensor, of a buffer. They lie where the activations and the
# interface's records will be, which it makes last: bytes of the latter, of an input or output.
_NOTES, _NOTES_A_TENSOR, _NOTES_A_BUFFER = 256, 32, 40
_LATE_RECORDS = 56


@dataclass(frozen=True)
class Bytes:
    """A size that depends on the core: so many bytes, and so many pointers."""

    fixed: int = 0
    pointers: int = 0

    def __add__(self, other: "Bytes") -> "Bytes":
        return Bytes(self.fixed + other.fixed, self.pointers + other.pointers)

    def on(self, pointer_bytes: int) -> int:
        """The bytes on a core with pointers of that size."""
        return self.fixed + self.pointers * pointer_bytes

    def __str__(self) -> str:
        """A constant expression of C."""
        return f"({self.fixed} + {self.pointers} * sizeof(void *))"


@dataclass(frozen=True)
class _Block:
    """A piece of the arena that is taken from one operator to another, both included."""

    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Need:
    """What a network needs. With less than `records` TFLite Micro may crash; with less than `arena` it refuses."""

    arena: Bytes
    records: Bytes
    variables: int  # resources that VAR_HANDLE names


def operator_kinds(source: bytes) -> Counter[str]:
    """How often each kind of operator stands in a sound .tflite file, in all its subgraphs."""
    model = tflite.Model.GetRootAsModel(source, 0)
    graphs = [model.Subgraphs(i) for i in range(model.SubgraphsLength())]
    operators = [graph.Operators(i) for graph in graphs for i in range(graph.OperatorsLength())]
    return Counter(_kind(model, operator) for operator in operators)


def need(source: bytes, state_bytes: int) -> Need:
    """What the network in a sound .tflite file needs.

    state_bytes: what the adapter keeps of the states from call to call.
    """
    model = tflite.Model.GetRootAsModel(source, 0)
    kinds = operator_kinds(source)
    ledger = _Ledger(model)
    for number in range(model.SubgraphsLength()):
        ledger.add(model.Subgraphs(number))
    interface = model.Subgraphs(0).InputsLength() + model.Subgraphs(0).OutputsLength()
    records = ledger.records + Bytes(2 * _ALIGNMENT + 24 * interface, 14 * interface)
    notes = _NOTES + _NOTES_A_TENSOR * ledger.tensors + _NOTES_A_BUFFER * len(ledger.blocks)
    adapter = Bytes(2 * _ALIGNMENT + _aligned(state_bytes), 64 + 9 * len(kinds))  # interpreter, resolver
    return Need(
        arena=adapter + records + Bytes(max(_plan(ledger.blocks), notes - _LATE_RECORDS * interface)),
        records=records,
        variables=kinds["VAR_HANDLE"],
    )


class _Ledger:
    """Sums up records and activations, a subgraph at a time."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._time = 0
        self.records = Bytes(4 * _ALIGNMENT, 64)  # allocators, planner
        self.blocks: list[_Block] = []
        self.tensors = 0

    def add(self, graph: Any) -> None:
        tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
        self.tensors += len(tensors)
        self.records += Bytes(2 * _ALIGNMENT, 2 + 3 * len(tensors))
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        uses = [_indices(graph.InputsAsNumpy())]
        for i in range(graph.OperatorsLength()):
            operator = graph.Operators(i)
            ends = [*_indices(operator.InputsAsNumpy()), *_indices(operator.OutputsAsNumpy())]
            uses.append(ends)
            self._add_operator(_kind(self._model, operator), [tensors[i] for i in ends], self._time + i + 1)
        uses.append(_indices(graph.OutputsAsNumpy()))
        for time, indices in enumerate(uses, self._time):
            for index in indices:
                first.setdefault(index, time)
                last[index] = time
        self._time += len(uses)
        for index, start in first.items():
            if tensors[index].IsVariable():
                self.records += Bytes(_aligned(_size(tensors[index])))
            elif not _is_constant(self._model, tensors[index]):
                self.blocks.append(_Block(_aligned(_size(tensors[index])), start, last[index]))

    def _add_operator(self, kind: str, ends: list[Any], time: int) -> None:
        """ends: the operator's inputs, then its outputs."""
        self.records += _parameters(kind, ends)
        if scratch := _scratch(kind, [_shape(tensor) for tensor in ends]):
            self.records += Bytes(_ALIGNMENT, 1)
            self.blocks.append(_Block(scratch, time, time))
        if kind == "ASSIGN_VARIABLE":
            self.records += Bytes(_aligned(_size(ends[1])))


def _kind(model: Any, operator: Any) -> str:
    """An operator's name. Codes that no operator has are not looked at: the reader has not checked them."""
    code = model.OperatorCodes(operator.OpcodeIndex())
    return OPERATORS.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "CUSTOM")


def _indices(values: Any) -> list[int]:
    return [] if isinstance(values, int) else [int(value) for value in np.asarray(values) if value >= 0]


def _shape(tensor: Any) -> list[int]:
    return _indices(tensor.ShapeAsNumpy())


def _size(tensor: Any) -> int:
    return prod(_shape(tensor)) * _WIDTH.get(tensor.Type(), 1)


def _is_constant(model: Any, tensor: Any) -> bool:
    return tensor.Buffer() > 0 and model.Buffers(tensor.Buffer()).DataLength() > 0


def _parameters(kind: str, tensors: list[Any]) -> Bytes:
    """An operator's node, options and prepared parameters, with what alignment loses."""
    node = Bytes(16, 8)
    match kind:
        case "CONV_2D" | "DEPTHWISE_CONV_2D" | "FULLY_CONNECTED":
            quantization = tensors[1].Quantization()
            channels = quantization.ScaleLength() if quantization is not None else 0
            return node + Bytes(72 + (8 * channels + _ALIGNMENT if channels > 1 else 0), 2)
        case "CONCATENATION" | "STRIDED_SLICE" | "SOFTMAX" | "ADD" | "SUB" | "MUL":
            return node + Bytes(96, 2)
        case "UNIDIRECTIONAL_SEQUENCE_LSTM":
            return node + Bytes(1024, 16)
        case "RESHAPE" | "EXPAND_DIMS" | "SQUEEZE":
            return node + Bytes(32)
        case _:
            return node + Bytes(64, 2)


def _scratch(kind: str, shapes: list[list[int]]) -> int:
    """Bytes of scratch: the reference kernels take some for LSTM and MEAN only, CMSIS-NN's for the others too."""
    match kind:
        case "CONV_2D":
            return _aligned(4 * prod(shapes[1][1:]) + 64)
        case "DEPTHWISE_CONV_2D":
            height, width, channels = shapes[1][1:]
            return _aligned(2 * height * width * max(channels, min(256, 2 * _aligned(channels))))
        case "FULLY_CONNECTED":
            return _aligned(4 * shapes[1][0])
        case "AVERAGE_POOL_2D":
            return _aligned(4 * shapes[0][-1])
        case "UNIDIRECTIONAL_SEQUENCE_LSTM":
            return 6 * _aligned(2 * shapes[0][0] * shapes[1][0])
        case "MEAN":
            return _aligned(4 * prod(shapes[-1])) + 2 * _aligned(4 * len(shapes[0]))
        case _:
            return 0


def _plan(blocks: list[_Block]) -> int:
    """Bytes that the blocks take when each, the largest first, goes into the first gap that it fits."""
    placed: list[tuple[int, _Block]] = []
    for block in sorted(blocks, key=lambda block: -block.size):
        offset = 0
        for start, other in sorted(placed, key=lambda entry: entry[0]):
            if other.first <= block.last and block.first <= other.last:
                if start - offset >= block.size:
                    break
                offset = max(offset, start + other.size)
        placed.append((offset, block))
    return max((offset + block.size for offset, block in placed), default=0)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
