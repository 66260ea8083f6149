"""The recogniser: a causal convolution network with a short look-ahead, phoneme CTC.

Two convolutions over time and frequency look at the log-mel and halve both; a pointwise layer mixes what is left of the
bands into channels; residual blocks of a depthwise convolution over time and a pointwise one follow, after QuartzNet
(S. Kriman et al., "QuartzNet: Deep Automatic Speech Recognition with 1D Time-Channel Separable Convolutions", 2020,
section 3), each with its normalisation. Activations are bounded (ReLU6), which keeps INT8 scales small. A frame is two
hops of the front end: 32 ms at 16 kHz.

The network streams: the first blocks look a few frames ahead, by delaying what they pass on, and nothing else does. So
trained and deployed network do the same from the first frame on. The teacher has the same parts, more of them, sees a
whole recording, and looks as far ahead as back.
"""

from dataclasses import dataclass

import torch
from torch import nn

from firmware.domain.phonemes import CLASSES

BANDS = 40
HOPS = 2
"""Front-end hops a frame."""


@dataclass(frozen=True)
class AsrShape:
    """Size of the network.

    `kernel` and `ahead` count frames: a block's convolution spans `kernel` of them, of which `ahead[block]` lie after
    the one it speaks of (blocks beyond the tuple: none). `streaming`: frames are only ever pushed in; else the network
    sees all of them at once, with zeros at both ends of each block.
    """

    channels: int = 224
    blocks: int = 10
    kernel: int = 11
    ahead: tuple[int, ...] = (2, 2, 2)
    first: int = 16
    second: int = 32
    streaming: bool = True

    @property
    def look_ahead(self) -> int:
        """Frames of audio after the one that an output speaks of."""
        return sum(self.ahead)

    def ahead_of(self, block: int) -> int:
        """The look-ahead of one block, in frames."""
        return self.ahead[block] if block < len(self.ahead) else 0


STUDENT = AsrShape()
TEACHER = AsrShape(channels=288, blocks=12, kernel=15, ahead=(7,) * 12, streaming=False)


class Block(nn.Module):
    """Depthwise over time, pointwise over channels, and the input added."""

    def __init__(self, channels: int, kernel: int, ahead: int, dropout: float, streaming: bool) -> None:
        super().__init__()
        self.past, self.ahead, self.streaming = kernel - 1 - ahead, ahead, streaming
        self.depthwise = nn.Conv2d(channels, channels, (kernel, 1), groups=channels, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.pointwise_norm = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[batch, channels, frames, 1] to the same shape; if streaming, `ahead` frames later."""
        if self.streaming:
            seen = nn.functional.pad(x, (0, 0, self.past + self.ahead, 0))
            x = seen[:, :, self.past : self.past + x.shape[2]]
        else:
            seen = nn.functional.pad(x, (0, 0, self.past, self.ahead))
        hidden = nn.functional.relu6(self.depthwise_norm(self.depthwise(seen)))
        return nn.functional.relu6(x + self.dropout(self.pointwise_norm(self.pointwise(hidden))))


class AsrNetwork(nn.Module):
    """Log-mel in octaves (the front end's Q8 divided by 256) to CTC logits, a frame at a time.

    Output frame n speaks of input frame n: `forward` pushes silence in behind the end and drops as many outputs at the
    start. Silence, a log-mel of zero, is before the start, too.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    """Of all training features; one number for all bands, so that silence outside the spectrum folds, too."""

    def __init__(self, shape: AsrShape | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape or AsrShape()
        s = self.shape
        self.register_buffer("mean", torch.tensor(12.0))
        self.register_buffer("deviation", torch.tensor(5.0))
        self.first = nn.Conv2d(1, s.first, (5, 5), stride=(2, 2), bias=False)
        self.first_norm = nn.BatchNorm2d(s.first)
        self.second = nn.Conv2d(s.first, s.second, (3, 3), stride=(1, 2), bias=False)
        self.second_norm = nn.BatchNorm2d(s.second)
        self.mix = nn.Conv2d(s.second * BANDS // 4, s.channels, 1, bias=False)
        self.mix_norm = nn.BatchNorm2d(s.channels)
        self.blocks = nn.ModuleList(
            Block(s.channels, s.kernel, s.ahead_of(i), dropout, s.streaming) for i in range(s.blocks)
        )
        self.head = nn.Conv2d(s.channels, CLASSES, 1)

    def stages(self) -> list[Block]:
        """The residual blocks, first to last."""
        return [block for block in self.blocks if isinstance(block, Block)]

    def stem(self, features: torch.Tensor) -> torch.Tensor:
        """float[batch, hops, 40] to float[batch, channels, hops / 2, 1]."""
        pad, relu6 = nn.functional.pad, nn.functional.relu6
        # Hops 2n - 3 .. 2n + 1 for frame n, and two silent bands at both edges of the spectrum.
        x = (pad(features, (1, 2, 3, 0)) - self.mean) / self.deviation
        x = relu6(self.first_norm(self.first(x[:, None])))
        x = relu6(self.second_norm(self.second(pad(x, (0, 1, 2, 0)))))
        # [batch, second, frames, 10] to channels: band by band, as the streaming network's reshape has it.
        x = x.permute(0, 3, 1, 2).flatten(1, 2)[..., None]
        return relu6(self.mix_norm(self.mix(x.contiguous(memory_format=torch.channels_last))))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """float[batch, hops, 40] (an even number of hops) to logits float[batch, hops / 2, CLASSES]."""
        delay = self.shape.look_ahead if self.shape.streaming else 0
        x = self.stem(nn.functional.pad(features, (0, 0, 0, delay * HOPS)))
        for block in self.stages():
            x = block(x)
        logits: torch.Tensor = self.head(x[:, :, delay:])
        return logits[..., 0].transpose(1, 2)


def shipped_parameters(shape: AsrShape) -> int:
    """Weights and biases of the network as it ships, with normalisation folded into the convolutions."""
    stem = (25 + 1) * shape.first + (9 * shape.first + 1) * shape.second
    mix = (shape.second * BANDS // 4 + 1) * shape.channels
    block = (shape.kernel + 1) * shape.channels + (shape.channels + 1) * shape.channels
    return stem + mix + shape.blocks * block + (shape.channels + 1) * CLASSES
