"""The registry of lowerings."""

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import ModelError
from ..graph import Graph, Operator
from ..step import Step

Lower = Callable[[Graph, Operator], list[Step]]


@dataclass(frozen=True)
class Lowering:
    """How one kind of operator becomes steps, and what TFLite Micro's resolver calls it."""

    lower: Lower
    tflm: str


LOWERINGS: dict[str, Lowering] = {}


def lowering(kind: str, tflm: str) -> Callable[[Lower], Lower]:
    """Registers a function as the lowering of `kind`."""

    def register(function: Lower) -> Lower:
        LOWERINGS[kind] = Lowering(function, tflm)
        return function

    return register


def lower(graph: Graph, operator: Operator) -> list[Step]:
    """The steps of one operator; raises ModelError for one that is not supported."""
    if operator.kind not in LOWERINGS:
        where = f" (output {graph.tensors[operator.outputs[0]]})" if operator.outputs else ""
        raise ModelError(f"{operator}{where} is not supported; modelc knows {', '.join(sorted(LOWERINGS))}")
    if operator.outputs and all(graph.tensors[index].data is not None for index in operator.outputs):
        return []  # constants after all: shapes, or variables that nothing assigns
    return LOWERINGS[operator.kind].lower(graph, operator)
