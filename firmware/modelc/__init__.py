"""modelc: an INT8 .tflite file to C that runs it, bit-exact with TFLite Micro's reference kernels.

The way through: `reader` makes a checked `graph` of the flatbuffer, in which `variables` have become states and shapes
that the model computes constants (`folding`); `operators` lowers each operator to kernel calls
(`step`), with the integers that `quantization` and `fixedpoint` derive from the scales; `planner` gives every tensor
its place in one arena (`storage`: who shares memory; `rings`: streaming windows; `placement`: the search), which
`memory_map` draws; `emitter` writes the C. `targets` chooses the kernels of firmware/nn for the core. To add an
operator: a lowering in operators/, its options in `schema`, and, if it computes anything new, a kernel.
"""

from .compiler import Compiled, compile_model
from .errors import ModelError

__all__ = ["Compiled", "ModelError", "compile_model"]
