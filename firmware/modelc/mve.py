"""Steps for Helium: the kernels of firmware/nn/mve, and how their constants are packed."""

from collections.abc import Callable

from .kernel import Kernel
from .step import Step

KERNELS: dict[str, Kernel] = {}

REWRITES: dict[str, Callable[[Step], Step | None]] = {}
