"""Boards as data: one `board.toml` a board holds every fact that differs between boards.

`load(name)` reads and checks it, `names()` lists the boards there are. The build (SConstruct), the virtual boards and
`host boards` read the same file; what a board draws stands in power/boards.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

BOARDS = Path(__file__).resolve().parent
FIRMWARE = BOARDS.parent


class BoardError(ValueError):
    """A board that does not exist, or a board.toml that does not hold; the message is one sentence."""


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Region(_Facts):
    """A stretch of memory that the linker may fill: first address and bytes."""

    start: int = Field(ge=0, lt=1 << 32)
    length: int = Field(gt=0, le=1 << 32)


class Toolchain(_Facts):
    """The compiler's prefix ("" is the desk's own compiler) and what it must be told of the core."""

    prefix: str = ""
    cpu_flags: tuple[str, ...] = ()
    optimize: str = "-O2"


class Image(_Facts):
    """How the image is linked: script (relative to firmware/), stack bytes and the regions to put it in."""

    linker_script: str
    stack_bytes: int = Field(gt=0)
    memory: dict[str, Region]


class Limits(_Facts):
    """The most an image may take; RAM counts .data, .bss and the stack."""

    flash_bytes: int = Field(gt=0)
    ram_bytes: int = Field(gt=0)


class Registers(_Facts):
    """Which peripherals of which file the register header describes: pyocd's SVD file, or one of our own."""

    svd: str = Field(default="", description="of pyocd's svd_data.zip")
    file: str = Field(default="", description="relative to firmware/: a .toml as firmware/boards/registers.py reads it")
    peripherals: tuple[str, ...]

    @property
    def source(self) -> str:
        """The one that is given."""
        return self.svd or self.file

    @model_validator(mode="after")
    def _one_source(self) -> Registers:
        if bool(self.svd) == bool(self.file):
            raise ValueError("exactly one of svd and file says where the registers are from")
        return self


class Link(_Facts):
    """The serial port that a host sees, and who is at its other end."""

    baud: int = Field(gt=0)
    uart: str = ""
    tx_pad: int | None = None
    tx_function: int | None = None
    rx_pad: int | None = None
    rx_function: int | None = None
    usb_bridge: str = ""


class Microphone(_Facts):
    """Where the samples come from."""

    interface: str
    clock_pad: int | None = None
    clock_function: int | None = None
    data_pad: int | None = None
    data_function: int | None = None
    power_pad: int | None = Field(default=None, description="a pin that must be high for the microphone to have power")
    channel: Literal["left", "right"] | None = None
    clock_hz: int | None = None
    gain_db: float = 0.0


class Flash(_Facts):
    """How an image gets onto the silicon: the method's name and the address it expects."""

    method: str
    address: int
    baud: int | None = None
    probe_target: str = Field(default="", description="pyocd's name of the chip; empty: pyocd does not know it")
    command: str = Field(
        default="", description="for a tool that is not ours: {bin}, {elf}, {port} and {address} stand for the image's"
    )
    note: str = ""


class Verified(_Facts):
    """What has been seen to work, and where: a word or a sentence each."""

    silicon: str
    virtual: str
    unconfirmed: tuple[str, ...] = Field(
        default=(), description="what no source confirms: blocks of registers, as [registers] names them, and sentences"
    )


class Board(_Facts):
    """One board. Sizes in bytes, rates and clocks in hertz."""

    name: str
    title: str
    part: str
    core: str
    clock_hz: int = Field(ge=0, description="0: the desk, whose clock is not ours to know")
    burst_hz: int = Field(
        default=0, ge=0, description="the clock in LISTEN and SEND, where it is another; 0: it is not"
    )
    rates: tuple[int, ...] = Field(min_length=1, description="the first one is the microphone's rate")
    sources: tuple[str, ...] = Field(description="source folders besides the common ones, relative to firmware/")
    modelc_target: Literal["portable", "dsp", "mve"]
    simulator: Literal["native", "apollo3", "nrf52", "qemu", ""] = ""
    qemu_machine: str = ""
    state_pins: tuple[int, ...] = Field(default=(), description="pads of the state code, bit 0 first")
    dcdc: bool = Field(default=False, description="the board has what the chip's DC/DC converter needs")
    power_components: str = Field(default="", description="power/boards/NAME.toml has them; empty: none")
    toolchain: Toolchain = Toolchain()
    image: Image | None = Field(default=None, description="None: a shared library, not an image")
    limits: Limits | None = None
    registers: Registers | None = None
    link: Link | None = None
    microphone: Microphone
    flash: Flash | None = None
    verified: Verified

    @property
    def rate(self) -> int:
        """Samples a second that the microphone gives."""
        return self.rates[0]

    @property
    def folder(self) -> Path:
        """Where the board's own files are."""
        return BOARDS / self.name

    @model_validator(mode="after")
    def _check(self) -> Board:
        if self.image is not None and not self.toolchain.prefix:
            raise ValueError("an image needs toolchain.prefix")
        if self.simulator == "qemu" and not self.qemu_machine:
            raise ValueError("simulator = 'qemu' needs qemu_machine")
        return self


def names() -> list[str]:
    """The boards there are, in alphabetical order."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.toml"))


@cache
def load(name: str) -> Board:
    """The board called `name`; BoardError, in one sentence, if it is unknown or its board.toml does not hold."""
    if name not in names():
        raise BoardError(f"there is no board {name!r}; the boards are {', '.join(names())}")
    return parse(BOARDS / name / "board.toml")


def parse(path: Path, firmware: Path = FIRMWARE) -> Board:
    """The board that the file `path` of the tree `firmware` describes; BoardError, in one sentence, if it does not."""
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
        board = Board.model_validate(facts)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BoardError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the board"
        raise BoardError(f"{path}: {where}: {first['msg']}") from error
    for folder in board.sources:
        if not (firmware / folder).is_dir():
            raise BoardError(f"{path}: sources names {folder}, and there is no firmware/{folder}")
    if board.name != path.parent.name:
        raise BoardError(f"{path}: name is {board.name!r}, but the folder is {path.parent.name!r}")
    return board
