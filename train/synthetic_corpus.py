"""The synthetic corpus: shards of FLAC, made one after another, and the manifest `synthetic.jsonl` over all of them.

A shard is `shards/SEED-NUMBER.flac` with its lines of the manifest beside it, `.jsonl`; it depends on the seed and its
number alone, besides the texts it draws from. A shard counts as finished when its lines are there, which are written
last; the manifest is replaced as a whole after each shard, so that whoever reads it meanwhile reads whole lines.
Besides the fields of train/corpora.py, a line has `phonemes`: the dictionary's pronunciation, word by word in the
variant that the engine spoke.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from train import pronunciation, synthesis
from train.corpora import RATE_HZ
from train.sentences import Sentences

NAME = "synthetic"
SHARD_S = 600.0
"""A shard ends with the first utterance beyond this."""
LONGEST_S = 15.0
"""Utterances longer than this are left out: the slowest voice on the longest sentence."""
FARTHEST = 0.34
"""An utterance whose phonemes are farther than this from the dictionary's, by the edit distance for each phoneme, is
left out: the engine expanded an abbreviation or took a word for a foreign one. Accents stay well below."""


@dataclass(frozen=True)
class Progress:
    """Seconds of speech that are finished, of those wanted."""

    seconds: float
    wanted: float


def shard_path(folder: Path, seed: int, number: int) -> Path:
    """A shard's sound; its lines have the same name with .jsonl."""
    return folder / "shards" / f"{seed}-{number:05d}.flac"


def synthesize(
    folder: Path, hours: float, seed: int, sentences: Sentences, report: Callable[[Progress], None] = lambda _: None
) -> Path:
    """Add shards of a seed until there are `hours` of it; finished ones are kept.

    Returns:
        The manifest, over the shards of every seed in the folder.

    Raises:
        train.synthesis.SynthesisError: an engine is missing or fails.
    """
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    done, wanted, number = 0.0, hours * 3600, 0
    manifest = folder / f"{NAME}.jsonl"
    while done < wanted:
        shard = shard_path(folder, seed, number)
        if not shard.with_suffix(".jsonl").is_file():
            before = done
            make_shard(folder, seed, number, sentences, lambda s, b=before: report(Progress(b + s, wanted)))  # type: ignore[misc]
            _index(folder, manifest)
        lines = shard.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
        done += sum(float(json.loads(line)["duration"]) for line in lines)
        report(Progress(done, wanted))
        number += 1
    _index(folder, manifest)
    return manifest


def _index(folder: Path, manifest: Path) -> None:
    whole = "".join(lines.read_text(encoding="utf-8") for lines in sorted((folder / "shards").glob("*.jsonl")))
    _replace(manifest, whole)


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def make_shard(
    folder: Path, seed: int, number: int, sentences: Sentences, report: Callable[[float], None] = lambda _: None
) -> None:
    """Make one shard of at least `SHARD_S` seconds; `report` hears how many there are."""
    random_ = random.Random(f"{seed} {number}")
    path = shard_path(folder, seed, number)
    parts, entries, samples = [], [], 0
    while samples < SHARD_S * RATE_HZ:
        sentence, delivery = sentences.draw(random_), synthesis.draw(random_)
        try:
            utterance = synthesis.speak(sentence.spoken(), delivery)
        except pronunciation.PronunciationError:
            # Too far from English to have a label, as those beyond FARTHEST below.
            continue
        phonemes, distance = synthesis.aligned(utterance.phonemes, pronunciation.sentence(sentence.text))
        labels = [phoneme for word in phonemes for phoneme in word]
        if distance > FARTHEST * len(labels) or len(utterance.pcm) > LONGEST_S * RATE_HZ:
            continue
        entries.append(
            {
                "audio_filepath": str(path.relative_to(folder)),
                "offset": samples / RATE_HZ,
                "duration": len(utterance.pcm) / RATE_HZ,
                "text": sentence.text,
                "speaker": f"{delivery.voice.engine}-{delivery.voice.name}",
                "split": "train",
                "phonemes": " ".join(labels),
            }
        )
        parts.append(utterance.pcm)
        samples += len(utterance.pcm)
        report(samples / RATE_HZ)
    unfinished = path.with_suffix(".part")
    soundfile.write(unfinished, np.concatenate(parts), RATE_HZ, format="FLAC", subtype="PCM_16")
    unfinished.replace(path)
    _replace(path.with_suffix(".jsonl"), "".join(f"{json.dumps(entry)}\n" for entry in entries))
