"""What operators are lowered to: calls of kernels, on tensors, with constants."""

from dataclasses import dataclass, field

import numpy as np

Field = "int | np.ndarray | list[int] | dict[str, Field]"
"""A member of a kernel's parameter struct: a number, a constant array (by address), a list, a nested struct."""


@dataclass(frozen=True)
class Operand:
    """A pointer into a tensor, `offset` values from its start."""

    tensor: int
    offset: int = 0


@dataclass(frozen=True)
class Scratch:
    """The pointer to the step's scratch memory, as a pointer to the C type `of`."""

    of: str = "int8_t"


@dataclass(frozen=True)
class View:
    """The child's values are the parent's, from `offset` on: if the memory is shared, nothing need be copied."""

    child: int
    parent: int
    offset: int


@dataclass
class Step:
    """One kernel call, target-independent; its arguments follow the parameter struct, in the order of the C kernel."""

    operator: int
    kernel: str
    arguments: list[Operand | Scratch | int | np.ndarray]
    reads: tuple[int, ...]
    writes: int
    parameters: dict[str, "Field"] = field(default_factory=dict)  # type: ignore[valid-type]
    scratch: int = 0  # bytes
    in_place: tuple[int, ...] = ()  # inputs whose memory the output may take over
    view: View | None = None  # if granted, the call falls away
    macs: int = 0
