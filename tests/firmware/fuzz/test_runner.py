"""What the fuzz would see: networks that misbehave, and kernels that are wrong by a bit."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.firmware.fuzz import check as checking
from tests.firmware.fuzz.case import Case, judge
from tests.firmware.fuzz.check import check
from tests.firmware.fuzz.graphs import random_case
from tests.firmware.fuzz.machine import MACHINES, NN, Run, build_image, build_kernels, run_image

CORES = ["dsp", "mve"]
# One byte in, one byte out; what stands for BODY may misbehave.
NETWORK = """
#include <stddef.h>
#include "engine.h"
static bool NAME_init(void *arena) { (void)arena; return true; }
static bool NAME_invoke(void *arena) { int8_t *memory = arena; memory[1] = memory[0]; BODY return true; }
static int8_t *NAME_input(void *arena, uint32_t index) { (void)index; return arena; }
static const int8_t *NAME_output(const void *arena, uint32_t index) { (void)index; return (const int8_t *)arena + 1; }
static const struct nn_tensor NAME_tensor = {.name = "x", .bytes = 1};
static const struct nn_model NAME_model = {.name = "NAME", .arena_bytes = BYTES, .inputs = 1, .outputs = 1,
    .input = &NAME_tensor, .output = &NAME_tensor, .init = NAME_init, .invoke = NAME_invoke,
    .input_data = NAME_input, .output_data = NAME_output};
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("libraries")
    for machine in MACHINES.values():
        build_kernels(machine, folder)
    return folder


@pytest.fixture
def run(libraries: Path, tmp_path: Path) -> Callable[..., list[Run]]:
    """Runs a sound network, one with the body given, and a sound one again, three calls each."""

    def go(target: str, body: str, arena_bytes: int = 16, seconds: float = 30) -> list[Run]:
        bodies = {"before": "", "tried": body, "after": ""}
        for name, text in bodies.items():
            source = NETWORK.replace("NAME", name).replace("BODY", text).replace("BYTES", str(arena_bytes))
            (tmp_path / f"{name}.c").write_text(source)
        program = build_image(MACHINES[target], list(bodies), libraries / f"lib{target}.a", tmp_path)
        calls = np.array([[1], [-2], [3]], np.int8)
        cases = [Case(name, b"", calls, (True, False, False)) for name in bodies]
        runs = run_image(MACHINES[target], program, cases, [1, 1, 1], seconds)
        for sound in (runs[0], runs[2]):
            assert not sound.faults
            np.testing.assert_array_equal(sound.outputs, calls)
        return runs

    return go


@pytest.mark.parametrize("target", MACHINES)
def test_sound_networks_run(run, target):
    assert not run(target, "")[1].faults


@pytest.mark.parametrize("target", CORES)
def test_a_byte_written_before_the_arena_is_seen(run, target):
    assert "before the arena" in run(target, "memory[-1] = 0;")[1].faults[0]


@pytest.mark.parametrize("target", CORES)
def test_a_byte_written_behind_the_arena_is_seen(run, target):
    assert "behind the arena" in run(target, "memory[9] = 0;", arena_bytes=9)[1].faults[0]


@pytest.mark.parametrize("target", MACHINES)
@pytest.mark.parametrize("body", ["memory[16] = 0;", "memory[1] = ((volatile int8_t *)memory)[16];"])
def test_beyond_the_end_of_memory_a_network_faults_and_the_next_runs_on(run, target, body):
    tried = run(target, body)[1]
    assert "faulted" in tried.faults[0]
    assert len(tried.outputs) == 0


def test_a_network_without_end_is_ended(run):
    assert "more than 2 s" in run("dsp", "for (volatile int i = 0; i == 0;) {}", seconds=2)[1].faults[0]


@pytest.mark.parametrize("target", CORES)
def test_the_stack_is_measured(run, target):
    runs = run(target, "volatile int8_t room[3000]; room[0] = memory[0]; memory[1] = room[0];")
    assert runs[0].stack_bytes < 500
    assert 3000 <= runs[1].stack_bytes < 3500


@pytest.mark.parametrize("target", CORES)
def test_an_overflow_of_the_stack_is_a_fault(run, target):
    body = "volatile int8_t room[20000]; room[0] = memory[0]; memory[1] = room[0];"
    assert "faulted" in run(target, body)[1].faults[0]


def test_a_wrong_byte_is_named(libraries, tmp_path, monkeypatch):
    def flipped(case: Case) -> np.ndarray:
        outputs = judge(case)
        outputs[1, 2] ^= 1
        return outputs

    monkeypatch.setattr(checking, "judge", flipped)
    monkeypatch.setattr(checking, "KEPT", tmp_path / "kept")
    case = next(case for case in map(random_case, range(100)) if judge(case).shape[1] > 2)
    (failure,) = check([case], ["dsp"], libraries, tmp_path).failures
    assert (failure.case, failure.target) == (case.name, "dsp")
    assert failure.reason.startswith(f"1 of {judge(case).size} bytes differ, first in call 1, output")
    assert failure.path.read_bytes() == case.model


# Mistakes that a kernel could make, each in one place.
MISTAKES = {
    "ties are rounded up": ("requantize.h", "(value + (value >> 31))", "value"),
    "one rounding too few": ("requantize.h", "(int64_t)a * b + (1 << 30)", "(int64_t)a * b"),
    "the pool's ties are cut": ("pool.c", "/ 2", "/ 3"),
    "the last value of a row is left out": (
        "dense.c",
        "for (int32_t i = 0; i < depth; i++)",
        "for (int32_t i = 0; i < depth - (depth > 9); i++)",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_kernel_is_found(mistake, tmp_path, monkeypatch):
    name, right, wrong = MISTAKES[mistake]
    monkeypatch.setattr(checking, "KEPT", tmp_path / "kept")
    shutil.copytree(NN, tmp_path / "nn")
    source = (tmp_path / "nn" / name).read_text()
    assert right in source, f"{name} has changed: name another place for the mistake"
    (tmp_path / "nn" / name).write_text(source.replace(right, wrong))
    machine = MACHINES["portable"]
    build_kernels(machine, tmp_path, tmp_path / "nn")
    report = check([random_case(seed) for seed in range(40)], ["portable"], tmp_path, tmp_path / "built")
    assert len(report.failures) >= 2
