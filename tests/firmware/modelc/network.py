"""A compiled network on this computer, with TFLite Micro beside it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.modelc.graph import Graph
from tests.firmware.modelc.judge import judge

REPOSITORY = Path(__file__).parents[3]
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@dataclass(frozen=True)
class Network:
    """A compiled network, and its judge."""

    program: Path
    path: Path
    graph: Graph

    def run(self, calls: np.ndarray) -> np.ndarray:
        """Outputs [calls, bytes] of the C for inputs [calls, bytes], int8; states are carried from call to call."""
        done = subprocess.run([self.program], input=calls.astype(np.int8).tobytes(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stderr == b""
        return np.frombuffer(done.stdout, np.int8).reshape(len(calls), -1)

    def judge(self, calls: np.ndarray) -> np.ndarray:
        """The same from TFLite Micro's reference kernels; states are carried by hand."""
        return judge(self.path, self.graph, calls)

    def random_calls(self, count: int, seed: int = 1) -> np.ndarray:
        """Inputs [count, bytes] that are uniform over int8; those that are float32 are normal, with some far out."""
        tensors = [self.graph.tensors[index] for _, index in self.graph.inputs]
        random = np.random.default_rng(seed)
        calls = random.integers(-128, 128, (count, sum(tensor.bytes for tensor in tensors))).astype(np.int8)
        position = 0
        for tensor in tensors:
            if tensor.dtype == "float32":
                values = random.normal(0, 1, (count, tensor.count)) * random.choice([0.3, 1, 9], (count, tensor.count))
                calls[:, position : position + tensor.bytes] = values.astype(np.float32).view(np.int8)
            position += tensor.bytes
        return calls

    def assert_exact(self, calls: np.ndarray) -> None:
        """Every byte of every output is TFLite Micro's."""
        np.testing.assert_array_equal(self.run(calls), self.judge(calls))
