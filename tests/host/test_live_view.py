"""The live view: drawn for any size, moving as it should, and leaving the terminal as it was."""

import shutil
import subprocess
import time

import pexpect
import pytest
import soundfile
from board_on_a_line import HOST, loud_and_quiet
from rich.console import Console

from firmware.link import (
    Config,
    Hello,
    Ledger,
    LedgerRow,
    ListenerState,
    Log,
    LogLevel,
    ResetCause,
    Score,
    Segment,
    State,
)
from host.live_view import Screen, activity_columns, byte_count, clock, horizontal_bar
from host.status import BoardStatus

RATE = 16_000


def heard_status(seconds: float = 40.0) -> BoardStatus:
    """Forty seconds on an Artemis: every third second speech."""
    status = BoardStatus("/dev/ttyUSB0", connection="connected")
    status.take(Hello(1, "artemis", "0.1.0", "vad", 0xCAFEF00D, RATE, 512, 256, ResetCause.WATCHDOG))
    status.take(Config(on_q8=128, off_q8=90))
    status.take(State(0, ListenerState.HEAR, speaking=True, probability_q8=0, dropped=17))
    for chunk in range(1, round(seconds * RATE / 512)):
        second = chunk * 512 // RATE
        status.take(Score(chunk * 512, 230 if second % 3 == 0 else 20))
    for n in range(int(seconds / 3)):
        status.take(Segment(n + 1, n * 3 * RATE, (n * 3 + 1) * RATE, 230))
    rows = [LedgerRow(0, 0, 0)] * 6
    rows[0], rows[1] = LedgerRow(RATE, 0, 1), LedgerRow(3 * RATE, 9_600_000, 1)
    status.take(Ledger(4 * RATE, tuple(rows), 0, 0, 0, 0, dropped=17, segments_lost=0))
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
        "artemis  firmware 0.1.0  model vad cafef00d  16 kHz  protocol 1",
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


def test_before_the_first_frame_it_says_so():
    text = "\n".join(drawn(BoardStatus("sim:native"), 80, 24))
    assert "no HELLO from the board yet" in text
    assert "none yet" in text
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


def test_a_real_terminal_of_80_by_24_shows_state_probability_and_segments(talk, tmp_path):
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    tmux = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]
    command = [*HOST, "listen", "--port", "sim:native", "--wav", str(talk)]
    subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "24", *command], check=True)
    try:
        until = time.monotonic() + 30
        screen = ""
        while time.monotonic() < until and "    1  " not in screen:
            time.sleep(0.2)
            screen = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout
        lines = screen.rstrip("\n").split("\n")
        assert len(lines) == 24
        assert "Earshot · sim:native" in lines[0]
        assert lines[-1].startswith("╰")
        assert "HEAR" in screen
        assert "probability 0." in screen
        assert "█" in screen
        assert " length  peak" in screen
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
