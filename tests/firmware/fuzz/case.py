"""What is run everywhere: a model, its inputs call by call, and what TFLite Micro makes of them."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.modelc.graph import Graph
from firmware.modelc.reader import parse


@dataclass(frozen=True)
class Case:
    """A model by name, with inputs [calls, bytes of all inputs but states], int8; states start over where told."""

    name: str  # a C identifier
    model: bytes
    calls: np.ndarray
    starts_over: tuple[bool, ...]


def input_calls(graph: Graph, random: np.random.Generator, uniform: int, quiet: int, extreme: int = 0) -> np.ndarray:
    """Inputs for a graph: uniform over int8, near each input's zero point, and at the ends of the range."""
    parts = []
    for _, index in graph.inputs:
        tensor = graph.tensors[index]
        shape = (uniform, tensor.count)
        near = np.clip(np.rint(random.normal(tensor.zero_point, 8, (quiet, tensor.count))), -128, 127)
        ends = np.where(random.random((extreme, tensor.count)) < 0.5, -128, 127)
        parts.append(np.concatenate([random.integers(-128, 128, shape), near, ends]))
    return np.concatenate(parts, axis=1).astype(np.int8)


def judge(case: Case) -> np.ndarray:
    """Outputs [calls, bytes of all outputs but states], int8, of TFLite Micro's reference kernels."""
    import tflite
    from tflite_micro.python.tflite_micro import runtime

    graph = parse(case.model)
    tensors = graph.tensors
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(case.model)
        interpreter = runtime.Interpreter.from_file(str(path), arena_size=4 << 20)
    subgraph = tflite.Model.GetRootAsModel(case.model, 0).Subgraphs(0)
    order_in = [int(i) for i in subgraph.InputsAsNumpy()]
    order_out = [int(i) for i in subgraph.OutputsAsNumpy()]
    fresh = {s.input: np.full(tensors[s.input].shape, tensors[s.input].zero_point, np.int8) for s in graph.states}
    states, results = fresh, []
    for call, starts_over in zip(case.calls, case.starts_over, strict=True):
        values, position = dict(fresh if starts_over else states), 0
        for _, index in graph.inputs:
            values[index] = call[position : position + tensors[index].count].reshape(tensors[index].shape)
            position += tensors[index].count
        for slot, index in enumerate(order_in):
            interpreter.set_input(values[index], slot)
        interpreter.invoke()
        # All of them are read before any input is set: they may lie in one another's memory.
        outputs = {index: interpreter.get_output(slot).copy() for slot, index in enumerate(order_out)}
        states = {state.input: outputs[state.output] for state in graph.states}
        results.append(np.concatenate([outputs[index].reshape(-1) for _, index in graph.outputs]))
    return np.stack(results)
