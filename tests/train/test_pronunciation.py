"""Words to phonemes: the dictionary first, espeak-ng beyond it, both in the alphabet that the network speaks."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.domain.phonemes import CLASS
from train import numerals, pronunciation
from train.pronunciation import PronunciationError


def said(word):
    return [" ".join(variant) for variant in pronunciation.pronunciations([word])[word]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don\u2019t stop!", ["don't", "stop"]),
        ("rubout z y t l 51", ["rubout", "z", "y", "t", "l", "fifty", "one"]),
        ("1,250 euros at 10:05", ["one", "thousand", "two", "hundred", "fifty", "euros", "at", "ten", "zero", "five"]),
        ("the U.S.A. well-known", ["the", "u", "s", "a", "well", "known"]),
        ("'tis o'clock", ["'tis", "o'clock"]),
        ("Caf\u00e9", ["caf\u00e9"]),
        (" ... '  ", []),
    ],
)
def test_a_text_becomes_the_dictionarys_words(text, words):
    assert pronunciation.words(text) == words


@settings(deadline=None)
@given(st.text())
def test_any_text_becomes_words_of_letters_and_stays_so(text):
    words = pronunciation.words(text)
    assert all(word == word.lower() and not any(c.isdigit() or c.isspace() for c in word) for word in words)
    assert pronunciation.words(" ".join(words)) == words


def test_all_variants_come_without_stress_and_without_repeats():
    assert said("the") == ["DH AH", "DH IY"]
    assert said("read") == ["R EH D", "R IY D"]
    assert said("a") == ["AH", "EY"]
    assert said("x") == ["EH K S"]


def test_an_accent_does_not_hide_a_word_from_the_dictionary():
    assert pronunciation.in_dictionary("caf\u00e9")
    assert said("caf\u00e9") == said("cafe")


def test_the_whole_dictionary_is_in_the_networks_alphabet():
    for variants in pronunciation.dictionary().values():
        for variant in variants:
            assert variant
            assert set(variant) <= CLASS.keys()


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("frobnicate", "F R AA B N IH K EY T"),
        ("zorgle", "Z AO R G AH L"),
        ("blutton", "B L AH T AH N"),
        ("snurchy", "S N ER CH IY"),
    ],
)
def test_a_word_beyond_the_dictionary_is_guessed(word, phonemes):
    assert not pronunciation.in_dictionary(word)
    assert said(word) == [phonemes]


def test_guesses_agree_with_the_dictionary_where_both_know_a_word():
    common = [
        "water",
        "station",
        "ticket",
        "hotel",
        "please",
        "where",
        "church",
        "judge",
        "young",
        "vision",
        "king",
        "thing",
        "this",
        "boat",
        "coffee",
        "butter",
    ]
    for word in common:
        assert pronunciation.guessed([word])[word] in pronunciation.dictionary()[word]


def test_many_words_are_guessed_in_few_processes(monkeypatch):
    calls = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: calls.append(a) or run(*a, **k))
    vocabulary = [f"{a}{b}om" for a in ("zv", "kl", "br", "sn") for b in ("iff", "orr", "all", "unt")]
    assert len(pronunciation.guessed(vocabulary)) == len(vocabulary)
    assert len(calls) == 1
    pronunciation.guessed(vocabulary)
    assert len(calls) == 1


def test_a_word_read_as_two_clauses_does_not_shift_its_neighbours():
    found = pronunciation.guessed(["quarblex", "vim. zorb", "glimpf"])
    assert found["glimpf"] == pronunciation.guessed(["glimpf"])["glimpf"]
    assert found["quarblex"][0] == "K"


def test_no_espeak_is_said_with_the_package_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PronunciationError, match="apt-get install espeak-ng"):
        pronunciation.pronunciations(["qwertzing"])
    assert said("hello")


def test_mnemonics_that_espeak_writes_without_its_separator_are_told_apart():
    assert " ".join(pronunciation.from_espeak("_!w_I_D_,I_n t_tS_@ tk_l_'V_s")) == "W IH DH IH N T CH AH T K L AH S"
    assert pronunciation.from_espeak("(fr)_(en-us)_ n_'i@3_r_3") == ("N", "IH", "R", "ER")


@pytest.mark.parametrize(
    ("text", "first"),
    [("m o n i c a", "EY"), ("a b", "EY"), ("a cat", "AH"), ("i saw a cat", "AH"), ("am i a fool", "AH")],
)
def test_an_a_among_letters_is_the_letter(text, first):
    at = text.split().index("a")
    assert pronunciation.sentence(text)[at][0] == (first,)


def test_an_unknown_mnemonic_is_named():
    with pytest.raises(PronunciationError, match="'§§'"):
        pronunciation.from_espeak("h_@_§§")


def test_it_needs_no_torch():
    code = "import sys; sys.modules['torch'] = None; import train.pronunciation as p; print(p.sentence('go')[0][0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "('G', 'OW')"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (342, "three hundred forty two"),
        (1005, "one thousand five"),
        (9999, "nine thousand nine hundred ninety nine"),
        (2_000_000, "two million"),
    ],
)
def test_numbers_are_said_as_americans_do(number, words):
    assert numerals.cardinal(number) == words


def test_the_british_and_ordinals():
    assert numerals.cardinal(1342, conjunction=True) == "one thousand three hundred and forty two"
    assert numerals.cardinal(1005, conjunction=True) == "one thousand and five"
    assert [numerals.ordinal(n) for n in (1, 12, 20, 23)] == ["first", "twelfth", "twentieth", "twenty third"]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**12 - 2))
def test_every_word_of_a_number_is_in_the_dictionary(number):
    assert all(pronunciation.in_dictionary(word) for word in numerals.cardinal(number).split())
    assert all(
        pronunciation.in_dictionary(word) for word in numerals.ordinal(number + 1).split() if number < 10**12 - 1
    )
