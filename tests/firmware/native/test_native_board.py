"""The whole image on the desk: what it sends, when, and what it answers."""

import itertools
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest
from domains import domain
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.link import (
    HEARTBEAT_CHUNKS,
    RESEND_CHUNKS,
    VERSION,
    Ack,
    Config,
    Damage,
    Decoder,
    DomainBegin,
    DomainData,
    DomainRefusal,
    DomainSource,
    DomainState,
    DomainUpload,
    Final,
    Frame,
    Hello,
    Kept,
    Ledger,
    ListenerState,
    Log,
    LogLevel,
    Partial,
    ResetCause,
    Score,
    Segment,
    State,
    encode,
    question,
)
from firmware.native import CHUNK, HOP, NativeBoard, NativeStore, Vad, segments

Kind = TypeVar("Kind", bound=Frame)


def frames(data: bytes) -> list[Frame]:
    decoder = Decoder()
    items = list(decoder.feed(data))
    assert not [item for item in items if isinstance(item, Damage)]
    assert data.endswith(b"\0") or not data
    return [item for item in items if isinstance(item, Frame)]


def of(kind: type[Kind], items: Iterable[Frame]) -> list[Kind]:
    return [item for item in items if isinstance(item, kind)]


def configured(config: Config, rate: int = 16000) -> NativeBoard:
    board = NativeBoard(rate)
    board.send(encode(config))
    return board


def silence(chunks: int) -> np.ndarray:
    return np.zeros(chunks * CHUNK, np.int16)


@pytest.mark.parametrize("rate", [16000, 15625])
def test_after_reset_it_introduces_itself(rate: int) -> None:
    board = NativeBoard(rate)
    hello, state, config = frames(board.hear(silence(0)))
    vad = Vad(rate)
    assert isinstance(hello, Hello)
    assert (hello.version, hello.board, hello.firmware) == (VERSION, "native", "0.1.0")
    assert (hello.model, hello.model_crc32) == (vad.name, vad.crc32)
    assert (hello.rate, hello.chunk, hello.hop) == (rate, CHUNK, HOP)
    assert (hello.reset_cause, hello.boot, hello.unit) == (ResetCause.POWER_ON, 0, 0)
    assert state == State(0, ListenerState.HEAR, False, 0, 0)
    assert config == Config()
    assert board.pins == ListenerState.HEAR


def test_a_question_is_answered_at_the_next_chunk() -> None:
    board = NativeBoard()
    board.hear(silence(3))
    board.send(encode(question("1.0")))
    assert board.hear(silence(1)[1:]) == b""
    answer = frames(board.hear(silence(1)))
    assert [type(frame) for frame in answer] == [Hello, State, Config]
    assert of(State, answer)[0].sample == 3 * CHUNK


def test_its_own_hello_coming_back_is_no_question() -> None:
    board = NativeBoard()
    hello = frames(board.hear(silence(0)))[0]
    board.send(encode(hello))
    assert frames(board.hear(silence(1))) == []


def test_a_question_in_another_version_is_answered_with_hello() -> None:
    board = NativeBoard()
    board.hear(silence(0))
    board.send(encode(replace(question(), version=VERSION + 1)))
    (hello,) = frames(board.hear(silence(1)))
    assert isinstance(hello, Hello)
    assert hello.version == VERSION


@pytest.mark.parametrize("rate", [16000, 15625])
def test_scores_and_segments_are_the_networks_and_the_gates(rate: int, vowels: Callable, eager: Callable) -> None:
    sound = vowels(8, rate)
    config = replace(eager(sound, rate), scores=1)
    got = frames(configured(config, rate).hear(sound))
    scores = Vad(rate).pcm(sound)
    assert [(s.sample, s.probability_q8) for s in of(Score, got)] == [
        (CHUNK * (i + 1), p) for i, p in enumerate(scores)
    ]
    expected = segments(scores, config)
    sent = {s.id: s for s in of(Segment, got)}
    closed = of(Ledger, got)[-1].segments
    assert closed >= 4
    assert [sent[i + 1] for i in range(closed)] == expected[:closed]


def test_scores_come_only_if_asked_for(vowels: Callable) -> None:
    assert of(Score, frames(NativeBoard().hear(vowels(2)))) == []


def test_state_tells_when_the_gate_opens_and_closes(vowels: Callable, eager: Callable) -> None:
    sound = vowels(5)
    config = eager(sound, 16000)
    got = frames(configured(config).hear(sound))
    states = of(State, got)[1:]
    turns = [s.sample for a, s in itertools.pairwise(states) if a.speaking != s.speaking]
    assert len(turns) >= 4
    scores = Vad().pcm(sound)
    loud = np.concatenate([[False], scores >= config.on_q8])
    edges = {int(i) * CHUNK for i in np.flatnonzero(loud[1:] != loud[:-1]) + 1}
    assert set(turns) <= edges
    assert len(edges - set(turns)) <= 1


def test_a_heartbeat_comes_when_nothing_else_does() -> None:
    board = configured(Config(sleep_after_chunks=0, on_q8=255, off_q8=255, min_speech_chunks=60))
    states = of(State, frames(board.hear(silence(200))))
    gaps = np.diff([state.sample for state in states]) // CHUNK
    assert set(gaps.tolist()) == {HEARTBEAT_CHUNKS}
    assert len(gaps) == 200 // HEARTBEAT_CHUNKS


def test_it_sleeps_in_silence_and_says_so_on_pins_and_link(vowels: Callable) -> None:
    board = configured(Config(sleep_after_chunks=10, on_q8=255, off_q8=255, min_speech_chunks=60, scores=1))
    got = frames(board.hear(silence(64)))
    assert board.pins == ListenerState.SLEEP
    slept = next(state for state in of(State, got) if state.state == ListenerState.SLEEP)
    assert slept.sample == 11 * CHUNK
    assert {score.probability_q8 for score in of(Score, got)[10:]} == {0}
    ledger = of(Ledger, got)[-1]
    assert ledger.rows[ListenerState.SLEEP].samples == 54 * CHUNK
    assert ledger.inferences == 10
    woken = of(State, frames(board.hear(vowels(1)[-CHUNK * 5 : -CHUNK * 4])))
    assert [state.state for state in woken] == [ListenerState.HEAR]
    assert board.pins == ListenerState.HEAR


def test_a_ledger_comes_each_period_and_adds_up(vowels: Callable) -> None:
    got = frames(configured(Config(ledger_period_chunks=10)).hear(vowels(4)[: 95 * CHUNK]))
    ledgers = of(Ledger, got)
    assert [ledger.sample for ledger in ledgers] == [10 * CHUNK * i for i in range(1, 10)]
    for ledger in ledgers:
        assert sum(row.samples for row in ledger.rows) == ledger.sample
        assert ledger.frames * HOP == ledger.inferences * CHUNK == ledger.sample
        assert {row.samples for row in (ledger.rows[ListenerState.SLEEP], ledger.rows[ListenerState.FAULT])} == {0}
        assert ledger.decoder_frames == 4 * ledger.asr_calls
        pre_rolls = 16 * CHUNK * ledger.rows[ListenerState.LISTEN].entries
        # A pause that is looked behind, some eight chunks, gives the network at most as many again.
        assert ledger.asr_calls * 4 * CHUNK <= 2 * ledger.rows[ListenerState.LISTEN].samples + pre_rolls
        assert {row.cycles for row in ledger.rows} == {0}
        assert (ledger.dropped, ledger.segments_lost) == (0, 0)


def test_a_segment_is_sent_again_until_its_ack(vowels: Callable, eager: Callable) -> None:
    sound = vowels(2)
    board = configured(eager(sound, 16000))
    quiet = np.zeros(2 * RESEND_CHUNKS * CHUNK, np.int16)
    board.hear(sound)
    # In sleep nothing new is said.
    board.send(encode(Config(on_q8=255, off_q8=255, min_speech_chunks=60)))
    board.hear(quiet)
    board.send(encode(question()))
    (repeated, *_) = of(Segment, frames(board.hear(quiet)))
    known = {repeated.id}
    # The host acknowledges each as it comes, and the next one comes.
    while repeated:
        board.send(encode(Ack(0, Kept.SEGMENT, repeated.id)))
        (repeated, *_) = (*of(Segment, frames(board.hear(silence(2)))), None)
        known |= {repeated.id} if repeated else set()
    assert known == set(range(1, max(known) + 1))
    assert of(Segment, frames(board.hear(quiet))) == []


def test_a_full_outbox_loses_its_oldest_and_says_so(vowels: Callable, eager: Callable) -> None:
    sound = vowels(60)
    config = replace(eager(sound, 16000), ledger_period_chunks=1)
    room = 128
    got = frames(configured(config).hear(sound))
    last = of(Ledger, got)[-1]
    assert last.segments > room
    finals = last.transcripts + last.rejected
    assert finals == last.segments  # each has its transcript, if an empty one
    assert last.segments_lost + last.finals_lost == last.segments + finals - room
    logs = [log.text for log in of(Log, got)]
    assert all(text.startswith("the outbox is full and no ACK came; lost: ") for text in logs)
    assert f"segment {last.segments_lost} ({last.segments_lost} since reset)" in " ".join(logs)
    assert f"transcript {last.finals_lost} ({last.finals_lost} since reset)" in logs[-1]


def test_finals_that_are_lost_are_counted_and_told() -> None:
    board = configured(Config(ledger_period_chunks=1))
    board.hear(silence(1))
    long = "x" * 200
    for number in range(1, 41):
        board.say_final(Segment(0, number, number + 1, 9), Final(0, number, number + 1, 200, long, (("a", "b"),)))
    got = frames(board.hear(silence(1)))
    (ledger,) = of(Ledger, got)
    assert (ledger.transcripts, ledger.rejected) == (40, 0)
    assert ledger.segments_lost == 40
    assert ledger.finals_lost == 40 - 6656 // (22 + 201 + 4)
    (log,) = of(Log, got)
    assert log.text == (
        f"the outbox is full and no ACK came; lost: transcript {ledger.finals_lost} ({ledger.finals_lost} since "
        "reset), segment 40 (40 since reset)"
    )


def test_a_transcript_grows_in_partials_and_ends_in_a_final_of_the_same_id() -> None:
    board = NativeBoard(store=NativeStore(), unit=0xABCD)
    hello = of(Hello, frames(board.hear(silence(0))))[0]
    assert (hello.boot, hello.unit) == (1, 0xABCD)
    sent: list[Frame] = []
    for text in ("where", "where is", "where is the"):
        board.say_partial(Partial(0, 0, 100, 900, text))
        sent += frames(board.hear(silence(1)))
    board.say_final(
        Segment(0, 100, 1000, 240), Final(0, 100, 1000, 222, "where is the station", (("place", "station"),))
    )
    sent += frames(board.hear(silence(2)))
    partials, finals = of(Partial, sent), of(Final, sent)
    assert [(p.id, p.revision, p.text) for p in partials] == [
        (1, 1, "where"),
        (1, 2, "where is"),
        (1, 3, "where is the"),
    ]
    assert finals == [Final(1, 100, 1000, 222, "where is the station", (("place", "station"),))]
    assert of(Segment, sent) == [Segment(1, 100, 1000, 240)]
    board.say_partial(Partial(0, 0, 2000, 2900, "no"))
    assert [(p.id, p.revision) for p in of(Partial, frames(board.hear(silence(1))))] == [(2, 1)]


def test_an_ack_counts_only_for_its_boot_and_its_kind() -> None:
    store = NativeStore()
    NativeBoard(store=store)
    board = NativeBoard(store=store)
    board.say_final(Segment(0, 1, 2, 3), Final(0, 1, 2, 3, "yes", ()))
    board.hear(silence(3))
    for ack in (Ack(1, Kept.FINAL, 1), Ack(2, Kept.SEGMENT, 1), Ack(2, Kept.FINAL, 2), Ack(3, Kept.FINAL, 1)):
        board.send(encode(ack))
    board.hear(silence(1))
    board.send(encode(question()))
    assert [type(f) for f in frames(board.hear(silence(2))) if isinstance(f, Segment | Final)] == [Final]
    board.send(encode(Ack(2, Kept.FINAL, 1)))
    board.hear(silence(1))
    board.send(encode(question()))
    assert of(Final, frames(board.hear(silence(80)))) == []


def test_damage_told_by_the_host_brings_the_frame_again_at_once() -> None:
    board = NativeBoard()
    board.say_final(Segment(0, 1, 2, 3), Final(0, 1, 2, 3, "yes", ()))
    assert len(of(Final, frames(board.hear(silence(10))))) == 1
    board.send(encode(Ack(0, Kept.NOTHING, 0)))
    again = frames(board.hear(silence(1)))
    assert [type(frame) for frame in again] == [Segment]
    board.send(encode(Ack(0, Kept.SEGMENT, 1)))
    assert [type(frame) for frame in frames(board.hear(silence(1)))] == [Final]


def uploaded(board: NativeBoard, name: str, data: bytes) -> DomainState:
    """Brings a domain to the board, as PROTOCOL.md tells a host to."""
    board.send(encode(DomainBegin(name, len(data), zlib.crc32(data), 1)))
    for _ in range(1000):
        for state in of(DomainState, frames(board.hear(silence(1)))):
            if state.upload == DomainUpload.IDLE:
                return state
            if state.upload == DomainUpload.RECEIVING:
                board.send(encode(DomainData(state.offset, data[state.offset : state.offset + 192])))
    raise AssertionError("the upload does not end")


def test_a_domain_comes_over_the_link_and_outlasts_the_reset() -> None:
    store = NativeStore()
    board = NativeBoard(store=store)
    name, data = "rooms", domain("rooms", 400)
    state = uploaded(board, name, data)
    assert (state.name, state.source, state.lasting) == (name, DomainSource.UPLOADED, True)
    board.send(encode(question()))
    told = [
        of(Hello, frames(board.hear(silence(1))))[0],
        of(Hello, frames(NativeBoard(store=store).hear(silence(0))))[0],
    ]
    assert [(hello.domain, hello.domain_crc32) for hello in told] == [(name, zlib.crc32(data))] * 2


def test_without_a_store_a_domain_is_refused() -> None:
    state = uploaded(NativeBoard(), "rooms", domain("rooms"))
    assert (state.refused, state.room) == (DomainRefusal.NO_STORE, 0)


def test_settings_are_answered_with_the_ones_in_force() -> None:
    config = Config(on_q8=200, off_q8=20, pre_roll_samples=1, scores=1, ledger_period_chunks=7)
    board = NativeBoard()
    board.hear(silence(0))
    board.send(encode(config))
    assert of(Config, frames(board.hear(silence(1)))) == [config]


BAD_SETTINGS = [
    (Config(on_q8=0), "on_q8 is 0, not from 1 to 255"),
    (Config(on_q8=128, off_q8=0), "off_q8 is 0, not from 1 to 128"),
    (Config(on_q8=128, off_q8=129), "off_q8 is 129, not from 1 to 128"),
    (Config(min_speech_chunks=0), "min_speech_chunks is 0, not from 1 to 60"),
    (Config(hangover_chunks=1001), "hangover_chunks is 1001, not from 1 to 1000"),
    (Config(pre_roll_samples=32001), "pre_roll_samples is 32001, not from 0 to 32000"),
    (Config(sleep_floor=32768), "sleep_floor is 32768, not from 0 to 32767"),
    (Config(scores=2), "scores is 2, not from 0 to 1"),
    (Config(ledger_period_chunks=0), "ledger_period_chunks is 0, not from 1 to 65535"),
]


@pytest.mark.parametrize(("config", "sentence"), BAD_SETTINGS)
def test_a_setting_out_of_range_is_refused_whole_and_named(config: Config, sentence: str) -> None:
    board = configured(Config(on_q8=128, off_q8=77))
    board.hear(silence(1))
    board.send(encode(replace(config, sleep_after_chunks=5)))
    log, answer = frames(board.hear(silence(1)))
    assert log == Log(LogLevel.WARNING, f"CONFIG is refused: {sentence}")
    assert answer == Config(on_q8=128, off_q8=77)


def test_damaged_frames_from_the_host_are_counted_and_told() -> None:
    board = NativeBoard()
    board.hear(silence(0))
    hurt = bytearray(encode(Ack(0, Kept.SEGMENT, 1)))
    hurt[2] ^= 1
    # A frame that no host sends counts too.
    board.send(bytes(hurt) + encode(Score(1, 2)) + encode(Config(on_q8=99)))
    config, log = frames(board.hear(silence(1)))
    assert config == Config(on_q8=99)
    assert log == Log(LogLevel.WARNING, "frames from the host that were damaged or not understood since reset: 2")
    assert frames(board.hear(silence(1))) == []


@pytest.mark.parametrize("cut", [1, 100, CHUNK, CHUNK + 1, 5000])
def test_how_the_samples_are_handed_over_does_not_matter(cut: int, vowels: Callable) -> None:
    sound = vowels(3)
    config = Config(scores=1)
    sound = sound if cut > 50 else sound[: 40 * CHUNK]
    whole = configured(config).hear(sound)
    board = configured(config)
    assert b"".join(board.hear(sound[at : at + cut]) for at in range(0, len(sound), cut)) == whole


def test_two_boards_are_two(vowels: Callable) -> None:
    sound = vowels(2)
    alone = configured(Config(scores=1)).hear(sound)
    one, other = configured(Config(scores=1)), NativeBoard(15625)
    mixed = b""
    for at in range(0, len(sound), CHUNK):
        mixed += one.hear(sound[at : at + CHUNK])
        other.hear(sound[::-1][at : at + CHUNK])
    assert mixed == alone


def test_more_frames_than_fit_at_once_all_come() -> None:
    board = configured(Config(scores=1, ledger_period_chunks=1))
    noise = np.random.default_rng(1).integers(-3000, 3000, 1000 * CHUNK).astype(np.int16)
    got = frames(board.hear(noise))
    assert len(of(Score, got)) == len(of(Ledger, got)) == 1000


def test_more_answers_than_fit_at_once_all_come() -> None:
    board = NativeBoard()
    board.send(encode(question()) * 3000)
    assert len(of(Hello, frames(board.hear(silence(1))))) == 3001


def test_a_closed_board_says_so() -> None:
    board = NativeBoard()
    board.close()
    board.close()
    with pytest.raises(ValueError, match="the native board is closed"):
        board.hear(silence(1))
    with pytest.raises(ValueError, match="the native board is closed"):
        board.send(b"")


def test_it_refuses_a_rate_without_tables_and_samples_that_are_none() -> None:
    with pytest.raises(ValueError, match="not for 8000 Hz"):
        NativeBoard(8000)
    with pytest.raises(ValueError, match=r"not int16 \[samples\]"):
        NativeBoard().hear(np.zeros(3))


VALID = st.builds(
    lambda on, off, *rest: Config(on, min(on, off), *rest),
    st.integers(1, 255),
    st.integers(1, 255),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 32000),
    st.sampled_from([0, 4, 100, 32767]),
    st.integers(0, 5),
    st.integers(0, 1),
    st.integers(1, 40),
)
CHUNKS = {
    "zero": np.zeros(CHUNK, np.int16),
    "faint": np.resize(np.array([4, -4], np.int16), CHUNK),
    "square": np.repeat(np.resize(np.array([32767, -32768], np.int16), 16), CHUNK // 16),
    "least": np.full(CHUNK, -32768, np.int16),
    "noise": np.random.default_rng(7).integers(-32768, 32768, CHUNK).astype(np.int16),
    "click": np.eye(1, CHUNK, 200, dtype=np.int16)[0] * np.int16(32767),
}


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from(sorted(CHUNKS)), VALID, st.binary(max_size=40)), max_size=60))
def test_whatever_it_hears_and_is_sent_its_frames_agree_with_each_other(steps: list[str | Config | bytes]) -> None:
    board = NativeBoard()
    data = board.hear(silence(0))
    heard = 0
    for step in steps:
        if isinstance(step, Config):
            board.send(b"\0" + encode(step))
        elif isinstance(step, bytes):
            board.send(step)
        else:
            data += board.hear(CHUNKS[step])
            heard += 1
    got = frames(data)
    for state in of(State, got):
        assert state.sample % CHUNK == 0
    for ledger in of(Ledger, got):
        assert sum(row.samples for row in ledger.rows) == ledger.sample <= heard * CHUNK
        assert ledger.inferences * CHUNK == ledger.sample
        assert {row.samples for row in (ledger.rows[ListenerState.SLEEP], ledger.rows[ListenerState.FAULT])} == {0}
        assert ledger.decoder_frames == 4 * ledger.asr_calls
        pre_rolls = 16 * CHUNK * ledger.rows[ListenerState.LISTEN].entries
        assert ledger.asr_calls * 4 * CHUNK <= ledger.rows[ListenerState.LISTEN].samples + pre_rolls
        assert ledger.rows[ListenerState.FAULT].entries == 0
    ends = 0
    for segment in sorted({s.id: s for s in of(Segment, got)}.values(), key=lambda s: s.id):
        assert ends <= segment.start < segment.end <= heard * CHUNK
        ends = segment.end
    states = of(State, got)
    assert board.pins == (states[-1].state if states else ListenerState.HEAR)
