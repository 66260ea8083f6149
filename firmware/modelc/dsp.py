"""Steps for Armv7E-M: the kernels of firmware/nn/dsp, and how their constants are packed."""

from collections.abc import Callable

from .kernel import Kernel
from .step import Step

KERNELS: dict[str, Kernel] = {}

REWRITES: dict[str, Callable[[Step], Step | None]] = {}
