"""Compiles networks natively, under the sanitizers, and runs TFLite Micro beside them."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from judge import judge

from firmware.modelc import compile_model
from firmware.modelc.graph import Graph
from firmware.modelc.reader import read

REPOSITORY = Path(__file__).parents[3]
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Driver, portable kernels and those for Armv7E-M as a static library, with sanitizers."""
    folder = tmp_path_factory.mktemp("kernels")
    nn = REPOSITORY / "firmware/nn"
    sources = [*sorted(nn.glob("*.c")), *sorted(nn.glob("dsp/*.c")), Path(__file__).with_name("model_driver.c")]
    for source in sources:
        target = f"{source.parent.name}_{source.stem}.o"
        flags = [*WARNINGS, *SANITIZERS, f"-I{nn}", "-DMODEL=net_model", "-O1", "-g"]
        subprocess.run(["gcc", *flags, "-c", source, "-o", target], cwd=folder, check=True)
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
        return judge(self.path, self.graph, calls)

    def random_calls(self, count: int, seed: int = 1) -> np.ndarray:
        """Inputs [count, bytes] that are uniform over int8."""
        size = sum(self.graph.tensors[index].count for _, index in self.graph.inputs)
        return np.random.default_rng(seed).integers(-128, 128, (count, size)).astype(np.int8)

    def assert_exact(self, calls: np.ndarray) -> None:
        """Every byte of every output is TFLite Micro's."""
        np.testing.assert_array_equal(self.run(calls), self.judge(calls))


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
