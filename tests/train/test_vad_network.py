"""The voice detector's network: causal, within its size, the same after folding and as a streaming model."""

import numpy as np
import pytest
import torch

from train.vad_export import calibration, fold, quantize, streaming_function
from train.vad_network import FEATURES, VadNetwork, VadShape, shipped_parameters
from train.vad_training import LARGEST_PARAMETERS, load, save


@pytest.fixture(scope="module")
def network() -> VadNetwork:
    """Random weights, and normalisation that has seen data, so that folding has something to fold."""
    torch.manual_seed(3)
    network = VadNetwork(VadShape(channels=12, dilations=(1, 3)))
    network.mean += torch.randn(FEATURES)
    network.train()
    for _ in range(5):
        network(16 + 6 * torch.randn(4, 50, FEATURES))
    return network.eval()


def logmel_q8(chunks, seed=0):
    return np.clip(np.random.default_rng(seed).normal(4000, 1500, (chunks, FEATURES)), 0, 12000).astype(np.int16)


def scores(network, features):
    with torch.no_grad():
        return torch.sigmoid(network(torch.from_numpy(features.astype(np.float32) / 256)[None]))[0].numpy()


def constant(array):
    import tensorflow as tf

    return tf.constant(array)


def test_the_shipped_size_is_within_the_limit_and_counted_right(network):
    assert shipped_parameters(VadShape()) <= LARGEST_PARAMETERS
    assert fold(VadNetwork()).parameters() == shipped_parameters(VadShape())
    assert fold(network).parameters() == shipped_parameters(network.shape)


def test_the_future_changes_nothing(network):
    features = logmel_q8(40)
    changed = features.copy()
    changed[25:] = 9000
    assert np.array_equal(scores(network, features)[:25], scores(network, changed)[:25])


def test_the_streaming_model_gives_what_the_whole_recording_gives(network):
    features = logmel_q8(30)
    function = streaming_function(fold(network))
    states = {f"state{i}": np.zeros((1, b.depthwise.past, 1, 12), np.float32) for i, b in enumerate(network.stages())}
    streamed = []
    for chunk in features:
        result = function(*map(constant, [chunk.reshape(1, 2, 40).astype(np.float32) / 256, *states.values()]))
        streamed.append(float(result["probability"].numpy()[0, 0]))
        states = {name: result[f"{name}_out"].numpy() for name in states}
    assert np.allclose(streamed, scores(network, features), atol=1e-5)


def test_calibration_sees_the_states_that_streaming_reaches(network):
    features = logmel_q8(20)
    function = streaming_function(fold(network))
    states = {f"state{i}": np.zeros((1, b.depthwise.past, 1, 12), np.float32) for i, b in enumerate(network.stages())}
    inputs = list(calibration(network, [features], every=1))
    for chunk, seen in zip(features, inputs, strict=True):
        assert np.array_equal(seen["features"], chunk.reshape(1, 2, 40).astype(np.float32) / 256)
        for name, state in states.items():
            assert np.allclose(seen[name], state, atol=1e-4)
        result = function(*map(constant, [seen["features"], *states.values()]))
        states = {name: result[f"{name}_out"].numpy() for name in states}


def test_states_leave_at_the_scale_at_which_they_enter(network, tmp_path):
    from firmware.modelc import reader

    path = tmp_path / "vad.tflite"
    path.write_bytes(quantize(network, [logmel_q8(12, seed) for seed in range(100)]))
    graph = reader.read(path)
    assert [name for name, _ in graph.inputs] == ["features"]
    assert [name for name, _ in graph.outputs] == ["probability"]
    assert sorted(state.name for state in graph.states) == ["state0", "state1"]
    for state in graph.states:
        entering, leaving = graph.tensors[state.input], graph.tensors[state.output]
        assert (entering.scale, entering.zero_point) == (leaving.scale, leaving.zero_point)
        assert entering.dtype == "int8"
    probability = graph.tensors[dict(graph.outputs)["probability"]]
    assert (probability.scale, probability.zero_point) == (1 / 256, -128)


@pytest.mark.parametrize("count", [0, 99, 501])
def test_too_few_or_too_many_calibrating_clips_are_refused(network, count):
    with pytest.raises(ValueError, match=f"{count} recordings"):
        quantize(network, [logmel_q8(2)] * count)


def test_weights_come_back_from_their_file(network, tmp_path):
    save(network, tmp_path / "vad.pt")
    features = logmel_q8(9)
    assert np.array_equal(scores(load(tmp_path / "vad.pt"), features), scores(network, features))
    with pytest.raises(ValueError, match="no trained voice detector"):
        load(tmp_path / "missing.pt")


@pytest.mark.parametrize(
    "saved",
    [
        None,
        [],
        torch.zeros(3),
        {},
        {"shape": {}, "weights": {}},
        {"shape": {"depth": 3}, "weights": {}},
        {"shape": {"channels": 8}, "weights": VadNetwork(VadShape(channels=9)).state_dict()},
        {"shape": {"channels": "many"}, "weights": {}},
        {"shape": {"channels": -1}, "weights": {}},
        {"shape": 5, "weights": None},
    ],
)
def test_a_file_of_torch_that_holds_no_voice_detector_is_refused(tmp_path, saved):
    torch.save(saved, tmp_path / "bad.pt")
    with pytest.raises(ValueError, match="no trained voice detector"):
        load(tmp_path / "bad.pt")


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04", b"\x80\x02.", bytes(100)])
def test_a_file_that_torch_did_not_write_is_refused(tmp_path, content):
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(ValueError, match="no trained voice detector"):
        load(tmp_path / "bad.pt")
