"""The images that have been built here: of which board, with which build id, and what they have loaded where."""

import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from elftools.common.exceptions import ELFError

from firmware import boards
from firmware.image_facts import ImageFacts, facts_in, flat, loaded_bytes
from firmware.link import TRIAL_BLOCK_BYTES
from host.errors import HostError

_ELF = b"\x7fELF"


@dataclass(frozen=True)
class Image:
    """An image of ours, flat as it lies in flash from its board's address on."""

    path: Path
    facts: ImageFacts
    data: bytes

    @cached_property
    def block_crcs(self) -> list[int]:
        """CRC-32 of each block of TRIAL_BLOCK_BYTES, the last one shorter: as a board tells them."""
        return [
            zlib.crc32(self.data[at : at + TRIAL_BLOCK_BYTES]) for at in range(0, len(self.data), TRIAL_BLOCK_BYTES)
        ]


def read_image(path: Path) -> Image:
    """The image in an ELF or a flat file; HostError, in a sentence with what to do, where it is none of ours."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HostError(f"{path}: {error.strerror or error}. Build it with: scons -C firmware board=NAME.") from error
    if data.startswith(_ELF):
        data = _flat(path)
    facts = facts_in(data)
    if facts is None:
        raise HostError(f"{path} is no image of Earshot. Build one with: scons -C firmware board=NAME.")
    if facts.board not in boards.names():
        raise HostError(f"{path} is for the board {facts.board!r}, which is not known here. `host boards` lists those.")
    if not facts.build:
        raise HostError(f"{path} has no build id: it was not linked to its end. Build it again.")
    return Image(path, facts, data)


def built_image(board: str) -> Image | None:
    """The image of the board in this checkout's build/, as it was built last; None where there is none of ours."""
    if board not in boards.names():
        return None
    folder = boards.FIRMWARE.parent / "build" / board
    for name in ("earshot.bin", "earshot.elf"):
        if (folder / name).is_file():
            try:
                return read_image(folder / name)
            except HostError:
                return None
    return None


def _flat(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            parts = loaded_bytes(file)
    except (ELFError, OSError) as error:
        raise HostError(f"{path} is no ELF file that can be read: {error}. Build it again.") from error
    # The facts name the board, whose flash says which parts belong to the flat image.
    for _, data in parts:
        facts = facts_in(data)
        if facts is not None and facts.board in boards.names():
            image = boards.load(facts.board).image
            if image is not None:
                flash = image.memory["FLASH"]
                return flat(parts, flash.start, flash.length)
    return b""
