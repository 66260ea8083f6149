"""Corpora: JSONL manifests of recordings, read into memory as 16 kHz mono int16.

A corpus NAME is a manifest NAME.jsonl in the folder that EARSHOT_DATA names, one clip a line: `audio_filepath`
(relative to that folder), `offset` and `duration` in seconds, `split`, and where known `text`, `phonemes`, `speaker`,
`label`, `human`, `speech` (voice segments in seconds). This is the manifest format of NVIDIA NeMo, with own fields
added.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from firmware.domain.phonemes import CLASS

RATE_HZ = 16000
"""Rate of everything in memory; the boards' own rates are made from it by resampling."""

LONGEST_S = 86400.0
"""No offset or duration is above a day."""

SHORTER_BY_S = 0.1
"""What a file may lack of a clip's duration: manifests round; a truncated file lacks more."""

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
    text: str = ""
    phonemes: str = ""
    """Phonemes of firmware.domain.phonemes between blanks, where it is known how the text was spoken."""

    def pcm(self) -> Pcm:
        """Samples as int16[n] at 16 kHz mono.

        Raises:
            CorpusError: the file is missing, or ends before the clip does.
        """
        whole = _decoded(self.path)
        start, count = round(self.offset * RATE_HZ), round(self.duration * RATE_HZ)
        samples = whole[start : start + count]
        if len(samples) < count - SHORTER_BY_S * RATE_HZ:
            raise CorpusError(
                f"{self.path} ends after {len(whole) / RATE_HZ:.2f} s, but {self.corpus}.jsonl has a clip of it up to "
                f"{self.offset + self.duration:.2f} s; fetch the file again, or mend the manifest"
            )
        return samples


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


def forget() -> None:
    """Drops the recordings that are held in memory."""
    _decoded.cache_clear()


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
        CorpusError: there is no such manifest, a line of it is damaged (named by number), or no clip is of the splits.
    """
    root = folder or data_folder()
    manifest = root / f"{corpus}.jsonl"
    if not manifest.is_file():
        raise CorpusError(f"{manifest} is missing; EARSHOT_DATA must name a folder with the corpora's manifests")
    found = [clip for clip in _read(corpus, root, manifest) if clip.split in splits]
    if not found:
        raise CorpusError(f"{manifest} has no clip of the split {' or '.join(splits)}; add some")
    return found


def _seconds(entry: dict[str, Any], name: str) -> float:
    value = float(entry[name])
    if not 0 <= value <= LONGEST_S:
        raise ValueError(f"{name} is {value}")
    return value


def _phonemes(entry: dict[str, Any]) -> str:
    spoken = entry.get("phonemes", "")
    if not isinstance(spoken, str):
        raise TypeError(f"phonemes are {spoken!r}, not a string with blanks between them")
    if unknown := [symbol for symbol in spoken.split() if symbol not in CLASS]:
        raise ValueError(f"phonemes has {unknown[0]!r}, which is none of firmware/domain/phonemes.py")
    return spoken


def _read(corpus: str, root: Path, manifest: Path) -> Iterator[Clip]:
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{manifest} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            yield Clip(
                corpus=corpus,
                path=root / entry["audio_filepath"],
                offset=_seconds(entry, "offset"),
                duration=_seconds(entry, "duration"),
                split=entry["split"],
                speaker=entry.get("speaker", ""),
                label=entry.get("label", ""),
                human=bool(entry.get("human", False)),
                speech=tuple((float(a), float(b)) for a, b in entry.get("speech", [])),
                text=entry.get("text", ""),
                phonemes=_phonemes(entry),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(
                f"{manifest}:{number}: {type(error).__name__} {error}; mend or remove the line"
            ) from error
