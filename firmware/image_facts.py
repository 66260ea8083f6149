"""What an image says of itself (image_facts.h): read from a file, and stamped into it after linking.

`python -m firmware.image_facts IMAGE.elf` computes the build id and writes it into the ELF file. `facts_in` reads the
facts from the bytes of a flat image, `loaded_bytes` makes those of an ELF file.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

import typer
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

MAGIC = b"EARSHOT\0"
_LAYOUT = struct.Struct("<8s16s16sQ")
_BUILD_BYTES = 8
_SECTION = ".image_facts"
_WITHIN = 4096
"""The facts follow the vector table, at the image's start."""


@dataclass(frozen=True)
class ImageFacts:
    """The board that an image is for, its version, and the build id: the same for the same content."""

    board: str
    firmware: str
    build: int


def facts_in(image: bytes) -> ImageFacts | None:
    """The facts of a flat image; None if it has none."""
    at = image.find(MAGIC, 0, _WITHIN)
    if at < 0 or len(image) < at + _LAYOUT.size:
        return None
    _, board, firmware, build = _LAYOUT.unpack_from(image, at)
    try:
        names = [name.rstrip(b"\0").decode("ascii") for name in (board, firmware)]
    except UnicodeDecodeError:
        return None
    return ImageFacts(names[0], names[1], build)


def loaded_bytes(file: IO[bytes]) -> list[tuple[int, bytes]]:
    """What an ELF file has loaded: addresses in flash and bytes, in the order of the addresses. ELFError."""
    segments = [segment for segment in ELFFile(file).iter_segments("PT_LOAD") if segment["p_filesz"]]
    return sorted((segment["p_paddr"], segment.data()) for segment in segments)


def flat(parts: list[tuple[int, bytes]], start: int, most: int) -> bytes:
    """The bytes from address `start` on, up to the last that is loaded before start + most; gaps are zeros."""
    image = bytearray()
    for address, data in sorted(parts):
        if start <= address < start + most:
            image = image.ljust(address - start, b"\0")
            image[address - start :] = data
    return bytes(image)


def build_id(parts: list[tuple[int, bytes]]) -> int:
    """The first eight bytes of SHA-256 over all that is loaded, addresses included; the id's own place as it is."""
    digest = hashlib.sha256()
    for address, data in parts:
        digest.update(struct.pack("<QQ", address, len(data)) + data)
    return int.from_bytes(digest.digest()[:_BUILD_BYTES], "little") or 1


def stamp(path: Path) -> int:
    """Writes the build id into the ELF file, and returns it; ELFError if that has no place for it."""
    with path.open("r+b") as file:
        section = ELFFile(file).get_section_by_name(_SECTION)
        if section is None or section["sh_size"] != _LAYOUT.size:
            raise ELFError(f"{path} has no section {_SECTION} of {_LAYOUT.size} bytes")
        place = section["sh_offset"] + _LAYOUT.size - _BUILD_BYTES
        file.seek(place)
        file.write(bytes(_BUILD_BYTES))
        file.flush()
        number = build_id(loaded_bytes(file))
        file.seek(place)
        file.write(number.to_bytes(_BUILD_BYTES, "little"))
    return number


def main(image: Annotated[Path, typer.Argument(metavar="IMAGE.elf", help="The image to stamp, linked.")]) -> None:
    """Write the build id into an image."""
    try:
        number = stamp(image)
    except (OSError, ELFError) as error:
        typer.echo(f"image_facts: {error}", err=True)
        raise typer.Exit(2) from error
    print(f"build id {number:016x}")


if __name__ == "__main__":
    typer.run(main)
