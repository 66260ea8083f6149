"""Compiles networks natively, under the sanitizers, and runs TFLite Micro beside them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware.modelc import compile_model
from firmware.modelc.reader import read
from firmware.modelc.tflite_file import TfliteFile
from tests.firmware.modelc.network import REPOSITORY, SANITIZERS, WARNINGS, Network


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
    """Compiles the model for every target that the desk can run, and compares the outputs of some random calls and
    of the extremes."""

    def compare(model: TfliteFile, inputs: list[int], outputs: list[int]) -> None:
        path = tmp_path / "model.tflite"
        path.write_bytes(model.bytes(inputs, outputs))
        networks = [build(path, target) for target in ("portable", "dsp")]
        calls = networks[0].random_calls(12)
        calls[0], calls[1], calls[2, ::2] = -128, 127, -128
        expected = networks[0].judge(calls)
        for network in networks:
            np.testing.assert_array_equal(network.run(calls), expected)

    return compare
