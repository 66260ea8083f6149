"""Steps for Armv7E-M: the kernels of firmware/nn/dsp, and how their constants are packed.

What is taken: layers whose factors are all below one half, as those of trained networks are, and LSTM with any. The
rest stays with the portable kernels.
"""

from collections.abc import Callable

from ..kernel import Kernel
from ..step import Step
from .conv import conv
from .dense import dense
from .depthwise import depthwise
from .elementwise import add, lookup, mean, mul, pool, sub
from .lstm import lstm

KERNELS: dict[str, Kernel] = {
    "dsp_dense": Kernel("nn_dsp_dense", "dsp/dense.h", "nn_dsp_dense"),
    "dsp_rows": Kernel("nn_dsp_rows", "dsp/conv.h", "nn_dsp_rows"),
    "dsp_conv": Kernel("nn_dsp_conv", "dsp/conv.h", "nn_dsp_conv", ring="nn_dsp_conv_ring"),
    "dsp_conv_lines": Kernel("nn_dsp_conv_lines", "dsp/conv.h", "nn_dsp_conv"),
    "dsp_conv_few": Kernel("nn_dsp_conv_few", "dsp/conv.h", "nn_dsp_conv_few", ring="nn_dsp_conv_few_ring"),
    "dsp_depthwise": Kernel("nn_dsp_depthwise", "dsp/depthwise.h", "nn_dsp_depthwise", ring="nn_dsp_depthwise_ring"),
    "dsp_depthwise_3x3": Kernel("nn_dsp_depthwise_3x3", "dsp/depthwise_3x3.h", "nn_dsp_depthwise"),
    "dsp_add": Kernel("nn_dsp_add", "dsp/add.h", "nn_dsp_add"),
    "dsp_add_same": Kernel("nn_dsp_add_same", "dsp/add.h", "nn_dsp_add"),
    "dsp_sub": Kernel("nn_dsp_sub", "dsp/add.h", "nn_dsp_add"),
    "dsp_sub_reversed": Kernel("nn_dsp_sub_reversed", "dsp/add.h", "nn_dsp_add"),
    "dsp_sub_same": Kernel("nn_dsp_sub_same", "dsp/add.h", "nn_dsp_add"),
    "dsp_mul": Kernel("nn_dsp_mul", "dsp/mul.h", "nn_dsp_mul"),
    "dsp_mean": Kernel("nn_dsp_mean", "dsp/mean.h", "nn_mean"),
    "dsp_mean_of_neighbours": Kernel("nn_dsp_mean_of_neighbours", "dsp/mean.h", "nn_mean"),
    "dsp_lookup": Kernel("nn_dsp_lookup", "dsp/lookup.h"),
    "dsp_average_pool": Kernel("nn_dsp_average_pool", "dsp/pool.h", "nn_pool"),
    "dsp_max_pool": Kernel("nn_dsp_max_pool", "dsp/pool.h", "nn_pool"),
    "dsp_lstm": Kernel("nn_dsp_lstm", "dsp/lstm.h", "nn_dsp_lstm"),
    "dsp_lstm_any": Kernel("nn_dsp_lstm_any", "dsp/lstm.h", "nn_dsp_lstm"),
}

REWRITES: dict[str, Callable[[Step], Step | None]] = {
    "dense": dense,
    "conv": conv,
    "depthwise": depthwise,
    "add": add,
    "sub": sub,
    "mul": mul,
    "mean": mean,
    "lookup": lookup,
    "average_pool": pool,
    "max_pool": pool,
    "lstm": lstm,
}
