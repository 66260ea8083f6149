"""The recognition network as every board runs it, over whole recordings: what evaluation and calibration use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware.domain.phonemes import CLASSES
from firmware.native.decoding import checked_frames
from firmware.native.features import BANDS, CHUNK, HOP
from firmware.native.library import aligned, load

FEATURES = BANDS * CHUNK // HOP
"""Values of log-mel a frame."""


class Asr:
    """The network that is compiled into the library; each recording starts from silence."""

    def __init__(self) -> None:
        self._ffi, self._library = load()
        self._memory, self._at = aligned(self._ffi, self._library.native_asr_bytes())
        model = self._library.asr_model
        self.name: str = self._ffi.string(model.name).decode()
        self.crc32: int = model.crc32
        """Of the .tflite file that the library was built with."""
        self.look_ahead: int = self._library.NATIVE_ASR_LOOKAHEAD
        """Frames of audio after the one that an output speaks of."""
        self.frames_per_call: int = self._library.NATIVE_ASR_FRAMES

    def logits(self, logmel_q8: NDArray[np.int16]) -> NDArray[np.int8]:
        """Logits, int8 [frames, 40], frame n of the audio's frame n, of log-mel, int16 [frames, 80].

        As many frames of silence follow as the network looks ahead. Each call starts anew, from the start state.
        ValueError if the log-mel is something else.
        """
        if logmel_q8.dtype != np.int16 or logmel_q8.ndim != 2 or logmel_q8.shape[1] != FEATURES:
            raise ValueError(f"log-mel is {logmel_q8.dtype} {list(logmel_q8.shape)}, not int16 [frames, {FEATURES}]")
        frames = len(logmel_q8)
        calls = -(-(frames + self.look_ahead) // self.frames_per_call)
        rows = np.ascontiguousarray(np.pad(logmel_q8, ((0, calls * self.frames_per_call - frames), (0, 0))))
        out = np.empty((len(rows), CLASSES), np.int8)
        values = self._ffi.from_buffer("int16_t[]", rows), self._ffi.from_buffer("int8_t[]", out)
        if not self._library.native_asr_features(self._at, values[0], calls, values[1]):
            raise RuntimeError(f"the network {self.name} failed")
        return out[self.look_ahead : self.look_ahead + frames]

    def real(self, logits: NDArray[np.int8]) -> NDArray[np.float32]:
        """Its int8 logits in natural units, float32 of the same shape.

        By the scale that the C reckons with, a whole number of thousands: the file's own differs by less than a
        thousandth.
        """
        tensor = self._library.asr_model.output[0]
        return ((logits.astype(np.float32) - tensor.zero_point) * (256 / tensor.from_q8_q16)).astype(np.float32)

    def log2_posteriors(self, logits: NDArray[np.int8]) -> NDArray[np.int16]:
        """Log2-posteriors in Q8, int16 [frames, 40], of its logits, int8 [frames, 40], as the decoder takes them.

        ValueError if the logits are something else.
        """
        rows = checked_frames(logits, np.int8)
        out = np.empty(rows.shape, np.int16)
        scale = self._library.asr_model.output[0].from_q8_q16
        self._library.native_posteriors(
            scale, self._ffi.from_buffer("int8_t[]", rows), len(rows), self._ffi.from_buffer("int16_t[]", out)
        )
        return out
