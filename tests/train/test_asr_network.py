"""The recogniser's network: what it may see, and that it streams as it was trained."""

import numpy as np
import pytest
import torch
from asr_samples import TINY

from firmware.domain.phonemes import CLASSES
from firmware.modelc import reader
from train import asr_export
from train.asr_network import STUDENT, TEACHER, AsrNetwork, shipped_parameters
from train.asr_scoring import StreamingTflite


def _network(seed: int = 3) -> AsrNetwork:
    """Random weights, and normalisation as after some training."""
    torch.manual_seed(seed)
    network = AsrNetwork(TINY)
    network.train()
    with torch.no_grad():
        for _ in range(5):
            network(torch.rand(4, 64, 40) * 16)
    return network.eval()


def _features(frames: int, seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(500, 4500, (frames, 80)).astype(np.int16)


def test_no_output_depends_on_audio_beyond_the_look_ahead():
    network = _network()
    features = torch.rand(1, 60, 40) * 16
    with torch.no_grad():
        before = network(features)
        features[:, 2 * 20 :] = 3.0
        after = network(features)
    first_change = int((before != after).any(dim=2)[0].nonzero()[0])
    assert first_change == 20 - TINY.look_ahead


def test_the_latency_of_a_call_is_at_most_400_ms():
    worst_s = (asr_export.FRAMES + STUDENT.look_ahead) * 512 / 15625
    assert asr_export.FRAMES >= 4
    assert worst_s <= 0.4


def test_the_shipped_size_is_in_range_and_counted_right():
    assert 500_000 <= shipped_parameters(STUDENT) <= 2_000_000
    assert shipped_parameters(STUDENT) == asr_export.fold(AsrNetwork(STUDENT).eval()).parameters()
    assert shipped_parameters(TEACHER) > 1.5 * shipped_parameters(STUDENT)


@pytest.mark.parametrize("frames", [4, 24, 41])
def test_streaming_call_by_call_is_what_was_trained(frames):
    network = _network()
    features = _features(frames)
    with torch.no_grad():
        want = network(torch.from_numpy(features.astype(np.float32) / 256).reshape(1, -1, 40))[0].numpy()
    calls = -(-(frames + TINY.look_ahead) // asr_export.FRAMES)
    padded = np.pad(features, ((0, calls * asr_export.FRAMES - frames), (0, 0)))
    function = asr_export.streaming_function(asr_export.fold(network))
    got = np.concatenate([logits for _, logits in asr_export.streamed(function, TINY, padded)])
    assert np.abs(got[TINY.look_ahead :][:frames] - want).max() < 1e-3


def test_the_tflite_has_the_interface_and_stays_close_to_float(tmp_path):
    network = _network()
    recordings = [_features(24, seed) for seed in range(100)]
    path = tmp_path / "asr.tflite"
    path.write_bytes(asr_export.quantize(network, recordings))
    graph = reader.read(path)
    assert {name for name, _ in graph.inputs} == {"features"}
    assert {name for name, _ in graph.outputs} == {"logits"}
    assert len(graph.states) == 2 + TINY.blocks
    model = StreamingTflite(path)
    got = (model.heard(recordings[7]).astype(float) - model.output.zero_point) * model.output.scale
    with torch.no_grad():
        want = network(torch.from_numpy(recordings[7].astype(np.float32) / 256).reshape(1, -1, 40))[0].numpy()
    got = got[TINY.look_ahead :]
    assert got.shape == (24 - TINY.look_ahead, CLASSES)
    assert np.abs(got - want[: len(got)]).mean() < 0.05 * np.ptp(want)


def test_too_few_recordings_to_calibrate_on_are_refused():
    with pytest.raises(ValueError, match="use 100 to 500"):
        asr_export.quantize(_network(), [_features(8)] * 99)


def test_weights_that_are_not_finite_are_refused():
    network = _network()
    with torch.no_grad():
        network.first_norm.running_mean[0] = float("nan")
    with pytest.raises(ValueError, match="not finite"):
        asr_export.quantize(network, [_features(8)] * 100)
