"""The real images on their virtual boards in Unicorn: they say HELLO, hear as the desk does, and sleep between."""

import shutil
import struct

import numpy as np
import pytest

from firmware import boards
from firmware.link import (
    Ack,
    Config,
    Decoder,
    Hello,
    Kept,
    Ledger,
    Log,
    ResetCause,
    Score,
    Segment,
    State,
    encode,
    question,
)
from firmware.native import NativeBoard
from host.sim import SimulationError, image, open_board
from host.sim.artemis import Apollo3Board
from host.sim.unicorn_board import UnicornBoard

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")

CHUNK = 512
EVERYTHING = encode(Config(scores=True, ledger_period_chunks=8))


UNICORN = ("artemis", "nano33ble")


def _audio(seconds: float, rate: int = 15625) -> np.ndarray:
    """Bursts of noise in near silence."""
    rng = np.random.default_rng(7)
    samples = round(seconds * rate)
    loud = (np.arange(samples) // 9000) % 2
    return np.clip(rng.normal(0, 1 + 6000 * loud), -32768, 32767).astype(np.int16)


def _frames(data: bytes) -> list:
    decoder = Decoder()
    frames = list(decoder.feed(data))
    assert decoder.damaged == 0
    return frames


def _without_cycles(frames: list) -> list:
    """The payloads, less what may differ between boards: who speaks, and the cycle counts."""
    kept = []
    for frame in frames:
        if isinstance(frame, Ledger):
            rows = [(row.samples, row.entries) for row in frame.rows]
            kept.append((frame.sample, rows, frame.frames, frame.inferences, frame.segments, frame.speech_samples))
        elif not isinstance(frame, Hello):
            kept.append(frame)
    return kept


@pytest.fixture(params=UNICORN)
def board(request) -> UnicornBoard:
    return open_board(request.param)


def test_it_says_hello_after_power_on(board):
    hello = next(frame for frame in _frames(board.hear(np.zeros(0, np.int16))) if isinstance(frame, Hello))
    assert (hello.board, hello.rate, hello.chunk) == (board.name, boards.load(board.name).rate, CHUNK)
    assert hello.unit != 0
    assert hello.reset_cause == ResetCause.POWER_ON


def test_it_hears_what_the_native_board_hears(board):
    pcm = _audio(6, board.rate)
    native = NativeBoard(board.rate)
    outcomes = []
    for each in (board, native):
        each.send(EVERYTHING)
        outcomes.append(_frames(each.hear(pcm)))
    assert _without_cycles(outcomes[0]) == _without_cycles(outcomes[1])
    assert {type(frame) for frame in outcomes[0]} >= {Hello, State, Config, Score, Ledger}
    assert len([frame for frame in outcomes[0] if isinstance(frame, Score)]) == len(pcm) // CHUNK


def test_silence_puts_the_image_into_its_sleep_state_and_sound_wakes_it(board):
    board.send(encode(Config(sleep_after_chunks=10)))
    quiet = np.zeros(30 * CHUNK, np.int16)
    board.hear(quiet)
    assert board.pads.codes[-1][1] == 0
    before = board.machine.executed
    board.hear(quiet[: 10 * CHUNK])
    asleep = (board.machine.executed - before) / 10
    board.hear(_audio(1)[9000:])
    assert board.pads.codes[-1][1] == 1
    before = board.machine.executed
    board.hear(_audio(1)[: 10 * CHUNK])
    assert asleep < (board.machine.executed - before) / 10 / 5


def test_the_ledger_counts_the_cycles_that_were_run(board):
    board.send(EVERYTHING)
    frames = _frames(board.hear(_audio(3)))
    ledger = [frame for frame in frames if isinstance(frame, Ledger)][-1]
    counted = sum(row.cycles for row in ledger.rows)
    run = (
        board.residency().core["run"]
        * boards.load(board.name).clock_hz
        * ledger.sample
        / (_audio(3).size // CHUNK * CHUNK)
    )
    assert counted == pytest.approx(run, rel=0.05)


@pytest.mark.parametrize("name", UNICORN)
def test_two_runs_and_any_cut_give_the_same_bytes_instructions_and_times(name):
    pcm = _audio(2)
    outcomes = []
    for cut in ([], [1, 700, 5 * CHUNK, 5 * CHUNK + 511, 20000]):
        board = open_board(name)
        board.send(EVERYTHING)
        said = b"".join(board.hear(piece) for piece in np.split(pcm, cut))
        outcomes.append((said, board.machine.executed, board.residency(), board.pads.codes))
    assert outcomes[0] == outcomes[1]


def test_bytes_for_the_board_are_taken_up_at_its_next_chunk(board):
    board.hear(np.zeros(CHUNK, np.int16))
    board.send(encode(question()))
    assert any(isinstance(frame, Hello) for frame in _frames(board.hear(np.zeros(CHUNK, np.int16))))


def test_a_host_that_never_stops_sending_loses_nothing(board):
    acks = b"".join(encode(Ack(0, Kept.SEGMENT, number)) for number in range(210))
    assert len(acks) >= 3000
    board.send(acks + encode(question()))
    frames = _frames(board.hear(np.zeros(12 * CHUNK, np.int16)))
    assert len([frame for frame in frames if isinstance(frame, Hello)]) == 2
    assert not any(isinstance(frame, Log) for frame in frames)
    assert board.uart.lost == 0


def test_noise_on_the_link_costs_nothing_but_itself(board):
    rng = np.random.default_rng(5)
    board.hear(np.zeros(0, np.int16))
    board.send(rng.integers(0, 256, 200, np.uint8).tobytes() + b"\0" + encode(question()))
    frames = _frames(board.hear(np.zeros(4 * CHUNK, np.int16)))
    assert any(isinstance(frame, Hello) for frame in frames)
    assert not any(isinstance(frame, Segment) for frame in frames)
    assert len(board.resets_seen) == 1
    assert any(isinstance(frame, Log) for frame in frames)


@pytest.mark.parametrize("pcm", [np.zeros(512), np.zeros((2, 512), np.int16), np.zeros(512, np.int32)])
def test_samples_of_another_kind_are_refused(board, pcm):
    with pytest.raises(SimulationError, match="hears int16 samples in one dimension"):
        board.hear(pcm)


def _image(folder, code: bytes) -> Apollo3Board:
    path = folder / "image.bin"
    path.write_bytes(struct.pack("<II", 0x10008000, 0x10009) + code)
    return Apollo3Board(boards.load("artemis"), path)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (b"\xfe\xe7", "has not waited for audio for 5 s of its time; it is at 0x00010008"),  # b .
        (b"\x30\xbf\xfd\xe7", "the core stands still at 0x0001000a and nothing can wake it"),  # wfi
        (b"\x00\xde\x00\x00", "the core stands still"),  # udf, whose handler is nowhere: lock-up
        (b"", "the core stands still"),  # 0xFF..: no code at all
    ],
)
def test_an_image_that_never_listens_ends_in_an_error_and_not_in_waiting(tmp_path, code, message):
    with pytest.raises(SimulationError, match=message):
        _image(tmp_path, code)


def test_an_image_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "big.bin").write_bytes(bytes(0xF0001))
    with pytest.raises(SimulationError, match="does not fit the flash"):
        Apollo3Board(boards.load("artemis"), tmp_path / "big.bin")


def test_an_unknown_board_is_refused_with_the_ones_there_are():
    with pytest.raises(SimulationError, match="there is no board 'artemus'"):
        open_board("artemus")


def test_a_missing_compiler_is_told_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(image, "BUILD", tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SimulationError) as caught:
        open_board("artemis")
    assert "arm-none-eabi-gcc is not installed; on Debian: apt-get install" in caught.value.detail


def test_open_board_builds_a_stale_image_and_says_so(capfd):
    image.built("artemis")
    (image.BUILD / "artemis" / "built").unlink()
    capfd.readouterr()
    open_board("artemis").close()
    assert capfd.readouterr().err == "building the image of artemis: scons -C firmware board=artemis\n"
    open_board("artemis").close()
    assert capfd.readouterr().err == ""
