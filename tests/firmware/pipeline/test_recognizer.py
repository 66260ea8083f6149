"""The recogniser with a network that hears tones: nothing said is lost, wherever a segment starts, ends or is cut."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.domain.binary import encode
from firmware.domain.graph import Arc, Graph, Kind, Network, Word
from firmware.link import Config
from firmware.native import CHUNK
from firmware.native.library import aligned, load
from tests.firmware.pipeline.tones import FACTS, Features, library, said, silence

FFI, LIBRARY = load()
FFI.cdef("extern struct nn_model tones_model;")
CATCH_UP_CALLS = 4
CUT_FRAMES = 625
RING_CHUNKS = 128
SETTLE_FRAMES = 2

WORDS = {
    "one": ("W", "AH", "N"),
    "two": ("T", "UW"),
    "three": ("TH", "R", "IY"),
    "four": ("F", "AO", "R"),
    "five": ("F", "AY", "V"),
    "six": ("S", "IH", "K"),
}
LETTERS = {word: chr(ord("a") + i) for i, word in enumerate(WORDS)}
"""The words as they are shown: one letter each, so that many of them fit into a text."""


def domain() -> bytes:
    """Any words in any order."""
    words = tuple(Word(LETTERS[word], (phonemes,)) for word, phonemes in WORDS.items())
    arcs = [Arc(0, 1, Kind.WORD, i, 1.0) for i in range(len(words))]
    arcs += [Arc(1, 1, Kind.WORD, i, 1.0) for i in range(len(words))]
    return encode(Graph("numbers", words, (Network("root", 2, {1: 0.5}, tuple(arcs)),)))


def spoken(words: list[str], pause: int = 2) -> Features:
    """The words, each with a pause of so many chunks behind it."""
    return np.concatenate([row for word in words for row in (said(*WORDS[word]), silence(pause))])


@dataclass
class Transcript:
    start: int  # chunks
    end: int
    words: list[str]


class Recognizer:
    """recognizer.c with the network that hears tones."""

    def __init__(self, network: Path) -> None:
        self._tones = FFI.dlopen(str(network))
        self.model = self._tones.tones_model
        self._owner, arena = aligned(FFI, self.model.arena_bytes)
        self.c = FFI.new("struct recognizer *")
        self.report = FFI.new("struct recognizer_report *")
        assert LIBRARY.recognizer_init(self.c, FFI.addressof(self.model), arena, self.model.arena_bytes)
        self._bytes = FFI.new("uint8_t[]", domain())
        self._domain = FFI.new("struct domain *")
        assert LIBRARY.domain_load(self._domain, self._bytes, len(domain())) == LIBRARY.DOMAIN_SOUND
        LIBRARY.recognizer_use(self.c, self._domain)

    def hear(self, features: Features) -> None:
        """Keeps chunks."""
        for row in features:
            LIBRARY.recognizer_hear(self.c, FFI.from_buffer("int16_t[]", np.ascontiguousarray(row)))

    def open(self, chunk: int) -> None:
        assert LIBRARY.recognizer_open(self.c, chunk * CHUNK)

    def work(self, speech_end: int = 0) -> Any:
        assert LIBRARY.recognizer_work(self.c, speech_end * CHUNK, self.report)
        return self.report

    def pause(self) -> bool:
        """Looks behind it: whether a whole phrase may have ended."""
        assert LIBRARY.recognizer_pause(self.c, self.report)
        return bool(LIBRARY.recognizer_complete(self.c))

    def resume(self) -> None:
        LIBRARY.recognizer_resume(self.c)

    def close(self, chunk: int) -> Transcript:
        assert LIBRARY.recognizer_close(self.c, chunk * CHUNK, self.report)
        assert self.report.ended
        return self.transcript()

    def transcript(self) -> Transcript:
        """The last one that ended."""
        final = self.c.final
        assert (final.start % CHUNK, final.end % CHUNK) == (0, 0)
        text = FFI.string(final.said.text).decode()
        names = {letter: word for word, letter in LETTERS.items()}
        return Transcript(final.start // CHUNK, final.end // CHUNK, [names[letter] for letter in text.split()])


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("tones"))


@pytest.fixture
def recognizer(network: Path) -> Recognizer:
    return Recognizer(network)


PHRASE = ["three", "one", "six", "two"]


@pytest.mark.parametrize("phase", range(4))
@pytest.mark.parametrize("opened_after", [0, 5, 14, 40])
def test_a_phrase_is_written_down_with_its_place_wherever_it_falls_in_a_call(
    recognizer: Recognizer, phase: int, opened_after: int
) -> None:
    lead, start = 20 + phase, 15
    features = np.concatenate([silence(lead), spoken(PHRASE), silence(12)])
    said_until = len(features) - 12 - 2
    opens = min(start + opened_after, said_until)
    recognizer.hear(features[:opens])
    recognizer.open(start)
    recognizer.work()
    for row in features[opens:]:
        recognizer.hear(row[None])
        recognizer.work()
    assert recognizer.close(said_until) == Transcript(lead, said_until, PHRASE)


def test_a_gate_that_closes_at_once_loses_no_end(recognizer: Recognizer) -> None:
    features = np.concatenate([silence(8), said(*WORDS["two"])])
    recognizer.hear(features)
    recognizer.open(3)
    assert recognizer.close(len(features)).words == ["two"]
    assert recognizer.report.calls * FACTS.frames_per_call >= len(features) - 3 + FACTS.lookahead_frames


def test_the_hangover_is_heard_to_its_end_and_nothing_of_it_twice(recognizer: Recognizer) -> None:
    features = np.concatenate([silence(8), spoken(PHRASE, 1), silence(20)])
    recognizer.open(0)
    for row in features:
        recognizer.hear(row[None])
        recognizer.work()
    recognizer.close(len(features) - 20)
    waiting = len(features) % FACTS.frames_per_call
    assert recognizer.report.calls == -(-(waiting + FACTS.lookahead_frames + SETTLE_FRAMES) // FACTS.frames_per_call)


def test_the_opening_catches_up_in_few_calls_and_then_in_one_a_chunk(recognizer: Recognizer) -> None:
    recognizer.hear(silence(100))
    recognizer.open(0)
    calls = []
    for _ in range(40):
        calls.append(recognizer.work().calls)
        recognizer.hear(silence(1))
    assert calls[0] == CATCH_UP_CALLS
    assert set(calls[1:]) == {0, 1}
    assert sum(calls) * FACTS.frames_per_call == 136
    assert calls[-8:].count(1) == 2  # steady: a call each four chunks


def test_a_start_before_what_the_ring_keeps_is_the_oldest_chunk_there(recognizer: Recognizer) -> None:
    recognizer.hear(silence(RING_CHUNKS + 50))
    recognizer.open(0)
    assert recognizer.c.first == 50
    recognizer.c.open = False
    LIBRARY.recognizer_skip(recognizer.c)
    recognizer.hear(silence(2))
    recognizer.open(RING_CHUNKS)
    assert recognizer.c.first == RING_CHUNKS + 51


def test_the_longest_pre_roll_and_run_that_a_host_may_ask_for_fit_into_the_ring() -> None:
    assert Config(pre_roll_samples=32000, min_speech_chunks=60).refusal() is None
    assert Config(pre_roll_samples=32001).refusal() is not None
    assert Config(min_speech_chunks=61).refusal() is not None
    assert -(-32000 // CHUNK) + 60 + FACTS.frames_per_call <= RING_CHUNKS


def test_partials_grow_and_tell_only_what_is_new(recognizer: Recognizer) -> None:
    recognizer.open(0)
    told = []
    for row in np.concatenate([silence(4), spoken(PHRASE), silence(20)]):
        recognizer.hear(row[None])
        if recognizer.work().changed:
            partial = recognizer.c.partial
            told.append(FFI.string(partial.said.text).decode())
            assert partial.start <= partial.end <= recognizer.c.heard * CHUNK
    assert told[-1] == " ".join(LETTERS[word] for word in PHRASE)
    assert all(a != b for a, b in itertools.pairwise(told))
    assert len(told) >= 3


def heard_with_pauses(recognizer: Recognizer, *parts: Features) -> list[bool]:
    """The gate is open; after each part, which ends in silence, the pause is looked behind: is it a whole phrase?"""
    whole = []
    for part in parts:
        recognizer.resume()
        for row in part:
            recognizer.hear(row[None])
            recognizer.work()
        whole.append(recognizer.pause())
    return whole


def test_a_phrase_is_whole_when_its_last_word_is_and_not_before(recognizer: Recognizer) -> None:
    recognizer.open(0)
    begun = np.concatenate([silence(4), said("TH", "R"), silence(7)])
    assert heard_with_pauses(recognizer, begun, np.concatenate([said("IY"), silence(7)])) == [False, True]


def test_a_word_that_ended_just_now_is_known_of_without_waiting_for_the_look_ahead(recognizer: Recognizer) -> None:
    recognizer.open(0)
    assert heard_with_pauses(recognizer, np.concatenate([silence(3), said(*WORDS["two"]), silence(1)])) == [True]


@pytest.mark.parametrize("pause", range(7, 11))
def test_speech_that_goes_on_behind_a_pause_is_heard_and_dated_as_if_nobody_had_looked(
    recognizer: Recognizer, pause: int
) -> None:
    recognizer.open(0)
    words = [np.concatenate([said(*WORDS[word]), silence(pause)]) for word in PHRASE]
    parts = [np.concatenate([silence(9), words[0]]), *words[1:]]
    assert heard_with_pauses(recognizer, *parts) == [True] * len(PHRASE)
    end = sum(len(part) for part in parts) - pause
    assert recognizer.close(end) == Transcript(9, end, PHRASE)


def test_more_pauses_than_there_is_room_for_end_in_the_long_hangover(recognizer: Recognizer) -> None:
    recognizer.open(0)
    most = LIBRARY.NATIVE_RECOGNIZER_PAUSES
    part = np.concatenate([said(*WORDS["one"]), silence(9)])
    assert heard_with_pauses(recognizer, *[part] * (most + 3)) == [True] * most + [False] * 3
    assert recognizer.close((most + 3) * len(part) - 9).words == ["one"] * (most + 3)


def test_silence_in_a_segment_has_no_text_and_the_segments_own_place(recognizer: Recognizer) -> None:
    recognizer.open(0)
    recognizer.hear(silence(30))
    assert recognizer.close(20) == Transcript(0, 20, [])


def talk(recognizer: Recognizer, features: Features) -> list[Transcript]:
    """One open gate over all of it; each transcript, and what each seam says of its neighbours."""
    transcripts = []
    recognizer.open(0)
    for row in features:
        recognizer.hear(row[None])
        report = recognizer.work(int(recognizer.c.heard))
        if report.ended:
            assert report.cut
            transcripts.append(recognizer.transcript())
            assert transcripts[-1].end * CHUNK <= report.seam == recognizer.c.start
    transcripts.append(recognizer.close(len(features)))
    return transcripts


@pytest.mark.parametrize(("minutes", "pause"), [(30, 3), (3, 1), (3, 12)])
def test_talk_without_an_end_is_cut_and_no_word_is_lost(recognizer: Recognizer, minutes: int, pause: int) -> None:
    random = np.random.default_rng(minutes)
    chunks = minutes * 60 * 16000 // CHUNK
    words: list[str] = []
    parts = [silence(4)]
    while sum(map(len, parts)) < chunks:
        words.append(str(random.choice(list(WORDS))))
        parts += [said(*WORDS[words[-1]]), silence(int(random.integers(1, pause + 1)))]
    transcripts = talk(recognizer, np.concatenate([*parts, silence(12)]))
    assert [word for transcript in transcripts for word in transcript.words] == words
    starts = [transcript.start for transcript in transcripts]
    assert max(np.diff(starts)) <= CUT_FRAMES + 4 + FACTS.lookahead_frames
    assert len(transcripts) >= chunks // (CUT_FRAMES + 4)
    for one, next_one in itertools.pairwise(transcripts):
        assert one.end <= next_one.start


def test_a_sound_that_never_ends_is_cut_all_the_same(recognizer: Recognizer) -> None:
    transcripts = talk(recognizer, said("AA", chunks_each=2 * CUT_FRAMES + 100))
    assert len(transcripts) == 3


def test_a_cut_leaves_speech_behind_it(recognizer: Recognizer) -> None:
    recognizer.open(0)
    spoken_chunks = 100
    for row in np.concatenate([spoken(["one"] * 12)[:spoken_chunks], silence(2 * CUT_FRAMES)]):
        recognizer.hear(row[None])
        assert not recognizer.work(spoken_chunks).ended


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=6),
    st.tuples(st.integers(1, 9), st.integers(0, 40), st.integers(0, 12)),
    st.data(),
)
def test_whatever_is_said_and_however_it_comes_the_words_are_there(
    network: Path, words: list[str], spaces: tuple[int, int, int], data: st.DataObject
) -> None:
    pause, lead, pre_roll = spaces
    recognizer = Recognizer(network)
    features = np.concatenate([silence(lead), spoken(words, pause), silence(8)])
    start = max(0, lead - pre_roll)
    end = len(features) - 8 - pause
    opens = data.draw(st.integers(start, min(end, start + 60)))
    recognizer.hear(features[:opens])
    recognizer.open(start)
    recognizer.work()
    for row in features[opens:]:
        recognizer.hear(row[None])
        recognizer.work()
    assert recognizer.close(end) == Transcript(lead, end, words)


@pytest.mark.parametrize(("field", "value"), [("inputs", 2), ("outputs", 2), ("arena_bytes", 1 << 20)])
def test_a_network_of_another_shape_is_refused(recognizer: Recognizer, field: str, value: int) -> None:
    other = FFI.new("struct nn_model *", recognizer.model)
    setattr(other, field, value)
    owner, arena = aligned(FFI, recognizer.model.arena_bytes)
    fresh = FFI.new("struct recognizer *")
    assert not LIBRARY.recognizer_init(fresh, other, arena, recognizer.model.arena_bytes)
    assert owner is not None
