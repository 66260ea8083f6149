"""From a ledger to instructions a second and to the core's share of the time."""

import re
from pathlib import Path

import pytest
from talking_run import talking_run

from firmware.pipeline.frontend_tables import FrontEnd
from power import figures
from power.errors import PowerError
from power.last_run import Residency
from power.values import Values
from power.work import CHUNK_SAMPLES, awake, kept_banks, state, work

FIRMWARE = Path(__file__).parents[2] / "firmware"


def test_a_run_gives_work_a_second_and_the_length_of_a_stay(parts, run):
    done = work(run, parts)

    assert done.states["hear"].per_s == pytest.approx(2_500_000)
    assert done.states["hear"].share == 0.5
    assert done.states["hear"].entry_s == pytest.approx(50)
    assert list(done.states) == ["sleep", "hear"]
    assert done.link_bytes_per_s == pytest.approx(10)
    assert done.wakes_per_s == pytest.approx(16000 / 512)


def test_the_share_awake_is_work_by_clock(parts, run):
    found = awake(2_500_000, "hear", True, Values.typical(parts))
    assert found.share == pytest.approx(0.1)  # 2 cycles an instruction at 50 MHz
    assert found.amps == pytest.approx(500e-6)
    assert awake(2_500_000, "hear", False, Values.typical(parts)).share == pytest.approx(0.05)


def test_listening_bursts_where_the_core_can():
    values = Values.typical(figures.board_parts("artemis"))
    hear, listen = (awake(30e6, name, True, values) for name in ("hear", "listen"))
    assert listen.share == pytest.approx(hear.share / 2)
    assert "apollo3.burst_run" in listen.rests_on and "apollo3.burst_run" not in hear.rests_on


def test_work_for_which_the_core_has_no_time_is_refused(parts):
    with pytest.raises(PowerError, match=r"state 'hear' asks for 400 % of the core's time at 50 MHz"):
        awake(100e6, "hear", True, Values.typical(parts))


def test_a_variant_without_the_time_is_awake_throughout(parts):
    found = awake(20e6, "hear", True, Values.sampled(parts, 500, 1))
    assert found.share.max() == 1.0 > found.share.min()


def test_a_state_that_was_never_recorded_names_the_next_step(parts, run):
    with pytest.raises(PowerError, match=r"needs the work of the state 'listen'.*\(it had: sleep, hear\); replay"):
        state(work(run, parts), "listen", "scenario day, phase talk,")


@pytest.mark.parametrize("change", [{"cycles_are": "nothing"}, {"board": "mps3_an547"}])
def test_a_run_that_says_nothing_of_the_core_names_the_next_step(parts, run, change):
    with pytest.raises(PowerError, match=r"host replay FILE.wav --board toy"):
        work(run.model_copy(update=change), parts)


def test_a_run_without_its_link_is_taken():
    run = talking_run().model_copy(update={"link_bytes": None})
    assert work(run, figures.board_parts("artemis")).link_bytes_per_s is None


def test_a_virtual_boards_log_of_power_states_is_said_beside_the_ledger():
    parts = figures.board_parts("artemis")
    assert work(talking_run(), parts).notes == ()
    log = Residency(
        core={"run": 10.0, "sleep": 0.0, "deep sleep": 90.0}, powered={"UART0": 100.0, "PDM": 99.0}, burst=8.0
    )
    note = work(talking_run().model_copy(update={"residency": log}), parts).notes[0]
    assert "at work 10.0 % of the time, 8.0 % of it in bursts, in deep sleep 90.0 %" in note
    light = log.model_copy(update={"core": {"run": 10.0, "sleep": 50.0, "deep sleep": 40.0}})
    notes = work(talking_run().model_copy(update={"residency": light}), parts).notes
    assert "UART0 100 %, PDM 99 %" in notes[1]
    assert "without reaching deep sleep" in notes[2]
    banked = log.model_copy(
        update={
            "banks": {"TCM": {"deep sleep": 90.0}, "SRAM0": {"run": 10.0, "deep sleep": 0.0}},
            "bank_bytes": {"TCM": 65_536, "SRAM0": 32_768},
        }
    )
    notes = work(talking_run().model_copy(update={"residency": banked}), parts).notes
    assert "kept power in deep sleep, by the same log: 64 KiB" in notes[2]


def test_ram_beyond_the_first_bank_is_kept_at_a_price(parts):
    assert kept_banks(Values.typical(parts)) == 0
    more = parts.model_copy(update={"ram_kept_kib": 33.0})
    assert kept_banks(Values.typical(more)) == 1


def test_the_core_wakes_once_for_each_of_the_firmwares_chunks():
    header = (FIRMWARE / "pipeline/detector.h").read_text()
    hops = re.search(r"#define DETECTOR_HOPS (\d+)", header)
    assert hops is not None
    assert int(hops[1]) * FrontEnd().hop == CHUNK_SAMPLES
