"""Voice detectors under test, each a function from a recording to a probability a 10 ms frame."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from firmware import native
from firmware.modelc import ModelError, reader
from firmware.modelc.emitter import from_q8_q16
from train import corpora, vad_network
from train.corpora import Pcm
from train.vad_testsets import STEP

Scores = npt.NDArray[np.float32]
Scorer = Callable[[Pcm], Scores]

CHUNK = native.CHUNK


def spread(decisions: npt.NDArray[np.floating], samples: int) -> Scores:
    """Gives each 10 ms frame the decision of the chunk that holds its middle: float32[samples // 160]."""
    middle = np.arange(samples // STEP) * STEP + STEP // 2
    return decisions[np.minimum(middle // CHUNK, len(decisions) - 1)].astype(np.float32)


def padded(pcm: Pcm) -> Pcm:
    """The recording with silence up to a whole chunk."""
    return np.pad(pcm, (0, -len(pcm) % CHUNK))


def chunk_features(pcm: Pcm) -> npt.NDArray[np.int16]:
    """Log-mel Q8 int16[chunks, 80] of int16[n] at 16 kHz, the last chunk filled up with silence."""
    return native.logmel(padded(pcm), corpora.RATE_HZ).reshape(-1, vad_network.FEATURES)


def float_scorer(network: vad_network.VadNetwork) -> Scorer:
    """The float network."""

    def score(pcm: Pcm) -> Scores:
        features = chunk_features(pcm).astype(np.float32) / 256
        with torch.no_grad():
            decisions = torch.sigmoid(network(torch.from_numpy(features)[None]))[0].numpy()
        return spread(decisions, len(pcm))

    return score


class StreamingTflite:
    """The .tflite in TFLite Micro's interpreter, its states carried from chunk to chunk.

    Input `features` and output `probability`, states by the names of the signature.

    Raises:
        ModelError: the file cannot be read, or is no voice detector of this interface.
    """

    def __init__(self, path: Path) -> None:
        from tflite.Model import Model
        from tflite_micro.python.tflite_micro import runtime

        graph = reader.read(path)
        sizes = {name: graph.tensors[i].count for name, i in (*graph.inputs, *graph.outputs)}
        if sizes != {"features": vad_network.FEATURES, "probability": 1}:
            found = ", ".join(f"{name} ({count})" for name, count in sizes.items())
            raise ModelError(
                f"{path} is no voice detector: it has {found}, not features ({vad_network.FEATURES}) and "
                "probability (1); make one with `train quantize`"
            )
        subgraph = Model.GetRootAs(graph.source).Subgraphs(0)
        inputs, outputs = subgraph.InputsAsNumpy().tolist(), subgraph.OutputsAsNumpy().tolist()
        self.interpreter: Any = runtime.Interpreter.from_file(str(path))
        self.features = inputs.index(dict(graph.inputs)["features"])
        self.probability = outputs.index(dict(graph.outputs)["probability"])
        self.states = [(inputs.index(state.input), outputs.index(state.output)) for state in graph.states]
        self.tensors = [graph.tensors[i] for i in inputs]
        self.reset()

    def reset(self) -> None:
        """Starts from silence."""
        for i, _ in self.states:
            state = self.tensors[i]
            self.interpreter.set_input(np.full(state.shape, state.zero_point, np.int8), i)

    def decide(self, features: npt.NDArray[np.int8]) -> int:
        """One chunk, int8[80] at the model's input scale, to a probability in Q8 (0 to 255)."""
        self.interpreter.set_input(features.reshape(self.tensors[self.features].shape), self.features)
        self.interpreter.invoke()
        probability = int(self.interpreter.get_output(self.probability).ravel()[0]) + 128
        # Inputs and outputs share the interpreter's arena: all are read before any is written.
        leaving = [(i, self.interpreter.get_output(o).copy()) for i, o in self.states]
        for i, state in leaving:
            self.interpreter.set_input(state, i)
        return probability

    def quantize(self, logmel_q8: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
        """Log-mel Q8 at the model's input scale, by the fixed-point multiplier that the firmware uses (engine.h)."""
        tensor = self.tensors[self.features]
        value = (logmel_q8.astype(np.int64) * from_q8_q16(tensor) + 0x8000 >> 16) + tensor.zero_point
        return np.clip(value, -128, 127).astype(np.int8)


def tflite_scorer(path: Path) -> Scorer:
    """The .tflite, reset before each recording."""
    model = StreamingTflite(path)

    def score(pcm: Pcm) -> Scores:
        model.reset()
        decisions = [model.decide(chunk) for chunk in model.quantize(chunk_features(pcm))]
        return spread(np.asarray(decisions, np.float32) / 256, len(pcm))

    return score


def require_compiled(path: Path) -> None:
    """The C is of the network that the library was built with; ValueError, with what to do, if that is not this file.

    Raises:
        ValueError: as above.
        OSError: the file cannot be read.
    """
    wanted, compiled = zlib.crc32(path.read_bytes()), native.Vad().crc32
    if wanted != compiled:
        raise ValueError(
            f"{path} (CRC-32 {wanted:08x}) is not the network in the C ({compiled:08x}), which is always "
            "firmware/models/vad.tflite; copy the file there and evaluate it without --model: the C is then built anew"
        )


def c_scorer() -> Scorer:
    """The shipped model as compiled C, front end included."""

    def score(pcm: Pcm) -> Scores:
        decisions = native.Vad(corpora.RATE_HZ).pcm(padded(pcm))
        return spread(decisions.astype(np.float32) / 256, len(pcm))

    return score


def webrtc_scorer() -> Scorer:
    """WebRTC's detector: the share of its four modes that say speech."""
    import webrtcvad

    def score(pcm: Pcm) -> Scores:
        detectors = [webrtcvad.Vad(mode) for mode in range(4)]
        frames = pcm[: len(pcm) // STEP * STEP].reshape(-1, STEP)
        votes = [sum(d.is_speech(f.tobytes(), corpora.RATE_HZ) for d in detectors) for f in frames]
        return (np.asarray(votes) / len(detectors)).astype(np.float32)

    return score
