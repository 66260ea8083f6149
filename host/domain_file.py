"""Compiled domains, as `train domain` leaves them: read and checked, and told from the text they are compiled from."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from firmware.domain import binary
from firmware.domain.graph import DomainError
from host.errors import HostError, printable

_HEADER = struct.Struct("<4sIHHI")  # magic, CRC-32 of all that follows it, format, networks, bytes of the file
_CHECKED_FROM = 8
_NAME_CHARACTERS = 16  # in DOMAIN_BEGIN
_LARGEST = 1 << 20


@dataclass(frozen=True)
class DomainFile:
    """A .domain file, whole and undamaged. Whether a board can decode it, the board says."""

    path: Path
    name: str
    """As HELLO will tell it: at most 16 ASCII characters."""
    format: int
    """Version of the .domain format."""
    data: bytes

    @property
    def crc32(self) -> int:
        """Of all bytes: what HELLO and DOMAIN_STATE tell."""
        return zlib.crc32(self.data)


DomainWish = DomainFile | Literal["default"]
"""What shall be in force on a board: a file's domain, or the one in the image."""


def domain_wish(choice: str | None) -> DomainWish | None:
    """What `--domain` asks for: `default` is the image's own, anything else a file; None where it asks for nothing."""
    if choice is None:
        return None
    return "default" if choice == "default" else read_domain(Path(choice))


def read_domain(path: Path) -> DomainFile:
    """The domain in `path`; HostError where there is none, it is damaged, or text that has not been compiled."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise HostError(f"{path}: cannot be read: {reason}. Name a .domain file, or write --domain default.") from error
    if not data.startswith(binary.MAGIC):
        if _is_text(data):
            raise HostError(
                f"{path}: is the text of a domain, not a compiled one. "
                f"Compile it first: train domain {path} -o {path.with_suffix('.domain')}"
            )
        raise HostError(f"{path}: is no domain. Compile one: train domain FILE -o FILE.domain")
    whole = len(data) >= _HEADER.size
    _, crc32, format_, _, size = _HEADER.unpack_from(data) if whole else (b"", 0, 0, 0, 0)
    if not whole or size != len(data) or zlib.crc32(data[_CHECKED_FROM:]) != crc32:
        raise HostError(f"{path}: is damaged: its length or checksum is wrong. Copy or compile it again.")
    if format_ > 0xFF:
        raise HostError(f"{path}: is of format {format_}, which no board reads. Compile it again.")
    return DomainFile(path, _wire_name(_name(path, format_, data)), format_, data)


def _name(path: Path, format_: int, data: bytes) -> str:
    """What the domain calls itself; the file's name where it is of a format that only the board may know."""
    if format_ != binary.VERSION:
        return path.stem
    try:
        return binary.decode(data).name
    except DomainError as error:
        raise HostError(f"{path}: {error}.") from error


def _is_text(data: bytes) -> bool:
    try:
        text = data[:4096].decode()
    except UnicodeDecodeError as error:
        # A letter may be cut in half at the end of what was looked at.
        if error.start < 4090:
            return False
        text = data[: error.start].decode()
    return bool(text.strip()) and "\0" not in text


def _wire_name(stem: str) -> str:
    name = printable(stem).encode("ascii", "replace").decode()
    return name[:_NAME_CHARACTERS] or "domain"
