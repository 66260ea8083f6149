"""Steps for Helium: the kernels of firmware/nn/mve, and how their constants are packed."""

from collections.abc import Callable

from ..kernel import Kernel
from ..step import Step
from .conv import conv
from .dense import dense
from .depthwise import depthwise

KERNELS: dict[str, Kernel] = {
    "mve_dense": Kernel("nn_mve_dense", "mve/dense.h", "nn_mve_dense"),
    "mve_conv": Kernel("nn_mve_conv", "mve/conv.h", "nn_mve_conv"),
    "mve_depthwise": Kernel("nn_mve_depthwise", "mve/depthwise.h", "nn_mve_depthwise"),
}

REWRITES: dict[str, Callable[[Step], Step | None]] = {
    "dense": dense,
    "conv": conv,
    "depthwise": depthwise,
}
