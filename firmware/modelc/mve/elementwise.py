"""Steps whose constants need no packing, where firmware/nn/mve has a kernel for them."""

from dataclasses import replace

from ..step import Step


def add(step: Step) -> Step | None:
    """nn_add to nn_mve_add."""
    addends = (step.parameters["first"], step.parameters["second"])
    served = all(addend["step"][-1] in (0, 1) and addend["shift"] <= 0 for addend in addends)
    return replace(step, kernel="mve_add") if served and step.parameters["shift"] <= 0 else None


def same_constants(step: Step) -> Step:
    """The kernel of the same name, with the same parameters."""
    return replace(step, kernel=f"mve_{step.kernel}")
