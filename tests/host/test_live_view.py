"""The live view: drawn for any size, moving as it should, and leaving the terminal as it was."""

import shutil
import subprocess
import time

import pexpect
import pytest
import soundfile
from board_on_a_line import HOST, ScriptedBoard, hello_of, ledger_of, loud_and_quiet
from domain_store import BUILT_IN
from rich.console import Console

from firmware.link import (
    Config,
    Final,
    LedgerRow,
    ListenerState,
    Log,
    LogLevel,
    Partial,
    ResetCause,
    Score,
    Segment,
    State,
)
from host.live_view import Screen, activity_columns, byte_count
from host.status import BoardStatus
from host.transcribe import Transcriber
from host.transcript import clock
from host.transcript_pane import horizontal_bar

RATE = 16_000


def heard_status(seconds: float = 40.0, asr: str = "") -> BoardStatus:
    """Forty seconds on an Artemis: every third second speech."""
    status = BoardStatus("/dev/ttyUSB0", connection="connected")
    status.take(hello_of(rate=RATE, reset_cause=ResetCause.WATCHDOG, asr=asr))
    status.take(Config(on_q8=128, off_q8=90))
    status.take(State(0, ListenerState.HEAR, speaking=True, probability_q8=0, dropped=17))
    for chunk in range(1, round(seconds * RATE / 512)):
        second = chunk * 512 // RATE
        status.take(Score(chunk * 512, 230 if second % 3 == 0 else 20))
    for n in range(int(seconds / 3)):
        status.take(Segment(n + 1, n * 3 * RATE, (n * 3 + 1) * RATE, 230))
    rows = [LedgerRow(0, 0, 0)] * 6
    rows[0], rows[1] = LedgerRow(RATE, 0, 1), LedgerRow(3 * RATE, 9_600_000, 1)
    status.take(ledger_of(4 * RATE, rows, dropped=17, finals_lost=2 if asr else 0))
    status.take(Log(LogLevel.WARNING, "low battery\x1b[2J"))
    return status


def drawn(status: BoardStatus, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, force_terminal=True, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(Screen(status), end="")
    return capture.get().rstrip("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (132, 40), (200, 60), (112, 24), (60, 20), (40, 12), (24, 8)])
def test_it_fills_any_terminal_exactly(width, height):
    for status in (heard_status(), BoardStatus("sim:native")):
        lines = drawn(status, width, height)
        assert len(lines) == height
        assert {len(line) for line in lines} == {width}


@pytest.mark.parametrize(("width", "height"), [(80, 24), (132, 40)])
def test_it_shows_what_there_is(width, height):
    text = "\n".join(drawn(heard_status(), width, height))
    for part in (
        "artemis  firmware 0.1.0  model vad cafef00d  16 kHz  protocol 3",
        "connected · 0:00:04 heard · last reset: watchdog",
        "HEAR",
        "● speech",
        "probability 0.90",
        "off 0.35 ▲",
        "▲ on 0.50",
        "duty  SLEEP 25.0 %  HEAR 75.0 %  ·  core awake 5.00 %",
        "dropped 17  ·  damaged 0",
        "log   low battery?[2J",
        "13       36.00       37.00    1.00  0.90",
    ):
        assert part in text, part


def talking_status() -> BoardStatus:
    """The same board with a recogniser: four transcripts, one not understood, and a fifth under way."""
    status = heard_status(asr="asr")
    for number, start_s, confidence_q8, text, slots in (
        (1, 3, 240, "where is the train station", (("place", "train station"),)),
        (2, 9, 144, "how much is this", ()),
        (3, 12, 20, "", ()),
        (4, 15, 100, "i would like a room " + "and a bath " * 9, (("nights", "3"),)),
    ):
        status.take(Final(number, start_s * RATE, (start_s + 1) * RATE, confidence_q8, text, slots))
    status.take(Partial(5, 1, 39 * RATE, 40 * RATE, "can you tell"))
    return status


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 36), (200, 60), (60, 20), (48, 14), (40, 12), (24, 8)])
def test_transcripts_fit_any_terminal_and_the_growing_one_is_last(width, height):
    lines = drawn(talking_status(), width, height)
    assert {len(line) for line in lines} == {width}
    assert len(lines) == height
    row = max(n for n, line in enumerate(lines) if "can you tell …" in line or ("tell …" in line and width < 30))
    assert not any("bath" in line or "station" in line for line in lines[row + 1 :])


def test_a_transcript_shows_time_confidence_text_and_slots():
    text = "\n".join(drawn(talking_status(), 140, 36))
    assert "transcripts  ·  3  ·  2 lost on the board" in text
    assert "0:00:03  ███▊  where is the train station  place=train\N{NO-BREAK SPACE}station" in text
    assert "0:00:09  ██▎   how much is this" in text
    assert "0:00:12  ▎     not understood" in text
    assert "nights=3" in text
    assert "0:00:39        can you tell …" in text
    assert "asr asr 0000beef  domain travel 000000d0" in text
    assert "13       36.00       37.00    1.00  0.90" in text  # the segments are still there, smaller


def test_a_partial_grows_and_its_final_takes_its_place():
    status = talking_status()
    status.take(Partial(5, 2, 39 * RATE, 40 * RATE, "can you tell me the way"))
    assert "can you tell me the way …" in "\n".join(drawn(status, 80, 24))
    status.take(Final(5, 39 * RATE, 40 * RATE, 250, "can you tell me the time", ()))
    status.take(Partial(5, 3, 39 * RATE, 40 * RATE, "late"))
    text = "\n".join(drawn(status, 80, 24))
    assert "can you tell me the time" in text
    assert "…" not in text.split("transcripts")[1]


def test_an_upload_and_an_unkept_journal_are_seen():
    status = talking_status()
    status.take(BUILT_IN)
    status.uploading = (500, 1000)
    status.trouble = "the journal is locked"
    text = "\n".join(drawn(status, 140, 36))
    assert "domain travel 000000d0  new ████     50 %" in text
    status.uploading = None
    assert "domain travel 000000d0  built in " in "\n".join(drawn(status, 140, 36))
    assert "not kept" in text
    assert "the journal is locked" in text


def test_before_the_first_frame_it_says_so():
    text = "\n".join(drawn(BoardStatus("sim:native"), 80, 24))
    assert "no HELLO from the board yet" in text
    assert "nothing said yet" in text
    assert "no ledger yet" in text


def test_the_bar_is_smooth_to_an_eighth_of_a_cell():
    assert horizontal_bar(0.0, 10) == " " * 10
    assert horizontal_bar(1.0, 10) == "█" * 10
    assert horizontal_bar(7.0, 10) == "█" * 10
    assert horizontal_bar(0.5 + 1 / 80, 10) == "█████▏    "
    assert len({horizontal_bar(n / 80, 10) for n in range(81)}) == 81


def test_the_bar_follows_the_probability():
    status = heard_status()
    screen = Screen(status)
    status.probability = 0.0
    for _ in range(60):
        screen.follow(1 / 15)
    bar = [line for line in _lines(screen) if "▲" in line or "█" in line]
    assert "█" * 3 not in bar[0]


def _lines(screen: Screen) -> list[str]:
    console = Console(width=80, height=24, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(screen, end="")
    return capture.get().split("\n")


def test_the_strip_marks_speech_and_keeps_its_place_in_time():
    status = heard_status()
    before = activity_columns(status, 80)
    assert before[-1][1] in {"cyan", "green"}
    assert before[0] == (0.0, "")
    speech = [peak for peak, style in before if style == "green"]
    assert speech
    assert max(speech) == 230 / 256
    # A little later the same columns stand where they stood, or one further left.
    for sample in range(status.activity[-1].number * RATE // 8, status.activity[-1].number * RATE // 8 + RATE, 512):
        status.take(Score(sample + 512, 20))
        after = activity_columns(status, 80)
        peaks = [round(peak * 256) for peak, _ in before if peak]
        assert [round(peak * 256) for peak, _ in after if peak][: len(peaks) - 1] == peaks[:-1]


def test_figures_for_people():
    assert clock(3_725.9) == "1:02:05"
    assert byte_count(9_999) == "9999 B"
    assert byte_count(12_345) == "12.3 kB"
    assert byte_count(12_345_678) == "12.3 MB"


@pytest.fixture
def talk(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, loud_and_quiet(60, RATE), RATE)
    return path


def test_ctrl_c_in_a_terminal_gives_the_screen_back_and_exits_0(talk):
    terminal = pexpect.spawn(
        HOST[0],
        [*HOST[1:], "listen", "--port", "sim:native", "--wav", str(talk)],
        dimensions=(24, 80),
        encoding="utf-8",
    )
    terminal.expect_exact("\x1b[?1049h", timeout=20)  # the alternate screen
    terminal.expect("HEAR", timeout=20)
    terminal.expect("probability 0", timeout=20)
    terminal.sendintr()
    terminal.expect_exact("\x1b[?25h", timeout=20)  # the cursor
    terminal.expect_exact("\x1b[?1049l", timeout=20)
    terminal.expect("summary heard", timeout=20)
    terminal.expect(pexpect.EOF, timeout=20)
    terminal.close()
    assert terminal.exitstatus == 0
    assert terminal.signalstatus is None


def test_what_was_said_stays_on_the_terminal_when_the_view_has_gone(serial_line):
    board = ScriptedBoard(serial_line)
    arguments = ["listen", "--port", serial_line.port, "--no-journal"]
    terminal = pexpect.spawn(HOST[0], [*HOST[1:], *arguments], dimensions=(24, 80), encoding="utf-8")
    terminal.expect("HEAR", timeout=20)
    board.send(Final(1, 0, RATE, 240, "where is the train station", (("place", "train station"),)))
    terminal.expect("where is the train station", timeout=20)
    terminal.sendintr()
    terminal.expect_exact("\x1b[?1049l", timeout=20)
    terminal.expect("0:00:00.*where is the train station", timeout=20)
    terminal.expect("summary heard .* 1 transcript", timeout=20)
    terminal.close()
    board.stop()


def test_a_real_terminal_of_80_by_24_shows_state_probability_and_what_is_said(travellers, tmp_path):
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    path = tmp_path / "travellers.wav"
    soundfile.write(path, travellers[: 5 * RATE], RATE)
    said = Transcriber(RATE).file(path).transcripts[0]
    tmux = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]
    soundfile.write(path, travellers, RATE)
    command = [*HOST, "listen", "--port", "sim:native", "--wav", str(path)]
    subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "24", *command], check=True)
    try:
        until = time.monotonic() + 30
        screen = ""
        while time.monotonic() < until and said.text not in screen:
            time.sleep(0.2)
            screen = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout
        lines = screen.rstrip("\n").split("\n")
        assert len(lines) == 24
        assert "Earshot · sim:native" in lines[0]
        assert lines[-1].startswith("╰")
        assert "HEAR" in screen
        assert "probability 0." in screen
        assert "█" in screen
        assert said.text in screen
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
