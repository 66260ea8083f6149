"""What the decoder understands, and what it refuses; its memory and its arithmetic hold for any length of talk."""

import math
import random

import numpy as np
import pytest
from synthetic_speech import phonemes_of, said_by, spoken, travel

from firmware.domain.binary import encode
from firmware.domain.graph import Add, Arc, DomainError, Graph, Kind, Multiply, Network, Word
from firmware.domain.phonemes import CLASS
from firmware.native.decoding import Decoder, DecoderConfig

ALL = DecoderConfig.shipped(reject_below_q8=0)


def frames(*classes: str, sure: int = -10, other: int = -2560) -> np.ndarray:
    """Log2-posteriors that are sure of a phoneme each, or of the blank, "-"."""
    rows = np.full((len(classes), 40), other, np.int16)
    for row, name in zip(rows, classes, strict=True):
        row[0 if name == "-" else CLASS[name]] = sure
    return rows


def one_network(words: tuple[Word, ...], *arcs: Arc, finals: dict[int, float] | None = None) -> bytes:
    states = 1 + max(max(arc.source, arc.target) for arc in arcs)
    return encode(Graph("test", words, (Network("root", states, finals or {states - 1: 0.0}, arcs),)))


def words(**said: str) -> tuple[Word, ...]:
    return tuple(Word(text, (tuple(phonemes.split()),)) for text, phonemes in said.items())


@pytest.fixture(scope="module")
def travellers() -> tuple[Graph, list[str]]:
    return travel()


@pytest.fixture(scope="module")
def others() -> tuple[Graph, list[str]]:
    """Of the same kind, with other words."""
    return travel(seed=99)


def test_equal_phonemes_need_a_blank_between_them():
    domain = one_network(words(aa="AA AA"), Arc(0, 1, Kind.WORD, 0))
    config = DecoderConfig.shipped(reject_below_q8=0, beam_q8=1 << 28)
    without = Decoder(domain, config).decode(frames("AA", "AA", "AA"))
    between = Decoder(domain, config).decode(frames("AA", "-", "AA"))
    assert between.score_q8 == -30
    assert without.score_q8 == -2560 - 20


def test_equal_phonemes_on_both_sides_of_a_word_boundary_do_too():
    domain = one_network(words(a="AA", b="AA B"), Arc(0, 1, Kind.WORD, 0), Arc(1, 2, Kind.WORD, 1))
    config = DecoderConfig.shipped(reject_below_q8=0, beam_q8=1 << 28)
    assert Decoder(domain, config).decode(frames("AA", "AA", "B")).text == ""
    assert Decoder(domain, config).decode(frames("AA", "AA", "AA", "B")).score_q8 == -2560 - 30
    assert Decoder(domain, config).decode(frames("AA", "-", "AA", "B")).score_q8 == -40


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_word_may_follow_the_second_best_where_the_best_ends_in_its_phoneme(order):
    said = words(da="D AA", db="D B", a="AA")
    domain = one_network(said, *(Arc(0, 1, Kind.WORD, i) for i in order), Arc(1, 2, Kind.WORD, 2))
    row = frames("D", "AA", "AA", other=-32000)
    row[1, CLASS["B"]] = -100
    assert Decoder(domain, ALL).decode(row).text == "db a"


def test_frames_of_words_are_where_their_phonemes_were():
    domain = one_network(words(ab="AA B", c="CH"), Arc(0, 1, Kind.WORD, 0), Arc(1, 2, Kind.WORD, 1))
    result = Decoder(domain).decode(frames("-", "-", "AA", "-", "B", "B", "-", "-", "CH", "-"))
    assert [(word.text, word.start, word.end) for word in result.words] == [("ab", 2, 6), ("c", 8, 9)]
    assert (result.start, result.end) == (2, 9)


def test_a_bigram_backs_off_to_words_that_it_has_not_seen_together():
    said = words(one="W AH N", two="T UW", three="TH R IY")
    back_off = 4
    arcs = [Arc(0, back_off, Kind.EPSILON)]
    arcs += [Arc(back_off, 1 + i, Kind.WORD, i, math.log(3)) for i in range(3)]
    arcs += [Arc(1 + i, back_off, Kind.EPSILON, 0, 1.0) for i in range(3)]
    arcs += [Arc(1, 2, Kind.WORD, 1, 0.1)]
    domain = one_network(said, *arcs, finals={1: 0.0, 2: 0.0, 3: 0.0})
    decoder = Decoder(domain, DecoderConfig.shipped(reject_below_q8=0, scale_q5=32))
    rows = {
        text: frames(*(p for word in text.split() for p in (*phonemes_of(of_words(said), word), "-")))
        for text in ("one two", "one three", "three one two")
    }
    results = {text: decoder.decode(row) for text, row in rows.items()}
    assert {text: result.text for text, result in results.items()} == {text: text for text in rows}
    start = 13 * 32  # ln 3 in eighths of an octave
    assert results["one two"].score_q8 == -10 * len(rows["one two"]) - start - 32
    assert results["one three"].score_q8 == -10 * len(rows["one three"]) - start - 12 * 32 - start


def of_words(said: tuple[Word, ...]) -> Graph:
    return Graph("words", said, (Network("all", 2, {1: 0.0}, (Arc(0, 1, Kind.WORD),)),))


DIGITS = "W AH N|T UW|TH R IY|F AO R|F AY V|S IH K S|S EH V AH N|EY T|N AY N"
NUMBERS = (
    *(Word(f"d{i}", (tuple(said.split()),), Add(i)) for i, said in enumerate(DIGITS.split("|"), start=1)),
    Word("ninety", (("N", "AY", "N", "T", "IY"),), Add(90)),
    Word("hundred", (("HH", "AH", "N", "D", "R", "AH", "D"),), Multiply(100)),
    Word("thousand", (("TH", "AW", "Z", "AH", "N", "D"),), Multiply(1000)),
    Word("million", (("M", "IH", "L", "Y", "AH", "N"),), Multiply(1000000)),
    Word("room", (("R", "UW", "M"),)),
    Word("oh", (("OW",),), "0"),
)


def room(said: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The root says `room` and calls a network that takes any of the words."""
    index = {word.text: i for i, word in enumerate(NUMBERS)}
    anything = tuple(Arc(s, 1, Kind.WORD, i) for s in (0, 1) for i in range(len(NUMBERS)) if i != index["room"])
    root = Network("root", 3, {2: 0.0}, (Arc(0, 1, Kind.WORD, index["room"]), Arc(1, 2, Kind.CALL, 1, 0.0, "number")))
    graph = Graph("rooms", NUMBERS, (root, Network("number", 2, {1: 0.0}, anything)))
    row = frames(*(p for word in said.split() for p in (*phonemes_of(graph, word), "-")))
    result = Decoder(encode(graph), ALL).decode(row)
    return result.text, result.slots


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("d9 thousand d9 hundred ninety d9", "9999"),
        ("hundred", "100"),
        ("thousand d1", "1001"),
        ("d2 hundred thousand", "200000"),
        ("ninety d9 million d3", "99000003"),
        ("ninety oh", "ninety 0"),
        ("oh oh", "0 0"),
        ("d9" + " hundred" * 12, "d9" + " hundred" * 12),
    ],
)
def test_slots_are_numbers_or_texts(said, value):
    assert room(f"room {said}") == (f"room {said}", (("number", value),))


def test_a_slot_that_is_called_again_is_another_one():
    said = words(a="AA", b="B")
    twice = Network("root", 2, {1: 0.0}, (Arc(0, 1, Kind.CALL, 1, 0.0, "x"), Arc(1, 1, Kind.CALL, 1, 0.0, "x")))
    either = Network("either", 2, {1: 0.0}, (Arc(0, 1, Kind.WORD, 0), Arc(0, 1, Kind.WORD, 1)))
    result = Decoder(encode(Graph("d", said, (twice, either))), ALL).decode(frames("AA", "-", "B", "-", "AA"))
    assert result.slots == (("x", "a"), ("x", "b"), ("x", "a"))


def test_an_empty_optional_part_has_no_slot():
    said = words(a="AA", b="B")
    maybe = Network("maybe", 2, {0: 0.0, 1: 0.0}, (Arc(0, 1, Kind.WORD, 0),))
    root = Network("root", 3, {2: 0.0}, (Arc(0, 1, Kind.CALL, 1, 0.0, "x"), Arc(1, 2, Kind.WORD, 1)))
    decoder = Decoder(encode(Graph("d", said, (root, maybe))), ALL)
    assert decoder.decode(frames("B")).slots == ()
    assert decoder.decode(frames("AA", "B")).slots == (("x", "a"),)


@pytest.mark.parametrize("rows", [np.zeros((0, 40), np.int16), frames("-"), frames(*"-" * 40)])
def test_where_nothing_was_said_nothing_is_heard(rows):
    result = Decoder(one_network(words(a="AA"), Arc(0, 1, Kind.WORD, 0)), ALL).decode(rows)
    assert (result.text, result.words, result.confidence_q8) == ("", (), 0)


def test_half_a_phrase_is_none():
    domain = one_network(words(a="AA", b="B"), Arc(0, 1, Kind.WORD, 0), Arc(1, 2, Kind.WORD, 1))
    assert Decoder(domain).decode(frames("AA", "-", "-", "-")).text == ""
    assert Decoder(domain, ALL).decode(frames("AA", "-", "-", "-", other=-32000)).text == ""


def test_a_traveller_is_understood(travellers):
    graph, patterns = travellers
    decoder, rng, chosen = Decoder(encode(graph)), np.random.default_rng(1), random.Random(1)
    said = [said_by(chosen, chosen.choice(patterns)) for _ in range(60)]
    heard = [decoder.decode(spoken(phonemes_of(graph, text), rng, 0.8)).text for text in said]
    assert sum(a == b for a, b in zip(said, heard, strict=True)) >= 57
    assert decoder.lost == 0


def test_talk_outside_of_the_domain_is_rejected(travellers, others):
    graph, _ = travellers
    other, patterns = others
    decoder, rng, chosen = Decoder(encode(graph)), np.random.default_rng(2), random.Random(2)
    for _ in range(60):
        result = decoder.decode(spoken(phonemes_of(other, said_by(chosen, chosen.choice(patterns))), rng, 0.8))
        assert (result.text, result.slots, result.words) == ("", (), ())


def test_noise_is_rejected(travellers):
    decoder, rng = Decoder(encode(travellers[0])), np.random.default_rng(3)
    for _ in range(20):
        logits = rng.normal(0, 1.5, (80, 40))
        octaves = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))) / math.log(2)
        assert decoder.decode(np.rint(256 * octaves).astype(np.int16)).text == ""


def test_one_wrong_word_lowers_the_confidence_of_a_right_sentence(travellers, others):
    graph, patterns = travellers
    decoder, chosen = Decoder(encode(graph), ALL), random.Random(4)
    right, wrong = [], []
    for seed in range(40):
        said = said_by(chosen, chosen.choice([p for p in patterns if len(p.split()) >= 5])).split()
        at = chosen.randrange(len(said))
        odd = chosen.choice(others[0].words).pronunciations[0]
        row = [p for i, word in enumerate(said) for p in (odd if i == at else phonemes_of(graph, word))]
        right.append(decoder.decode(spoken(phonemes_of(graph, " ".join(said)), np.random.default_rng(seed), 0.8)))
        wrong.append(decoder.decode(spoken(row, np.random.default_rng(seed), 0.8)))
    assert np.median([r.confidence_q8 for r in right]) > 200
    heard = [r for r in wrong if r.text]
    assert len(heard) >= 15
    assert np.median([r.confidence_q8 for r in heard]) < 77
    assert all(r.worst_q8 <= r.average_q8 for r in heard)


def test_partials_grow_and_what_is_stable_stays(travellers):
    graph, patterns = travellers
    decoder, rng, chosen = Decoder(encode(graph), ALL), np.random.default_rng(5), random.Random(5)
    grew = 0
    for _ in range(30):
        said = said_by(chosen, chosen.choice([p for p in patterns if len(p.split()) >= 4]))
        result = decoder.decode(spoken(phonemes_of(graph, said), rng, 0.6), partial_each=2)
        stable = ""
        for partial in result.partials:
            assert partial.text.startswith(stable)
            stable = partial.text[: partial.stable]
        assert result.text.startswith(stable)
        grew += len({p.text for p in result.partials}) > 2
    assert grew >= 25


def test_a_phrase_is_complete_at_its_end_and_not_before():
    domain = one_network(words(a="AA", bc="B CH"), Arc(0, 1, Kind.WORD, 0), Arc(1, 2, Kind.WORD, 1))
    result = Decoder(domain).decode(frames("-", "AA", "-", "B", "-", "CH", "-"), partial_each=1)
    assert [partial.complete for partial in result.partials] == [False] * 5 + [True] * 2


def loop(*said: Word) -> bytes:
    """Any of the words, again and again."""
    count = range(len(said))
    arcs = (*(Arc(0, 1, Kind.WORD, i) for i in count), *(Arc(1, 1, Kind.WORD, i) for i in count))
    return one_network(said, *arcs)


def test_half_an_hour_of_frames_leaves_scores_where_they_were():
    """A phrase after it has the score and the margins that it has alone, though sums have gone round 32 bits."""
    domain = one_network(words(ab="AA B"), Arc(0, 1, Kind.WORD, 0))
    decoder = Decoder(domain, ALL)
    silence = np.full((31 * 60 * 30, 40), -30000, np.int16)
    silence[:, 1:] = -32768
    alone = decoder.decode(frames("AA", "B"))
    decoder.restart()
    decoder.frames(silence)
    decoder.frames(frames("AA", "B"))
    late = decoder.finish()
    assert late.text == alone.text == "ab"
    assert (late.average_q8, late.worst_q8, late.confidence_q8) == (
        alone.average_q8,
        alone.worst_q8,
        alone.confidence_q8,
    )
    assert (late.start, late.end) == (len(silence), len(silence) + 2)


def test_half_an_hour_of_words_says_that_it_is_too_long_and_never_forgets_the_first():
    decoder = Decoder(loop(*words(ab="AA B", cd="CH D")), ALL)
    decoder.frames(frames("AA", "B", "-"))
    assert not decoder.full()
    more = frames("CH", "D", "-", "-", "AA", "B", "-")
    decoder.frames(np.tile(more, (31 * 60 * 30 // len(more), 1)))
    assert decoder.full()
    result = decoder.finish()
    assert result.truncated
    assert len(result.words) == 96
    assert result.text.startswith("ab cd ab cd ab")
    assert [word.text for word in result.words] == ["ab", "cd"] * 48


def test_a_full_history_costs_the_worst_paths_first():
    """Hundreds of words that all sound alike fill every pool; the one that sounds best is still found."""
    alike = tuple(Word(f"w{i}", (tuple(p.split()),)) for i, p in enumerate(["AA B"] * 250 + ["AA D"]))
    decoder = Decoder(loop(*alike), ALL)
    row = frames("AA", "-", "D", "-", other=-1000)
    row[2, CLASS["B"]] = -200
    for _ in range(20):
        decoder.frames(row)
        assert decoder.tokens <= 384
    result = decoder.finish()
    assert result.text == " ".join(["w250"] * 20)


def test_a_history_that_is_swept_again_and_again_keeps_its_room():
    said = words(ab="AA B", cd="CH D")
    arcs = [Arc(s, 1, Kind.WORD, i, 2.0) for s in (0, 1) for i in (0, 1)]
    decoder = Decoder(one_network(said, *arcs), ALL)
    decoder.frames(frames("AA", "B"))
    maybe = frames("-", "-", "-", "-", "-", "-")
    maybe[1, CLASS["CH"]] = maybe[2, CLASS["D"]] = maybe[4, CLASS["AA"]] = maybe[5, CLASS["B"]] = -700
    for _ in range(6):
        decoder.frames(np.tile(maybe, (8000, 1)))
    assert not decoder.full()
    assert decoder.finish().text == "ab"


def test_a_crowded_beam_keeps_the_best(travellers):
    graph, patterns = travellers
    wide = DecoderConfig.shipped(beam_q8=100 * 256, tokens=384, reject_below_q8=0)
    narrow = DecoderConfig.shipped(beam_q8=100 * 256, tokens=40, reject_below_q8=0)
    rng, chosen = np.random.default_rng(6), random.Random(6)
    for _ in range(20):
        said = said_by(chosen, chosen.choice(patterns))
        row = spoken(phonemes_of(graph, said), rng, 0.8)
        for config in (wide, narrow):
            decoder = Decoder(encode(graph), config)
            assert decoder.decode(row).text == said
            assert decoder.tokens <= config.tokens


def test_the_same_frames_give_the_same_result_whatever_came_before(travellers):
    graph, patterns = travellers
    rng, chosen = np.random.default_rng(7), random.Random(7)
    rows = [spoken(phonemes_of(graph, said_by(chosen, chosen.choice(patterns))), rng, 0.5) for _ in range(10)]
    used = Decoder(encode(graph), ALL)
    assert [used.decode(row, partial_each=3) for row in rows] == [
        Decoder(encode(graph), ALL).decode(row, partial_each=3) for row in rows
    ]


def test_a_text_longer_than_a_result_is_cut_at_a_word():
    long = Word("x" * 60, (("AA",),))
    result = Decoder(loop(long), ALL).decode(frames(*["AA", "-"] * 5))
    assert result.text == " ".join(["x" * 60] * 3)
    assert result.truncated


def test_more_slots_than_a_result_has_are_said_to_be_cut():
    said = words(a="AA")
    root = Network("root", 2, {1: 0.0}, (Arc(0, 1, Kind.CALL, 1, 0.0, "x"), Arc(1, 1, Kind.CALL, 1, 0.0, "x")))
    one = Network("one", 2, {1: 0.0}, (Arc(0, 1, Kind.WORD, 0),))
    result = Decoder(encode(Graph("d", said, (root, one))), ALL).decode(frames(*["AA", "-"] * 9))
    assert result.slots == (("x", "a"),) * 8
    assert result.truncated


@pytest.mark.parametrize("rows", [np.zeros((3, 39), np.int16), np.zeros((3, 40), np.int32), np.zeros(40, np.int16)])
def test_frames_of_another_shape_are_refused(rows):
    with pytest.raises(ValueError, match=r"not .*int16.* \[frames, 40\]"):
        Decoder(loop(*words(a="AA"))).decode(rows)


def test_a_setting_that_its_field_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="tokens is 70000"):
        Decoder(loop(*words(a="AA")), DecoderConfig.shipped(tokens=70000))


def test_no_domain_is_refused():
    with pytest.raises(DomainError, match="no compiled domain"):
        Decoder(b"")
