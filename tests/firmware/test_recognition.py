"""Recognition in the real images: the same frames on every board, in time, without a sample lost, within the limits."""

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from firmware import boards
from firmware.link import (
    Config,
    Decoder,
    Final,
    Frame,
    Hello,
    Ledger,
    LedgerRow,
    ListenerState,
    Partial,
    Segment,
    State,
    encode,
)
from firmware.native import CHUNK, NativeBoard
from host.sim import open_board
from host.sim.artemis import Apollo3Board

Sound = NDArray[np.int16]
IN_TIME_S = 0.3
"""From the end of speech to FINAL, for a whole phrase."""

needs_compiler = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")
needs_qemu = pytest.mark.skipif(not shutil.which("qemu-system-arm"), reason="needs Debian's qemu-system-arm")


def frames(data: bytes) -> list[Frame]:
    decoder = Decoder()
    items = list(decoder.feed(data))
    assert all(isinstance(item, Frame) for item in items)
    assert decoder.damaged == 0
    return [item for item in items if isinstance(item, Frame)]


def of(kind: type, items: list[Frame]) -> list:
    return [item for item in items if isinstance(item, kind)]


def comparable(items: list[Frame]) -> list[Frame]:
    """All that must not differ between boards: not who speaks, nor what the work cost."""
    kept: list[Frame] = []
    for item in items:
        if isinstance(item, Ledger):
            rows = tuple(LedgerRow(row.samples, 0, row.entries) for row in item.rows)
            kept.append(replace(item, rows=rows))
        elif not isinstance(item, Hello):
            kept.append(item)
    return kept


@pytest.fixture(scope="module")
def talk(vowels: Callable[..., Sound]) -> Callable[[int], Sound]:
    """Something like words, twice, with enough silence behind to end them."""

    def make(rate: int) -> Sound:
        quiet = (np.random.default_rng(5).standard_normal(rate) * 20).astype(np.int16)
        return np.concatenate([vowels(2, rate), quiet, vowels(1, rate, 170), quiet])

    return make


SETTINGS = Config(min_speech_chunks=3, on_q8=128, scores=1, ledger_period_chunks=8, partial_period_chunks=1)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("artemis", marks=needs_compiler),
        pytest.param("mps2_an386", marks=[needs_compiler, needs_qemu]),
        pytest.param("mps3_an547", marks=[needs_compiler, needs_qemu]),
    ],
)
def test_every_board_writes_down_what_the_desk_does(name: str, travellers: Sound) -> None:
    rate = boards.load(name).rate
    # "Where is the train station?"
    sound = soxr.resample(travellers[round(1.4 * 16000) : round(4.6 * 16000)], 16000, rate)
    outcomes = []
    for board in (open_board(name), NativeBoard(rate)):
        # A board that counts its resets in flash is deaf to its link for a while after one.
        board.hear(np.zeros(4 * CHUNK, np.int16))
        board.send(encode(SETTINGS))
        outcomes.append(frames(board.hear(sound)))
        board.close()
    theirs, ours = outcomes
    assert comparable(theirs) == comparable(ours)
    assert of(Final, ours)[0].text
    assert any(partial.text for partial in of(Partial, ours))
    assert of(Ledger, ours)[-1].asr_calls >= 4
    assert of(Ledger, theirs)[-1].dropped == 0


@pytest.fixture
def artemis(talk: Callable[[int], Sound]) -> tuple[Apollo3Board, list[Frame]]:
    board = open_board("artemis")
    assert isinstance(board, Apollo3Board)
    board.send(encode(SETTINGS))
    return board, frames(board.hear(talk(board.rate)))


@needs_compiler
def test_the_artemis_runs_fast_while_it_listens_and_loses_no_sample(
    artemis: tuple[Apollo3Board, list[Frame]],
) -> None:
    board, heard = artemis
    codes = [code for _, code in board.pads.codes]
    assert {ListenerState.HEAR, ListenerState.LISTEN, ListenerState.SEND} <= set(codes)
    after = {codes[i + 1] for i in range(len(codes) - 1) if codes[i] == ListenerState.SEND}
    assert after <= {ListenerState.HEAR, ListenerState.LISTEN}
    ledger = of(Ledger, heard)[-1]
    assert ledger.dropped == board.pdm.overrun == 0
    residency = board.residency()
    # SEND runs what is left of the speech.
    cycles = sum(ledger.rows[state].cycles for state in (ListenerState.LISTEN, ListenerState.SEND))
    assert residency.burst == pytest.approx(cycles / 96e6, rel=0.1)
    assert residency.burst < residency.core["run"]
    assert board.machine.faults == []


@needs_compiler
@pytest.mark.parametrize("name", ["artemis", "nano33ble"])
def test_a_board_is_never_more_chunks_behind_than_its_ring_holds(name: str) -> None:
    board = open_board(name)
    # The longest catch-up that a host can ask for.
    board.send(encode(replace(SETTINGS, min_speech_chunks=60, on_q8=1, off_q8=1, pre_roll_samples=32000)))
    noise = np.random.default_rng(8).integers(-2000, 2000, 160 * CHUNK).astype(np.int16)
    ledger = of(Ledger, frames(board.hear(noise)))[-1]
    assert ledger.rows[ListenerState.LISTEN].entries == 1
    assert ledger.asr_calls > 20
    assert ledger.dropped == 0


@pytest.mark.parametrize("rate", boards.load("native").rates)
def test_a_transcript_comes_with_its_segment_and_partials_before_it(rate: int, talk: Callable[[int], Sound]) -> None:
    board = NativeBoard(rate)
    board.send(encode(SETTINGS))
    heard = frames(board.hear(talk(rate)))
    segments = {segment.id: segment for segment in of(Segment, heard)}
    finals = {final.id: final for final in of(Final, heard)}
    assert set(finals) == set(segments)
    for number, final in finals.items():
        assert segments[number].start <= final.start <= final.end <= segments[number].end + 8 * CHUNK
    for partial in of(Partial, heard):
        assert partial.id in finals
        assert heard.index(partial) < heard.index(finals[partial.id])


@pytest.mark.parametrize("rate", boards.load("native").rates)
def test_a_hangover_after_a_whole_phrase_is_short_enough_for_the_final_to_be_in_time(rate: int) -> None:
    assert Config().hangover_complete_chunks * CHUNK / rate <= IN_TIME_S


def spoilt(kind: str, sound: Sound) -> Sound:
    """What a microphone, a line or an amplifier may make of it."""
    match kind:
        case "silence":
            return np.zeros_like(sound)
        case "clipped":
            return np.clip(sound.astype(np.int32) * 60, -32768, 32767).astype(np.int16)
        case "direct current":
            return np.clip(sound.astype(np.int32) + 15000, -32768, 32767).astype(np.int16)
        case "telephone":
            spectrum = np.fft.rfft(sound)
            spectrum[len(spectrum) // 2 :] = 0
            return np.fft.irfft(spectrum, len(sound)).round().clip(-32768, 32767).astype(np.int16)
        case _:
            return np.full_like(sound, -32768)


@pytest.mark.parametrize("kind", ["silence", "clipped", "direct current", "telephone", "stuck"])
def test_spoilt_audio_is_heard_to_its_end(kind: str, talk: Callable[[int], Sound]) -> None:
    board = NativeBoard()
    board.send(encode(SETTINGS))
    heard = frames(board.hear(spoilt(kind, talk(16000))))
    ledger = of(Ledger, heard)[-1]
    assert ledger.rows[ListenerState.FAULT].entries == 0
    assert {state.state for state in of(State, heard)} & {ListenerState.FAULT} == set()
    if kind in ("silence", "stuck"):
        assert of(Final, heard) == of(Segment, heard) == []
        assert ledger.asr_calls == 0


@pytest.mark.parametrize("minutes", [3])
def test_talk_without_an_end_is_cut_into_segments_that_leave_nothing_out(
    minutes: int, vowels: Callable[..., Sound]
) -> None:
    board = NativeBoard()
    # The gate opens on the first sound, and nothing closes it.
    board.send(encode(replace(SETTINGS, on_q8=1, off_q8=1, scores=0, hangover_chunks=1000)))
    noise = np.random.default_rng(2).integers(-3000, 3000, minutes * 60 * 16000).astype(np.int16)
    ids: dict[int, Segment] = {}
    finals = set()
    for at in range(0, len(noise), 64 * CHUNK):
        heard = frames(board.hear(noise[at : at + 64 * CHUNK]))
        ids |= {segment.id: segment for segment in of(Segment, heard)}
        finals |= {final.id for final in of(Final, heard)}
    segments = [ids[number] for number in sorted(ids)]
    assert len(segments) >= minutes * 60 // 21
    assert finals == set(ids)
    assert all(one.end == after.start for one, after in itertools.pairwise(segments))
    assert all(segment.end - segment.start <= 20.6 * 16000 for segment in segments)
