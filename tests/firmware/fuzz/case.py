"""What is run everywhere: a model, its inputs call by call, and what TFLite Micro makes of them."""

from dataclasses import dataclass

import numpy as np

from firmware.modelc.graph import Graph
from firmware.modelc.reader import parse
from tests.firmware.modelc.judge import reference


@dataclass(frozen=True)
class Case:
    """A model by name, with inputs [calls, bytes of all inputs but states], int8; states start over where told."""

    name: str  # a C identifier
    model: bytes
    calls: np.ndarray
    starts_over: tuple[bool, ...]


def input_calls(graph: Graph, random: np.random.Generator, uniform: int, quiet: int, extreme: int = 0) -> np.ndarray:
    """Inputs for a graph: uniform over int8, near each input's zero point, and at the ends of the range.

    What is float32 is drawn about as wide as the int8 tensor that it becomes, with ties between its steps.
    """
    parts = []
    for _, index in graph.inputs:
        tensor = graph.tensors[index]
        if tensor.dtype == "float32":
            parts.append(_floats(graph, index, random, uniform + quiet + extreme))
            continue
        near = np.clip(np.rint(random.normal(tensor.zero_point, 8, (quiet, tensor.count))), -128, 127)
        ends = np.where(random.random((extreme, tensor.count)) < 0.5, -128, 127)
        values = np.concatenate([random.integers(-128, 128, (uniform, tensor.count)), near, ends])
        parts.append(values.astype(np.int8))
    return np.concatenate(parts, axis=1)


def sampled_call(graph: Graph, samples: dict[int, np.ndarray]) -> np.ndarray:
    """Inputs [1, bytes]: the values under which a sketch's scales make ties."""
    return np.concatenate([samples[index].reshape(-1).view(np.int8) for _, index in graph.inputs])[None]


def _floats(graph: Graph, index: int, random: np.random.Generator, calls: int) -> np.ndarray:
    readers = [operator for operator in graph.operators if index in operator.inputs]
    shape = (calls, graph.tensors[index].count)
    step = float(graph.tensors[readers[0].outputs[0]].scale) if readers else 1.0
    halves = random.integers(-300, 300, shape) / 2
    values = np.where(random.random(shape) < 0.3, halves, random.normal(0, 90, shape)) * step
    return values.astype(np.float32).view(np.int8)


def judge(case: Case) -> np.ndarray:
    """Outputs [calls, bytes of all outputs but states], int8, of TFLite Micro's reference kernels."""
    return reference(parse(case.model), case.calls, case.starts_over)
