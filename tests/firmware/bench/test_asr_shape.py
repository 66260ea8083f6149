"""The random network of the recogniser's shape is what it stands for."""

import numpy as np
import pytest

from firmware.bench import asr_shape, stream
from firmware.modelc import compile_model
from firmware.modelc.reader import read


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("asr") / "asr_shape.tflite"
    path.write_bytes(asr_shape.network())
    return path


def test_a_million_parameters_and_four_output_frames(path, tmp_path):
    compiled = compile_model(path, tmp_path)
    graph = read(path)
    assert 950_000 < compiled.parameters < 1_050_000
    assert compiled.states == tuple(f"state{i}" for i in range(asr_shape.BLOCKS))
    ((_, logits),) = graph.outputs
    assert graph.tensors[logits].shape == (1, 4, 1, asr_shape.PHONEMES)


def test_the_same_seed_gives_the_same_file(path):
    assert asr_shape.network() == path.read_bytes()
    assert asr_shape.network(seed=2) != path.read_bytes()


def test_values_fill_int8_and_few_saturate(tmp_path):
    small = tmp_path / "small.tflite"
    small.write_bytes(asr_shape.network(blocks=3, channels=64))
    graph = read(small)
    random = np.random.default_rng(2)
    calls = np.clip(np.rint(random.normal(-3, 36, (6, sum(stream.sizes(graph))))), -128, 127).astype(np.int8)
    outputs = stream.judge(small, graph, calls)[3:]
    assert outputs.std() > 15
    assert np.mean((outputs == -128) | (outputs == 127)) < 0.03
