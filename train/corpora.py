"""Corpora: JSONL manifests of recordings, read into memory as 16 kHz mono int16.

A corpus NAME is a manifest NAME.jsonl in the folder that EARSHOT_DATA names, one clip a line: `audio_filepath`
(relative to that folder), `offset` and `duration` in seconds, `split`, and where known `speaker`, `label`, `human`,
`speech` (voice segments in seconds). This is the manifest format of NVIDIA NeMo, with own fields added.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

RATE_HZ = 16000
"""Rate of everything in memory; the boards' own rates are made from it by resampling."""

SPEECH = (
    "speechocean762",
    "an4",
    "kathleen",
    "librispeech251",
    "commonvoice53",
    "speech_commands7",
    "fsdd",
)
"""Corpora of speech with little noise."""

NOISE = ("ambience", "esc10", "music")
"""Corpora without speech."""

Pcm = npt.NDArray[np.int16]


class CorpusError(Exception):
    """A corpus is missing or damaged; the message says which and what to do."""


@dataclass(frozen=True)
class Clip:
    """One clip of a corpus; offset and duration in seconds, speech segments in seconds from the clip's start."""

    corpus: str
    path: Path
    offset: float
    duration: float
    split: str
    speaker: str = ""
    label: str = ""
    human: bool = False
    speech: tuple[tuple[float, float], ...] = field(default=())

    def pcm(self) -> Pcm:
        """Samples as int16[n] at 16 kHz mono.

        Raises:
            CorpusError: the file is missing or holds no such audio.
        """
        whole = _decoded(self.path)
        start = round(self.offset * RATE_HZ)
        return whole[start : start + round(self.duration * RATE_HZ)]


@cache
def _decoded(path: Path) -> Pcm:
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error
    mono = samples.mean(axis=1)
    if rate != RATE_HZ:
        mono = soxr.resample(mono, rate, RATE_HZ)
    return (np.clip(mono * 32768, -32768, 32767)).astype(np.int16)


def data_folder() -> Path:
    """The folder that EARSHOT_DATA names.

    Raises:
        CorpusError: it is not set, or no folder.
    """
    name = os.environ.get("EARSHOT_DATA", "")
    if not name:
        raise CorpusError("EARSHOT_DATA is not set; set it to the folder that holds the corpora and their manifests")
    if not Path(name).is_dir():
        raise CorpusError(f"EARSHOT_DATA is {name}, which is no folder; set it to the one that holds the manifests")
    return Path(name)


def clips(corpus: str, splits: Sequence[str], folder: Path | None = None) -> list[Clip]:
    """The clips of some splits of a corpus, in manifest order.

    Raises:
        CorpusError: there is no such manifest, or a line of it is damaged (named by number).
    """
    root = folder or data_folder()
    manifest = root / f"{corpus}.jsonl"
    if not manifest.is_file():
        raise CorpusError(f"{manifest} is missing; EARSHOT_DATA must name a folder with the corpora's manifests")
    return [clip for clip in _read(corpus, root, manifest) if clip.split in splits]


def _read(corpus: str, root: Path, manifest: Path) -> Iterator[Clip]:
    for number, line in enumerate(manifest.read_text().splitlines(), start=1):
        try:
            entry = json.loads(line)
            yield Clip(
                corpus=corpus,
                path=root / entry["audio_filepath"],
                offset=float(entry["offset"]),
                duration=float(entry["duration"]),
                split=entry["split"],
                speaker=entry.get("speaker", ""),
                label=entry.get("label", ""),
                human=bool(entry.get("human", False)),
                speech=tuple((float(a), float(b)) for a, b in entry.get("speech", [])),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(
                f"{manifest}:{number}: {type(error).__name__} {error}; mend or remove the line"
            ) from error
