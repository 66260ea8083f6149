"""From the trained float network to its streaming INT8 .tflite.

The exported model takes one chunk: input `features` float [1, 2, 40] (log-mel in octaves), a `stateN` input and a
`stateN_out` output a block, output `probability`. A state enters and leaves through one concatenation, which gives
both ends the same scale. Normalisation is folded into the convolutions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from train.int8_conversion import Inputs, check_recordings, converted, tensorflow
from train.vad_network import BANDS, FEATURES, FRAMES, VadNetwork

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FoldedBlock:
    """A block's convolutions, normalisation folded in.

    depthwise [kernel, 1, channels, 1], pointwise [1, 1, in, out], their biases [channels]; the dilation in chunks.
    """

    depthwise: Weights
    depthwise_bias: Weights
    pointwise: Weights
    pointwise_bias: Weights
    dilation: int


@dataclass(frozen=True)
class FoldedVad:
    """The whole network as plain arrays, TensorFlow's layout."""

    spectral: Weights
    spectral_bias: Weights
    blocks: tuple[FoldedBlock, ...]
    head: Weights
    head_bias: Weights

    def parameters(self) -> int:
        """Weights and biases together."""
        parts = [self.spectral, self.spectral_bias, self.head, self.head_bias]
        for block in self.blocks:
            parts += [block.depthwise, block.depthwise_bias, block.pointwise, block.pointwise_bias]
        return sum(p.size for p in parts)


def _fold(conv: nn.Conv1d, norm: nn.BatchNorm1d) -> tuple[Weights, Weights]:
    """Convolution and batch normalisation as one: weight [out, in, kernel] and bias [out]."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = conv.weight * gain[:, None, None]
    bias = norm.bias - norm.running_mean * gain
    return weight.detach().numpy(), bias.detach().numpy()


def fold(network: VadNetwork) -> FoldedVad:
    """Folds input and batch normalisation into the convolutions."""
    weight, bias = _fold(network.spectral, network.spectral_norm)
    weight = weight[:, :, 0] / network.deviation.numpy()
    bias = bias - weight @ network.mean.numpy()
    blocks = []
    for block, dilation in zip(network.stages(), network.shape.dilations, strict=True):
        depthwise, depthwise_bias = _fold(block.depthwise.conv, block.depthwise_norm)
        pointwise, pointwise_bias = _fold(block.pointwise, block.pointwise_norm)
        blocks.append(
            FoldedBlock(
                depthwise[:, 0].T[:, None, :, None],
                depthwise_bias,
                pointwise[:, :, 0].T[None, None],
                pointwise_bias,
                dilation,
            )
        )
    head_bias = network.head.bias
    assert head_bias is not None
    return FoldedVad(
        weight.T[None, None],
        bias,
        tuple(blocks),
        network.head.weight.detach().numpy()[0],
        head_bias.detach().numpy(),
    )


def streaming_function(vad: FoldedVad) -> Any:
    """TensorFlow function of one chunk: features and states in, probability and states out, by name."""
    tf = tensorflow()
    channels = vad.spectral.shape[-1]

    def step(features: Any, *states: Any) -> dict[str, Any]:
        x = tf.reshape(features, [1, 1, 1, FEATURES])
        x = tf.nn.relu6(tf.nn.conv2d(x, vad.spectral, 1, "VALID") + vad.spectral_bias)
        result = {}
        for i, (block, state) in enumerate(zip(vad.blocks, states, strict=True)):
            seen = tf.concat([state, x], axis=1)
            result[f"state{i}_out"] = seen[:, 1:]
            dilations = [block.dilation, 1]
            hidden = tf.nn.depthwise_conv2d(seen, block.depthwise, [1, 1, 1, 1], "VALID", dilations=dilations)
            hidden = tf.nn.relu6(hidden + block.depthwise_bias)
            hidden = tf.nn.relu6(tf.nn.conv2d(hidden, block.pointwise, 1, "VALID") + block.pointwise_bias)
            x = tf.nn.relu6(x + hidden)
        result["probability"] = tf.sigmoid(tf.matmul(tf.reshape(x, [1, channels]), vad.head) + vad.head_bias)
        return result

    signature = [tf.TensorSpec([1, FRAMES, BANDS], tf.float32, "features")]
    for i, block in enumerate(vad.blocks):
        past = (block.depthwise.shape[0] - 1) * block.dilation
        signature.append(tf.TensorSpec([1, past, 1, channels], tf.float32, f"state{i}"))
    return tf.function(step, input_signature=signature).get_concrete_function()


def calibration(network: VadNetwork, recordings: list[npt.NDArray[np.int16]], every: int) -> Iterator[Inputs]:
    """The streaming model's inputs as they occur in recordings, states included, every so many chunks, by name.

    Args:
        network: the float network, which hears each recording from its start
        recordings: log-mel Q8 int16[chunks, 80] each
        every: chunks from one yielded input to the next
    """
    pasts = [block.depthwise.past for block in network.stages()]
    for logmel_q8 in recordings:
        features = logmel_q8.astype(np.float32) / 256
        with torch.no_grad():
            entering = network.activations(torch.from_numpy(features)[None])
        rows = [np.pad(x[0].numpy().T, ((past, 0), (0, 0))) for x, past in zip(entering, pasts, strict=False)]
        for at in range(every - 1, len(features), every):
            states = {
                f"state{i}": row[at : at + past][None, :, None]
                for i, (row, past) in enumerate(zip(rows, pasts, strict=True))
            }
            yield {"features": features[at].reshape(1, FRAMES, BANDS), **states}


def quantize(network: VadNetwork, recordings: list[npt.NDArray[np.int16]], every: int = 3) -> bytes:
    """Full INT8 .tflite of the streaming model, calibrated on real recordings.

    Args:
        network: the trained network
        recordings: 100 to 500 clips as log-mel Q8 int16[chunks, 80]
        every: how many chunks apart the calibrating inputs are

    Raises:
        ValueError: fewer than 100 or more than 500 recordings.
    """
    check_recordings(len(recordings))
    function = streaming_function(fold(network))
    return converted(function, lambda: calibration(network, recordings, every))
