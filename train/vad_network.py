"""The voice detector: a causal temporal convolution network that streams one chunk (two front-end frames) a call.

A pointwise layer looks at the two frames' 80 log-mel values; residual blocks of a depthwise convolution over time
(dilated) and a pointwise one look back. Nothing looks ahead. Activations are bounded (ReLU6): that keeps the INT8
scales small, and a sound unlike any trained on cannot drive the later layers far out. Causal dilated convolutions with
residual connections after S. Bai et al., "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for
Sequence Modeling" (2018), section 3.
"""

from dataclasses import dataclass

import torch
from torch import nn

FRAMES = 2
"""Front-end frames a chunk."""
BANDS = 40
FEATURES = FRAMES * BANDS


@dataclass(frozen=True)
class VadShape:
    """Size of the network; a dilation a block, in chunks."""

    channels: int = 32
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2)


class CausalDepthwise(nn.Module):
    """Depthwise convolution over time that sees the past alone; before the start there are zeros."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.past = (kernel - 1) * dilation
        self.conv = nn.Conv1d(channels, channels, kernel, dilation=dilation, groups=channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[batch, channels, time] to the same shape."""
        result: torch.Tensor = self.conv(nn.functional.pad(x, (self.past, 0)))
        return result


class Block(nn.Module):
    """Depthwise over time, pointwise over channels, and the input added."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.depthwise = CausalDepthwise(channels, kernel, dilation)
        self.depthwise_norm = nn.BatchNorm1d(channels)
        self.pointwise = nn.Conv1d(channels, channels, 1, bias=False)
        self.pointwise_norm = nn.BatchNorm1d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[batch, channels, time] to the same shape."""
        hidden = nn.functional.relu6(self.depthwise_norm(self.depthwise(x)))
        return nn.functional.relu6(x + nn.functional.relu6(self.pointwise_norm(self.pointwise(hidden))))


class VadNetwork(nn.Module):
    """Log-mel in octaves (the front end's Q8 divided by 256) to the logit of speech, a chunk at a time."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, shape: VadShape | None = None) -> None:
        super().__init__()
        self.shape = shape or VadShape()
        channels = self.shape.channels
        self.register_buffer("mean", torch.full((FEATURES,), 16.0))
        self.register_buffer("deviation", torch.full((FEATURES,), 6.0))
        self.spectral = nn.Conv1d(FEATURES, channels, 1, bias=False)
        self.spectral_norm = nn.BatchNorm1d(channels)
        self.blocks = nn.ModuleList(Block(channels, self.shape.kernel, d) for d in self.shape.dilations)
        self.head = nn.Conv1d(channels, 1, 1)

    def stages(self) -> list[Block]:
        """The residual blocks, first to last."""
        return [block for block in self.blocks if isinstance(block, Block)]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """float[batch, chunks, 80] to logits float[batch, chunks]."""
        logits: torch.Tensor = self.head(self.activations(features)[-1])[:, 0]
        return logits

    def activations(self, features: torch.Tensor) -> list[torch.Tensor]:
        """What enters each block, and what leaves the last: float[batch, channels, chunks] each."""
        x = ((features - self.mean) / self.deviation).transpose(1, 2)
        entering = [nn.functional.relu6(self.spectral_norm(self.spectral(x)))]
        for block in self.stages():
            entering.append(block(entering[-1]))
        return entering


def shipped_parameters(shape: VadShape) -> int:
    """Weights and biases of the network as it ships, with normalisation folded into the convolutions."""
    block = shape.channels * shape.kernel + shape.channels + shape.channels**2 + shape.channels
    return (FEATURES + 1) * shape.channels + len(shape.dilations) * block + shape.channels + 1
