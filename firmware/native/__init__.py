"""The image and its parts on this computer: the same C as on every board, behind numpy.

    logmel(pcm, 16000)                 int16 samples to int16 log-mel
    Vad(16000).pcm(pcm)                int16 samples to probabilities, one each 512 samples
    segments(probabilities, Config())  probabilities to segments, as the gate cuts them
    Decoder(domain).decode(log2_posteriors(logits, scale))
                                     a recogniser's INT8 logits to a phrase of a compiled domain
    NativeBoard(15625)                 a whole board: samples in, link bytes out

The library is built by scons when it is first needed, and again when a source has changed.
"""

from firmware.native.board import NativeBoard, NativeStore
from firmware.native.decoding import Decoder, DecoderConfig, log2_posteriors
from firmware.native.features import BANDS, CHUNK, HOP, Vad, logmel, openings, segments
from firmware.native.library import NativeBuildError

__all__ = [
    "BANDS",
    "CHUNK",
    "HOP",
    "Decoder",
    "DecoderConfig",
    "NativeBoard",
    "NativeBuildError",
    "NativeStore",
    "Vad",
    "log2_posteriors",
    "logmel",
    "openings",
    "segments",
]
