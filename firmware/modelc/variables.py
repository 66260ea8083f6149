"""Variables as states: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE.

A variable enters a call as a tensor of its own. What a READ_VARIABLE finds is known here: that tensor, or whatever an
ASSIGN_VARIABLE before it has assigned; and what the last one assigned is what the next call finds. No value need be
copied for it. CALL_ONCE names the subgraph whose constants the first call finds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .errors import ModelError
from .graph import VALUE_BYTES, Operator, State, Tensor, shown

Subgraph = tuple[tuple[Tensor, ...], tuple[Operator, ...]]
_NO_VALUE = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")


@dataclass(frozen=True)
class Resolved:
    """The subgraph with READ_VARIABLEs that read the tensor they find, and the states that the variables became."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    states: tuple[State, ...]


@dataclass
class _Variable:
    name: str
    assigned: bool = False  # by the main subgraph, hence at every call
    like: Tensor | None = None  # of its type and size; the first to be assigned
    initial: np.ndarray | None = None
    entry: int = -1  # the tensor as which it enters a call
    now: int = -1  # the tensor that holds its value, at the operator under way
    readers: list[Operator] = field(default_factory=list)


def resolve_variables(
    tensors: tuple[Tensor, ...], operators: tuple[Operator, ...], initialisers: Mapping[int, Subgraph]
) -> Resolved:
    """Gives every variable its states; raises ModelError, naming the operator, for a use that has no fixed meaning."""
    variables: dict[tuple[str, str], _Variable] = {}
    handles = _handles(tensors, operators, variables)
    _check_calls(operators)
    for operator in operators:
        if operator.kind == "ASSIGN_VARIABLE":
            variable, value = _assigned(operator, tensors, handles)
            variable.assigned = True
            _note_type(operator, variable, value)
    for number in sorted(initialisers):
        _initialise(initialisers[number], f"subgraph {number}", variables)
    for operator in operators:
        if operator.kind == "READ_VARIABLE":
            variable = _variable(operator, handles)
            if variable.like is None:
                raise ModelError(f"{operator} reads the variable '{shown(variable.name)}', which nothing assigns")
            _note_type(operator, variable, tensors[_only(operator, operator.outputs)])
            variable.readers.append(operator)
    return _replace(tensors, operators, handles, list(variables.values()))


def _handles(
    tensors: tuple[Tensor, ...], operators: tuple[Operator, ...], variables: dict[tuple[str, str], _Variable]
) -> dict[int, _Variable]:
    """The variable behind every tensor that is a handle."""
    handles = {}
    for operator in operators:
        if operator.kind == "VAR_HANDLE":
            name = str(operator.options["SharedName"])
            key = (str(operator.options["Container"]), name)
            handles[_only(operator, operator.outputs)] = variables.setdefault(key, _Variable(name))
        elif operator.kind not in _NO_VALUE and (strays := [i for i in operator.inputs if i in handles]):
            raise ModelError(f"{operator} takes {tensors[strays[0]]}, the handle of a variable, as a value")
    return handles


def _check_calls(operators: tuple[Operator, ...]) -> None:
    used = None
    for operator in operators:
        if operator.kind in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
            used = used or operator
        elif operator.kind == "CALL_ONCE" and used is not None:
            raise ModelError(f"{operator} sets variables after {used} has used one; call it first")


def _initialise(subgraph: Subgraph, where: str, variables: dict[tuple[str, str], _Variable]) -> None:
    tensors, operators = subgraph
    for operator in operators:
        for index in (*operator.inputs, *operator.outputs):
            if not 0 <= index < len(tensors):
                raise ModelError(f"{operator} of {where} has a tensor {index}, which is not there; the file is damaged")
        if operator.kind not in ("VAR_HANDLE", "ASSIGN_VARIABLE"):
            raise ModelError(f"{operator} of {where} is not supported: variables can be set to constants only")
    handles = _handles(tensors, operators, variables)
    for operator in operators:
        if operator.kind == "ASSIGN_VARIABLE":
            variable, value = _assigned(operator, tensors, handles)
            if value.data is None:
                raise ModelError(f"{operator} of {where} assigns {value}, which is no constant")
            _note_type(operator, variable, value)
            variable.initial = value.data


def _assigned(
    operator: Operator, tensors: tuple[Tensor, ...], handles: dict[int, _Variable]
) -> tuple[_Variable, Tensor]:
    if len(operator.inputs) != 2 or operator.outputs:
        raise ModelError(f"{operator} has {len(operator.inputs)} inputs instead of two; the file is damaged")
    if operator.inputs[1] < 0:
        raise ModelError(f"{operator} assigns nothing; the file is damaged")
    return _variable(operator, handles), tensors[operator.inputs[1]]


def _variable(operator: Operator, handles: dict[int, _Variable]) -> _Variable:
    if not operator.inputs or operator.inputs[0] not in handles:
        raise ModelError(f"{operator} has a handle that no VAR_HANDLE of its subgraph gives")
    return handles[operator.inputs[0]]


def _only(operator: Operator, indices: tuple[int, ...]) -> int:
    if len(indices) != 1:
        raise ModelError(f"{operator} has {len(indices)} outputs instead of one; the file is damaged")
    return indices[0]


def _note_type(operator: Operator, variable: _Variable, value: Tensor) -> None:
    if value.dtype not in VALUE_BYTES:
        raise ModelError(f"{value} of {operator} is {value.dtype}; a variable can be {', '.join(VALUE_BYTES)}")
    if variable.like is None:
        variable.like = value
    elif (variable.like.dtype, variable.like.count) != (value.dtype, value.count):
        raise ModelError(
            f"{operator} has {value}, {value.dtype} {list(value.shape)}, for the variable '{shown(variable.name)}', "
            f"which is {variable.like.dtype} {list(variable.like.shape)}"
        )


def _first(like: Tensor, initial: np.ndarray | None) -> np.ndarray:
    """What the first call finds; TFLite Micro fills a variable that nothing initialises with its zero point."""
    if initial is not None:
        return initial.reshape(like.shape)
    zero = int(like.zero_points[0]) if like.dtype == "int8" and len(like.zero_points) else 0
    return np.full(like.shape, zero, like.dtype)


def _replace(
    tensors: tuple[Tensor, ...], operators: tuple[Operator, ...], handles: dict[int, _Variable], all_: list[_Variable]
) -> Resolved:
    changed = list(tensors)
    entering = [variable for variable in all_ if variable.readers]
    for variable in entering:
        assert variable.like is not None
        first = _first(variable.like, variable.initial)
        if not variable.assigned:  # a constant after all
            for operator in variable.readers:
                output = operator.outputs[0]
                changed[output] = replace(tensors[output], data=first.reshape(tensors[output].shape))
            continue
        variable.initial = first
        variable.entry = variable.now = len(changed)
        changed.append(replace(variable.like, index=variable.entry, name=variable.name, data=None, variable=False))
    resolved = []
    for operator in operators:
        new = operator
        if operator.kind == "ASSIGN_VARIABLE":
            handles[operator.inputs[0]].now = operator.inputs[1]
        elif operator.kind == "READ_VARIABLE" and (variable := handles[operator.inputs[0]]).assigned:
            new = replace(operator, inputs=(variable.now,))
        resolved.append(new)
    states = [State(v.name, v.entry, v.now, v.initial) for v in entering if v.assigned]
    return Resolved(tuple(changed), tuple(resolved), tuple(states))
