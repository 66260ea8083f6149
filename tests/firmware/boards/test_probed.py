"""Start-up, faults and drivers of the boards in Unicorn, driven by a probe that misbehaves on command (probe.c)."""

import re
import shutil

import numpy as np
import pytest
from probes import (
    CHIPS,
    CHUNK,
    FAULT,
    RAMP,
    SOFTWARE,
    WATCHDOG,
    Chip,
    ProbedBoard,
    boot,
    build_probe,
    fault_log,
    lines,
    say,
)

from firmware import boards
from host.sim import machine
from host.sim.virtual_board import SimulationError

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")


@pytest.fixture(scope="module", params=CHIPS)
def chip(request) -> Chip:
    return CHIPS[request.param]


@pytest.fixture(scope="module")
def probe(chip, tmp_path_factory):
    return build_probe(chip, tmp_path_factory.mktemp("probe"))


@pytest.fixture
def board(chip, probe) -> ProbedBoard:
    return boot(chip, probe)


def test_every_sample_reaches_the_image_once_and_in_order(board):
    said = board.hear(RAMP)
    sums = [int(chunk.sum()) & 0xFFFFFFFF for chunk in RAMP.reshape(-1, CHUNK)]
    assert lines(said) == [(total, 0) for total in sums]


def test_the_state_code_is_on_the_pins_that_the_board_names(board):
    board.hear(RAMP[: 3 * CHUNK])
    codes = [code for _, code in board.pads.codes]
    assert {1, 2, 3} <= set(codes)
    assert codes[-1] == 3


def test_what_does_not_fit_the_transmit_ring_is_waited_for_not_lost(board):
    said = say(board, "f", chunks=12)
    assert said.count(b"0123456789\n") == 100
    assert [dropped for _, dropped in lines(said)] == [0] * 12  # the wait took three chunks, which the ring kept


def test_an_image_that_is_too_slow_drops_whole_chunks_and_counts_them(board, chip):
    assert lines(board.hear(RAMP[: 3 * CHUNK]))[-1][1] == 0
    answers = lines(say(board, "s", chunks=30))
    lost = 20 - chip.kept  # it was busy for twenty chunks
    assert answers[-1][1] == lost * CHUNK
    assert len(answers) == 30 - lost


@pytest.mark.parametrize("command", ["h", "H"])
def test_the_watchdog_resets_a_hung_image(board, chip, command):
    said = say(board, command, chunks=80)
    assert WATCHDOG in said
    assert board.resets_seen == [chip.resets[0], chip.resets[2]]
    assert len(lines(said[said.index(WATCHDOG) :])) >= 15  # it hears again
    seconds = board.machine.now / board.machine.tick_hz
    assert 80 * CHUNK / board.rate <= seconds <= 80 * CHUNK / board.rate + 0.1


@pytest.mark.parametrize(
    ("command", "cfsr", "address"),
    [("b", 0x8200, 0x30000000), ("d", 0x8200, "ram_off"), ("u", 0x10000, None)],
)
def test_a_fault_is_reported_on_the_link_and_ends_in_a_reset(board, chip, command, cfsr, address):
    said = say(board, command, chunks=3)
    text = fault_log(said[: said.index(FAULT)])
    assert "exception 00000003" in text
    assert f"cfsr {cfsr:08x}" in text
    assert "hfsr 40000000" in text
    if address is not None:
        address = chip.ram_off if address == "ram_off" else address
        assert f"bfar {address:08x}" in text
    pc = int(re.search("pc ([0-9a-f]{8})", text)[1], 16)
    assert 0x10000 <= pc < 0x20000
    assert board.resets_seen == [chip.resets[0], chip.resets[1]]
    assert len(lines(said[said.index(FAULT) :])) >= 1  # it hears again
    assert SOFTWARE in say(board, "z", chunks=2)  # the next reset is not taken for a fault


def test_a_fault_report_waits_for_what_was_queued_before(board):
    said = say(board, "qb", chunks=3)
    assert said.count(b"0123456789\n") == 8
    assert said.rindex(b"0123456789\n") < said.index(b"fault") < said.index(FAULT)


def test_a_fault_right_after_reset_comes_back_and_ends_in_an_error(chip, probe, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "PATIENCE_SECONDS", 0.05)
    image = bytearray(probe.read_bytes())
    start = int.from_bytes(image[4:8], "little") - 1 - 0x10000
    image[start : start + 2] = b"\x00\xde"  # udf: the first instruction after reset
    (tmp_path / "image.bin").write_bytes(image)
    with pytest.raises(SimulationError, match="has not waited for audio"):
        chip.make(boards.load(chip.board), tmp_path / "image.bin")


@pytest.mark.parametrize("command", ["r", "x", "y"])
def test_a_spoilt_stack_is_reported(board, command):
    said = say(board, command, chunks=3)
    text = fault_log(said[: said.index(FAULT)])
    assert {"r": "stack overflow", "x": "stack smashed", "y": "stack overflow"}[command] in text


def test_two_runs_and_any_cut_give_the_same_bytes_and_instructions(chip, probe):
    outcomes = []
    for cut in ([], [1, 700, 512 * 5, 9999]):
        board = chip.make(boards.load(chip.board), probe)
        said = b"".join(board.hear(piece) for piece in np.split(RAMP, cut))
        outcomes.append((said, board.machine.executed, board.machine.now, board.pads.codes))
    assert outcomes[0] == outcomes[1]
