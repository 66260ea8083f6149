"""One lowering an operator: a checked operator in, kernel calls out.

A lowering is registered under TFLite's name of the operator, with the name of the method that adds the operator to a
TFLite Micro resolver. Importing this package fills the registry.
"""

from . import add, convolution, dense, layout, pool, table
from .registry import LOWERINGS, Lowering, lower

__all__ = ["LOWERINGS", "Lowering", "add", "convolution", "dense", "layout", "lower", "pool", "table"]
