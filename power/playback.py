"""What playing sound draws: codec, amplifier, speaker; gated between sounds or not. On arrays of n variants.

The level is the speaker's voltage, V rms: into R ohm it is level^2 / R, and the amplifier takes that by its efficiency.
A board without an amplifier drives the speaker from its codec, whose output stage is then no better than class AB at
low level: half of it reaches the speaker.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from power.figures import BoardParts, Role
from power.values import Values

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


def stages(parts: BoardParts) -> Iterator[tuple[Role, str, str, str]]:
    """A board's parts that play: role, name, and its figures for on and off."""
    if parts.codec:
        yield "codec", parts.codec, "playing", "standby"
    if parts.amplifier:
        yield "amplifier", parts.amplifier, "quiescent", "shutdown"


def driver(parts: BoardParts) -> Role:
    """What drives the speaker."""
    return "amplifier" if parts.amplifier else "codec"


def drive_of(values: Values, level_vrms: Array) -> Array:
    """drive_w() of a board's parts; shape (n,)."""
    parts = values.parts
    efficiency = (
        values[f"{parts.amplifier}.efficiency"] if parts.amplifier else np.full(values.n, CODEC_OUTPUT_EFFICIENCY)
    )
    return drive_w(level_vrms, values[f"{parts.speaker}.impedance"], efficiency)
