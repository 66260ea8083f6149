"""Where pronunciations come from, and that guesses are shown."""

import pytest

from train.domains.build import build_text
from train.domains.errors import TextError


def said(text, word):
    """The word's pronunciations in a compiled domain, and the warnings."""
    built = build_text("some", "some.txt", text.encode())
    (found,) = {w.pronunciations for w in built.graph.words if w.text == word}
    return [" ".join(p) for p in found], built.warnings


def test_the_dictionary_s_variants_are_kept():
    found, warnings = said("either way", "either")
    assert set(found) == {"IY DH ER", "AY DH ER"}
    assert warnings == ()


def test_own_lines_go_before_the_dictionary_and_may_be_several():
    found, warnings = said("tomato : T AH0 M AA1 T OW0 | t ah m ey t ow\ntomato : M AA T OW\ntomato", "tomato")
    assert found == ["T AH M AA T OW", "T AH M EY T OW", "M AA T OW"]
    assert warnings == ()


def test_a_guess_is_shown_with_its_place_as_a_line_to_copy():
    found, (warning,) = said("one frobnicle\nfrobnicle two", "frobnicle")
    assert warning.startswith("some.txt:1:5: warning: 'frobnicle' is in no dictionary; guessed")
    line = warning.splitlines()[1].strip()
    assert line == f"frobnicle : {found[0]}"
    assert said(f"one frobnicle\n{line}", "frobnicle") == (found, ())


@pytest.mark.parametrize(
    ("word", "sounds", "sure"),
    [
        ("check-in", "CH EH K IH N", True),
        ("tourists'", "T UH R IH S T S", True),
        ("zurich's", "Z UH R IH K S", True),
        ("café", "K AH F EY", False),
        ("747", "S EH V AH N F AO R T IY S EH V AH N", False),
        ("21st", "T W EH N T IY F ER S T", False),
        ("2nd", "S EH K AH N D", False),
    ],
)
def test_words_are_taken_apart_before_they_are_guessed(word, sounds, sure):
    found, warnings = said(f"the {word}", word)
    assert sounds in found
    assert (warnings == ()) == sure


def test_the_letter_of_the_built_in_list_is_not_the_article():
    built = build_text("some", "some.txt", b"@use letters\na table\nspell <letter>{2}")
    found = {word.pronunciations for word in built.graph.words if word.text == "a"}
    assert (("EY",),) in found
    assert (("AH",), ("EY",)) in found


def test_own_lines_also_hold_in_built_in_lists_that_have_none_themselves():
    found, _ = said("@use numbers\n{number}\nnine : N AY N ER", "nine")
    assert found == ["N AY N ER"]


def test_what_is_of_no_use_is_a_warning():
    _, warnings = said("hello\ngyros : Y IH R OW S\n<a> = b", "hello")
    assert [warning.partition(": ")[0] for warning in warnings] == ["some.txt:2:1", "some.txt:3:1"]


def test_a_word_too_long_to_be_said_at_once_is_refused_where_it_stands():
    with pytest.raises(TextError, match=r"^some.txt:1:5: .*more than 32 phonemes.*several words"):
        said("the one-two-three-four-five-six-seven-eight-nine-ten-eleven", "the")
