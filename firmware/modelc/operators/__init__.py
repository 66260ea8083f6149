"""One lowering an operator: a checked operator in, kernel calls out.

A lowering is registered under TFLite's name of the operator, with the name of the method that adds the operator to a
TFLite Micro resolver. Importing this package fills the registry.
"""

from . import affine, convolution, dense, elementwise, layout, lstm, mean, pool, table, variable
from .registry import LOWERINGS, Lowering, lower

__all__ = [
    "LOWERINGS",
    "Lowering",
    "affine",
    "convolution",
    "dense",
    "elementwise",
    "layout",
    "lower",
    "lstm",
    "mean",
    "pool",
    "table",
    "variable",
]
