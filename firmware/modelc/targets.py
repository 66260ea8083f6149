"""Which kernels serve which core.

A lowering names a kernel; a target says which C function that is, and how its constants are packed. All targets use
the portable kernels as long as they have no others: a kernel for a core is one entry in that target's table.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import ModelError
from .step import Step


@dataclass(frozen=True)
class Kernel:
    """A C function of firmware/nn, or of the C library."""

    function: str
    header: str
    struct: str | None = None  # type of the parameters that it takes first
    pack: Callable[[Step], Step] | None = None  # rearranges constants for the core


@dataclass(frozen=True)
class Target:
    """A kind of core."""

    name: str
    core: str
    kernels: dict[str, Kernel] = field(default_factory=dict)  # what differs from the portable ones

    def kernel(self, name: str) -> Kernel:
        """The kernel that serves a lowering's `name` on this core."""
        return self.kernels.get(name) or PORTABLE[name]

    @property
    def note(self) -> str | None:
        """What a user should know about this target's speed."""
        if self.name == "portable" or self.kernels:
            return None
        return f"there are no kernels for {self.core} yet; the portable ones serve"


PORTABLE = {
    "dense": Kernel("nn_dense", "dense.h", "nn_dense"),
    "conv": Kernel("nn_conv", "conv.h", "nn_conv"),
    "depthwise": Kernel("nn_depthwise", "depthwise.h", "nn_depthwise"),
    "average_pool": Kernel("nn_average_pool", "pool.h", "nn_pool"),
    "max_pool": Kernel("nn_max_pool", "pool.h", "nn_pool"),
    "add": Kernel("nn_add", "add.h", "nn_add"),
    "softmax": Kernel("nn_softmax", "softmax.h", "nn_softmax"),
    "copy": Kernel("nn_copy", "copy.h", "nn_copy"),
    "lookup": Kernel("nn_lookup", "lookup.h"),
    "move": Kernel("memcpy", "string.h"),
    "fill": Kernel("memset", "string.h"),
}

TARGETS = {
    target.name: target
    for target in (
        Target("portable", "any core"),
        Target("dsp", "Cortex-M4 with the DSP extension"),
        Target("mve", "Cortex-M55 with Helium"),
    )
}


def target_named(name: str) -> Target:
    """The target of that name; raises ModelError with the names there are."""
    if name not in TARGETS:
        raise ModelError(f"there is no target '{name}'; choose one of {', '.join(TARGETS)}")
    return TARGETS[name]
