"""The computer's microphone as a source of chunks for a virtual board."""

import queue
from typing import Any

import numpy as np
import soxr

from host.errors import HostError
from host.recording import Pcm

_QUEUE_BLOCKS = 256  # some eight seconds; a virtual board slower than that loses audio and says so


class Microphone:
    """Mono int16 from the default input device (or `device`, a number or part of its name) at `rate` in Hz.

    Raises HostError where PortAudio or an input device is missing.
    """

    def __init__(self, rate: int, block_samples: int, device: str | None = None) -> None:
        """Opens the device and starts to record."""
        self.rate = rate
        self.overflows = 0
        """Times that samples were lost between the sound card and the virtual board."""
        self._blocks: queue.Queue[Pcm] = queue.Queue(_QUEUE_BLOCKS)
        sounddevice = _portaudio()
        wanted: int | str | None = int(device) if device and device.isdecimal() else device
        try:
            info = sounddevice.query_devices(wanted, "input")
        except (sounddevice.PortAudioError, ValueError) as error:
            raise HostError(_no_device(sounddevice, device)) from error
        device_rate = rate
        try:
            sounddevice.check_input_settings(device=wanted, channels=1, dtype="int16", samplerate=rate)
        except (sounddevice.PortAudioError, ValueError):
            device_rate = round(info["default_samplerate"])
        self._resampler = None
        if device_rate != rate:
            self._resampler = soxr.ResampleStream(device_rate, rate, 1, dtype="float32", quality="HQ")
        self.name: str = info["name"]
        try:
            self._stream = sounddevice.InputStream(
                samplerate=device_rate,
                blocksize=round(block_samples * device_rate / rate),
                device=wanted,
                channels=1,
                dtype="int16",
                callback=self._heard,
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise HostError(
                f"the microphone {self.name!r} cannot be opened: {_one_line(error)}. Close what uses it, or use --wav."
            ) from error

    def read(self, timeout_s: float) -> Pcm:
        """The next samples, int16 [n]; empty where none came within `timeout_s`."""
        try:
            block = self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            return np.zeros(0, np.int16)
        if self._resampler is None:
            return block
        resampled = self._resampler.resample_chunk(block.astype(np.float32))
        return np.clip(np.rint(resampled), -32768.0, 32767.0).astype(np.int16)

    def close(self) -> None:
        """Stops recording."""
        self._stream.close()

    def _heard(self, indata: Any, _frames: int, _time: Any, status: Any) -> None:
        if status.input_overflow:
            self.overflows += 1
        try:
            self._blocks.put_nowait(indata[:, 0].copy())
        except queue.Full:
            self.overflows += 1


def _portaudio() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise HostError(
            "--mic needs PortAudio, which is not installed: `sudo apt-get install libportaudio2`, or use --wav FILE."
        ) from error
    return sounddevice


def _no_device(sounddevice: Any, wanted: str | None) -> str:
    inputs = [info["name"] for info in sounddevice.query_devices() if info["max_input_channels"] > 0]
    if not inputs:
        return "--mic finds no microphone on this computer; connect one, or use --wav FILE."
    which = f"no microphone called {wanted!r}" if wanted else "no default microphone"
    return f"--mic finds {which}; there are: {', '.join(inputs)}. Choose one with --mic-device."


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
