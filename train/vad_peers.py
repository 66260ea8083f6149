"""Other people's voice detectors, scored on the same 10 ms frames as ours. What is not installed is named."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from train.corpora import RATE_HZ, Pcm
from train.vad_scoring import CHUNK, Scorer, Scores, padded, spread, webrtc_scorer
from train.vad_testsets import STEP


@dataclass(frozen=True)
class Peer:
    """A detector from PyPI: what installs it, and what makes its scorer once it is there."""

    name: str
    package: str
    load: Callable[[], Scorer]


def silero_scorer() -> Scorer:
    """Silero VAD: a probability a chunk of 512 samples."""
    import torch
    from silero_vad import load_silero_vad

    model = load_silero_vad()

    def score(pcm: Pcm) -> Scores:
        model.reset_states()
        audio = torch.from_numpy(padded(pcm).astype(np.float32) / 32768).split(CHUNK)
        with torch.no_grad():
            decisions = [model(chunk, RATE_HZ).item() for chunk in audio]
        return spread(np.asarray(decisions, np.float32), len(pcm))

    return score


def ten_scorer() -> Scorer:
    """TEN VAD: a probability each 10 ms; the first, which it gives before it has heard enough, counts as none."""
    from ten_vad import TenVad

    TenVad(STEP)

    def score(pcm: Pcm) -> Scores:
        detector = TenVad(STEP)
        frames = np.ascontiguousarray(pcm[: len(pcm) // STEP * STEP].reshape(-1, STEP))
        return np.maximum(np.asarray([detector.process(frame)[0] for frame in frames], np.float32), 0)

    return score


def micro_scorer() -> Scorer:
    """microWakeWord's detector (pymicro-vad): a probability each 10 ms after the first 0.76 s."""
    from pymicro_vad import MicroVad

    MicroVad()

    def score(pcm: Pcm) -> Scores:
        detector = MicroVad()
        frames = pcm[: len(pcm) // STEP * STEP].reshape(-1, STEP)
        return np.maximum(np.asarray([detector.process_10ms(frame.tobytes()) for frame in frames], np.float32), 0)

    return score


PEERS = (
    Peer("Silero", "silero-vad", silero_scorer),
    Peer("TEN", "ten-vad", ten_scorer),
    Peer("pymicro-vad", "pymicro-vad", micro_scorer),
    Peer("WebRTC", "webrtcvad-wheels", webrtc_scorer),
)


@dataclass(frozen=True)
class Found:
    """The peers that are here, by name with their version, and why the others are not."""

    scorers: dict[str, Scorer]
    missing: dict[str, str]


def found() -> Found:
    """Loads what is installed."""
    scorers, missing = {}, {}
    for peer in PEERS:
        try:
            name = f"{peer.name} {version(peer.package)}"
            scorers[name] = peer.load()
        except (PackageNotFoundError, ImportError):
            missing[peer.name] = f"not installed: pip install --no-deps {peer.package}"
        except (OSError, RuntimeError) as error:
            missing[peer.name] = f"installed, but does not load ({str(error).splitlines()[0]})"
    return Found(scorers, missing)
