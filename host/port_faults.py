"""Why a serial port does not open, and what to do: who holds it, and the rule that gives a user the right to it."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from host.errors import HostError

RULES_FOLDER = Path("/etc/udev/rules.d")
RULES_NAME = "60-earshot.rules"
_USB_IDS = Path(__file__).with_name("usb_ids.toml")
_PROC = Path("/proc")


def holders(port: str, proc: Path = _PROC) -> list[tuple[int, str]]:
    """(process id, name) of the programs that have the device open, as far as this user may see; Linux only."""
    try:
        wanted = os.stat(port)  # noqa: PTH116 - the device behind a link
    except OSError:
        return []
    found = []
    for process in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        if int(process.name) != os.getpid() and _has_open(process, wanted):
            found.append((int(process.name), _name(process)))
    return found


def _has_open(process: Path, wanted: os.stat_result) -> bool:
    try:
        entries = list((process / "fd").iterdir())
    except OSError:  # another user's, or it has ended
        return False
    for entry in entries:
        try:
            there = entry.stat()
        except OSError:
            continue
        if (there.st_dev, there.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


def _name(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        name = Path(words[0].decode(errors="replace")).name
        script = next((word.decode(errors="replace") for word in words[1:] if not word.startswith(b"-")), "")
        return f"{name} {Path(script).name}" if name.startswith("python") and script else name or process.name
    except OSError:
        return process.name


def busy_sentence(port: str) -> str:
    """That the port is in use, and by whom."""
    held = holders(port)
    if not held:
        return (
            f"{port} is in use by another program, which this user cannot see (`sudo fuser -v {port}` does). Close "
            "that one first."
        )
    named = " and ".join(f"{name} (process {number})" for number, name in held)
    return f"{port} is in use by {named}. End that first."


def permission_sentence(port: str) -> str:
    """That this user may not open the port, and what to do."""
    return (
        f"{port} may not be opened by this user. Give everyone at this computer the right: {install_command()}. Or "
        "join the port's group: sudo usermod -aG dialout $USER, then log in again."
    )


def permission_detail() -> str:
    """The rule that `host udev --install` would install."""
    return f"The udev rule is:\n{udev_rules()}"


def udev_rules() -> str:
    """The rules for every adapter and probe of usb_ids.toml."""
    lines = ["# Serial bridges and debug probes of Earshot's boards: for whoever sits at this computer."]
    for device in tomllib.loads(_USB_IDS.read_text(encoding="utf-8"))["device"]:
        product = f', ATTRS{{idProduct}}=="{device["pid"]:04x}"' if "pid" in device else ""
        match = f'ATTRS{{idVendor}}=="{device["vid"]:04x}"{product}'
        lines.append(f"# {device['adapter']}")
        for subsystem in ("tty", "usb", "hidraw"):
            lines.append(f'SUBSYSTEM=="{subsystem}", {match}, MODE="0660", GROUP="plugdev", TAG+="uaccess"')
    return "\n".join(lines) + "\n"


def install_command() -> str:
    """What installs the rules, to be typed."""
    return f"sudo {sys.executable} -m host.cli udev --install"


def install_rules(folder: Path = RULES_FOLDER) -> Path:
    """Writes the rules and has udev read them; the file. HostError, with the command, where that takes another user."""
    path = folder / RULES_NAME
    try:
        path.write_text(udev_rules(), encoding="utf-8")
    except PermissionError as error:
        raise HostError(f"{path} may be written by root alone. Run: {install_command()}.") from error
    except OSError as error:
        raise HostError(
            f"{path} cannot be written: {error.strerror or error}. Does this computer have udev?"
        ) from error
    for command in (["udevadm", "control", "--reload"], ["udevadm", "trigger"]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise HostError(
                f"{path} is written, but {command[0]} cannot run: {error}. Unplug the board, plug it in."
            ) from error
        if done.returncode:
            said = done.stderr.strip() or f"exit code {done.returncode}"
            raise HostError(f"{path} is written, but `{' '.join(command)}` failed: {said}. Restart the computer.")
    return path
