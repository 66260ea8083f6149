"""Sentences to speak: words that the dictionary knows, from a seed, of all the kinds that are promised."""

import json
import random
import re

import pytest

from train import pronunciation, sentences
from train.sentences import Sentence, Sentences


def drawn(count, seed=1, texts=()):
    source, random_ = Sentences(list(texts)), random.Random(seed)
    return [source.draw(random_).text for _ in range(count)]


def test_the_same_seed_gives_the_same_sentences_and_another_others():
    assert drawn(30) == drawn(30)
    assert drawn(30) != drawn(30, seed=2)


def test_every_word_has_an_entry_in_the_dictionary():
    for text in drawn(400):
        words = text.split()
        assert 1 <= len(words) <= sentences.LONGEST_WORDS
        assert all(pronunciation.in_dictionary(word) for word in words)
        assert pronunciation.words(text) == words


def test_many_sentences_differ():
    assert len(set(drawn(500))) > 400


def test_the_corpora_are_spoken_where_there_are_any():
    assert "the very own sentence" in drawn(100, texts=["The very own sentence."])
    assert "the very own sentence" not in drawn(100)


def test_only_training_texts_are_taken(tmp_path, monkeypatch):
    lines = [{"text": "learn this", "split": "train"}, {"text": "never this", "split": "test"}, {"split": "train"}]
    (tmp_path / "an4.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setenv("EARSHOT_DATA", str(tmp_path))
    assert sentences.corpus_texts() == ["learn this"]
    monkeypatch.delenv("EARSHOT_DATA")
    assert sentences.corpus_texts() == []


def test_every_template_and_list_is_of_words_in_the_dictionary():
    phrases = sentences._phrases()
    listed = [entry for entries in phrases["lists"].values() for entry in entries]
    written = [re.sub(r"\{\w+\}", " ", t) for templates in phrases["templates"].values() for t in templates]
    unknown = {w for text in listed + written for w in pronunciation.words(text) if not pronunciation.in_dictionary(w)}
    assert not unknown


def test_every_template_can_be_filled_and_leaves_no_mark():
    random_ = random.Random(3)
    for templates in sentences._phrases()["templates"].values():
        for template in templates:
            for _ in range(3):
                assert not re.search(r"[(){}\[\]|]", sentences.expanded(template, random_)), template


@pytest.mark.parametrize("name", sorted(sentences.MADE))
def test_what_is_made_is_said_in_words(name):
    random_ = random.Random(4)
    made = [sentences.MADE[name](random_) for _ in range(200)]
    assert len(set(made)) > 10
    for text in made:
        assert re.fullmatch(r"[a-z]+('[a-z]+)?( [a-z]+('[a-z]+)?)*", text), text
    if name != "spelled":
        assert all(pronunciation.in_dictionary(word) for text in made for word in text.split())


def test_the_engine_reads_the_letter_a_by_its_name():
    assert Sentence("a c a").spoken() == "eigh c eigh"
    assert Sentence("a cat").spoken() == "a cat"
