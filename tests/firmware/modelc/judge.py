"""TFLite Micro's reference kernels, which have the last word on every byte."""

from pathlib import Path

import numpy as np

from firmware.modelc.graph import Graph


def judge(path: Path, graph: Graph, calls: np.ndarray) -> np.ndarray:
    """Outputs [calls, bytes] for inputs [calls, bytes], int8; states are carried from call to call by hand."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(path), arena_size=4 << 20)
    tensors = graph.tensors
    order_in, order_out = interface_order(graph)
    states = {s.input: np.full(tensors[s.input].shape, tensors[s.input].zero_point, np.int8) for s in graph.states}
    results = []
    for call in calls.astype(np.int8):
        values, position = dict(states), 0
        for _, index in graph.inputs:
            values[index] = call[position : position + tensors[index].count].reshape(tensors[index].shape)
            position += tensors[index].count
        for slot, index in enumerate(order_in):
            interpreter.set_input(values[index], slot)
        interpreter.invoke()
        outputs = {index: interpreter.get_output(slot).copy() for slot, index in enumerate(order_out)}
        states = {state.input: outputs[state.output] for state in graph.states}
        results.append(np.concatenate([outputs[index].reshape(-1) for _, index in graph.outputs]))
    return np.stack(results)


def interface_order(graph: Graph) -> tuple[list[int], list[int]]:
    """Tensor indices in the order of the file's own lists of inputs and outputs."""
    import tflite

    subgraph = tflite.Model.GetRootAsModel(graph.source, 0).Subgraphs(0)
    return [int(i) for i in subgraph.InputsAsNumpy()], [int(i) for i in subgraph.OutputsAsNumpy()]
