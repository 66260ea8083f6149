"""The board's decoder with the shipped domains: what is said clearly comes back, with its slots."""

import random
from itertools import groupby, islice

import numpy as np
import pytest

from firmware.domain.binary import decode
from firmware.domain.phonemes import BLANK, CLASS, CLASSES
from firmware.native.decoding import Decoder
from train.cli import MODELS
from train.domains.sampling import accepted, sentences

FRAMES = 2
"""Of a phoneme."""

SURE_Q8, OTHER_Q8 = -20, -9 * 256


def spoken(graph, text, rng):
    """Log2-posteriors of a sentence said clearly; the letter a and the article by the pronunciation that they share."""
    known = {}
    for word in graph.words:
        before = known.get(word.text, word.pronunciations)
        known[word.text] = [p for p in before if p in word.pronunciations]
    classes = [BLANK] * 3
    for word in text.split():
        for phoneme in rng.choice(known[word]):
            # A blank parts equal phonemes, and now and then others.
            if classes[-1] == CLASS[phoneme] or rng.random() < 0.3:
                classes.append(BLANK)
            classes += [CLASS[phoneme]] * FRAMES
    classes += [BLANK] * 3
    frames = np.full((len(classes), CLASSES), OTHER_Q8, np.int16)
    frames[np.arange(len(classes)), classes] = SURE_Q8
    return frames


def sounds(graph, text):
    """All ways to say it, as rows of phonemes without equal neighbours: what sounds alike cannot be told apart."""
    rows = {()}
    for word in text.split():
        said = {p for w in graph.words if w.text == word for p in w.pronunciations}
        rows = {row + p for row in list(rows)[:64] for p in said}
    return {tuple(p for p, _ in groupby(row)) for row in rows}


@pytest.mark.parametrize("name", ["travel", "alphanumeric", "commands"])
def test_what_is_said_clearly_comes_back_with_its_slots(name):
    binary = (MODELS / "domains" / f"{name}.domain").read_bytes()
    graph, decoder, rng = decode(binary), Decoder(binary), random.Random(7)
    count = same = 0
    for sentence in islice(sentences(graph, rng), 60):
        if len(sentence.text.split()) > 12:
            continue
        count += 1
        result = decoder.decode(spoken(graph, sentence.text, rng))
        if result.text != sentence.text:
            assert sounds(graph, result.text) & sounds(graph, sentence.text), (sentence.text, result.text)
            continue
        same += 1
        expected = accepted(graph, sentence.text).slots
        assert sorted(result.slots) == sorted(expected)
    assert same >= 0.85 * count
