"""The real images in QEMU: lockstep, determinism, and every way in which a virtual board can fail."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from firmware.link import Config, Decoder, Hello, Ledger, LogLevel, ResetCause, Score, encode, question
from host.sim.image import built
from host.sim.qemu import QemuBoard
from host.sim.virtual_board import SimulationError

ROOT = Path(__file__).resolve().parents[3]
BOARDS = ["mps2_an386", "mps3_an547"]

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-system-arm") and shutil.which("arm-none-eabi-gcc")),
    reason="needs Debian's qemu-system-arm and gcc-arm-none-eabi",
)


@pytest.fixture(scope="session", params=BOARDS)
def board_name(request) -> str:
    """A QEMU board."""
    return request.param


@pytest.fixture(scope="session")
def image(board_name) -> Path:
    """Its image."""
    return built(board_name) / "earshot.elf"


@pytest.fixture
def board(board_name, image):
    with QemuBoard(board_name, image) as board:
        yield board


def _audio(seconds: float) -> np.ndarray:
    """Bursts of noise in near silence."""
    rng = np.random.default_rng(3)
    samples = round(seconds * 16000)
    loud = (np.arange(samples) // 8000) % 2
    return np.clip(rng.normal(0, 20 + 6000 * loud), -32768, 32767).astype(np.int16)


def _frames(data: bytes) -> list:
    return list(Decoder().feed(data))


def _gone(group: int, seconds: float = 10.0) -> bool:
    """True once no running process of the group is left; one that nobody has reaped does not run."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        states = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group:
                states.append(fields[0])
        if all(state in "ZX" for state in states):
            return True
        time.sleep(0.05)
    return False


def test_the_same_audio_gives_the_same_bytes_however_it_is_cut(board_name, image):
    pcm = _audio(1.3)
    with QemuBoard(board_name, image) as board:
        board.send(encode(Config(scores=True, ledger_period_chunks=8)))
        whole = board.hear(pcm)
    pieces = b""
    with QemuBoard(board_name, image) as board:
        board.send(encode(Config(scores=True, ledger_period_chunks=8)))
        for piece in np.split(pcm, [0, 1, 700, 512 * 5, 512 * 5 + 511, 20000]):
            pieces += board.hear(piece)

    assert pieces == whole
    frames = _frames(whole)
    hello = frames[0]
    assert isinstance(hello, Hello)
    assert (hello.board, hello.rate, hello.chunk, hello.reset_cause) == (board_name, 16000, 512, ResetCause.POWER_ON)
    assert sum(isinstance(frame, Score) for frame in frames) == len(pcm) // 512
    ledger = [frame for frame in frames if isinstance(frame, Ledger)][-1]
    assert ledger.sample == 40 * 512
    assert 20_000 < sum(row.cycles for row in ledger.rows) / 39 < 1_000_000
    assert ledger.dropped == 0


def test_link_bytes_beyond_the_ring_arrive_in_order(board):
    board.hear(np.zeros(0, np.int16))
    noise = bytes(np.random.default_rng(5).integers(1, 256, 1500, dtype=np.uint8))
    board.send(b"\0" + noise + encode(Config(off_q8=77)) + encode(question("test")))
    frames = _frames(board.hear(np.zeros(512 * 5, np.int16)))

    assert any(isinstance(frame, Hello) for frame in frames)
    assert [frame.off_q8 for frame in frames if isinstance(frame, Config)][-1] == 77
    assert not [frame for frame in frames if getattr(frame, "level", None) == LogLevel.ERROR]


def test_nothing_is_left_running_after_close(board_name, image):
    board = QemuBoard(board_name, image)
    group = board._process.pid
    board.close()
    board.close()

    assert _gone(group)
    with pytest.raises(SimulationError, match=r"closed"):
        board.hear(np.zeros(512, np.int16))


def test_a_qemu_that_dies_is_reported(board):
    os.killpg(board._process.pid, signal.SIGKILL)
    with pytest.raises(SimulationError, match=rf"image of {board.name} ended .*last link bytes"):
        board.hear(_audio(0.2))
    assert _gone(board._process.pid)


def test_qemu_does_not_outlive_a_killed_host(board_name, image):
    program = (
        "import pathlib, time\nfrom host.sim.qemu import QemuBoard\n"
        f"board = QemuBoard({board_name!r}, pathlib.Path({str(image)!r}))\n"
        "print(board._process.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT) as host:
        group = int(host.stdout.readline())
        assert not _gone(group, 0.2)
        host.kill()
    assert _gone(group)


def test_samples_of_another_type_are_refused(board):
    with pytest.raises(TypeError, match="int16"):
        board.hear(np.zeros(512, np.float32))
    with pytest.raises(TypeError, match="one dimension"):
        board.hear(np.zeros((512, 2), np.int16))


def test_a_missing_qemu_names_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulationError, match="apt-get install qemu-system-arm"):
        QemuBoard("mps2_an386", tmp_path / "earshot.elf")


def test_a_missing_image_names_the_command(tmp_path):
    with pytest.raises(SimulationError, match="scons -C firmware board=mps2_an386"):
        QemuBoard("mps2_an386", tmp_path / "earshot.elf")


def test_an_image_that_locks_up_is_reported_with_qemus_words(tmp_path):
    image = tmp_path / "zeros.bin"
    image.write_bytes(bytes(64))
    with pytest.raises(SimulationError, match=r"(?s)ended \(exit status \d+\); it said: .*Lockup"):
        QemuBoard("mps2_an386", image)


def test_an_image_that_never_asks_for_audio_times_out(tmp_path):
    image = tmp_path / "loop.bin"
    image.write_bytes((0x20001000).to_bytes(4, "little") + (9).to_bytes(4, "little") + b"\xfe\xe7")  # b .
    with pytest.raises(SimulationError, match=r"asks for no audio since 1 s"):
        QemuBoard("mps2_an386", image, timeout_s=1.0)
