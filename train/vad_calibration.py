"""What the quantizer is calibrated on: real clips, mixed and in rooms as in training, at the levels that occur."""

import numpy as np
import numpy.typing as npt

from train.rooms import impulse_responses
from train.vad_training import example, training_mixer

SEED = 31


def calibration_recordings(count: int) -> list[npt.NDArray[np.int16]]:
    """As many training mixtures as log-mel Q8 int16[chunks, 80]."""
    mixer = training_mixer(impulse_responses(30, SEED), SEED)
    return [example(mixer.mixture()).logmel_q8 for _ in range(count)]
