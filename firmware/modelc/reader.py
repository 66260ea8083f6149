"""A .tflite file to a Graph. Whatever the file holds, the result is a consistent Graph or a ModelError."""

import struct
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from . import schema
from .errors import ModelError
from .folding import fold_shapes
from .graph import Graph, Operator, State, Tensor, label, shown
from .variables import resolve_variables

_DTYPES = {"int8": np.int8, "int32": np.int32, "int64": np.int64, "float32": np.float32}
_MAX_VALUES = 1 << 28
_MAX_AXES = 8


def read(path: Path) -> Graph:
    """Reads and checks a .tflite file; raises ModelError with the file's name and the reason."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    try:
        return parse(source)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def parse(source: bytes) -> Graph:
    """Reads a .tflite file held in memory; raises ModelError."""
    if not source:
        raise ModelError("the file is empty")
    if len(source) < 8 or source[4:8] != b"TFL3":
        raise ModelError("this is not a .tflite file (it lacks the TFL3 mark)")
    try:
        return _graph(source)
    except (struct.error, ValueError, IndexError, TypeError, AttributeError, OverflowError, MemoryError) as error:
        # The flatbuffer library has no verifier: an offset out of the file surfaces as one of these.
        raise ModelError("the file is truncated or damaged (an offset leads out of it)") from error


def _graph(source: bytes) -> Graph:
    model = tflite.Model.GetRootAsModel(source, 0)
    if model.SubgraphsLength() < 1:
        raise ModelError("the file holds no subgraph; it is damaged")
    _limit(source, model.SubgraphsLength(), model.BuffersLength())
    subgraph = model.Subgraphs(0)
    tensors, operators = _subgraph(source, model, 0)
    inputs = _indices(subgraph.InputsAsNumpy(), len(tensors), "the graph's inputs")
    outputs = _indices(subgraph.OutputsAsNumpy(), len(tensors), "the graph's outputs")
    _check_order(tensors, operators, inputs, outputs)
    _check_inputs(subgraph, tensors, inputs)
    input_names, output_names = _interface_names(source, model, tensors, inputs, outputs)
    named_inputs = list(zip(input_names, inputs, strict=True))
    named_outputs = list(zip(output_names, outputs, strict=True))
    states = _states(tensors, named_inputs, named_outputs)
    carried = {state.name for state in states}
    initialisers = {
        number: _initialiser(source, model, number) for number in _called_once(operators, model.SubgraphsLength())
    }
    tensors = fold_shapes(tensors, operators)
    resolved = resolve_variables(tensors, operators, initialisers)
    used = {index for operator in operators for index in operator.inputs}
    kept = [State(t.name, t.index, t.index) for t in tensors if t.variable and t.index in used]
    return Graph(
        tensors=resolved.tensors,
        operators=resolved.operators,
        inputs=tuple(pair for pair in named_inputs if pair[0] not in carried),
        outputs=tuple(pair for pair in named_outputs if pair[0].removesuffix("_out") not in carried),
        states=(*states, *resolved.states, *kept),
        crc32=zlib.crc32(source),
        source=source,
    )


def _subgraph(source: bytes, model: Any, number: int) -> tuple[tuple[Tensor, ...], tuple[Operator, ...]]:
    subgraph = model.Subgraphs(number)
    _limit(source, subgraph.TensorsLength(), subgraph.OperatorsLength())
    return (
        tuple(_tensor(source, model, subgraph.Tensors(i), i) for i in range(subgraph.TensorsLength())),
        tuple(_operator(model, subgraph.Operators(i), i) for i in range(subgraph.OperatorsLength())),
    )


def _initialiser(source: bytes, model: Any, number: int) -> tuple[tuple[Tensor, ...], tuple[Operator, ...]]:
    """A subgraph that nobody gives inputs: any that it names must be there all the same."""
    tensors, operators = _subgraph(source, model, number)
    graph = model.Subgraphs(number)
    for values in (graph.InputsAsNumpy(), graph.OutputsAsNumpy()):
        if any(not 0 <= index < len(tensors) for index in _vector(values, np.int64)):
            raise ModelError(f"subgraph {number} has an input or output that is not there; the file is damaged")
    return tensors, operators


def _called_once(operators: tuple[Operator, ...], subgraphs: int) -> set[int]:
    """The subgraphs that set variables before the first call; raises ModelError if there are others."""
    called = {int(op.options["InitSubgraphIndex"]) for op in operators if op.kind == "CALL_ONCE"}
    if any(not 0 < number < subgraphs for number in called):
        raise ModelError(f"CALL_ONCE calls subgraph {max(called)} of {subgraphs}; the file is damaged")
    if loops := [operator for operator in operators if operator.kind in ("WHILE", "IF")]:
        raise ModelError(f"{loops[0]} is not supported: unroll the layer that it is made of, and convert again")
    if len(called) != subgraphs - 1:
        raise ModelError(f"the file holds {subgraphs} subgraphs; export one signature")
    return called


def _limit(source: bytes, *lengths: int) -> None:
    """No list can have more entries than the file has bytes; a longer one is a damaged length."""
    for length in lengths:
        if length > len(source):
            raise ModelError("the file is truncated or damaged (a list is longer than the file)")


def _text(value: bytes | None) -> str:
    """A name, fit to stand in a message of one line."""
    text = (value or b"").decode("utf-8", errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)


def _vector(values: Any, dtype: type) -> np.ndarray:
    """A vector of the flatbuffer; the library gives 0 for one that is absent."""
    return np.zeros(0, dtype) if isinstance(values, int) else np.asarray(values).astype(dtype)


def _tensor(source: bytes, model: Any, table: Any, index: int) -> Tensor:
    name = _text(table.Name())
    named = label(index, name)
    shape = tuple(int(size) for size in _vector(table.ShapeAsNumpy(), np.int64))
    if len(shape) > _MAX_AXES or min(shape, default=1) < 0 or prod(shape) > _MAX_VALUES:
        raise ModelError(f"{named} has an impossible shape {list(shape[:_MAX_AXES])}")
    dtype = schema.TYPES.get(table.Type(), f"of type {table.Type()}")
    if table.Sparsity() is not None:
        raise ModelError(f"{named} is sparse; convert the model without sparsity")
    scales, zero_points, axis = np.zeros(0, np.float32), np.zeros(0, np.int64), 0
    if (quantization := table.Quantization()) is not None:
        scales = _vector(quantization.ScaleAsNumpy(), np.float32)
        zero_points = _vector(quantization.ZeroPointAsNumpy(), np.int64)
        axis = int(quantization.QuantizedDimension())
    if dtype in ("int8", "uint8"):
        _check_quantization(named, shape, scales, zero_points - (128 if dtype == "uint8" else 0), axis)
    data = _data(source, model, table, named, dtype)
    variable = bool(table.IsVariable()) and data is None
    return Tensor(index, name, shape, dtype, scales, zero_points, axis, data, variable)


def _check_quantization(
    named: str, shape: tuple[int, ...], scales: np.ndarray, zero_points: np.ndarray, axis: int
) -> None:
    if len(scales) == 0:
        raise ModelError(f"{named} has no scale; quantize the model to int8 in full")
    if len(zero_points) != len(scales):
        raise ModelError(f"{named} has {len(scales)} scales but {len(zero_points)} zero points")
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        raise ModelError(f"{named} has a scale that is not a positive number")
    if not ((zero_points >= -128) & (zero_points <= 127)).all():
        raise ModelError(f"{named} has a zero point outside its type")
    if len(scales) > 1 and not (0 <= axis < len(shape) and shape[axis] == len(scales)):
        raise ModelError(f"{named} has {len(scales)} scales, which fit none of its axes {list(shape)}")


def _data(source: bytes, model: Any, table: Any, named: str, dtype: str) -> np.ndarray | None:
    number = table.Buffer()
    if number == 0:
        return None
    if number >= model.BuffersLength():
        raise ModelError(f"{named} refers to buffer {number}, which is not there; the file is damaged")
    buffer = model.Buffers(number)
    if buffer.Offset() or buffer.Size():
        raise ModelError(f"{named} is stored outside the flatbuffer, as in files above 2 GB; that is not supported")
    length = buffer.DataLength()
    if length == 0:
        return None
    _limit(source, length)
    if dtype not in _DTYPES:
        return np.zeros(0, np.uint8)  # a constant, of a type whose users will refuse it
    shape = tuple(int(size) for size in _vector(table.ShapeAsNumpy(), np.int64))
    values = np.frombuffer(np.ascontiguousarray(buffer.DataAsNumpy()).tobytes(), np.uint8)
    if len(values) != prod(shape) * np.dtype(_DTYPES[dtype]).itemsize:
        raise ModelError(f"{named} of shape {list(shape)} has {len(values)} bytes; the file is truncated or damaged")
    return values.view(_DTYPES[dtype]).reshape(shape)


def _operator(model: Any, table: Any, index: int) -> Operator:
    number = table.OpcodeIndex()
    if number >= model.OperatorCodesLength():
        raise ModelError(f"operator {index} has no code {number}; the file is damaged")
    code = model.OperatorCodes(number)
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = schema.OPERATORS.get(builtin, f"number {builtin}")
    if kind == "CUSTOM":
        kind = f"CUSTOM '{shown(_text(code.CustomCode()))}'"
    inputs = tuple(int(i) for i in _vector(table.InputsAsNumpy(), np.int64))
    outputs = tuple(int(i) for i in _vector(table.OutputsAsNumpy(), np.int64))
    return Operator(index, kind, inputs, outputs, _options(table, kind, index))


def _options(table: Any, kind: str, index: int) -> dict[str, int | float | str]:
    if kind not in schema.OPTIONS:
        return {}
    name, fields = schema.OPTIONS[kind]
    options = getattr(tflite, name)()
    union = table.BuiltinOptions()
    found = schema.OPTION_TABLES.get(table.BuiltinOptionsType(), "unknown options")
    if union is None or found != name:
        raise ModelError(f"operator {index} {kind} has {found} instead of {name}; the file is damaged")
    options.Init(union.Bytes, union.Pos)
    values = {field: getattr(options, field)() for field in fields}
    return {
        field: _text(value) if value is None or isinstance(value, bytes) else value for field, value in values.items()
    }


def _indices(values: Any, tensors: int, what: str) -> tuple[int, ...]:
    indices = tuple(int(i) for i in _vector(values, np.int64))
    if not indices or not all(0 <= i < tensors for i in indices):
        raise ModelError(f"{what} are missing or out of range; the file is damaged")
    return indices


def _check_order(
    tensors: tuple[Tensor, ...], operators: tuple[Operator, ...], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> None:
    """Every tensor is written once, by an input or an operator, before it is read."""
    known = {tensor.index for tensor in tensors if tensor.data is not None or tensor.variable}
    for index in inputs:
        if index in known:
            raise ModelError(f"{tensors[index]} is an input twice, or an input and a constant")
        known.add(index)
    for operator in operators:
        for index in operator.inputs:
            if index != -1 and not 0 <= index < len(tensors):
                raise ModelError(f"{operator} reads tensor {index}, which is not there; the file is damaged")
            if index != -1 and index not in known:
                raise ModelError(f"{operator} reads {tensors[index]} before anything has written it")
        for index in operator.outputs:
            if not 0 <= index < len(tensors) or index in known:
                raise ModelError(f"{operator} writes tensor {index}, which is not there or is written twice")
            known.add(index)
    for index in outputs:
        if index not in known:
            raise ModelError(f"the output {tensors[index]} is never written")


def _check_inputs(subgraph: Any, tensors: tuple[Tensor, ...], inputs: tuple[int, ...]) -> None:
    for index in inputs:
        signature = [int(size) for size in _vector(subgraph.Tensors(index).ShapeSignatureAsNumpy(), np.int64)]
        # The converter writes an open batch size as -1 here and as 1 in the shape: that is one call, one item.
        if any(size < 0 for size in signature[1:]) or 0 in tensors[index].shape:
            raise ModelError(
                f"{tensors[index]} has a dynamic shape {signature or list(tensors[index].shape)}; "
                "give the input fixed dimensions and convert again"
            )


def _interface_names(
    source: bytes, model: Any, tensors: tuple[Tensor, ...], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> tuple[list[str], list[str]]:
    """Names of inputs and outputs: the signature's where there is one, else the tensors'."""
    named_inputs: dict[int, str] = {}
    named_outputs: dict[int, str] = {}
    _limit(source, model.SignatureDefsLength())
    if model.SignatureDefsLength() > 0:
        signature = model.SignatureDefs(0)
        _limit(source, signature.InputsLength(), signature.OutputsLength())
        for i in range(signature.InputsLength()):
            named_inputs[signature.Inputs(i).TensorIndex()] = _text(signature.Inputs(i).Name())
        for i in range(signature.OutputsLength()):
            named_outputs[signature.Outputs(i).TensorIndex()] = _text(signature.Outputs(i).Name())
    return (
        _unique([named_inputs.get(i) or tensors[i].name for i in inputs]),
        _unique([named_outputs.get(i) or tensors[i].name for i in outputs]),
    )


def _unique(names: list[str]) -> list[str]:
    """Numbers the names that would be taken twice."""
    taken: set[str] = set()
    for position, name in enumerate(names):
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        names[position] = candidate
        taken.add(candidate)
    return names


def _states(
    tensors: tuple[Tensor, ...], inputs: list[tuple[str, int]], outputs: list[tuple[str, int]]
) -> tuple[State, ...]:
    leaving = dict(outputs)
    states = []
    for name, index in inputs:
        if (output := leaving.get(f"{name}_out")) is None or tensors[index].shape != tensors[output].shape:
            continue
        entering, left = tensors[index], tensors[output]
        if not np.array_equal(entering.scales, left.scales) or not np.array_equal(
            entering.zero_points, left.zero_points
        ):
            raise ModelError(
                f"state '{shown(name)}' enters with {_quantization(entering)} and leaves with {_quantization(left)}; "
                "give both ends one scale and convert again"
            )
        states.append(State(name, index, output))
    return tuple(states)


def _quantization(tensor: Tensor) -> str:
    if len(tensor.scales) != 1:
        return f"{len(tensor.scales)} scales"
    return f"scale {tensor.scales[0]} zero {tensor.zero_points[0]}"
