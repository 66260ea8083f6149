"""Frame labels from clean speech, by an energy rule.

The level of each 16 ms frame between 120 Hz and 5 kHz is set against the clip's own floor and peak, so that a quiet
clip and a noisy one are judged alike. Pauses inside a sentence count as speech, as human annotators mark turns.
"""

import numpy as np
import numpy.typing as npt

from train.corpora import RATE_HZ, Pcm

FRAME = 256
"""Samples a label stands for: the front end's hop."""

BAND_HZ = (120.0, 5000.0)
FLOOR_PERCENTILE = 5.0
PEAK_PERCENTILE = 95.0
ABOVE_FLOOR = 0.30
"""Speech begins at this part of the way from floor to peak, in dB."""
BELOW_PEAK_DB = (14.0, 34.0)
"""... but never nearer to the peak than the first, nor farther than the second."""
LONGEST_PAUSE_FRAMES = 14
SHORTEST_SPEECH_FRAMES = 4
EDGE_FRAMES = 1


def frame_levels_db(pcm: Pcm) -> npt.NDArray[np.float32]:
    """Level of each whole frame of int16[n] in dB re one LSB, float32[n // 256]."""
    count = len(pcm) // FRAME
    frames = pcm[: count * FRAME].reshape(count, FRAME).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1)) ** 2
    low, high = (round(f * FRAME / RATE_HZ) for f in BAND_HZ)
    energy = power[:, low:high].sum(axis=1) / FRAME**2
    return (10 * np.log10(energy + 1e-2)).astype(np.float32)


def _runs(active: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def speech_frames(pcm: Pcm) -> npt.NDArray[np.bool_]:
    """Which frames of a clean clip are speech.

    Args:
        pcm: int16[n] at 16 kHz, one utterance with little noise.

    Returns:
        bool[n // 256]
    """
    level = frame_levels_db(pcm)
    if not len(level):
        return np.zeros(0, bool)
    smooth = np.convolve(np.pad(level, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    floor, peak = np.percentile(smooth, [FLOOR_PERCENTILE, PEAK_PERCENTILE])
    nearest, farthest = BELOW_PEAK_DB
    threshold = np.clip(floor + ABOVE_FLOOR * (peak - floor), peak - farthest, peak - nearest)
    active = smooth > threshold
    for start, end in _runs(~active):
        if start > 0 and end < len(active) and end - start <= LONGEST_PAUSE_FRAMES:
            active[start:end] = True
    for start, end in _runs(active):
        if end - start < SHORTEST_SPEECH_FRAMES:
            active[start:end] = False
        else:
            active[max(0, start - EDGE_FRAMES) : end + EDGE_FRAMES] = True
    return active
