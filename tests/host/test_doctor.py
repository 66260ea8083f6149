"""`host doctor`: what is missing is found, and what to do about it said."""

import json
import shutil

import pytest
from board_on_a_line import run_host

from firmware import boards
from host.doctor import Environment, Finding, examine, print_findings
from host.errors import HostError
from host.flash.probe import Probe
from host.ports import Port

BOARD = Port("/dev/null", "CH340", "1a86:7523", "", "artemis", "SparkFun RedBoard Artemis (WCH CH340)")


def healthy(**others: object) -> Environment:
    facts: dict[str, object] = {"ports": lambda: [BOARD], "probes": lambda: [Probe("17", "DAPLink")]}
    return Environment(**(facts | others))  # type: ignore[arg-type]


def found(environment: Environment, check: str) -> Finding:
    (finding,) = (finding for finding in examine(environment) if finding.check == check)
    return finding


def without(*programs: str):
    return lambda program: None if program in programs else shutil.which(program)


def test_a_computer_that_has_all_passes(capsys):
    assert print_findings(examine(healthy()), as_json=False)
    said = capsys.readouterr().out
    assert "fault" not in said
    for check in ("python", "packages", "gcc", "arm-none-eabi-gcc", "qemu", "vad.tflite", "image artemis", "probe"):
        assert check in said


@pytest.mark.parametrize(
    ("program", "check", "level", "remedy"),
    [
        ("gcc", "gcc", "fault", "apt-get install gcc libc6-dev"),
        ("arm-none-eabi-gcc", "arm-none-eabi-gcc", "fault", "apt-get install gcc-arm-none-eabi"),
        ("qemu-system-arm", "qemu", "note", "apt-get install qemu-system-arm"),
        ("cppcheck", "cppcheck", "note", "apt-get install cppcheck"),
    ],
)
def test_a_missing_program_is_found_with_what_installs_it(program, check, level, remedy):
    finding = found(healthy(which=without(program)), check)
    assert finding.level == level
    assert remedy in finding.remedy


def test_without_the_compiler_it_ends_with_one(capsys):
    assert not print_findings(examine(healthy(which=without("arm-none-eabi-gcc"))), as_json=True)
    faults = [entry["check"] for entry in json.loads(capsys.readouterr().out) if entry["level"] == "fault"]
    assert faults == ["arm-none-eabi-gcc"]


@pytest.fixture
def copy(tmp_path):
    """The firmware's models elsewhere, to be spoilt."""
    firmware = tmp_path / "firmware"
    shutil.copytree(boards.FIRMWARE / "models", firmware / "models")
    shutil.copy(boards.FIRMWARE.parent / "pyproject.toml", tmp_path)
    return firmware


def test_a_missing_model_and_one_that_is_none_are_found(copy):
    (copy / "models/vad.tflite").unlink()
    (copy / "models/asr.tflite").write_bytes(b"version https://git-lfs")
    vad, asr = found(healthy(firmware=copy), "vad.tflite"), found(healthy(firmware=copy), "asr.tflite")
    assert (vad.level, asr.level) == ("fault", "fault")
    assert "is missing" in vad.found
    assert "is no .tflite file" in asr.found
    assert "git checkout" in asr.remedy


def test_a_missing_package_and_another_version_are_found(copy):
    project = copy.parent / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["numpy==0.0.1"]\n')
    assert found(healthy(firmware=copy), "packages").level == "note"
    project.write_text('[project]\ndependencies = ["numpy==0.0.1", "no-such-package-of-ours==1.0"]\n')
    finding = found(healthy(firmware=copy), "packages")
    assert (finding.level, finding.found) == ("fault", "missing: no-such-package-of-ours==1.0")
    assert "pip install no-such-package-of-ours==1.0" in finding.remedy


def test_a_board_that_may_not_be_opened_is_a_fault(monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    finding = found(healthy(), "port /dev/null")
    assert finding.level == "fault"
    assert "udev --install" in finding.remedy


def test_no_port_and_no_probe_are_no_fault():
    assert found(healthy(ports=list), "ports").level == "note"
    assert found(healthy(probes=list), "probes").level == "note"


def test_a_pyocd_that_fails_is_said():
    def fail() -> list[Probe]:
        raise HostError("pyocd cannot look for probes: no backend.")

    assert "no backend" in found(healthy(probes=fail), "probes").found


def test_a_stale_image_is_found(monkeypatch):
    monkeypatch.setattr("host.doctor._newest_source", lambda _: 1e12)
    finding = found(healthy(), "image artemis")
    assert (finding.level, finding.remedy) == ("note", "Run: scons -C firmware board=artemis")
    assert "a source is newer" in finding.found


def test_an_image_of_another_version_is_found(monkeypatch):
    monkeypatch.setattr("host.doctor.host_version", lambda: "9.9.9")
    assert "this host is 9.9.9" in found(healthy(), "image artemis").found


def test_an_image_that_was_not_built_is_found(monkeypatch):
    monkeypatch.setattr("host.doctor.built_image", lambda _: None)
    assert found(healthy(), "image artemis") == Finding(
        "image artemis", "note", "not built", "Run: scons -C firmware board=artemis"
    )


def test_the_command_gives_json():
    done = run_host("doctor", "--json")
    assert {"check", "level", "found", "remedy"} == set(json.loads(done.stdout)[0])
