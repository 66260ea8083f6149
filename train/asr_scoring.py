"""Recognisers under test: the float network, the .tflite in TFLite Micro's interpreter, and the C."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from firmware.domain.phonemes import CLASSES
from firmware.modelc import ModelError, reader
from firmware.modelc.emitter import from_q8_q16
from train.asr_bank import FEATURES, Features
from train.asr_export import FRAMES
from train.asr_network import BANDS, AsrNetwork

Logits = npt.NDArray[np.float32]
"""float32 [frames, 40], frame n of the audio's frame n."""
Recogniser = Callable[[Features], Logits]


def float_recogniser(network: AsrNetwork) -> Recogniser:
    """The float network, as it streams."""

    def logits(features: Features) -> Logits:
        octaves = torch.from_numpy(features.astype(np.float32) / 256).reshape(1, -1, BANDS)
        with torch.no_grad():
            result: Logits = network(octaves)[0].numpy()
        return result

    return logits


class StreamingTflite:
    """The .tflite in TFLite Micro's interpreter, its states carried from call to call.

    Raises:
        ModelError: the file cannot be read, or is no recogniser of this interface.
    """

    def __init__(self, path: Path) -> None:
        from tflite.Model import Model
        from tflite_micro.python.tflite_micro import runtime

        graph = reader.read(path)
        sizes = {name: graph.tensors[i].count for name, i in (*graph.inputs, *graph.outputs)}
        if sizes != {"features": FRAMES * FEATURES, "logits": FRAMES * CLASSES}:
            found = ", ".join(f"{name} ({count})" for name, count in sizes.items())
            raise ModelError(
                f"{path} is no recogniser: it has {found}, not features ({FRAMES * FEATURES}) and "
                f"logits ({FRAMES * CLASSES}); make one with `train quantize asr`"
            )
        subgraph = Model.GetRootAs(graph.source).Subgraphs(0)
        inputs, outputs = subgraph.InputsAsNumpy().tolist(), subgraph.OutputsAsNumpy().tolist()
        self.interpreter: Any = runtime.Interpreter.from_file(str(path))
        self.features = inputs.index(dict(graph.inputs)["features"])
        self.logits = outputs.index(dict(graph.outputs)["logits"])
        self.output = graph.tensors[dict(graph.outputs)["logits"]]
        self.states = [(inputs.index(state.input), outputs.index(state.output)) for state in graph.states]
        self.tensors = [graph.tensors[i] for i in inputs]

    def heard(self, features: Features) -> npt.NDArray[np.int8]:
        """INT8 logits [frames, 40] of int16 [frames, 80], from the start state; frames is a multiple of FRAMES."""
        for i, _ in self.states:
            state = self.tensors[i]
            self.interpreter.set_input(np.full(state.shape, state.zero_point, np.int8), i)
        tensor = self.tensors[self.features]
        value = (features.astype(np.int64) * from_q8_q16(tensor) + 0x8000 >> 16) + tensor.zero_point
        rows = np.clip(value, -128, 127).astype(np.int8).reshape(-1, *tensor.shape)
        found = []
        for row in rows:
            self.interpreter.set_input(row, self.features)
            self.interpreter.invoke()
            found.append(self.interpreter.get_output(self.logits).copy().reshape(FRAMES, CLASSES))
            # Inputs and outputs share the interpreter's arena: all are read before any is written.
            leaving = [(i, self.interpreter.get_output(o).copy()) for i, o in self.states]
            for i, state in leaving:
                self.interpreter.set_input(state, i)
        return np.concatenate(found) if found else np.empty((0, CLASSES), np.int8)


def tflite_recogniser(path: Path, look_ahead: int) -> Recogniser:
    """The .tflite; `look_ahead` frames of silence are pushed in behind the end."""
    model = StreamingTflite(path)

    def logits(features: Features) -> Logits:
        calls = -(-(len(features) + look_ahead) // FRAMES)
        padded = np.pad(features, ((0, calls * FRAMES - len(features)), (0, 0)))
        heard = model.heard(padded)[look_ahead : look_ahead + len(features)]
        return ((heard.astype(np.float32) - model.output.zero_point) * model.output.scale).astype(np.float32)

    return logits


def c_recogniser() -> Recogniser:
    """The shipped network as compiled C."""
    from firmware.native.recognition import Asr

    model = Asr()

    def logits(features: Features) -> Logits:
        return model.real(model.logits(features))

    return logits


def require_compiled(path: Path) -> None:
    """The C is of the network that the library was built with; ValueError, with what to do, if that is not this file.

    Raises:
        ValueError: as above.
        OSError: the file cannot be read.
    """
    from firmware.native.recognition import Asr

    wanted, compiled = zlib.crc32(path.read_bytes()), Asr().crc32
    if wanted != compiled:
        raise ValueError(
            f"{path} (CRC-32 {wanted:08x}) is not the network in the C ({compiled:08x}), which is always "
            "firmware/models/asr.tflite; copy the file there and evaluate it without --model: the C is then built anew"
        )
