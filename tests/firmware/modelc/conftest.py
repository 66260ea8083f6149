"""Compiles networks natively, under the sanitizers, and runs TFLite Micro beside them."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tflite_file import TfliteFile

from firmware.modelc import compile_model
from firmware.modelc.graph import Graph, Tensor
from firmware.modelc.reader import read

REPOSITORY = Path(__file__).parents[3]
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Driver and portable kernels as a static library, with sanitizers."""
    folder = tmp_path_factory.mktemp("kernels")
    sources = [*sorted((REPOSITORY / "firmware/nn").glob("*.c")), Path(__file__).with_name("model_driver.c")]
    includes = [f"-I{REPOSITORY / 'firmware/nn'}", "-DMODEL=net_model"]
    subprocess.run(["gcc", *WARNINGS, *SANITIZERS, *includes, "-O1", "-g", "-c", *sources], cwd=folder, check=True)
    subprocess.run(["ar", "rcs", "libnn.a", *sorted(folder.glob("*.o"))], cwd=folder, check=True)
    return folder / "libnn.a"


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
        from tflite_micro.python.tflite_micro import runtime

        interpreter = runtime.Interpreter.from_file(str(self.path), arena_size=4 << 20)
        tensors = self.graph.tensors
        order_in, order_out = interface_order(self.graph)
        carried = [state for state in self.graph.states if state.input in order_in]  # the others it keeps itself
        states = {state.input: first_value(tensors[state.input]) for state in carried}
        results = []
        for call in calls.astype(np.int8):
            values, position = dict(states), 0
            for _, index in self.graph.inputs:
                data = call[position : position + tensors[index].bytes].view(tensors[index].dtype)
                values[index] = data.reshape(tensors[index].shape)
                position += tensors[index].bytes
            for slot, index in enumerate(order_in):
                interpreter.set_input(values[index], slot)
            interpreter.invoke()
            outputs = {index: interpreter.get_output(slot).copy() for slot, index in enumerate(order_out)}
            states = {state.input: outputs[state.output] for state in carried}
            results.append(np.concatenate([outputs[i].reshape(-1).view(np.int8) for _, i in self.graph.outputs]))
        return np.stack(results)

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


def first_value(tensor: Tensor) -> np.ndarray:
    """What a state holds before the first call."""
    return np.full(tensor.shape, tensor.zero_point if tensor.dtype == "int8" else 0, tensor.dtype)


def interface_order(graph: Graph) -> tuple[list[int], list[int]]:
    """Tensor indices in the order of the file's own lists of inputs and outputs."""
    import tflite

    subgraph = tflite.Model.GetRootAsModel(graph.source, 0).Subgraphs(0)
    return [int(i) for i in subgraph.InputsAsNumpy()], [int(i) for i in subgraph.OutputsAsNumpy()]


@pytest.fixture(scope="session")
def build(kernels: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Network]:
    """Compiles a .tflite file and links it to the driver; target as modelc's."""

    def make(path: Path, target: str = "portable") -> Network:
        folder = tmp_path_factory.mktemp("network")
        compile_model(path, folder, target, "net")
        includes = [f"-I{REPOSITORY / 'firmware/nn'}", f"-I{folder}"]
        files = ["net.c", "net_tflite.c", kernels, "-o", "net"]
        subprocess.run(["gcc", *WARNINGS, *SANITIZERS, *includes, "-O1", *files], cwd=folder, check=True)
        return Network(folder / "net", path, read(path))

    return make


@pytest.fixture
def check(build, tmp_path):
    """Compiles the model and compares the outputs of some random calls and of the extremes."""

    def compare(model: TfliteFile, inputs: list[int], outputs: list[int]) -> None:
        path = tmp_path / "model.tflite"
        path.write_bytes(model.bytes(inputs, outputs))
        network = build(path)
        calls = network.random_calls(12)
        calls[0], calls[1], calls[2, ::2] = -128, 127, -128
        network.assert_exact(calls)

    return compare


@pytest.fixture(scope="session")
def other_models() -> Path:
    """The folder with other people's models; skips where there is none."""
    if "EARSHOT_MODELS" in os.environ:
        folder = Path(os.environ["EARSHOT_MODELS"])
    elif "EARSHOT_DATA" in os.environ:
        folder = Path(os.environ["EARSHOT_DATA"]).parent / "models"
    else:
        pytest.skip("set EARSHOT_MODELS to the folder with kws_ref_model.tflite and its like")
    if not folder.is_dir():
        pytest.skip(f"there are no models in {folder}")
    return folder
