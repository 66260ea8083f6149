"""TFLite Micro's reference kernels, which have the last word on every byte."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np

from firmware.modelc.graph import Graph, Tensor

_ARENA_BYTES = 4 << 20


def judge(path: Path, graph: Graph, calls: np.ndarray) -> np.ndarray:
    """Outputs [calls, bytes] for inputs [calls, bytes], as int8, of the graph that was read from that file."""
    assert path.read_bytes() == graph.source
    return reference(graph, calls)


def reference(graph: Graph, calls: np.ndarray, starts_over: Sequence[bool] = ()) -> np.ndarray:
    """The same; states begin anew in the calls that `starts_over` marks. Those that are inputs are carried by hand."""
    from tflite_micro.python.tflite_micro import runtime

    tensors = graph.tensors
    order_in, order_out = interface_order(graph)
    carried = [state for state in graph.states if state.input in order_in]  # the others it keeps itself
    interpreter, states, results = None, {}, []
    for call, anew in zip_longest(calls.astype(np.int8), starts_over, fillvalue=False):
        if interpreter is None or anew:
            interpreter = runtime.Interpreter.from_bytes(graph.source, arena_size=_ARENA_BYTES)
            states = {state.input: first_value(tensors[state.input]) for state in carried}
        values, position = dict(states), 0
        for _, index in graph.inputs:
            data = call[position : position + tensors[index].bytes].view(tensors[index].dtype)
            values[index] = data.reshape(tensors[index].shape)
            position += tensors[index].bytes
        for slot, index in enumerate(order_in):
            interpreter.set_input(values[index], slot)
        interpreter.invoke()
        # All of them are read before any input is set: they may lie in one another's memory.
        outputs = {index: interpreter.get_output(slot).copy() for slot, index in enumerate(order_out)}
        states = {state.input: outputs[state.output] for state in carried}
        results.append(np.concatenate([outputs[index].reshape(-1).view(np.int8) for _, index in graph.outputs]))
    return np.stack(results)


def first_value(tensor: Tensor) -> np.ndarray:
    """What a state holds before the first call."""
    return np.full(tensor.shape, 0 if tensor.dtype == "float32" else tensor.zero_point, tensor.dtype)


def interface_order(graph: Graph) -> tuple[list[int], list[int]]:
    """Tensor indices in the order of the file's own lists of inputs and outputs."""
    import tflite

    subgraph = tflite.Model.GetRootAsModel(graph.source, 0).Subgraphs(0)
    return [int(i) for i in subgraph.InputsAsNumpy()], [int(i) for i in subgraph.OutputsAsNumpy()]
