"""Instructions are counted exactly, however many, wherever in a tick they begin."""

import numpy as np
import pytest

from firmware.bench.clock import Clock
from firmware.bench.errors import BenchError
from firmware.bench.image import Job

LOOP = """1: subs r0, #1
          bne 1b"""
AROUND = 3  # two loads before the loop, the return after it


def taken(builder, network, loops):
    """Instructions of each call, the first one left out."""
    inputs = np.array([1, *loops], np.uint32).view(np.int8).reshape(-1, 4)
    (result,) = builder.image([network]).run([Job(0, inputs)])
    return list(result.instructions)


def test_a_calibrated_loop_is_counted_to_the_instruction(builder, assembly):
    loops = np.random.default_rng(1).integers(1, 3000, 300)
    assert taken(builder, assembly(LOOP), loops) == [2 * int(n) + AROUND for n in loops]


def test_it_stays_exact_over_many_wraps_of_systick(builder, assembly):
    # SysTick wraps after 10.5 and 8.2 million instructions.
    loops = [1, 4_000_000, 5_242_879, 20_000_000, 3, 4_194_301]
    assert taken(builder, assembly(LOOP), loops) == [2 * n + AROUND for n in loops]


def test_instructions_that_an_it_block_skips_are_counted(builder, assembly):
    code = """cmp r0, #0
              itt eq
              addeq r1, r0, #1
              addeq r1, r0, #2"""
    assert taken(builder, assembly(code), [0, 1]) == [4 + AROUND, 4 + AROUND]


def test_a_clock_that_does_not_count_instructions_is_refused():
    steady = [(0, 1000 * i, 0, 0, 1000 * i + (2 * i + 60) * 8 // 5, 0, i) for i in range(1, 100)]
    Clock.calibrated(25_000_000, steady)
    shaky = [(*span[:4], span[4] + 7 * (span[6] % 2), *span[5:]) for span in steady]
    with pytest.raises(BenchError, match="does not count instructions"):
        Clock.calibrated(25_000_000, shaky)
