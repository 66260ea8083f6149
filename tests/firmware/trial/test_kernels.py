"""The kernels' own network: it uses every kernel that the shipped networks use, and computes what TFLite Micro does."""

import re
from pathlib import Path

import pytest

from firmware.modelc import compile_model
from firmware.trial.kernels import INPUT_BYTES, OUTPUTS, kernels_network
from tests.firmware.modelc.network import REPOSITORY

NOT_KERNELS = {"memcpy", "memset"}


def called(source: bytes, name: str, target: str, folder: Path) -> set[str]:
    """The kernels that the C of a network calls."""
    model = folder / f"{name}.tflite"
    model.write_bytes(source)
    compile_model(model, folder, target, name)
    calls = re.findall(r"^    (\w+)\(", (folder / f"{name}.c").read_text(), re.MULTILINE)
    return {call for call in calls if call not in NOT_KERNELS}


@pytest.mark.parametrize("target", ["portable", "dsp", "mve"])
def test_every_kernel_of_the_shipped_networks_is_in_it(target, tmp_path):
    ours = called(kernels_network(), "kernels", target, tmp_path)
    for name in ("vad", "asr"):
        theirs = called((REPOSITORY / f"firmware/models/{name}.tflite").read_bytes(), name, target, tmp_path)
        assert theirs - ours == set()


def test_it_is_the_same_at_every_call():
    assert kernels_network() == kernels_network()


@pytest.mark.parametrize("target", ["portable", "dsp"])
def test_it_computes_what_tflite_micro_computes(build, target, tmp_path):
    (tmp_path / "model.tflite").write_bytes(kernels_network())
    network = build(tmp_path / "model.tflite", target)
    network.assert_exact(network.random_calls(50))
    assert len(OUTPUTS) == len(set(OUTPUTS)) == 10
    assert INPUT_BYTES == 64
