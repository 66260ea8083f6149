"""Simulated rooms: impulse responses by the image-source method (pyroomacoustics), aligned to the direct sound."""

import numpy as np
import numpy.typing as npt

from train.corpora import RATE_HZ

SIZE_M = ((2.0, 2.0, 2.2), (9.0, 7.0, 3.5))
"""Smallest and largest room: length, width, height."""
REVERBERATION_S = (0.12, 0.7)
"""RT60, by Sabine's formula."""
DISTANCE_M = (0.15, 5.0)
LONGEST_S = 0.5

Impulse = npt.NDArray[np.float32]


def impulse_response(rng: np.random.Generator) -> Impulse:
    """One random room, talker and microphone.

    Returns:
        float32[n], n at most half a second at 16 kHz: the first sample is the direct sound, energy one.
    """
    import pyroomacoustics

    size = rng.uniform(*SIZE_M)
    absorption, order = None, 0
    while absorption is None:
        try:
            absorption, order = pyroomacoustics.inverse_sabine(rng.uniform(*REVERBERATION_S), size)
        except ValueError:  # no wall absorbs enough for so short a time in so large a room: draw another
            size = rng.uniform(*SIZE_M)
    room = pyroomacoustics.ShoeBox(
        size, fs=RATE_HZ, materials=pyroomacoustics.Material(absorption), max_order=min(order, 12)
    )
    microphone = rng.uniform(0.3, size - 0.3)
    direction = rng.normal(size=3) * [1, 1, 0.3]
    away = direction / np.linalg.norm(direction) * np.exp(rng.uniform(*np.log(DISTANCE_M)))
    room.add_source(np.clip(microphone + away, 0.2, size - 0.2))
    room.add_microphone(microphone)
    room.compute_rir()
    response = np.asarray(room.rir[0][0])
    direct = int(np.argmax(np.abs(response)))
    response = response[max(0, direct - 8) :][: round(LONGEST_S * RATE_HZ)]
    return (response / np.sqrt(np.sum(response**2))).astype(np.float32)


def impulse_responses(count: int, seed: int) -> list[Impulse]:
    """As many random rooms, the same for the same seed (a few milliseconds each)."""
    rng = np.random.default_rng(seed)
    return [impulse_response(rng) for _ in range(count)]
