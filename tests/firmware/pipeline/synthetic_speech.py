"""Posteriors as a network might give them, and a domain the size of a traveller's, neither from any recording."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware.domain.graph import Add, Arc, Graph, Kind, Multiply, Network, Word
from firmware.domain.phonemes import BLANK, CLASS, CLASSES, PHONEMES

VOWELS = ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]
CONSONANTS = [phoneme for phoneme in PHONEMES if phoneme not in VOWELS]


def spoken(
    phonemes: Sequence[str], rng: np.random.Generator, clarity: float = 0.8, lead: int = 8, tail: int = 8
) -> NDArray[np.int16]:
    """Log2-posteriors in Q8, int16 [frames, 40], of a row of phonemes.

    Each phoneme takes one or two frames and zero to two blanks. With probability `clarity` a frame is sure of its
    class; else another, of the same kind of sound, takes most of its weight. lead and tail: frames of blanks.
    """
    classes = [BLANK] * lead
    for phoneme in phonemes:
        if classes and classes[-1] == CLASS[phoneme]:
            classes.append(BLANK)
        classes += [CLASS[phoneme]] * int(rng.integers(1, 3)) + [BLANK] * int(rng.integers(0, 3))
    classes += [BLANK] * tail
    logits = rng.normal(-6, 1, (len(classes), CLASSES))
    logits[:, BLANK] = rng.normal(-3, 1, len(classes))
    for row, number in zip(logits, classes, strict=True):
        row[number] = rng.normal(3, 0.5)
        if number != BLANK and rng.random() > clarity:
            kind = VOWELS if PHONEMES[number - 1] in VOWELS else CONSONANTS
            row[CLASS[str(rng.choice(kind))]] = 3
            row[number] = rng.normal(-1, 2)
    octaves = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))) / math.log(2)
    return np.clip(np.rint(256 * octaves), -32768, 0).astype(np.int16)


def phonemes_of(graph: Graph, text: str) -> list[str]:
    """How a text is said, each word in its first pronunciation."""
    said = {word.text: word.pronunciations[0] for word in graph.words}
    return [phoneme for word in text.split() for phoneme in said[word]]


class _Builder:
    """Networks, and the words of a graph by their text."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.words: dict[str, Word] = {}

    def word(self, text: str, value: Add | Multiply | None = None) -> int:
        if text not in self.words:
            syllables = self.rng.choice([1, 2, 2, 3])
            said = []
            for _ in range(syllables):
                said += [self.rng.choice(CONSONANTS), self.rng.choice(VOWELS)]
            said += [self.rng.choice(CONSONANTS)] if self.rng.random() < 0.6 else []
            self.words[text] = Word(text, (tuple(said),), value)
        return list(self.words).index(text)

    def list(self, name: str, entries: int) -> Network:
        cost = math.log(entries)
        arcs = tuple(Arc(0, 1, Kind.WORD, self.word(f"{name}{i}"), cost) for i in range(entries))
        return Network(name, 2, {1: 0.0}, arcs)

    def numbers(self) -> Network:
        """To 9999: thousands, hundreds, tens, units, each but one left out at will."""
        ones = [self.word(f"one{i}", Add(i)) for i in range(1, 10)]
        teens = [self.word(f"teen{i}", Add(i)) for i in range(10, 20)]
        tens = [self.word(f"ten{i}", Add(i)) for i in range(20, 100, 10)]
        hundred, thousand = self.word("hundred", Multiply(100)), self.word("thousand", Multiply(1000))
        arcs = [Arc(0, 1, Kind.WORD, one, 3) for one in ones] + [Arc(1, 2, Kind.WORD, thousand)]
        arcs += [Arc(0, 2, Kind.EPSILON), *(Arc(2, 3, Kind.WORD, one, 3) for one in ones)]
        arcs += [Arc(3, 4, Kind.WORD, hundred), Arc(2, 4, Kind.EPSILON)]
        arcs += [Arc(4, 5, Kind.WORD, ten, 3) for ten in tens] + [Arc(4, 5, Kind.EPSILON)]
        arcs += [Arc(5, 6, Kind.WORD, one, 3) for one in ones] + [Arc(4, 6, Kind.WORD, teen, 3) for teen in teens]
        return Network("number", 7, {2: 1.0, 4: 1.0, 5: 1.0, 6: 0.0}, tuple(arcs))


def travel(patterns: int = 300, seed: int = 5) -> tuple[Graph, list[str]]:
    """So many patterns in a tree by their first words, with slots for places, dishes, things and numbers.

    Returns:
        The graph, and the patterns; in these, a word in angle brackets is a slot.
    """
    builder = _Builder(seed)
    rng = builder.rng
    openings = [f"open{i} open{i}b".split()[: rng.choice([1, 2, 2])] for i in range(30)]
    slots = ["place", "dish", "thing", "number"]
    made: set[tuple[str, ...]] = set()
    while len(made) < patterns:
        middle = [f"word{min(int(rng.expovariate(1 / 60)), 299)}" for _ in range(rng.choice([1, 2, 3, 4]))]
        ending = [f"<{rng.choice(slots)}>"] if rng.random() < 0.5 else []
        more = [f"word{rng.randrange(300)}"] if rng.random() < 0.3 else []
        made.add(tuple(rng.choice(openings) + middle + ending + more))
    lists = [builder.list("place", 60), builder.list("dish", 60), builder.list("thing", 60), builder.numbers()]
    states: dict[tuple[str, ...], int] = {(): 0}
    arcs: list[Arc] = []
    finals: dict[int, float] = {}
    for pattern in sorted(made):
        for i, item in enumerate(pattern):
            if pattern[: i + 1] in states:
                continue
            states[pattern[: i + 1]] = len(states)
            source, target = states[pattern[:i]], states[pattern[: i + 1]]
            if item.startswith("<"):
                name = item[1:-1]
                arcs.append(Arc(source, target, Kind.CALL, 1 + slots.index(name), 1.0, name))
            else:
                arcs.append(Arc(source, target, Kind.WORD, builder.word(item), 1.0))
        finals[states[pattern]] = 0.0
    root = Network("travel", len(states), finals, tuple(arcs))
    return Graph("travel", tuple(builder.words.values()), (root, *lists)), [" ".join(p) for p in sorted(made)]


def said_by(rng: random.Random, pattern: str) -> str:
    """A pattern with its slots filled."""
    filled = []
    for item in pattern.split():
        if item == "<number>":
            filled += [f"one{rng.randint(1, 9)}", "thousand", f"one{rng.randint(1, 9)}", "hundred"]
            filled += [f"ten{rng.randrange(20, 100, 10)}", f"one{rng.randint(1, 9)}"]
        elif item.startswith("<"):
            filled.append(f"{item[1:-1]}{rng.randrange(60)}")
        else:
            filled.append(item)
    return " ".join(filled)
