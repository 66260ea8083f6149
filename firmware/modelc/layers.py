"""The operators of a network as a report names them."""

from dataclasses import dataclass

from .graph import Graph, Operator
from .step import Step


@dataclass(frozen=True)
class Layer:
    """One operator of the network."""

    operator: int
    kind: str
    shape: str  # kernel, stride and output
    macs: int
    outputs: int  # values
    pointwise: bool  # a convolution that looks at one position only


def layers(graph: Graph, steps: list[Step]) -> tuple[Layer, ...]:
    """All operators in their order, with the multiply-accumulates of the steps that they were lowered to."""
    return tuple(
        _layer(graph, operator, sum(step.macs for step in steps if step.operator == operator.index))
        for operator in graph.operators
    )


def _layer(graph: Graph, operator: Operator, macs: int) -> Layer:
    outputs = [graph.tensors[index] for index in operator.outputs]
    parts = [", ".join("x".join(map(str, tensor.shape)) for tensor in outputs)]
    pointwise = False
    if operator.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        height, width = graph.tensors[operator.inputs[1]].shape[1:3]
        strides = operator.options["StrideH"], operator.options["StrideW"]
        parts = [f"{height}x{width}", *([f"/{strides[0]}x{strides[1]}"] if strides != (1, 1) else []), "to", *parts]
        pointwise = operator.kind == "CONV_2D" and (height, width) == (1, 1)
    elif operator.kind == "FULLY_CONNECTED":
        parts = [str(graph.tensors[operator.inputs[1]].shape[-1]), "to", *parts]
    return Layer(
        operator.index, operator.kind, " ".join(parts), macs, sum(tensor.count for tensor in outputs), pointwise
    )
