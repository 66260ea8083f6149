"""Random sentences and acceptance: two ways through the same graph that must agree."""

import collections
import math
import random
from itertools import islice

import pytest

from firmware.domain.binary import decode
from firmware.domain.graph import Add, Arc, Graph, Kind, Multiply, Network, Word
from train.domains.build import build_text
from train.domains.sampling import accepted, sentences, slot_value

TEXT = """
@use numbers, dates
go to {to:city} [on <date>] *3
(buy | sell) {number} {what = red | blue} {color}
stop
<city> = rome => R | new york => NYC *2 | san francisco
<color> = cars | boats
"""


def test_every_random_sentence_is_accepted_with_its_slots():
    built = build_text("some", "some.txt", TEXT.encode())
    for graph in (built.graph, decode(built.binary)):
        for sentence in islice(sentences(graph, random.Random(3)), 200):
            found = accepted(graph, sentence.text)
            assert found is not None
            assert dict(found.slots) == dict(sentence.slots)
            assert found.cost == pytest.approx(sentence.cost, abs=1e-6)


def test_sentences_come_as_often_as_they_cost():
    graph = build_text("some", "some.txt", b"say (a *6 | b *3 | c)").graph
    counts = collections.Counter(s.text for s in islice(sentences(graph, random.Random(1)), 2000))
    for text, count in counts.items():
        assert count / 2000 == pytest.approx(math.exp(-accepted(graph, text).cost), abs=0.04)


def test_the_same_seed_gives_the_same_sentences():
    graph = build_text("some", "some.txt", TEXT.encode()).graph
    assert list(islice(sentences(graph, random.Random(5)), 20)) == list(islice(sentences(graph, random.Random(5)), 20))


def word(text, value=None):
    return Word(text, (("AA",),), value)


def test_a_slot_s_value():
    thousands = [
        word("two", Add(2)),
        word("thousand", Multiply(1000)),
        word("a", Add(1)),
        word("hundred", Multiply(100)),
    ]
    assert slot_value(thousands) == "2100"
    assert slot_value([word("hundred", Multiply(100)), word("five", Add(5))]) == "105"
    assert slot_value([word("five", Add(5)), word("cars")]) == "five cars"
    assert slot_value([word("new", "NYC"), word("york", "")]) == "NYC"


def test_a_graph_whose_sentences_never_end_is_refused():
    loop = Network("loop", 2, {1: 60.0}, (Arc(0, 1, Kind.WORD), Arc(1, 1, Kind.WORD)))
    with pytest.raises(ValueError, match="hardly a sentence"):
        next(sentences(Graph("loop", (word("on"),), (loop,)), random.Random(1)))
