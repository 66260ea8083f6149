"""IMA ADPCM back to samples: the other end of firmware/pipeline/adpcm.c (the source is named there)."""

import numpy as np

from host.recording import Pcm

STEP_SIZES = (
    *(7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97),
    *(107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796),
    *(876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871),
    *(5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623),
    *(27086, 29794, 32767),
)
_MOVES = (-1, -1, -1, -1, 2, 4, 6, 8)


def decode(data: bytes, predictor: int, step: int) -> Pcm:
    """int16 [2 * len(data)]; `predictor` is the sample before, `step` the index of the step size (0 to 88)."""
    samples = np.empty(2 * len(data), np.int16)
    step = min(step, len(STEP_SIZES) - 1)
    for number in range(len(samples)):
        code = (data[number // 2] >> (4 * (number % 2))) & 15
        size = STEP_SIZES[step]
        change = size >> 3
        for bit in (4, 2, 1):
            if code & bit:
                change += size
            size >>= 1
        predictor = max(-32768, min(32767, predictor - change if code & 8 else predictor + change))
        step = max(0, min(len(STEP_SIZES) - 1, step + _MOVES[code & 7]))
        samples[number] = predictor
    return samples
