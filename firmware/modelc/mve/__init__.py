"""Steps for Helium: the kernels of firmware/nn/mve, and how their constants are packed."""

from collections.abc import Callable

from ..kernel import Kernel
from ..step import Step
from .conv import conv
from .dense import dense
from .depthwise import depthwise
from .elementwise import add_or_sub, mean, mul, same_constants
from .lstm import lstm

KERNELS: dict[str, Kernel] = {
    "mve_dense": Kernel("nn_mve_dense", "mve/dense.h", "nn_mve_dense"),
    "mve_conv": Kernel("nn_mve_conv", "mve/conv.h", "nn_mve_conv", ring="nn_mve_conv_ring"),
    "mve_depthwise": Kernel("nn_mve_depthwise", "mve/depthwise.h", "nn_mve_depthwise", ring="nn_mve_depthwise_ring"),
    "mve_average_pool": Kernel("nn_mve_average_pool", "mve/pool.h", "nn_pool"),
    "mve_max_pool": Kernel("nn_mve_max_pool", "mve/pool.h", "nn_pool"),
    "mve_add": Kernel("nn_mve_add", "mve/add.h", "nn_add"),
    "mve_sub": Kernel("nn_mve_sub", "mve/add.h", "nn_add"),
    "mve_mul": Kernel("nn_mve_mul", "mve/mul.h", "nn_mul"),
    "mve_mean": Kernel("nn_mve_mean", "mve/mean.h", "nn_mean"),
    "mve_mean_of_neighbours": Kernel("nn_mve_mean_of_neighbours", "mve/mean.h", "nn_mean"),
    "mve_lookup": Kernel("nn_mve_lookup", "mve/lookup.h"),
    "mve_lstm": Kernel("nn_mve_lstm", "mve/lstm.h", "nn_mve_lstm"),
}

REWRITES: dict[str, Callable[[Step], Step | None]] = {
    "dense": dense,
    "conv": conv,
    "depthwise": depthwise,
    "average_pool": same_constants,
    "max_pool": same_constants,
    "add": add_or_sub,
    "sub": add_or_sub,
    "mul": mul,
    "mean": mean,
    "lookup": same_constants,
    "lstm": lstm,
}
