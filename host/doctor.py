"""`host doctor`: is all there that building, simulating, flashing and listening need, and what to do where it is not.

Each check is a function of an Environment, which a test can make: where programs and files are found.
"""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from firmware import boards
from host.errors import HostError
from host.flash.image import built_image
from host.flash.probe import probes
from host.port_faults import RULES_FOLDER, RULES_NAME, busy_sentence, holders, install_command
from host.ports import Port, serial_ports
from host.session import host_version

Level = Literal["ok", "note", "fault"]
_COMPILERS = {"gcc": "gcc libc6-dev", "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi"}


@dataclass(frozen=True)
class Finding:
    """What one check found: `note` is what only some work needs. `remedy` is empty where all is well."""

    check: str
    level: Level
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Environment:
    """What the checks look at."""

    which: Callable[[str], str | None] = shutil.which
    ports: Callable[[], list[Port]] = serial_ports
    probes: Callable[[], list[object]] = probes  # type: ignore[assignment]
    firmware: Path = boards.FIRMWARE
    rules: Path = RULES_FOLDER / RULES_NAME


def examine(environment: Environment | None = None) -> Iterator[Finding]:
    """All findings, in the order of a day's work: build, simulate, connect, flash."""
    environment = environment or Environment()
    for check in (_python, _packages, _compilers, _qemu, _cppcheck, _models, _images, _permissions, _ports, _probes):
        yield from check(environment)


def _python(_: Environment) -> Iterator[Finding]:
    yield Finding("python", "ok", f"{'.'.join(map(str, sys.version_info[:3]))}, {sys.executable}")


def _packages(environment: Environment) -> Iterator[Finding]:
    """The packages that pyproject.toml, or the installed distribution, asks for."""
    missing, other = [], []
    for name, wanted in _required(environment):
        try:
            there = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{name}=={wanted}")
            continue
        if there != wanted:
            other.append(f"{name} is {there}, {wanted} is tested")
    if missing:
        command = f"{sys.executable} -m pip install {' '.join(missing)}"
        yield Finding("packages", "fault", f"missing: {', '.join(missing)}", f"Run: {command}")
    elif other:
        yield Finding("packages", "note", "; ".join(other), "If something fails: pip install earshot again.")
    else:
        yield Finding("packages", "ok", f"all {len(_required(environment))}, in the tested versions")


def _required(environment: Environment) -> list[tuple[str, str]]:
    project = environment.firmware.parent / "pyproject.toml"
    if project.is_file():
        wanted = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        wanted = [line for line in importlib.metadata.requires("earshot") or [] if "extra" not in line]
    pairs = [re.fullmatch(r"([A-Za-z0-9._-]+)\s*==\s*([^;\s]+).*", line) for line in wanted]
    return [(pair[1], pair[2]) for pair in pairs if pair is not None]


def _compilers(environment: Environment) -> Iterator[Finding]:
    for program, packages in _COMPILERS.items():
        if environment.which(program) is None:
            yield Finding(program, "fault", "not installed", f"On Debian: sudo apt-get install {packages}")
        else:
            yield Finding(program, "ok", _version(program))


def _qemu(environment: Environment) -> Iterator[Finding]:
    program = "qemu-system-arm"
    if environment.which(program) is None:
        names = ", ".join(name for name in boards.names() if boards.load(name).simulator == "qemu")
        yield Finding(
            "qemu", "note", f"not installed: {names} cannot run here", f"On Debian: sudo apt-get install {program}"
        )
    else:
        yield Finding("qemu", "ok", _version(program))


def _cppcheck(environment: Environment) -> Iterator[Finding]:
    if environment.which("cppcheck") is None:
        yield Finding(
            "cppcheck", "note", "not installed: `make check` needs it", "On Debian: sudo apt-get install cppcheck"
        )
    else:
        yield Finding("cppcheck", "ok", _version("cppcheck"))


def _version(program: str) -> str:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"there, but does not say its version: {error}"
    return said.splitlines()[0].strip() if said else "there"


def _models(environment: Environment) -> Iterator[Finding]:
    folder = environment.firmware / "models"
    for name in ("vad.tflite", "asr.tflite", "asr.toml", "domains/travel.domain"):
        path = folder / name
        if not path.is_file():
            yield Finding(
                name, "fault", f"{path} is missing", "Get it from the repository: git checkout firmware/models"
            )
        elif name.endswith(".tflite") and path.read_bytes()[4:8] != b"TFL3":
            yield Finding(
                name, "fault", f"{path} is no .tflite file", "Get it from the repository: git checkout firmware/models"
            )
        else:
            yield Finding(name, "ok", f"{path.stat().st_size} bytes")


def _images(environment: Environment) -> Iterator[Finding]:
    """The images that were built, and whether their sources are newer."""
    for name in boards.names():
        board = boards.load(name)
        if board.image is None:
            continue
        command = f"scons -C firmware board={name}"
        image = built_image(name)
        if image is None:
            yield Finding(f"image {name}", "note", "not built", f"Run: {command}")
            continue
        built = image.path.stat().st_mtime
        newer = _newest_source(environment.firmware) > built
        found = f"version {image.facts.firmware}, build {image.facts.build:016x}"
        if image.facts.firmware != host_version():
            yield Finding(f"image {name}", "note", f"{found}; this host is {host_version()}", f"Run: {command}")
        elif newer:
            yield Finding(f"image {name}", "note", f"{found}; a source is newer", f"Run: {command}")
        else:
            yield Finding(f"image {name}", "ok", found)


def _newest_source(firmware: Path) -> float:
    return max(
        path.stat().st_mtime
        for pattern in ("*.c", "*.h", "*.ld", "*.toml", "*.tflite")
        for path in firmware.rglob(pattern)
    )


def _permissions(environment: Environment) -> Iterator[Finding]:
    if sys.platform != "linux":
        return
    if environment.rules.is_file():
        yield Finding("udev rule", "ok", str(environment.rules))
    elif os.geteuid() == 0:
        yield Finding("udev rule", "ok", "none, and none is needed: this is root")
    else:
        yield Finding(
            "udev rule", "note", "none: ports and probes may be closed to this user", f"Run: {install_command()}"
        )


def _ports(environment: Environment) -> Iterator[Finding]:
    ports = environment.ports()
    if not ports:
        yield Finding(
            "ports",
            "note",
            "no serial port",
            "Plug a board in, with a cable that carries data; virtual boards need none.",
        )
    for port in ports:
        name = f"port {port.device}"
        what = port.likely or port.description or "a serial port"
        if not os.access(port.device, os.R_OK | os.W_OK):
            yield Finding(
                name, "fault" if port.likely else "note", f"{what}: no permission", f"Run: {install_command()}"
            )
        elif holders(port.device):
            yield Finding(name, "note", what, busy_sentence(port.device))
        else:
            yield Finding(name, "ok", what)


def _probes(environment: Environment) -> Iterator[Finding]:
    try:
        found = environment.probes()
    except HostError as error:
        yield Finding(
            "probes", "note", str(error), "Only `host flash --probe` needs one: pip install pyocd libusb-package"
        )
        return
    if not found:
        yield Finding("probes", "note", "no debug probe", "Only `host flash --probe` needs one.")
    for probe in found:
        yield Finding("probe", "ok", f"{probe.name} {probe.number}")  # type: ignore[attr-defined]


_MARKS = {"ok": "ok", "note": "--", "fault": "!!"}


def print_findings(findings: Iterator[Finding], *, as_json: bool) -> bool:
    """Prints them as they come (JSON: an array at the end); True where nothing that is needed failed."""
    seen = []
    for finding in findings:
        seen.append(finding)
        if not as_json:
            print(f"{_MARKS[finding.level]}  {finding.check:22} {finding.found}", flush=True)
            if finding.remedy:
                print(f"{'':26}{finding.remedy}")
    if as_json:
        print(json.dumps([asdict(finding) for finding in seen], indent=2))
    faults = [finding.check for finding in seen if finding.level == "fault"]
    if faults and not as_json:
        print(f"\n{len(faults)} fault{'s' if len(faults) != 1 else ''}: {', '.join(faults)}")
    return not faults
