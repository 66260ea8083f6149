"""Front end, network and gate over whole recordings: what training and evaluation use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from cffi import FFI
from numpy.typing import NDArray

from firmware import boards
from firmware.link import Config, Segment
from firmware.native.library import aligned, load
from firmware.pipeline.frontend_tables import SHIPPED

HOP = SHIPPED.hop
"""Samples a front-end frame."""
CHUNK = 2 * HOP
"""Samples a voice decision."""
BANDS = SHIPPED.bands
"""Values of a frame."""


def logmel(pcm: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """Log-mel of a recording, from silence, two frames at a time as a board hears them.

    Args:
        pcm: int16 [samples] at `rate`; what is left after the last whole hop of HOP samples is not heard
        rate: 16000 or 15625

    Returns:
        int16 [samples // HOP, BANDS], log2(1 + energy) in Q8: 256 is an octave of power

    Raises:
        ValueError: pcm is not int16 [samples], or there are no tables for the rate.
    """
    ffi, library = load()
    samples = checked_pcm(pcm)
    hops = len(samples) // HOP
    out = np.empty((hops, BANDS), np.int16)
    if not library.native_logmel(rate, _pointer(ffi, samples), hops, _pointer(ffi, out)):
        raise ValueError(no_tables(rate))
    return out


class Vad:
    """The shipped voice detection network in C, streaming: each call goes on where the last one ended."""

    def __init__(self, rate: int = 16000) -> None:
        """ValueError if there are no front-end tables for the rate."""
        self._ffi, self._library = load()
        self.rate = rate
        self._memory, self._at = aligned(self._ffi, self._library.native_vad_bytes())
        self.name: str = self._ffi.string(self._library.vad_model.name).decode()
        self.crc32: int = self._library.vad_model.crc32
        """Of the .tflite file that the library was built with."""
        self.restart()

    def restart(self) -> None:
        """Back to silence."""
        if not self._library.native_vad_start(self._at, self.rate):
            raise ValueError(no_tables(self.rate))

    def features(self, logmel_q8: NDArray[np.int16]) -> NDArray[np.uint8]:
        """Probabilities in Q8 (256 would be certain), uint8 [frames // 2], of log-mel, int16 [frames, BANDS]."""
        if logmel_q8.dtype != np.int16 or logmel_q8.ndim != 2 or logmel_q8.shape[1] != BANDS:
            raise ValueError(f"log-mel is {logmel_q8.dtype} {list(logmel_q8.shape)}, not int16 [frames, {BANDS}]")
        frames = np.ascontiguousarray(logmel_q8)
        out = np.empty(len(frames) * HOP // CHUNK, np.uint8)
        self._run(self._library.native_vad_features, frames, out)
        return out

    def pcm(self, pcm: NDArray[np.int16]) -> NDArray[np.uint8]:
        """Probabilities in Q8, uint8 [samples // CHUNK], of int16 [samples] at `rate`."""
        samples = checked_pcm(pcm)
        out = np.empty(len(samples) // CHUNK, np.uint8)
        self._run(self._library.native_vad_pcm, samples, out)
        return out

    def _run(self, function: Callable[..., bool], values: NDArray[np.int16], out: NDArray[np.uint8]) -> None:
        if not function(self._at, _pointer(self._ffi, values), len(out), _pointer(self._ffi, out)):
            raise RuntimeError(f"the network {self.name} failed")


def segments(probabilities_q8: NDArray[np.uint8], config: Config | None = None) -> list[Segment]:
    """The segments that the gate cuts from uint8 [chunks], as a board would number them.

    A segment still open at the end counts. ValueError if a setting is out of range.
    """
    return [segment for segment, _ in openings(probabilities_q8, config)]


def openings(probabilities_q8: NDArray[np.uint8], config: Config | None = None) -> list[tuple[Segment, int]]:
    """Each of `segments`, and how many samples the gate had heard when it opened for it; ValueError alike."""
    ffi, library = load()
    settings = config or Config()
    if refusal := settings.refusal():
        raise ValueError(refusal)
    if probabilities_q8.dtype != np.uint8 or probabilities_q8.ndim != 1:
        raise ValueError(
            f"probabilities are {probabilities_q8.dtype} {list(probabilities_q8.shape)}, not uint8 [chunks]"
        )
    row = np.ascontiguousarray(probabilities_q8)
    gate = ffi.new("struct gate_config *")
    for name, _ in ffi.typeof("struct gate_config").fields:
        setattr(gate, name, getattr(settings, name))
    most = len(row) // 2 + 1
    out, opened = ffi.new("struct gate_segment[]", most), ffi.new("uint64_t[]", most)
    count = library.native_segments(gate, _pointer(ffi, row), len(row), out, opened)
    return [(Segment(i + 1, out[i].start, out[i].end, out[i].peak_q8), opened[i]) for i in range(count)]


def checked_pcm(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """The samples, contiguous; ValueError unless int16 [samples]."""
    if pcm.dtype != np.int16 or pcm.ndim != 1:
        raise ValueError(f"samples are {pcm.dtype} {list(pcm.shape)}, not int16 [samples]")
    return np.ascontiguousarray(pcm)


def no_tables(rate: int) -> str:
    """The sentence for a rate that the native library was not built for."""
    rates = " and ".join(f"{rate} Hz" for rate in boards.load("native").rates)
    return f"the native library has front-end tables for {rates}, not for {rate} Hz: resample the audio first"


def _pointer(ffi: FFI, array: NDArray[Any]) -> Any:
    return ffi.from_buffer(f"{array.dtype}_t[]", array)
