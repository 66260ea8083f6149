"""The shipped networks on 32 s of recordings, call after call, against TFLite Micro's reference kernels."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware.native import BANDS, Vad, logmel

MODELS = sorted((Path(__file__).parents[3] / "firmware/models").glob("*.tflite"))
CORPORA = ("ami_excerpts", "commonvoice53", "esc10", "music", "ambience")
CALLS = 1000
RATE = 16000


@pytest.fixture(scope="module")
def recordings(data: Path) -> np.ndarray:
    """Talk, noise and music one after the other, int16 at 16 kHz, long enough for CALLS chunks of two frames."""
    pieces = []
    for corpus in CORPORA:
        clips = [json.loads(line) for line in (data / f"{corpus}.jsonl").read_text().splitlines()]
        wanted = CALLS * 512 // len(CORPORA) + 512
        heard: list[np.ndarray] = []
        while sum(map(len, heard)) < wanted:
            clip, rate = soundfile.read(data / clips[len(heard)]["audio_filepath"], dtype="int16")
            assert rate == RATE
            heard.append(clip)
        pieces.append(np.concatenate(heard)[:wanted])
    return np.concatenate(pieces)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_shipped_networks_are_exact_on_recordings(path, build, recordings):
    network = build(path)
    assert [name for name, _ in network.graph.inputs] == ["features"], "give this network's kind of input a test"
    tensor = network.graph.tensors[network.graph.inputs[0][1]]
    frames = logmel(recordings, RATE)
    hops = tensor.count // BANDS
    count = 2 * CALLS // hops
    calls = frames[: len(frames) // hops * hops].reshape(-1, tensor.count)[:count].astype(np.float64)
    assert len(calls) == count
    quantized = np.clip(np.rint(calls / (256 * tensor.scale)) + tensor.zero_point, -128, 127).astype(np.int8)
    outputs = network.run(quantized)
    np.testing.assert_array_equal(outputs, network.judge(quantized))
    assert len(np.unique(outputs)) > 30, "the recordings say too little"


def test_the_native_library_decides_as_the_reference_does(build, recordings):
    network = build(MODELS[[path.stem for path in MODELS].index("vad")])
    frames = logmel(recordings, RATE)[: 2 * CALLS]
    tensor = network.graph.tensors[network.graph.inputs[0][1]]
    factor = round(256 / float(tensor.scale))  # from_q8_q16
    steps = (frames.reshape(CALLS, -1).astype(np.int64) * factor + (1 << 15)) >> 16
    quantized = np.clip(steps + tensor.zero_point, -128, 127).astype(np.int8)
    probabilities = network.judge(quantized).reshape(-1).astype(np.int16) + 128
    np.testing.assert_array_equal(Vad(RATE).features(frames), probabilities)
