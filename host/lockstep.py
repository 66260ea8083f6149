"""How a recording is put to a virtual board: equal blocks of whole chunks, and silence after the end.

The silence (up to the next full ledger period, at least 1.5 s) closes every segment and lets the ledger cover the file.
The same on every board, so that the same recording gives the same frames.
"""

from collections.abc import Iterator

import numpy as np

from firmware.link import Config
from host.recording import Pcm, Recording

CHUNK_SAMPLES = 512
"""Samples a decision; HELLO says the same."""
LEDGER_PERIOD_SAMPLES = CHUNK_SAMPLES * Config().ledger_period_chunks
_LEAST_SILENCE_S = 1.5


def lockstep_blocks(recording: Recording, block_samples: int) -> Iterator[Pcm]:
    """The recording and its silence as int16 [block_samples] blocks; `block_samples` divides the ledger period."""
    if LEDGER_PERIOD_SAMPLES % block_samples:
        raise ValueError(f"{block_samples} samples do not divide the ledger period of {LEDGER_PERIOD_SAMPLES}")
    waiting: list[Pcm] = []
    waiting_samples = total = 0
    for part in recording.blocks():
        waiting.append(part)
        waiting_samples += len(part)
        total += len(part)
        if waiting_samples >= block_samples:
            joined = np.concatenate(waiting)
            whole = len(joined) - len(joined) % block_samples
            yield from joined[:whole].reshape(-1, block_samples)
            waiting = [joined[whole:]]
            waiting_samples = len(joined) - whole
    silence = np.zeros(padded_samples(total, recording.rate) - total, np.int16)
    yield from np.concatenate([*waiting, silence]).reshape(-1, block_samples)


def padded_samples(samples: int, rate: int) -> int:
    """Samples of a recording with its silence: whole ledger periods."""
    least = samples + round(_LEAST_SILENCE_S * rate)
    return -(-least // LEDGER_PERIOD_SAMPLES) * LEDGER_PERIOD_SAMPLES
