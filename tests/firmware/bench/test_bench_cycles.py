"""The estimate of cycles: hand-counted sequences, and QEMU's count of instructions."""

import numpy as np
import pytest

from firmware.bench.cycles import DIVIDE, REFILL, estimate
from firmware.bench.image import Job

# Two loads (the second one's address needs the first), the return and its refill.
AROUND = 2 + 2 + 1 + REFILL


@pytest.mark.parametrize(
    ("code", "cycles"),
    [
        ("adds r1, r0, #1\nadds r2, r1, #1", 2),
        ("ldr r1, [sp, #-4]\nldr r2, [sp, #-8]\nldr r3, [sp, #-12]", 3),  # pipelined after the two before
        ("nop\nldr r1, [sp, #-4]\nldr r2, [sp, #-8]\nldr r3, [sp, #-12]", 1 + 4),
        ("str r0, [sp, #-4]\nnop\nstr r0, [sp, #-8]", 3),
        ("add r3, sp, #0\nldr r1, [r3]", 1 + 3),  # its address was computed just before
        ("push {r1-r3}\npop {r1-r3}", 4 + 4),
        ("smull r1, r2, r0, r0\nmla r1, r0, r0, r0\nsmlad r1, r0, r0, r0", 3),
        ("mov r1, #3\nudiv r2, r0, r1", 1 + DIVIDE),
        ("cmp r0, #0\nit eq\naddeq r1, r0, #1", 3),
        ("movs r1, #5\n1: subs r1, #1\nbne 1b", 1 + 5 * 2 + 4 * REFILL),
        ("vmov s0, r0\nvadd.f32 s0, s0, s0\nvmla.f32 s0, s0, s0", 1 + 1 + 3),
    ],
)
def test_sequences_cost_what_the_manual_says(m4, assembly, code, cycles):
    network, inputs = assembly(code), np.ones((2, 4), np.int8)
    image = m4.image([network])
    found = estimate(image.elf, network.name, inputs, [4])
    (result,) = image.run([Job(0, inputs)])
    assert found.cycles == AROUND + cycles
    assert found.instructions == sum(found.mix.values()) == result.instructions[0]


def test_wait_states_are_paid_by_refills_literals_and_constants(m4, assembly):
    network, inputs = assembly("ldr r1, =assembly_model\nldr r2, [r1, #4]\nb 1f\nnop\n1: nop"), np.ones((2, 4), np.int8)
    image = m4.image([network])
    fast, slow = (estimate(image.elf, network.name, inputs, [4], wait_states) for wait_states in (0, 3))
    assert fast.refills == 2  # the jump, the return
    assert slow.cycles - fast.cycles == 3 * (2 + 2 + 1)  # refills, literals, a constant
