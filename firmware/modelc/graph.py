"""The network as modelc sees it: tensors, and operators in the order in which they run."""

from dataclasses import dataclass, field
from math import prod

import numpy as np

from .errors import ModelError

_MOST_SHOWN = 80  # characters of a name: converters join the names of fused layers, damage joins all there is
VALUE_BYTES = {"int8": 1, "uint8": 1, "int16": 2, "int32": 4, "int64": 8, "float32": 4}


def label(index: int, name: str) -> str:
    """What messages call a tensor."""
    return f"tensor {index} '{shown(name)}'"


def shown(name: str) -> str:
    """A name as it stands in a message."""
    return name if len(name) <= _MOST_SHOWN else f"{name[: _MOST_SHOWN - 3]}..."


@dataclass(frozen=True)
class Tensor:
    """One tensor of the graph; `data` is there for constants only."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: np.ndarray  # float32; empty, one, or one a channel
    zero_points: np.ndarray  # int64, as many as scales
    axis: int  # along which the scales run, if there are several
    data: np.ndarray | None = None
    variable: bool = False  # kept from call to call by the operator that works on it

    def __str__(self) -> str:
        return label(self.index, self.name)

    @property
    def count(self) -> int:
        """Number of values."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Its size in memory."""
        return self.count * VALUE_BYTES.get(self.dtype, 1)

    @property
    def scale(self) -> np.float32:
        """The one scale of a tensor quantized as a whole; raises ModelError where there is not exactly one."""
        if len(self.scales) != 1:
            raise ModelError(f"{self} has {len(self.scales)} scales where one is needed; quantize it per tensor")
        return np.float32(self.scales[0])

    @property
    def zero_point(self) -> int:
        """The int8 value that stands for zero; raises ModelError where there is not exactly one."""
        if len(self.zero_points) != 1:
            raise ModelError(f"{self} has {len(self.zero_points)} zero points where one is needed")
        return int(self.zero_points[0])


@dataclass(frozen=True)
class Operator:
    """One operator; an optional input that is absent is -1."""

    index: int
    kind: str  # TFLite's name: CONV_2D
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, int | float | str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"operator {self.index} {self.kind}"


@dataclass(frozen=True)
class State:
    """A tensor that leaves one call as `output` and enters the next as `input`.

    The two are one where an operator changes it in place, or nothing does.
    """

    name: str
    input: int
    output: int
    initial: np.ndarray | None = None  # what the first call finds; without it, what stands for zero


@dataclass(frozen=True)
class Graph:
    """A whole model, checked for consistency: its main subgraph, with variables made states."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[tuple[str, int], ...]  # name, tensor index; without states
    outputs: tuple[tuple[str, int], ...]
    states: tuple[State, ...]
    crc32: int
    source: bytes

    def activation(self, index: int) -> Tensor:
        """The int8 tensor at `index`, which an operator computes with; raises ModelError for any other type."""
        tensor = self.tensors[index]
        if tensor.dtype != "int8":
            raise ModelError(f"{tensor} is {tensor.dtype}; quantize the model to int8 in full")
        return tensor

    def moved(self, index: int) -> Tensor:
        """A tensor whose values are only moved about: int8 or float32."""
        tensor = self.tensors[index]
        return tensor if tensor.dtype == "float32" else self.activation(index)

    def floats(self, index: int) -> Tensor:
        """The float32 tensor at `index`, at an end of the network; raises ModelError for a constant or another type."""
        tensor = self.tensors[index]
        if tensor.dtype != "float32" or tensor.data is not None:
            raise ModelError(f"{tensor} is {'a constant' if tensor.data is not None else tensor.dtype}, not a float32")
        return tensor

    def interface(self, index: int) -> Tensor:
        """An input or output of the network: int8, uint8 or float32."""
        tensor = self.tensors[index]
        if tensor.dtype == "uint8" and tensor.data is None:
            return tensor
        return self.floats(index) if tensor.dtype == "float32" else self.activation(index)

    def constant(self, operator: Operator, position: int, dtypes: tuple[str, ...]) -> Tensor:
        """The constant at input `position` of `operator`; raises ModelError if it is computed or of another type."""
        tensor = self.tensors[self.input(operator, position)]
        if tensor.dtype not in dtypes:
            if tensor.dtype.startswith("float"):
                raise ModelError(f"{tensor} is {tensor.dtype}; quantize the model to int8 in full")
            raise ModelError(f"{tensor} of {operator} is {tensor.dtype}, not {' or '.join(dtypes)}")
        if tensor.data is None:
            raise ModelError(f"{tensor} of {operator} is computed at run time; it must be a constant")
        return tensor

    def integers(self, operator: Operator, position: int) -> list[int]:
        """The values of an index or shape constant, at input `position`."""
        data = self.constant(operator, position, ("int32", "int64")).data
        assert data is not None
        return [int(value) for value in data.reshape(-1)]

    def input(self, operator: Operator, position: int) -> int:
        """The tensor index at input `position`; raises ModelError where there is none."""
        if position >= len(operator.inputs) or operator.inputs[position] < 0:
            raise ModelError(f"{operator} has no input {position}; the file is damaged")
        return operator.inputs[position]

    def output(self, operator: Operator) -> Tensor:
        """The only output, an int8 tensor."""
        if len(operator.outputs) != 1:
            raise ModelError(f"{operator} has {len(operator.outputs)} outputs instead of one; the file is damaged")
        return self.activation(operator.outputs[0])
