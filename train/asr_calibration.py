"""What the quantizer is calibrated on: windows of training speech in noise, as training hears them, without masks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from train import asr_export
from train.asr_augment import Drawer
from train.asr_bank import FEATURES, Features, shards
from train.asr_corpora import WEIGHTS, GrowingPool, noises
from train.asr_training import load, save

SEED = 31
FRAMES = 128


def calibration_recordings(bank: Path, count: int) -> list[Features]:
    """As many windows of four seconds, log-mel Q8 int16 [frames, 80].

    Raises:
        ValueError: the bank is empty.
    """
    if not shards(bank):
        raise ValueError(f"{bank} holds no speech: train asr fills it; name it with --bank")
    pool = GrowingPool(bank, WEIGHTS, noises())()
    drawer = Drawer(pool, SEED, FRAMES, 10)
    windows = [window for _ in range(-(-count // 10)) for window in drawer.draw().unmasked.numpy()]
    return [np.rint(window * 256).astype(np.int16).reshape(-1, FEATURES) for window in windows[:count]]


FACTS = """\
# What the image must know of {model} and the file does not say; train quantize asr writes it.

name = "{name}"
# Output n speaks of the audio of frame n - lookahead_frames; a frame is a chunk of 512 samples.
lookahead_frames = {look_ahead}
# Output frames of a call: so many chunks of features go in.
frames_per_call = {frames}
"""


def quantize_asr(run: Path, out: Path, bank: Path, clips: int, advance: Callable[[str], None]) -> tuple[int, int]:
    """Writes a run's network as INT8 .tflite, with facts (.toml) and float weights; bytes of the file, parameters.

    Args:
        run: folder with asr.pt
        out: the .tflite; the others go beside it
        bank: what `train asr` has filled
        clips: windows to calibrate on, 100 to 500
        advance: told what is being done

    Raises:
        ValueError: the run or the bank holds nothing.
        CorpusError: the noises are missing.
    """
    network = load(run / "asr.pt")
    advance("drawing clips from the bank")
    recordings = calibration_recordings(bank, clips)
    advance("quantizing (a few minutes)")
    model = asr_export.quantize(network, recordings, every=5)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(model)
    facts = FACTS.format(model=out.name, name=out.stem, look_ahead=network.shape.look_ahead, frames=asr_export.FRAMES)
    out.with_suffix(".toml").write_text(facts, encoding="utf-8")
    save(network, out.with_suffix(".pt"))
    return len(model), asr_export.fold(network).parameters()
