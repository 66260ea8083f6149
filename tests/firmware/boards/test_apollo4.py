"""The Apollo4 Plus's driver on a rig made from the descriptions of its registers: it hears what the desk hears."""

import shutil

import numpy as np
import pytest
from apollo4_rig import BOARD, Rig

from firmware.link import Config, Decoder, Hello, Ledger, ResetCause, Score, encode
from firmware.native import NativeBoard
from host.sim.image import built
from host.sim.machine import Power

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")


@pytest.fixture(scope="module")
def rig() -> Rig:
    return Rig(built("apollo4p_evb") / "earshot.bin")


@pytest.fixture(scope="module")
def heard(rig):
    """The frames of two seconds of noise in bursts, the desk's beside them."""
    rng = np.random.default_rng(7)
    samples = 62 * 512
    pcm = np.clip(rng.normal(0, 1 + 6000 * ((np.arange(samples) // 9000) % 2)), -32768, 32767).astype(np.int16)
    outcomes = []
    for board in (rig, NativeBoard(BOARD.rate)):
        send = board.uart.feed if isinstance(board, Rig) else board.send
        send(encode(Config(scores=True, ledger_period_chunks=8)))
        outcomes.append(list(Decoder().feed(board.hear(pcm))))
    return outcomes


def test_it_boots_and_says_hello(heard):
    hello = next(frame for frame in heard[0] if isinstance(frame, Hello))
    assert (hello.board, hello.rate, hello.reset_cause) == ("apollo4p_evb", 15625, ResetCause.POWER_ON)


def test_sixteen_bits_of_twenty_four_give_the_scores_of_the_desk(heard):
    ours, desks = ([frame for frame in frames if isinstance(frame, Score)] for frames in heard)
    assert ours == desks
    assert len(ours) == 62
    ledger = [frame for frame in heard[0] if isinstance(frame, Ledger)][-1]
    assert ledger.dropped == 0


def test_the_dma_writes_two_buffers_in_shared_sram_in_turn(rig, heard):
    assert len(rig.pdm.targets) == 2


def test_the_core_sleeps_deeply_between_chunks_and_feeds_the_watchdog(rig, heard):
    spent = rig.machine.residency
    assert spent[Power.DEEP_SLEEP] / sum(spent.values()) > 0.9
    assert rig.blocks["WDT"].values["RSTRT"] == 0xB2
    assert rig.blocks["MCUCTRL"].field("DBGCTRL", "TPIUENABLE") == 0
    assert rig.machine.faults == []
