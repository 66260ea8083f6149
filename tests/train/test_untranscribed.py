"""Transcripts for speech that has none: which phrases are trusted, and that what is decoded once stays."""

import json

import pytest
from speech_samples import write_corpus

from firmware.domain.phonemes import CLASS
from train import corpora, untranscribed
from train.untranscribed import EDGE_S, Phrase, transcribed, trusted

DICTIONARY = {
    "the": ("DH", "AH"),
    "the(2)": ("DH", "IY"),
    "old": ("OW", "L", "D"),
    "man": ("M", "AE", "N"),
    "sea": ("S", "IY"),
}
SILENCE = ("<sil>", 90, 99, 1.0)


def words(*rows, start=100):
    """Words of ten frames each, one behind the other."""
    return [(word, start + 10 * i, start + 10 * i + 9, p) for i, (word, p) in enumerate(rows)]


def test_a_sure_phrase_is_kept_with_its_times_words_and_the_pronunciation_heard():
    sure = words(("the(2)", 0.9), ("old", 0.8), ("man", 0.9))
    assert trusted([SILENCE, *sure, ("</s>", 130, 140, 1.0)], DICTIONARY) == [
        Phrase(1.0 - EDGE_S, 1.29 + EDGE_S, "the old man", ("DH", "IY", "OW", "L", "D", "M", "AE", "N"))
    ]


def test_pauses_and_noises_part_phrases():
    first, second = (words(("the", 0.9), ("old", 0.9), ("sea", 0.9), start=start) for start in (100, 200))
    for between in ("<sil>", "[NOISE]", "[SPEECH]", "<s>"):
        found = trusted([*first, (between, 130, 199, 0.5), *second], DICTIONARY)
        assert [phrase.start for phrase in found] == pytest.approx([0.95, 1.95])


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([("the", 0.9), ("old", 0.9)], "too few words"),
        ([("the", 0.6), ("old", 0.6), ("man", 0.5)], "not probable enough in the mean"),
        ([("the", 0.1), ("old", 0.99), ("man", 0.99), ("sea", 0.99)], "too large a share of doubtful words"),
        ([("the", 0.9), ("old", 0.9), ("mariner", 0.9)], "a word without a pronunciation"),
    ],
)
def test_a_phrase_in_doubt_is_dropped_and_the_next_one_is_not(rows, why):
    good = words(("the", 0.9), ("old", 0.9), ("man", 0.9), start=500)
    found = trusted([*words(*rows), SILENCE, *good], DICTIONARY)
    assert [phrase.text for phrase in found] == ["the old man"], why


def test_one_doubtful_word_among_many_is_let_pass():
    rows = [("the", 0.9), ("old", 0.9), ("man", 0.9)] * 2 + [("sea", 0.1)]
    assert len(trusted(words(*rows), DICTIONARY)) == 1


def test_a_phrase_at_the_very_start_does_not_start_before_it():
    (found,) = trusted(words(("the", 0.9), ("old", 0.9), ("man", 0.9), start=0), DICTIONARY)
    assert found.start == 0.0


@pytest.fixture
def clips(tmp_path):
    write_corpus(tmp_path, "some", [{"text": "", "offset": 0.1, "duration": 0.6}] * 3)
    return corpora.clips("some", ["train"], tmp_path)


def test_phrases_become_clips_of_their_own_within_theirs(tmp_path, clips):
    cache = tmp_path / "some.jsonl.cache"
    rows = [[[0.1, 0.4, "the sea", "DH AH S IY"]], [], [[0.3, 9.0, "old", "OW L D"]]]
    cache.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (first, phonemes), (second, _) = transcribed(clips, cache)
    assert (first.path, first.text, phonemes) == (clips[0].path, "the sea", ("DH", "AH", "S", "IY"))
    assert (first.offset, first.duration) == pytest.approx((0.2, 0.3))
    assert (second.path, second.offset, second.duration) == (clips[2].path, pytest.approx(0.4), pytest.approx(0.3))
    assert len(second.pcm()) == pytest.approx(0.3 * 16000, abs=1)


def test_only_what_the_cache_lacks_is_decoded(tmp_path, clips, monkeypatch):
    cache = tmp_path / "folder" / "some.jsonl"
    told = []
    transcribed(clips[:2], cache, told.append)
    assert told == [1, 2]
    transcribed(clips, cache, told.append)
    assert told == [1, 2, 3]
    monkeypatch.setattr(untranscribed, "_decode", lambda *_: pytest.fail("decoded again"))
    transcribed(clips, cache)


def test_a_line_that_was_cut_off_is_decoded_again(tmp_path, clips):
    cache = tmp_path / "some.cache"
    cache.write_text('[]\n[[0.1, 0.4, "the s')
    told = []
    transcribed(clips, cache, told.append)
    assert told == [2, 3]
    assert cache.read_text().startswith("[]\n")
    assert len(cache.read_text().splitlines()) == 3


def test_pocketsphinx_transcribes_a_clear_recording(tmp_path, data):
    clip = corpora.clips("librispeech251", ["train"])[0]
    found = transcribed([clip], tmp_path / "cache")
    for part, phonemes in found:
        assert clip.offset <= part.offset < part.offset + part.duration <= clip.offset + clip.duration + 1e-6
        assert len(part.text.split()) >= untranscribed.LEAST_WORDS
        assert len(phonemes) >= len(part.text.split())


def test_pocketsphinxs_dictionary_has_our_phonemes_and_no_others():
    dictionary = untranscribed.pronunciations()
    assert len(dictionary) > 100_000
    assert {phoneme for row in dictionary.values() for phoneme in row} == set(CLASS)
