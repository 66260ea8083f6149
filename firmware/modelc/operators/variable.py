"""VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, CALL_ONCE: what is left of them once variables have become states."""

from ..graph import Graph, Operator
from ..step import Step
from .layout import alias
from .registry import lowering


@lowering("READ_VARIABLE", tflm="AddReadVariable")
def read_variable(graph: Graph, operator: Operator) -> list[Step]:
    """The input is the tensor that holds the variable's value at this point."""
    return alias(graph, operator)


def _nothing(graph: Graph, operator: Operator) -> list[Step]:
    return []


for _kind, _tflm in (
    ("VAR_HANDLE", "AddVarHandle"),
    ("ASSIGN_VARIABLE", "AddAssignVariable"),
    ("CALL_ONCE", "AddCallOnce"),
):
    lowering(_kind, _tflm)(_nothing)
