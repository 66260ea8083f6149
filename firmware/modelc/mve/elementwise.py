"""Steps whose constants need no packing, where firmware/nn/mve has a kernel for them."""

from dataclasses import replace
from typing import Any

from ..step import Step


def _serves(first: Any, second: Any) -> bool:
    """Lines of neighbours, and at most one value that is repeated along a line."""
    return {first["step"][-1], second["step"][-1]} in ({1}, {0, 1})


def add_or_sub(step: Step) -> Step | None:
    """nn_add to nn_mve_add, nn_sub to nn_mve_sub."""
    layer: Any = step.parameters
    first, second = layer["first"], layer["second"]
    shifts = first["shift"], second["shift"], layer["shift"]
    return same_constants(step) if _serves(first, second) and max(shifts) <= 0 else None


def mul(step: Step) -> Step | None:
    """nn_mul to nn_mve_mul."""
    layer: Any = step.parameters
    return same_constants(step) if _serves(layer["first"], layer["second"]) else None


def mean(step: Step) -> Step | None:
    """nn_mean to the kernel for neighbours that are kept, or for neighbours that one mean goes over."""
    layer: Any = step.parameters
    if layer["kept_step"][-1] == 1 and layer["kept"][-1] > 1:
        return same_constants(step)
    return replace(step, kernel="mve_mean_of_neighbours") if layer["reduced_step"][-1] == 1 else None


def same_constants(step: Step) -> Step:
    """The kernel of the same name, with the same parameters."""
    return replace(step, kernel=f"mve_{step.kernel}")
