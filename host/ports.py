"""The serial ports of this computer, and which board is likely behind each."""

import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from serial.tools import list_ports

_USB_IDS = Path(__file__).with_name("usb_ids.toml")


@dataclass(frozen=True)
class Port:
    """A serial port. `usb` is VID:PID in hex, "" where it is no USB device; `board` as in firmware/boards or ""."""

    device: str
    description: str
    usb: str
    serial_number: str
    board: str
    likely: str

    def as_dict(self) -> dict[str, str]:
        """Field names and values, for JSON."""
        return asdict(self)


def serial_ports() -> list[Port]:
    """The ports there are: likely boards first, then other USB ports, then the rest, each by name."""
    ports = [_port(info) for info in list_ports.comports()]
    return sorted(ports, key=lambda port: (not port.likely, not port.usb, port.device))


def ports_sentence() -> str:
    """The ports there are, in one sentence, for an error message."""
    ports = serial_ports()
    if not ports:
        return "This computer has no serial port now; plug the board in."
    named = [f"{port.device} ({port.likely})" if port.likely else port.device for port in ports]
    return f"There {'is' if len(named) == 1 else 'are'} {', '.join(named)}."


def likely_board(vid: int, pid: int) -> tuple[str, str]:
    """(board, what is likely there) for a USB id: two empty strings where the data file does not know it."""
    for device in _known_devices():
        if device["vid"] == vid and device.get("pid", pid) == pid:
            return device.get("board", ""), f"{device['name']} ({device['adapter']})"
    return "", ""


@cache
def _known_devices() -> list[dict[str, Any]]:
    devices: list[dict[str, Any]] = tomllib.loads(_USB_IDS.read_text(encoding="utf-8"))["device"]
    return devices


def _port(info: Any) -> Port:
    usb, board, likely = "", "", ""
    if info.vid is not None and info.pid is not None:
        usb = f"{info.vid:04x}:{info.pid:04x}"
        board, likely = likely_board(info.vid, info.pid)
    description = "" if info.description in (None, "n/a") else info.description
    return Port(info.device, description, usb, info.serial_number or "", board, likely)
