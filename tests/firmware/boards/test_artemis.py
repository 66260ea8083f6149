"""The Artemis drivers and start-up on the virtual board, driven by a probe that misbehaves on command."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from firmware import boards
from firmware.link import Decoder, Log, LogLevel
from host.sim import machine
from host.sim.artemis import Apollo3Board
from host.sim.image import built
from host.sim.virtual_board import SimulationError

FIRMWARE = boards.FIRMWARE
CHUNK = 512
RAMP = (np.arange(40 * CHUNK) % 1009 - 504).astype(np.int16)
POWER_ON, SOFTWARE, WATCHDOG, FAULT = (b"start %08x\n" % cause for cause in (1, 3, 4, 5))

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")


@pytest.fixture(scope="module")
def probe(tmp_path_factory) -> Path:
    """The probe, linked with the board's own objects."""
    facts = boards.load("artemis")
    build = built("artemis")
    objects = [path for path in (build / "obj").rglob("*.o") if path.name not in ("main.o", "earshot.o")]
    folders = [
        build / "gen",
        *(FIRMWARE / name for name in ("", "pipeline", "nn", "link", "domain", "trial", *facts.sources)),
    ]
    elf = tmp_path_factory.mktemp("artemis") / "probe.elf"
    subprocess.run(
        [
            *("arm-none-eabi-gcc", *facts.toolchain.cpu_flags, "-std=c11", "-O2", "-ffreestanding", "-nostdlib"),
            *("-fstack-protector-strong", "-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion"),
            *(*(f"-I{path}" for path in folders), f"-L{build / 'gen'}"),
            *(f"-T{FIRMWARE / facts.image.linker_script}", "-Wl,--gc-sections", "-o", elf),
            *(Path(__file__).with_name("artemis_probe.c"), *objects, "-lgcc"),
        ],
        check=True,
    )
    image = elf.with_suffix(".bin")
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, image], check=True)
    return image


@pytest.fixture
def board(probe) -> Apollo3Board:
    board = Apollo3Board(boards.load("artemis"), probe)
    assert board.hear(RAMP[:0]) == POWER_ON
    return board


def _say(board: Apollo3Board, command: str, chunks: int = 1) -> bytes:
    """The link's bytes after a command and `chunks` chunks of silence."""
    board.send(command.encode())
    return board.hear(np.zeros(chunks * CHUNK, np.int16))


def _lines(said: bytes) -> list[tuple[int, int]]:
    """(sum, dropped) of each chunk that was answered."""
    return [(int(a, 16), int(b, 16)) for a, b in re.findall(rb"([0-9a-f]{8}) ([0-9a-f]{8})\n", said)]


def _fault_log(said: bytes) -> str:
    logs = [frame for frame in Decoder().feed(said) if isinstance(frame, Log)]
    assert len(logs) == 1
    assert logs[0].level == LogLevel.ERROR
    return logs[0].text


def test_every_sample_reaches_the_image_once_and_in_order(board):
    said = board.hear(RAMP)
    sums = [int(chunk.sum()) & 0xFFFFFFFF for chunk in RAMP.reshape(-1, CHUNK)]
    assert _lines(said) == [(total, 0) for total in sums]


def test_the_state_code_is_on_the_pins_that_the_board_names(board):
    board.hear(RAMP[: 3 * CHUNK])
    codes = [code for _, code in board.pads.codes]
    assert {1, 2, 3} <= set(codes)
    assert codes[-1] == 3


def test_what_does_not_fit_the_transmit_ring_is_waited_for_not_lost(board):
    said = _say(board, "f", chunks=12)
    assert said.count(b"0123456789\n") == 100
    assert [dropped for _, dropped in _lines(said)] == [0] * 12  # the wait took three chunks, which the ring kept


def test_an_image_that_is_too_slow_drops_whole_chunks_and_counts_them(board):
    assert _lines(board.hear(RAMP[: 3 * CHUNK]))[-1][1] == 0
    lines = _lines(_say(board, "s", chunks=30))
    assert lines[-1][1] == 6 * CHUNK  # it was busy for twenty chunks, and the ring kept fourteen of them
    assert len(lines) == 30 - 6
    assert board.pdm.overrun == 0


def test_a_late_interrupt_counts_the_samples_that_the_fifo_lost(board):
    lines = _lines(_say(board, "o", chunks=6))
    lost_in_fifo = board.pdm.overrun
    assert lost_in_fifo > 0
    assert lines[-1][1] == pytest.approx(lost_in_fifo, abs=2)


@pytest.mark.parametrize("command", ["h", "H"])
def test_the_watchdog_resets_a_hung_image(board, command):
    said = _say(board, command, chunks=80)
    assert WATCHDOG in said
    assert board.resets_seen == ["PORSTAT", "WDRSTAT"]
    assert len(_lines(said[said.index(WATCHDOG) :])) >= 15  # it hears again
    seconds = board.machine.now / board.machine.tick_hz
    assert 80 * CHUNK / 15625 <= seconds <= 80 * CHUNK / 15625 + 0.1


@pytest.mark.parametrize(
    ("command", "cfsr", "address"),
    [("b", 0x8200, 0x30000000), ("d", 0x8200, 0x10030000), ("p", 0x8200, 0x50011000), ("u", 0x10000, None)],
)
def test_a_fault_is_reported_on_the_link_and_ends_in_a_reset(board, command, cfsr, address):
    said = _say(board, command, chunks=3)
    text = _fault_log(said[: said.index(FAULT)])
    assert "exception 00000003" in text
    assert f"cfsr {cfsr:08x}" in text
    assert "hfsr 40000000" in text
    if address is not None:
        assert f"bfar {address:08x}" in text
    pc = int(re.search("pc ([0-9a-f]{8})", text)[1], 16)
    assert 0x10000 <= pc < 0x20000
    assert board.resets_seen == ["PORSTAT", "SWRSTAT"]
    assert len(_lines(said[said.index(FAULT) :])) >= 1  # it hears again
    assert SOFTWARE in _say(board, "z", chunks=2)  # the next reset is not taken for a fault


def test_a_fault_report_waits_for_what_was_queued_before(board):
    said = _say(board, "qb", chunks=3)
    assert said.count(b"0123456789\n") == 8
    assert said.rindex(b"0123456789\n") < said.index(b"fault") < said.index(FAULT)


def test_a_fault_right_after_reset_comes_back_and_ends_in_an_error(probe, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "PATIENCE_SECONDS", 0.05)
    image = bytearray(probe.read_bytes())
    start = int.from_bytes(image[4:8], "little") - 1 - 0x10000
    image[start : start + 2] = b"\x00\xde"  # udf: the first instruction after reset
    (tmp_path / "image.bin").write_bytes(image)
    with pytest.raises(SimulationError, match="has not waited for audio"):
        Apollo3Board(boards.load("artemis"), tmp_path / "image.bin")


def test_an_interrupt_without_a_handler_is_reported_by_its_number(board):
    said = _say(board, "i", chunks=3)
    assert "exception 00000027 " in _fault_log(said[: said.index(FAULT)])  # 16 + STIMER_CMPR0_IRQn


def test_access_without_power_names_the_peripheral(board):
    _say(board, "p")
    assert board.machine.faults == ["PDM.PCFG is accessed, but PDM has no power (PWRCTRL.DEVPWREN.PWRPDM is 0)"]


@pytest.mark.parametrize("command", ["r", "x", "y"])
def test_a_spoilt_stack_is_reported(board, command):
    said = _say(board, command, chunks=3)
    text = _fault_log(said[: said.index(FAULT)])
    assert {"r": "stack overflow", "x": "stack smashed", "y": "stack overflow"}[command] in text


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("g", "GPIO: PADREGA is written while PADKEY is 0x0; it must be 0x73"),
        ("c", "CLKGEN: CCTRL is written while CLKKEY is 0x0; it must be 0x47"),
        ("w", "WDT: RSTRT is written 0x1; only 0xb2 feeds the watchdog"),
        ("m", "CTIMER: TMR0 (0x40008000) is read, but the virtual board does not model it"),
        ("k", "PWRCTRL: DEVPWREN = 0x1280 gives power to a peripheral that the virtual board does not model"),
    ],
)
def test_what_would_silently_fail_on_silicon_is_refused_by_name(board, command, refusal):
    with pytest.raises(SimulationError, match=re.escape(refusal)):
        _say(board, command)


def test_deep_sleep_is_where_the_image_waits(board):
    board.hear(RAMP)
    core = board.residency().core
    assert core["sleep"] == 0
    assert core["deep sleep"] / sum(core.values()) > 0.97
    assert sum(core.values()) == pytest.approx(len(RAMP) / 15625, abs=0.033)


def test_the_trace_port_turns_deep_sleep_into_sleep(board):
    _say(board, "t", chunks=10)
    assert board.residency().core["sleep"] > 8 * CHUNK / 15625


def test_two_runs_and_any_cut_give_the_same_bytes_and_instructions(probe):
    outcomes = []
    for cut in ([], [1, 700, 512 * 5, 9999]):
        board = Apollo3Board(boards.load("artemis"), probe)
        said = b"".join(board.hear(piece) for piece in np.split(RAMP, cut))
        outcomes.append((said, board.machine.executed, board.machine.now, board.pads.codes))
    assert outcomes[0] == outcomes[1]
