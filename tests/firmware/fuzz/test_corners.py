"""Every target gives TFLite Micro's bytes at the corners of what operators allow."""

import pytest

from tests.firmware.fuzz import campaign
from tests.firmware.fuzz.check import Report, check
from tests.firmware.fuzz.corners import corners
from tests.firmware.fuzz.machine import MACHINES, build_kernels

TARGETS = list(MACHINES)
BATCH = 40  # networks in one image


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("corners")
    for machine in MACHINES.values():
        build_kernels(machine, folder)
    cases = [campaign.model_case(model, name, calls=8) for name, model in corners()]
    whole = Report()
    for start in range(0, len(cases), BATCH):
        whole.add(check(cases[start : start + BATCH], TARGETS, folder, folder / f"batch{start}"))
    return whole


@pytest.mark.parametrize("target", ["judge", *TARGETS])
def test_corners_are_exact(report, target):
    failures = [str(failure) for failure in report.failures if failure.target == target]
    assert not failures, f"{len(failures)} of {report.cases}, the first of them:\n" + "\n".join(failures[:5])


def test_corners_have_outputs_that_tell_something(report):
    dull = {name: share for name, share in report.commonest.items() if share > 0.85}
    assert not dull
