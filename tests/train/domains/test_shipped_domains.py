"""The shipped domains: they are compiled afresh, and hold what they promise."""

import json
import random
from itertools import islice

import pytest

from firmware.domain.binary import BYTES_MAX, decode
from train.cli import MODELS
from train.domains.build import build_text
from train.domains.sampling import accepted, sentences

FOLDER = MODELS / "domains"
NAMES = ["travel", "alphanumeric", "commands"]


@pytest.fixture(scope="module")
def built():
    files = {name: FOLDER / f"{name}.txt" for name in NAMES}
    return {name: build_text(name, str(file), file.read_bytes()) for name, file in files.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_file_is_that_of_the_text(built, name):
    assert (FOLDER / f"{name}.domain").read_bytes() == built[name].binary, (
        f"run: train domain {name}.txt -o {name}.domain"
    )
    assert len(built[name].binary) <= BYTES_MAX
    assert built[name].warnings == ()


@pytest.mark.parametrize("name", NAMES)
def test_what_it_says_it_understands(built, name):
    graph = decode(built[name].binary)
    for sentence in islice(sentences(graph, random.Random(1)), 100):
        assert accepted(graph, sentence.text)


TRAVEL = [
    ("Where is the nearest pharmacy?", "place=pharmacy"),
    ("How do I get to the train station from here?", "place=train station"),
    ("I'd like a double room for two nights, please.", "room=double room nights=2"),
    ("Can I have the check, please?", ""),
    ("I would like some orange juice", "drink=orange juice"),
    ("I'm allergic to peanuts", "allergen=peanuts"),
    ("How much does this sweater cost?", "item=sweater"),
    ("I'd like a round trip ticket to New York, please", "to=new york"),
    ("What time does the next train to Berlin leave?", "vehicle=train city=berlin"),
    ("My flight is delayed", ""),
    ("Call the police!", ""),
    ("Someone stole my passport", "belonging=passport"),
    ("My stomach hurts", "body-part=stomach"),
    ("It is half past five", "time=530"),
    ("nine thousand nine hundred ninety nine", "number=9999"),
    ("Take me to the airport, please", "place=airport"),
    ("Do you speak English?", "language=english"),
    ("A table for four at seven thirty p.m.", "people=4 time=1930"),
    ("Where is gate twelve?", "gate=12"),
    ("I'll give you twenty dollars", "price=twenty dollars"),
    ("Good morning", ""),
    ("I need a doctor", ""),
]


@pytest.mark.parametrize(("sentence", "slots"), TRAVEL)
def test_travel_knows_what_travellers_say(built, sentence, slots):
    found = accepted(built["travel"].graph, sentence)
    assert found is not None
    assert " ".join(f"{name}={value}" for name, value in found.slots) == slots


def test_travel_has_three_hundred_phrases(built):
    assert built["travel"].phrases >= 300


def test_alphanumeric_knows_what_forms_are_filled_with(built, data):
    """The transcripts of AN4's training split, nearly all of them; the test split is for the recogniser's test."""
    clips = [json.loads(line) for line in (data / "an4.jsonl").read_text().splitlines()]
    texts = [clip["text"] for clip in clips if clip["split"] == "train"]
    missing = [text for text in texts if not accepted(built["alphanumeric"].graph, text)]
    assert len(missing) <= 0.01 * len(texts), missing


def test_commands_have_their_slots(built):
    graph = built["commands"].graph
    assert accepted(graph, "set a timer for twenty five minutes").slots == (("count", "25"), ("unit", "minutes"))
    assert accepted(graph, "turn off the kitchen lights").slots == (("light", "kitchen lights"),)
    assert accepted(graph, "volume up")
