"""The published inputs, their checksums, and TFLite Micro's interpreter as the judge."""

from __future__ import annotations

import importlib.util
import zlib
from pathlib import Path

import numpy as np
import tflite
from numpy.typing import NDArray

from firmware.modelc.graph import Graph

CALLS = 4
_JUDGE = "tflite_micro"


def random_bytes(calls: int, size: int) -> NDArray[np.int8]:
    """int8 [calls, size] of xorshift32 (shifts 13, 17, 5; from 0x12345678), the top eight bits of each step."""
    state, values = 0x12345678, np.empty(calls * size, np.uint8)
    for i in range(len(values)):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        values[i] = state >> 24
    return values.view(np.int8).reshape(calls, size)


def checksums(outputs: NDArray[np.int8]) -> tuple[str, str]:
    """CRC-32 of the first call's output and of all of them, in hexadecimal."""
    return f"{zlib.crc32(outputs[0].tobytes()):08x}", f"{zlib.crc32(outputs.tobytes()):08x}"


def input_bytes(graph: Graph) -> int:
    """Bytes of a call's inputs, states left out."""
    return sum(graph.tensors[index].count for _, index in graph.inputs)


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
    states = {
        state.input: np.full(tensors[state.input].shape, tensors[state.input].zero_point, np.int8)
        for state in graph.states
    }
    results = []
    for call in calls:
        values, at = dict(states), 0
        for _, index in graph.inputs:
            values[index] = call[at : at + tensors[index].count].reshape(tensors[index].shape)
            at += tensors[index].count
        for slot, index in enumerate(entering):
            interpreter.set_input(values[index], slot)
        interpreter.invoke()
        outputs = {index: interpreter.get_output(slot).copy() for slot, index in enumerate(leaving)}
        states = {state.input: outputs[state.output] for state in graph.states}
        results.append(np.concatenate([outputs[index].reshape(-1) for _, index in graph.outputs]))
    return np.stack(results)
