"""What the quantizer is calibrated on: real clips, mixed and in rooms as in training, at the levels that occur."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from train.rooms import impulse_responses
from train.vad_export import fold, quantize
from train.vad_training import example, load, save, training_mixer

SEED = 31


def calibration_recordings(count: int) -> list[npt.NDArray[np.int16]]:
    """As many training mixtures as log-mel Q8 int16[chunks, 80]."""
    mixer = training_mixer(impulse_responses(30, SEED), SEED)
    return [example(mixer.mixture()).logmel_q8 for _ in range(count)]


def quantize_vad(run: Path, out: Path, clips: int, advance: Callable[[str], None]) -> tuple[int, int]:
    """Writes a run's network as INT8 .tflite, its float weights beside it; bytes of the file, parameters."""
    network = load(run / "vad.pt")
    advance("mixing clips")
    recordings = calibration_recordings(clips)
    advance("quantizing")
    model = quantize(network, recordings)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(model)
    save(network, out.with_suffix(".pt"))
    return len(model), fold(network).parameters()
