"""What playing sound draws: codec, amplifier, speaker; gated between sounds or not. On arrays of n variants.

The level is the speaker's voltage, V rms: into R ohm it is level^2 / R, and the amplifier takes that by its efficiency.
A board without an amplifier drives the speaker from its codec, whose output stage is then no better than class AB at
low level: half of it reaches the speaker.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Amount = Array | float

CODEC_OUTPUT_EFFICIENCY = 0.5
"""Of a codec's own output stage: an assumption, where the board has no amplifier."""
SPEECH_CREST = 4.0
"""Peak by rms of speech (12 dB): an assumption, for the peak current alone."""


def speaker_w(level_vrms: Amount, impedance: Amount) -> Array:
    """Power in the speaker."""
    return np.asarray(level_vrms) ** 2 / np.asarray(impedance)


def drive_w(level_vrms: Amount, impedance: Amount, efficiency: Amount) -> Array:
    """Power that the stage which drives the speaker takes for it, beyond its quiescent power."""
    return speaker_w(level_vrms, impedance) / np.asarray(efficiency)


def on_share(share: Amount, seconds: Amount, start_s: Amount, gated: bool) -> Array:
    """Share of the time that a stage is on: its sounds of `seconds` each, and its start before each if it is gated."""
    if not gated:
        return np.ones_like(np.asarray(share, dtype=np.float64))
    starts = np.asarray(share) / np.asarray(seconds)
    return np.minimum(np.asarray(share) + starts * np.asarray(start_s), 1.0)
