"""The published inputs, their checksums, and TFLite Micro's interpreter as the judge."""

from __future__ import annotations

import importlib.util
import zlib
from pathlib import Path

import numpy as np
import tflite
from numpy.typing import NDArray

from firmware.modelc.graph import Graph, Tensor

CALLS = 4
_JUDGE = "tflite_micro"


def random_bytes(count: int) -> NDArray[np.int8]:
    """int8 [count] of xorshift32 (shifts 13, 17, 5; from 0x12345678), the top eight bits of each step."""
    state, values = 0x12345678, np.empty(count, np.uint8)
    for i in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        values[i] = state >> 24
    return values.view(np.int8)


def sizes(graph: Graph) -> list[int]:
    """Bytes of each input, states left out."""
    return [tensor.count * np.dtype(tensor.dtype).itemsize for tensor in _inputs(graph)]


def inputs(graph: Graph, calls: int = CALLS) -> NDArray[np.int8]:
    """The published stream as int8 [calls, bytes of all inputs]: a byte a value; a float32 is a sixteenth of it."""
    tensors = _inputs(graph)
    stream = random_bytes(calls * sum(tensor.count for tensor in tensors)).reshape(calls, -1)
    parts, at = [], 0
    for tensor in tensors:
        part = stream[:, at : at + tensor.count]
        at += tensor.count
        parts.append(part if tensor.dtype == "int8" else (part / np.float32(16)).astype(tensor.dtype).view(np.int8))
    return np.concatenate(parts, axis=1)


def _inputs(graph: Graph) -> list[Tensor]:
    return [graph.tensors[index] for _, index in graph.inputs]


def checksums(outputs: NDArray[np.int8]) -> tuple[str, str]:
    """CRC-32 of the first call's output and of all of them, in hexadecimal."""
    return f"{zlib.crc32(outputs[0].tobytes()):08x}", f"{zlib.crc32(outputs.tobytes()):08x}"


def judge_installed() -> bool:
    """True if the package tflite_micro is there."""
    return importlib.util.find_spec(_JUDGE) is not None


def judge(path: Path, graph: Graph, calls: NDArray[np.int8]) -> NDArray[np.int8]:
    """Outputs int8 [calls, bytes] of TFLite Micro's reference kernels, states carried by hand from call to call."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(path), arena_size=8 << 20)
    subgraph = tflite.Model.GetRootAsModel(graph.source, 0).Subgraphs(0)
    entering = [int(index) for index in subgraph.InputsAsNumpy()]
    leaving = [int(index) for index in subgraph.OutputsAsNumpy()]
    tensors = graph.tensors
    carried = [state for state in graph.states if state.input in entering]  # variables it keeps itself
    states = {
        state.input: np.full(tensors[state.input].shape, tensors[state.input].zero_point, np.int8) for state in carried
    }
    results = []
    for call in calls:
        values, at = dict(states), 0
        for (_, index), size in zip(graph.inputs, sizes(graph), strict=True):
            values[index] = call[at : at + size].view(tensors[index].dtype).reshape(tensors[index].shape)
            at += size
        for slot, index in enumerate(entering):
            interpreter.set_input(values[index], slot)
        interpreter.invoke()
        outputs = {index: interpreter.get_output(slot).copy() for slot, index in enumerate(leaving)}
        states = {state.input: outputs[state.output] for state in carried}
        results.append(np.concatenate([outputs[index].reshape(-1).view(np.int8) for _, index in graph.outputs]))
    return np.stack(results)
