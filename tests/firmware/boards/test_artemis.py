"""The Artemis drivers on the virtual board, driven by a probe that misbehaves on command; see test_probed.py."""

import re
import shutil

import pytest
from probes import CHIPS, CHUNK, FAULT, RAMP, boot, build_probe, fault_log, lines, say

from host.sim.artemis import Apollo3Board
from host.sim.virtual_board import SimulationError

ARTEMIS = CHIPS["artemis"]

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    return build_probe(ARTEMIS, tmp_path_factory.mktemp("artemis"))


@pytest.fixture
def board(probe) -> Apollo3Board:
    return boot(ARTEMIS, probe)


def test_a_late_interrupt_counts_the_samples_that_the_fifo_lost(board):
    answers = lines(say(board, "o", chunks=6))
    lost_in_fifo = board.pdm.overrun
    assert lost_in_fifo > 0
    assert answers[-1][1] == pytest.approx(lost_in_fifo, abs=2)


def test_an_interrupt_without_a_handler_is_reported_by_its_number(board):
    said = say(board, "i", chunks=3)
    assert "exception 00000027 " in fault_log(said[: said.index(FAULT)])  # 16 + STIMER_CMPR0_IRQn


def test_access_without_power_is_a_bus_fault_that_names_the_peripheral(board):
    said = say(board, "p", chunks=3)
    text = fault_log(said[: said.index(FAULT)])
    assert "cfsr 00008200" in text
    assert "bfar 50011000" in text
    assert board.machine.faults == ["PDM.PCFG is accessed, but PDM has no power (PWRCTRL.DEVPWREN.PWRPDM is 0)"]


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("g", "GPIO: PADREGA is written while PADKEY is 0x0; it must be 0x73"),
        ("c", "CLKGEN: CCTRL is written while CLKKEY is 0x0; it must be 0x47"),
        ("w", "WDT: RSTRT is written 0x1; only 0xb2 feeds the watchdog"),
        ("m", "CTIMER: TMR0 (0x40008000) is read, but the virtual board does not model it"),
        ("a", "ADC.CFG (0x50010000) is accessed, but nobody models it (pc 0x"),
        ("k", "PWRCTRL: DEVPWREN = 0x1280 gives power to a peripheral that the virtual board does not model"),
    ],
)
def test_what_would_silently_fail_on_silicon_is_refused_by_name(board, command, refusal):
    with pytest.raises(SimulationError, match=re.escape(refusal)):
        say(board, command)


def test_deep_sleep_is_where_the_image_waits(board):
    board.hear(RAMP)
    core = board.residency().core
    assert core["sleep"] == 0
    assert core["deep sleep"] / sum(core.values()) > 0.97
    assert sum(core.values()) == pytest.approx(len(RAMP) / 15625, abs=0.033)


def test_the_trace_port_turns_deep_sleep_into_sleep(board):
    say(board, "t", chunks=10)
    assert board.residency().core["sleep"] > 8 * CHUNK / 15625


def test_only_the_banks_that_hold_the_image_keep_power_in_deep_sleep(board):
    board.hear(RAMP)
    residency = board.residency()
    deep = residency.core["deep sleep"]
    kept = {bank for bank, states in residency.banks.items() if states["deep sleep"] == pytest.approx(deep)}
    assert kept == {"DTCM0", "DTCM1", "DTCM2", "SRAM0", "SRAM1", "SRAM2", "CACHEB0", "CACHEB2"}
    assert all(residency.banks[bank]["deep sleep"] == 0 for bank in residency.banks.keys() - kept)
    assert sum(residency.bank_bytes[bank] for bank in kept if "CACHE" not in bank) == 160 * 1024
    assert residency.banks["FLASH1"]["run"] == pytest.approx(residency.core["run"])
    assert residency.banks["SRAM9"]["run"] < 0.001  # until board_init() takes its power away
    assert residency.peripherals["PDM"]["deep sleep"] == pytest.approx(deep, abs=0.001)
