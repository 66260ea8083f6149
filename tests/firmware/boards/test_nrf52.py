"""The nRF52840's drivers on the virtual Nano 33 BLE, driven by a probe that misbehaves; see test_probed.py."""

import re
import shutil

import numpy as np
import pytest
from probes import CHIPS, CHUNK, FAULT, RAMP, boot, build_probe, fault_log, lines, say

from host.sim.nrf52_board import Nrf52Board
from host.sim.virtual_board import SimulationError

NANO = CHIPS["nano33ble"]

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    return build_probe(NANO, tmp_path_factory.mktemp("nano33ble"))


@pytest.fixture
def board(probe) -> Nrf52Board:
    return boot(NANO, probe)


@pytest.mark.parametrize(("command", "lost"), [("o", 0), ("O", 1)])
def test_a_chunk_may_be_late_and_one_that_was_written_over_is_counted(board, command, lost):
    answers = lines(say(board, command, chunks=8))  # interrupts off for one and a half chunks, or two and a half
    assert [dropped for _, dropped in answers] == [lost * CHUNK] * (8 - lost)


def test_a_microphone_that_stops_is_told_in_time_and_started_again(board):
    said = say(board, "p", chunks=4)
    assert "the microphone has stopped" in fault_log(said[: said.index(FAULT)])
    said += board.hear(np.zeros(8 * CHUNK, np.int16))
    assert lines(said[said.index(FAULT) :])


def test_an_interrupt_without_a_handler_is_reported_by_its_number(board):
    said = say(board, "i", chunks=12)
    assert "exception 00000010 " in fault_log(said[: said.index(FAULT)])  # 16 + POWER_CLOCK_IRQn


def test_flash_that_can_only_be_read_is_a_fault_to_write(board):
    said = say(board, "g", chunks=3)
    assert "bfar 000f0000" in fault_log(said[: said.index(FAULT)])


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("w", "WDT: RR0 is written 0x1; only 0x6e524635 feeds the watchdog"),
        ("c", "WDT: CRV is written while the watchdog runs"),
        ("m", "POWER: DCDCEN0 (0x40000580) is read, but the virtual board does not model it"),
        ("a", "RNG.VALUE (0x4000d508) is accessed, but nobody models it (pc 0x"),
        ("n", "EasyDMA reaches RAM that has power, alone"),
        ("e", "NVMC: 0x20000 is changed, which is the boot loader's or the image's"),
        ("k", "PDM: it is started without the crystal oscillator (CLOCK.TASKS_HFCLKSTART)"),
    ],
)
def test_what_would_silently_fail_on_silicon_is_refused_by_name(board, command, refusal):
    with pytest.raises(SimulationError, match=re.escape(refusal)):
        say(board, command)


def test_the_image_sleeps_between_chunks_with_the_dc_dc_converter_on_and_spare_ram_off(board):
    board.hear(RAMP)
    residency = board.residency()
    assert residency.core["sleep"] / sum(residency.core.values()) > 0.97
    assert sum(residency.core.values()) == pytest.approx(len(RAMP) / 16000, abs=0.033)
    assert board.power.values["DCDCEN"] == 1
    asleep = residency.core["sleep"]
    kept = {bank for bank, states in residency.banks.items() if states["sleep"] == pytest.approx(asleep)}
    assert sum(residency.bank_bytes[bank] for bank in kept - {"FLASH"}) == 160 * 1024
    assert all(residency.banks[f"RAM8.S{bit}"]["sleep"] == 0 for bit in (3, 4, 5))
    for part in ("HFXO", "PDM", "UARTE0", "microphone"):
        assert residency.peripherals[part]["sleep"] == pytest.approx(asleep, abs=0.001)


def test_what_the_host_sends_while_interrupts_are_off_is_there_afterwards(board):
    board.send(b"o" + b"?" * 300)
    said = board.hear(np.zeros(8 * CHUNK, np.int16))
    assert said.count(b"?") == 300
    assert board.uart.lost == 0
