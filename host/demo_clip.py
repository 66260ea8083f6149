"""Synthesises the demo's clip: travellers (espeak-ng's voices) who speak now and then over wind-like noise.

They say what the travel domain knows, and pause long enough for each sentence to be one of its own.

`python -m host.demo_clip OUT.wav` writes 16 kHz mono, the same bytes for the same espeak-ng.
"""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE_HZ = 16000
NOISE_DBFS = -44.0
VOICE_DBFS = -24.0
LINES = (
    (2.0, "en-us", "Where is the train station?"),
    (2.5, "en-gb", "How much is this?"),
    (2.5, "en-us+m3", "A table for two, please."),
    (2.5, "en-gb+f3", "I would like a room for three nights."),
    (2.5, "en-us", "Thank you very much."),
    (2.5, "en-us", ""),
)
"""Pause before each line in seconds, espeak-ng's voice, and what it says."""


def _spoken(voice: str, text: str) -> np.ndarray:
    wav = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], capture_output=True, check=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    samples = soxr.resample(samples, rate, RATE_HZ)
    return samples * 10 ** (VOICE_DBFS / 20) / np.sqrt(np.mean(samples**2))


def clip() -> np.ndarray:
    """The demo as float32[n], full scale one.

    Raises:
        FileNotFoundError: there is no espeak-ng.
    """
    parts = []
    for pause, voice, text in LINES:
        parts.append(np.zeros(round(pause * RATE_HZ), np.float32))
        if text:
            parts.append(_spoken(voice, text))
    samples = np.concatenate(parts)
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(len(samples)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20.0)), len(samples))
    gusts = 1 + 0.6 * np.sin(2 * np.pi * 0.23 * np.arange(len(samples)) / RATE_HZ)
    noise *= gusts * 10 ** (NOISE_DBFS / 20) / noise.std()
    return (samples + noise).astype(np.float32)


def main() -> None:
    """Write the clip to the file that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m host.demo_clip OUT.wav")
    if shutil.which("espeak-ng") is None:
        sys.exit("espeak-ng is missing: apt-get install espeak-ng")
    soundfile.write(Path(sys.argv[1]), clip(), RATE_HZ, subtype="PCM_16")


if __name__ == "__main__":
    main()
