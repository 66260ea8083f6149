"""Every target gives TFLite Micro's bytes: on random graphs, on the shipped models, on other people's.

EARSHOT_FUZZ_GRAPHS is the number of random graphs. `python -m tests.firmware.fuzz --seed N` runs one of them again.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware.modelc.emitter import identifier
from tests.firmware.fuzz import campaign
from tests.firmware.fuzz.check import Report, check
from tests.firmware.fuzz.graphs import known
from tests.firmware.fuzz.machine import MACHINES, build_kernels
from tests.firmware.fuzz.table import TABLE

GRAPHS = int(os.environ.get("EARSHOT_FUZZ_GRAPHS", "400"))
REPOSITORY = Path(__file__).parents[3]
SHIPPED = sorted((REPOSITORY / "firmware/models").glob("*.tflite"))
TARGETS = list(MACHINES)
OTHERS = ["kws_ref_model", "ad01_int8", "str_ww_ref_model", "hello_world_int8"]

pytestmark = pytest.mark.timeout(600 + 2 * GRAPHS)


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with every target's kernels, built once."""
    folder = tmp_path_factory.mktemp("fuzz")
    for machine in MACHINES.values():
        build_kernels(machine, folder)
    return folder


@pytest.fixture(scope="session")
def fuzzed(libraries: Path) -> Report:
    """All random graphs on all targets."""
    return campaign.run(range(GRAPHS), TARGETS, libraries)


@pytest.fixture
def model_failures(libraries: Path, tmp_path: Path) -> Callable[[Path, str], list[str]]:
    """What is wrong with a model on a target, on 64 random inputs."""

    def run(path: Path, target: str) -> list[str]:
        case = campaign.model_case(path.read_bytes(), identifier(path.stem), calls=64)
        return [str(failure) for failure in check([case], [target], libraries, tmp_path).failures]

    return run


def test_the_judge_survives_nearly_all_graphs(fuzzed):
    assert fuzzed.cases + len(fuzzed.unjudged) == GRAPHS
    assert len(fuzzed.unjudged) <= GRAPHS // 100


@pytest.mark.parametrize("target", ["judge", *TARGETS])
def test_random_graphs_are_exact(fuzzed, target):
    failures = [str(failure) for failure in fuzzed.failures if failure.target == target]
    assert not failures, f"{len(failures)} of {fuzzed.cases}, the first of them:\n" + "\n".join(failures[:5])


def test_random_graphs_hold_every_operator_often(fuzzed):
    wanted = {kind for name, entry in TABLE.items() if known(name) for kind in entry.needs}
    counts = {kind: fuzzed.operators.get(kind, 0) for kind in wanted}
    rare = {kind: count for kind, count in counts.items() if count < fuzzed.cases / 200}
    assert not rare, counts


def test_random_graphs_have_outputs_that_tell_something(fuzzed):
    commonest = np.array(list(fuzzed.commonest.values()))
    assert np.quantile(commonest, 0.5) < 0.5
    assert np.mean(commonest > 0.95) < 0.1


def test_random_graphs_take_little_stack(fuzzed):
    assert fuzzed.stack_bytes["dsp"] > 0
    assert fuzzed.stack_bytes["mve"] > 0


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_models_are_exact(path, target, model_failures):
    assert not model_failures(path, target)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", OTHERS)
def test_other_models_are_exact(name, target, other_models, model_failures):
    assert not model_failures(other_models / f"{name}.tflite", target)
