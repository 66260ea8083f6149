"""Which kernels serve which core.

A lowering gives portable steps. A target may rewrite a step for its core (other kernel, constants packed as the inner
loop eats them, other scratch) before memory is planned; a step that it leaves alone runs on the portable kernel.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from . import dsp, mve
from .errors import ModelError
from .kernel import Kernel
from .step import Step

PORTABLE = {
    "dense": Kernel("nn_dense", "dense.h", "nn_dense"),
    "conv": Kernel("nn_conv", "conv.h", "nn_conv", ring="nn_conv_ring"),
    "grouped_conv": Kernel("nn_grouped_conv", "conv.h", "nn_grouped_conv"),
    "depthwise": Kernel("nn_depthwise", "depthwise.h", "nn_depthwise", ring="nn_depthwise_ring"),
    "average_pool": Kernel("nn_average_pool", "pool.h", "nn_pool"),
    "max_pool": Kernel("nn_max_pool", "pool.h", "nn_pool"),
    "add": Kernel("nn_add", "add.h", "nn_add"),
    "sub": Kernel("nn_sub", "add.h", "nn_add"),
    "mul": Kernel("nn_mul", "mul.h", "nn_mul"),
    "mean": Kernel("nn_mean", "mean.h", "nn_mean"),
    "lstm": Kernel("nn_lstm", "lstm.h", "nn_lstm"),
    "softmax": Kernel("nn_softmax", "softmax.h", "nn_softmax"),
    "copy": Kernel("nn_copy", "copy.h", "nn_copy"),
    "quantize": Kernel("nn_quantize", "quantize.h", "nn_affine"),
    "dequantize": Kernel("nn_dequantize", "quantize.h", "nn_affine"),
    "lookup": Kernel("nn_lookup", "lookup.h"),
    "move": Kernel("memcpy", "string.h"),
    "fill": Kernel("memset", "string.h"),
}


@dataclass(frozen=True)
class Target:
    """A kind of core; `rewrites` go by the name of the portable kernel, and may decline with None."""

    name: str
    core: str
    kernels: dict[str, Kernel] = field(default_factory=dict)  # besides the portable ones
    rewrites: dict[str, Callable[[Step], Step | None]] = field(default_factory=dict)

    def kernel(self, name: str) -> Kernel:
        """The C function behind a step's `kernel`."""
        return self.kernels.get(name) or PORTABLE[name]

    def goes_round(self, step: Step) -> bool:
        """True if the step's kernel can read its image from a ring."""
        return self.kernel(step.kernel).ring is not None

    def fit(self, step: Step) -> Step:
        """The step as this core runs it best."""
        rewrite = self.rewrites.get(step.kernel)
        return (rewrite(step) if rewrite is not None else None) or step


TARGETS = {
    target.name: target
    for target in (
        Target("portable", "any core"),
        Target("dsp", "Cortex-M4 with the DSP extension", dsp.KERNELS, dsp.REWRITES),
        Target("mve", "Cortex-M55 with Helium", mve.KERNELS, mve.REWRITES),
    )
}


def target_named(name: str) -> Target:
    """The target of that name; raises ModelError with the names there are."""
    if name not in TARGETS:
        raise ModelError(f"there is no target '{name}'; choose one of {', '.join(TARGETS)}")
    return TARGETS[name]
