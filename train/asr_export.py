"""From the trained recogniser to its streaming INT8 .tflite.

One call takes FRAMES frames: input `features` [1, 8, 40] (log-mel in octaves), output `logits` [1, 4, 40], and a state
input `X` with its output `X_out` for each convolution over time. Each state enters and leaves through one
concatenation, which gives both ends the same scale. Normalisation is folded into the convolutions; the logits keep
their scale, and the decoder takes the logarithms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from firmware.domain.phonemes import CLASSES
from train.asr_network import BANDS, HOPS, AsrNetwork, AsrShape
from train.int8_conversion import Inputs, check_recordings, converted, tensorflow

FRAMES = 4
"""Output frames a call: one load of the weights serves them all."""

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Folded:
    """A convolution, normalisation folded in: weight in TensorFlow's layout [height, width, in, out], bias [out]."""

    weight: Weights
    bias: Weights

    def parameters(self) -> int:
        """Weights and biases together."""
        return self.weight.size + self.bias.size


@dataclass(frozen=True)
class FoldedAsr:
    """The whole network as plain arrays; a block is its depthwise and its pointwise convolution."""

    shape: AsrShape
    first: Folded
    second: Folded
    mix: Folded
    blocks: tuple[tuple[Folded, Folded], ...]
    head: Folded

    def parameters(self) -> int:
        """Weights and biases together."""
        parts = [self.first, self.second, self.mix, self.head, *(part for block in self.blocks for part in block)]
        return sum(part.parameters() for part in parts)


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> Folded:
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = (conv.weight * gain[:, None, None, None]).detach()
    bias = (norm.bias - norm.running_mean * gain).detach()
    axes = (2, 3, 0, 1) if conv.groups > 1 else (2, 3, 1, 0)
    return Folded(np.ascontiguousarray(weight.permute(axes).numpy()), bias.numpy())


def fold(network: AsrNetwork) -> FoldedAsr:
    """Folds input and batch normalisation into the convolutions."""
    network.eval()
    first = _fold(network.first, network.first_norm)
    mean, deviation = float(network.mean), float(network.deviation)
    first = Folded(first.weight / deviation, first.bias - first.weight.sum(axis=(0, 1, 2)) * mean / deviation)
    assert network.head.bias is not None
    head = network.head.weight.detach().permute(2, 3, 1, 0).numpy()
    return FoldedAsr(
        network.shape,
        first,
        _fold(network.second, network.second_norm),
        _fold(network.mix, network.mix_norm),
        tuple(
            (_fold(block.depthwise, block.depthwise_norm), _fold(block.pointwise, block.pointwise_norm))
            for block in network.stages()
        ),
        Folded(np.ascontiguousarray(head), network.head.bias.detach().numpy()),
    )


def state_shapes(shape: AsrShape) -> dict[str, tuple[int, ...]]:
    """The states by name: hops before the call, frames of the first convolution, frames that enter each block."""
    return {
        "hops": (1, 3, BANDS, 1),
        "bands": (1, 2, BANDS // 2, shape.first),
        **{f"block{i}": (1, shape.kernel - 1, 1, shape.channels) for i in range(shape.blocks)},
    }


def streaming_function(asr: FoldedAsr) -> Any:
    """TensorFlow function of one call: features and states in, logits and states out, by name."""
    tf = tensorflow()
    shape = asr.shape

    def conv(x: Any, folded: Folded, strides: tuple[int, int] = (1, 1)) -> Any:
        return tf.nn.conv2d(x, folded.weight, strides, "VALID") + folded.bias

    def step(features: Any, *states: Any) -> dict[str, Any]:
        held = dict(zip(state_shapes(shape), states, strict=True))
        result = {}
        seen = tf.concat([held["hops"], tf.reshape(features, [1, HOPS * FRAMES, BANDS, 1])], axis=1)
        result["hops_out"] = seen[:, -3:]
        x = tf.nn.relu6(conv(tf.pad(seen, [[0, 0], [0, 0], [1, 2], [0, 0]]), asr.first, (2, 2)))
        seen = tf.concat([held["bands"], x], axis=1)
        result["bands_out"] = seen[:, -2:]
        x = tf.nn.relu6(conv(tf.pad(seen, [[0, 0], [0, 0], [0, 1], [0, 0]]), asr.second, (1, 2)))
        x = tf.nn.relu6(conv(tf.reshape(x, [1, FRAMES, 1, -1]), asr.mix))
        for i, (depthwise, pointwise) in enumerate(asr.blocks):
            seen = tf.concat([held[f"block{i}"], x], axis=1)
            result[f"block{i}_out"] = seen[:, FRAMES:]
            hidden = tf.nn.depthwise_conv2d(seen, depthwise.weight, [1, 1, 1, 1], "VALID") + depthwise.bias
            past = shape.kernel - 1 - shape.ahead_of(i)
            x = tf.nn.relu6(seen[:, past : past + FRAMES] + conv(tf.nn.relu6(hidden), pointwise))
        result["logits"] = tf.reshape(conv(x, asr.head), [1, FRAMES, CLASSES])
        return result

    signature = [tf.TensorSpec([1, HOPS * FRAMES, BANDS], tf.float32, "features")]
    signature += [tf.TensorSpec(dims, tf.float32, name) for name, dims in state_shapes(shape).items()]
    return tf.function(step, input_signature=signature).get_concrete_function()


def streamed(
    function: Any, shape: AsrShape, logmel_q8: npt.NDArray[np.int16]
) -> Iterator[tuple[Inputs, npt.NDArray[np.float32]]]:
    """What goes into each call, states included, and the logits that come of it.

    Args:
        function: from `streaming_function`
        shape: of its network
        logmel_q8: int16 [frames, 80], heard from its start
    """
    tf = tensorflow()
    held = {name: np.zeros(dims, np.float32) for name, dims in state_shapes(shape).items()}
    calls = len(logmel_q8) // FRAMES
    hops = logmel_q8[: calls * FRAMES].astype(np.float32).reshape(calls, 1, HOPS * FRAMES, BANDS) / 256
    for features in hops:
        entering = {"features": features, **held}
        result = {name: value.numpy() for name, value in function(*map(tf.constant, entering.values())).items()}
        held = {name: result[f"{name}_out"] for name in held}
        yield entering, result["logits"][0]


def quantize(network: AsrNetwork, recordings: list[npt.NDArray[np.int16]], every: int = 3) -> bytes:
    """Full INT8 .tflite of the streaming network, calibrated on real recordings.

    Args:
        network: the trained network
        recordings: 100 to 500 clips as log-mel Q8 int16 [frames, 80]
        every: how many calls apart the calibrating inputs are

    Raises:
        ValueError: fewer than 100 or more than 500 recordings, or weights that are not finite.
    """
    check_recordings(len(recordings))
    if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
        raise ValueError("the network has weights that are not finite: its training went wrong; go on from before")
    function = streaming_function(fold(network))

    def calibration() -> Iterator[Inputs]:
        for logmel_q8 in recordings:
            for number, (entering, _) in enumerate(streamed(function, network.shape, logmel_q8)):
                if number % every == every - 1:
                    yield entering

    return converted(function, calibration)
