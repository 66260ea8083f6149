"""The session: frames in order through damage, segments once and acknowledged, settings put right."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from board_on_a_line import hello_of, ledger_of
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.link import (
    Ack,
    Config,
    Damage,
    Decoder,
    Final,
    Frame,
    Hello,
    Kept,
    LedgerRow,
    ListenerState,
    Partial,
    Score,
    Segment,
    State,
    encode,
)
from firmware.link.codec import encode_body
from host import listen
from host.endpoint import EndpointEnded
from host.errors import HostError
from host.journal import JournalError
from host.listen import Listener
from host.session import Session
from host.status import BoardStatus
from host.transcript import Transcript

HELLO = hello_of("native", rate=16_000)


class Talk:
    """A session and what it wrote."""

    def __init__(self, scores: bool | None = None, keep: Callable[[Transcript], bool] | None = None) -> None:
        self.status = BoardStatus("test")
        self.written = bytearray()
        self.session = Session(self.status, self.written.extend, scores, keep)

    def feed(self, *frames: Frame) -> list[Frame | Damage]:
        return list(self.session.feed(b"".join(encode(frame) for frame in frames)))

    def replies(self) -> list[Frame | Damage]:
        return list(Decoder().feed(bytes(self.written)))


def test_scores_are_asked_for_without_touching_other_settings():
    talk = Talk(scores=True)
    mine = Config(on_q8=200, off_q8=30, hangover_chunks=7)
    talk.feed(mine)
    assert talk.replies() == [replace(mine, scores=1)]
    talk.feed(replace(mine, scores=1))
    assert len(talk.replies()) == 1


def test_without_a_wish_settings_are_left_alone():
    talk = Talk()
    talk.feed(Config())
    assert talk.replies() == []


def test_a_setting_out_of_range_is_refused_by_name():
    with pytest.raises(HostError, match="off_q8"):
        Talk().session.configure(Config(on_q8=10, off_q8=20))


def test_acknowledgements_go_out_after_all_frames_were_taken():
    talk = Talk()
    for _ in talk.session.feed(encode(HELLO) + encode(Segment(1, 0, 9, 1)) + encode(Segment(2, 10, 19, 1))):
        assert not talk.written
    assert talk.replies() == [Ack(7, Kept.SEGMENT, 1), Ack(7, Kept.SEGMENT, 2)]


def test_an_answered_question_is_no_restart():
    talk = Talk()
    segment = Segment(1, 0, 9, 1)
    talk.feed(HELLO, segment)
    talk.session.ask()
    assert talk.feed(HELLO, segment) == [HELLO]
    assert talk.status.duplicates == 1


def test_time_that_runs_backwards_is_a_restart():
    talk = Talk()
    talk.feed(HELLO, Score(10_240, 255), Segment(1, 0, 9, 1))
    assert talk.status.activity
    talk.feed(Score(512, 0))
    assert talk.status.sample == 512
    assert len(talk.status.activity) == 1
    assert talk.feed(Segment(1, 0, 9, 1)) == [Segment(1, 0, 9, 1)]


def test_the_summary_counts_from_when_we_listened_not_from_the_reset():
    talk = Talk()
    day = 24 * 3600 * 16_000
    talk.feed(HELLO, Score(day, 0), Segment(900, day, day + 8_000, 200), Score(day + 16_000, 0))
    assert talk.status.summary().startswith("heard 1.0 s, 1 segment, 0.5 s of speech (50 %)")
    talk.feed(Score(0, 0), Score(16_000, 0))
    assert talk.status.summary().startswith("heard 2.0 s, 1 segment, 0.5 s of speech (25 %)")


def test_half_a_frame_at_the_start_is_no_damage_but_later_it_is():
    talk = Talk()
    talk.session.join()
    wire = encode(Score(512, 1))
    assert list(talk.session.feed(wire[6:] + wire)) == [Score(512, 1)]
    assert talk.status.damaged == 0
    assert [type(item) for item in talk.session.feed(wire[6:] + wire)] == [Damage, Score]
    assert talk.status.damaged == 1


def test_another_version_is_refused_even_where_its_hello_is_unknown():
    for version in (0, 1, 2, 255):
        with pytest.raises(HostError, match=f"speaks protocol {version}, this host protocol 3"):
            list(Talk().session.feed(encode_body(bytes([Hello.TYPE, version]) + b"who knows what")))


@settings(max_examples=200, deadline=None)
@given(
    noise=st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=80)), max_size=8),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=20),
)
def test_noise_between_frames_costs_no_frame_and_pieces_do_not_matter(noise, cuts):
    """Noise that ends in a delimiter, put between whole frames."""
    frames = [Score(512 * n, n) for n in range(1, 41)]
    pieces = [encode(frame) for frame in frames]
    for at, data in noise:
        pieces[min(at, 39)] += b"\0" + data + b"\0"
    stream = b"".join(pieces)
    talk = Talk()
    got: list[Frame | Damage] = []
    at = 0
    turn = 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        got += talk.session.feed(stream[at : at + step])
        at, turn = at + step, turn + 1
    assert [item for item in got if isinstance(item, Score)] == frames
    assert talk.status.damaged == sum(isinstance(item, Damage) for item in got)
    assert talk.status.bytes_in == len(stream)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_are_survived(pieces):
    talk = Talk(scores=True)
    for piece in pieces:
        for item in talk.session.feed(piece):
            assert isinstance(item, Frame | Damage)


class Script:
    """An endpoint that gives prepared pieces, then b"" for a while, then ends."""

    name = "script"

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.written = bytearray()

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self, timeout_s: float) -> bytes:
        if not self.pieces:
            raise EndpointEnded
        return self.pieces.pop(0)

    def write(self, data: bytes) -> None:
        self.written += data


class Notices:
    """A view that keeps its notices."""

    def __init__(self) -> None:
        self.notices: list[tuple[str, str]] = []

    def item(self, item: Frame | Damage) -> None: ...

    def notice(self, kind: str, text: str) -> None:
        self.notices.append((kind, text))

    def refresh(self) -> None: ...

    def close(self) -> None: ...


def listen_to(pieces: list[bytes]) -> tuple[Script, Notices]:
    endpoint, view = Script(pieces), Notices()
    Listener(endpoint, BoardStatus("script"), view, scores=False, stopped=lambda: False).run()
    return endpoint, view


def test_a_silent_board_is_asked_and_then_remarked_on_once(monkeypatch):
    monkeypatch.setattr(listen, "_SILENT_S", -1.0)
    monkeypatch.setattr(listen, "_ASK_AFTER_S", 0.0)
    endpoint, view = listen_to([b""] * 5)
    assert endpoint.written
    assert [kind for kind, _ in view.notices] == ["silent"]
    assert "no frame from the board yet" in view.notices[0][1]


def test_nothing_but_damage_points_at_the_baud_rate():
    _, view = listen_to([b"\0\x11\x22\x33\0"] * 60)
    assert view.notices == [("silent", "nothing but damaged frames: does --baud fit the board?")]


def test_a_board_that_greets_is_not_asked():
    state = State(0, ListenerState.HEAR, speaking=False, probability_q8=0, dropped=0)
    endpoint, view = listen_to([encode(HELLO) + encode(state) + encode(Config())])
    assert not endpoint.written
    assert not view.notices


SAID = Final(1, 0, 16_000, 240, "where is it", (("place", "it"),))


class MemoryJournal:
    """A journal in memory that can be out of order."""

    def __init__(self) -> None:
        self.transcripts: list[Transcript] = []
        self.broken = False

    def keep(self, transcript: Transcript) -> bool:
        if self.broken:
            raise JournalError("the journal is locked")
        if transcript in self.transcripts:
            return False
        self.transcripts.append(transcript)
        return True


def finals(items: list[Frame | Damage]) -> list[Final]:
    return [item for item in items if isinstance(item, Final)]


def test_a_final_is_kept_before_it_is_acknowledged():
    journal = MemoryJournal()
    talk = Talk(keep=journal.keep)
    for item in talk.session.feed(encode(HELLO) + encode(SAID)):
        if item == SAID:
            assert [one.text for one in journal.transcripts] == ["where is it"]
            assert not talk.written
    assert talk.replies() == [Ack(7, Kept.FINAL, 1)]
    (kept,) = journal.transcripts
    assert (kept.board, kept.unit, kept.boot, kept.rate, kept.domain) == ("native", HELLO.unit, 7, 16_000, "travel")
    assert kept.slots == (("place", "it"),)
    assert talk.feed(SAID) == []
    assert talk.replies()[1:] == [Ack(7, Kept.FINAL, 1)]
    assert len(journal.transcripts) == 1


def test_what_an_earlier_host_kept_is_acknowledged_and_not_shown():
    journal = MemoryJournal()
    Talk(keep=journal.keep).feed(HELLO, SAID)
    again = Talk(keep=journal.keep)
    assert finals(again.feed(HELLO, SAID)) == []
    assert again.replies() == [Ack(7, Kept.FINAL, 1)]
    assert again.status.transcript_count == 0


def test_what_cannot_be_kept_is_shown_but_not_acknowledged_until_it_can():
    journal = MemoryJournal()
    talk = Talk(keep=journal.keep)
    journal.broken = True
    assert finals(talk.feed(HELLO, SAID)) == [SAID]
    assert talk.replies() == []
    assert talk.status.trouble == "the journal is locked"
    journal.broken = False
    assert finals(talk.feed(SAID)) == []
    assert talk.replies() == [Ack(7, Kept.FINAL, 1)]
    assert talk.status.trouble == ""
    assert len(journal.transcripts) == 1


def test_finals_that_come_before_hello_wait_for_it():
    journal = MemoryJournal()
    talk = Talk(keep=journal.keep)
    assert talk.feed(SAID, SAID) == []
    assert talk.replies() == []
    assert talk.feed(HELLO) == [HELLO, SAID]
    assert talk.replies() == [Ack(7, Kept.FINAL, 1)]
    assert [one.boot for one in journal.transcripts] == [7]


def test_a_reset_whose_hello_was_lost_is_noticed_and_its_finals_wait():
    journal = MemoryJournal()
    talk = Talk(keep=journal.keep)
    talk.feed(HELLO, Score(100_000, 0), SAID)
    assert finals(talk.feed(Score(512, 0), SAID)) == []
    assert not talk.session.greeted
    talk.session.ask()
    assert finals(talk.feed(replace(HELLO, boot=8))) == [SAID]
    assert [one.boot for one in journal.transcripts] == [7, 8]
    assert Ack(8, Kept.FINAL, 1) in talk.replies()


def test_a_board_that_counts_no_boots_starts_afresh_with_an_unasked_hello():
    uncounted = replace(HELLO, boot=0, unit=0)
    talk = Talk()
    assert finals(talk.feed(uncounted, SAID, SAID)) == [SAID]
    talk.session.ask()
    assert finals(talk.feed(uncounted, SAID)) == []
    assert finals(talk.feed(uncounted, SAID)) == [SAID]


def test_what_may_be_of_another_boot_is_shown_though_the_journal_has_it():
    uncounted = replace(HELLO, boot=0, unit=0)
    journal = MemoryJournal()
    Talk(keep=journal.keep).feed(uncounted, SAID)
    again = Talk(keep=journal.keep)
    assert finals(again.feed(uncounted, SAID, SAID)) == [SAID]
    assert again.replies() == [Ack(0, Kept.FINAL, 1)] * 2
    assert len(journal.transcripts) == 1


def test_the_same_hello_twice_is_no_reset_where_boots_are_counted():
    talk = Talk()
    talk.feed(HELLO, Score(51_200, 200), SAID)
    assert finals(talk.feed(HELLO, HELLO, SAID)) == []
    assert talk.status.sample == 51_200


def test_damage_is_told_at_most_once_in_ten_chunks():
    talk = Talk()
    talk.feed(HELLO, Score(512, 0))
    for _ in range(5):
        list(talk.session.feed(b"\0\1\2\3\4\0"))
    assert talk.replies() == [Ack(0, Kept.NOTHING, 0)]
    talk.feed(Score(512 * 10, 0))
    list(talk.session.feed(b"\0\1\2\3\4\0"))
    assert len(talk.replies()) == 1
    talk.feed(Score(512 * 11, 0))
    list(talk.session.feed(b"\0\1\2\3\4\0"))
    assert talk.replies()[1:] == [Ack(0, Kept.NOTHING, 0)]


def test_a_partial_that_its_final_overtook_shows_nothing():
    talk = Talk()
    talk.feed(HELLO, Partial(1, 1, 0, 8_000, "where"))
    assert talk.status.partial is not None
    talk.feed(SAID, Partial(1, 2, 0, 9_000, "where is"))
    assert talk.status.partial is None


def test_transcripts_that_the_board_gave_up_are_warned_of():
    rows = [LedgerRow(0, 0, 0)] * 6
    _, view = listen_to(
        [
            encode(HELLO) + encode(ledger_of(512, rows)),
            encode(ledger_of(1024, rows, finals_lost=2, segments_lost=1)),
            encode(ledger_of(2048, rows, finals_lost=3, segments_lost=1)),
        ]
    )
    assert [text for kind, text in view.notices if kind == "lost_on_board"] == [
        "the board had no more room and gave up 2 transcripts that no host had kept",
        "the board had no more room and gave up 1 segment that no host had kept",
        "the board had no more room and gave up 1 transcript that no host had kept",
    ]
