"""Transcripts for speech that has none: what PocketSphinx is sure of, phrase by phrase.

PocketSphinx (D. Huggins-Daines et al., "PocketSphinx: A Free, Real-Time Continuous Speech Recognition System for
Hand-Held Devices", 2006) decodes with its bundled US English model; its segmentation gives times, pauses, the
pronunciation chosen and a posterior a word. A phrase between two pauses is kept if its words are probable enough.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from train.corpora import RATE_HZ, Clip

FRAMES_A_SECOND = 100
EDGE_S = 0.05
LEAST_WORDS = 3
MEAN_PROBABILITY = 0.6
DOUBTFUL, DOUBTFUL_SHARE = 0.15, 0.15
"""At most this share of the words may be less probable than that."""


@dataclass(frozen=True)
class Phrase:
    """A part of a recording: seconds from the clip's start, words, and ARPAbet as PocketSphinx has heard it."""

    start: float
    end: float
    text: str
    phonemes: tuple[str, ...]


def pronunciations() -> dict[str, tuple[str, ...]]:
    """PocketSphinx's dictionary: word, with (2), (3) behind it for the others, to ARPAbet without stress."""
    import pocketsphinx

    dictionary = Path(pocketsphinx.get_model_path("en-us")) / "cmudict-en-us.dict"
    rows = (line.split() for line in dictionary.read_text(encoding="utf-8").splitlines())
    return {row[0]: tuple(row[1:]) for row in rows if row}


def trusted(words: Sequence[tuple[str, int, int, float]], dictionary: dict[str, tuple[str, ...]]) -> list[Phrase]:
    """The phrases that are probable enough.

    Args:
        words: (word, first frame, last frame, posterior) in order; pauses and noises are `<sil>`, `<s>`, `[...]`
        dictionary: from `pronunciations`
    """
    phrases: list[list[tuple[str, int, int, float]]] = [[]]
    for word in words:
        if word[0].startswith(("<", "[")):
            phrases.append([])
        else:
            phrases[-1].append(word)
    found = []
    for phrase in phrases:
        probabilities = np.array([word[3] for word in phrase])
        if (
            len(phrase) >= LEAST_WORDS
            and probabilities.mean() > MEAN_PROBABILITY
            and np.mean(probabilities < DOUBTFUL) <= DOUBTFUL_SHARE
            and all(word[0] in dictionary for word in phrase)
        ):
            found.append(
                Phrase(
                    max(0.0, phrase[0][1] / FRAMES_A_SECOND - EDGE_S),
                    phrase[-1][2] / FRAMES_A_SECOND + EDGE_S,
                    " ".join(re.sub(r"\(\d+\)", "", word[0]) for word in phrase),
                    tuple(p for word in phrase for p in dictionary[word[0]]),
                )
            )
    return found


def transcribed(
    clips: Sequence[Clip], cache: Path, progress: Callable[[int], None] = lambda done: None
) -> list[tuple[Clip, tuple[str, ...]]]:
    """Phrases of the clips as clips of their own, with their phonemes; about a fifth of real time, then from the cache.

    Args:
        clips: recordings without text
        cache: a JSONL file, a clip a line, in the same order; what it lacks is decoded and added, as is a last line
            that an interruption has cut off. It knows clips by their places: delete it when the corpus changes
        progress: told how many clips are done
    """
    done = [json.loads(line) for line in _whole_lines(cache)] if cache.is_file() else []
    if len(done) < len(clips):
        _decode(clips, done, cache, progress)
    found = []
    for clip, phrases in zip(clips, done, strict=False):
        for start, end, text, phonemes in phrases:
            part = replace(clip, offset=clip.offset + start, duration=min(end, clip.duration) - start, text=text)
            found.append((part, tuple(phonemes.split())))
    return found


def _whole_lines(cache: Path) -> list[str]:
    """Its lines, less an unfinished last one, which is taken out of the file."""
    data = cache.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        cache.write_bytes(whole)
    return whole.decode("utf-8").splitlines()


def _decode(clips: Sequence[Clip], done: list[Any], cache: Path, progress: Callable[[int], None]) -> None:
    import pocketsphinx

    decoder = pocketsphinx.Decoder(samprate=RATE_HZ, loglevel="FATAL")
    dictionary = pronunciations()
    cache.parent.mkdir(parents=True, exist_ok=True)
    with cache.open("a", encoding="utf-8") as file:
        for clip in clips[len(done) :]:
            decoder.start_utt()
            decoder.process_raw(clip.pcm().tobytes(), no_search=False, full_utt=True)
            decoder.end_utt()
            words = [(s.word, s.start_frame, s.end_frame, s.prob) for s in decoder.seg() or ()]
            phrases = [(p.start, p.end, p.text, " ".join(p.phonemes)) for p in trusted(words, dictionary)]
            file.write(json.dumps(phrases) + "\n")
            file.flush()
            done.append(phrases)
            progress(len(done))
