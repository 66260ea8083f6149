"""The virtual core: interrupts, whenever they come, leave no trace in what they interrupt; instructions are counted."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.sim.machine import Machine, Power
from host.sim.virtual_board import SimulationError

pytestmark = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")

FLASH, RAM = (0x10000, 0x10000), (0x10000000, 0x10000)
LOW, HIGH = 3, 7
SCRIPT = """
MEMORY { FLASH : ORIGIN = 0x10000, LENGTH = 64K }
stack_top = 0x10010000;
SECTIONS { .text 0x10000 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > FLASH }
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("machine")
    (folder / "probe.ld").write_text(SCRIPT)
    source = Path(__file__).with_name("machine_probe.c")
    flags = [
        "-mcpu=cortex-m4",
        "-mthumb",
        "-mfloat-abi=hard",
        "-mfpu=fpv4-sp-d16",
        "-std=c11",
        "-O2",
        "-Wall",
        "-Wextra",
    ]
    link = ["-Werror", "-ffreestanding", "-nostdlib", "-T", "probe.ld", source, "-o", "probe.elf"]
    subprocess.run(["arm-none-eabi-gcc", *flags, *link], cwd=folder, check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "probe.elf", "probe.bin"], cwd=folder, check=True)
    return (folder / "probe.bin").read_bytes()


def _run(image: bytes, interrupts: list[tuple[int, int]]) -> tuple[Machine, tuple[int, ...]]:
    """The machine when all is done, and the probe's results; interrupts: (tick, number)."""
    machine = Machine(FLASH, RAM, 48_000_000)
    machine.attach([], [])
    machine.load(image, 0x10000)
    machine.reset()
    machine.start(0x10000)

    def pulse(number: int) -> None:
        machine.line(number, True)
        machine.line(number, False)

    for index, (tick, number) in enumerate(interrupts):
        machine.at(f"interrupt {index}", tick, lambda number=number: pulse(number))
    with pytest.raises(SimulationError, match="nothing can wake it"):
        machine.run()
    return machine, struct.unpack("<6I", machine.ram_read(0x10000000, 24))


@pytest.fixture(scope="module")
def undisturbed(image) -> tuple[int, int]:
    """The probe's result, and the instructions that it takes, without interrupts."""
    machine, (result, low, high, nesting, misaligned, calls) = _run(image, [])
    assert (low, high, nesting, misaligned, calls) == (0, 0, 0, 0, 4)
    return result, machine.executed


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60_000), st.sampled_from([LOW, HIGH])), max_size=12))
def test_interrupts_change_nothing_but_the_count(image, undisturbed, interrupts):
    machine, (result, low, high, nesting, misaligned, calls) = _run(image, interrupts)
    assert result == undisturbed[0]
    assert misaligned == 0
    assert calls == 4
    assert nesting & 0xFFFF == 0
    assert nesting >> 16 <= 2
    wanted = [number for _, number in interrupts]
    assert (low > 0, high > 0) == (LOW in wanted, HIGH in wanted)
    assert low <= wanted.count(LOW)
    assert high <= wanted.count(HIGH)
    assert machine.faults == []


def test_the_higher_priority_interrupts_the_lower_and_not_the_other_way(image):
    _, (_, low, high, nesting, _, _) = _run(image, [(5000, LOW), (5060, HIGH)])
    assert (low, high, nesting >> 16) == (1, 1, 2)
    _, (_, low, high, nesting, _, _) = _run(image, [(5000, HIGH), (5010, LOW)])
    assert (low, high, nesting >> 16) == (1, 1, 1)


def test_a_run_is_repeated_to_the_instruction(image):
    interrupts = [(tick, LOW if tick % 3 else HIGH) for tick in range(400, 30000, 377)]
    first, second = (_run(image, interrupts) for _ in range(2))
    assert first[1] == second[1]
    assert (first[0].executed, first[0].now, first[0].residency) == (
        second[0].executed,
        second[0].now,
        second[0].residency,
    )


def test_instructions_are_counted_exactly(tmp_path):
    # movs r0, #100; 1: nop; subs r0, #1; bne 1b; wfi
    code = bytes.fromhex("6420 00bf 0138 fcd1 30bf fee7")
    machine = Machine(FLASH, RAM, 48_000_000)
    machine.attach([], [])
    machine.load(struct.pack("<II", 0x10008000, 0x10009) + code, 0x10000)
    machine.reset()
    machine.start(0x10000)
    with pytest.raises(SimulationError, match="nothing can wake it"):
        machine.run()
    assert machine.executed == 1 + 3 * 100 + 1
    assert machine.residency[Power.RUN] == machine.executed


def test_time_in_sleep_is_the_time_to_the_next_event(image):
    machine, _ = _run(image, [(1_000_000, LOW)])
    assert machine.now >= 1_000_000
    assert sum(machine.residency.values()) == machine.now
    assert machine.residency[Power.SLEEP] > 900_000
