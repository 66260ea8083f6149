"""The probe (probe.c) on a virtual board, and what its answers say."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware import boards
from firmware.link import Decoder, Log, LogLevel
from host.sim.artemis import Apollo3Board
from host.sim.image import built
from host.sim.nrf52_board import Nrf52Board

ProbedBoard = Apollo3Board | Nrf52Board

CHUNK = 512
RAMP: NDArray[np.int16] = (np.arange(40 * CHUNK) % 1009 - 504).astype(np.int16)
POWER_ON, SOFTWARE, WATCHDOG, FAULT = (b"start %08x\n" % cause for cause in (1, 3, 4, 5))


@dataclass(frozen=True)
class Chip:
    """What the probe and its tests must know of a board."""

    board: str
    source: str
    make: type
    stack_end: int
    ram_off: int
    kept: int
    """Chunks that the microphone's ring keeps for an image that is busy."""
    resets: tuple[str, str, str]
    """Power on, software, watchdog."""


CHIPS = {
    "artemis": Chip(
        *("artemis", "artemis_probe.c", Apollo3Board, 0x10000000, 0x10030000, 14),
        resets=("PORSTAT", "SWRSTAT", "WDRSTAT"),
    ),
    "nano33ble": Chip(
        *("nano33ble", "nrf52_probe.c", Nrf52Board, 0x20000000, 0x20030000, 13),
        resets=("", "SREQ", "DOG"),
    ),
}


def build_probe(chip: Chip, folder: Path) -> Path:
    """The probe as a flat image, linked with the board's own objects."""
    facts = boards.load(chip.board)
    build = built(chip.board)
    objects = [path for path in (build / "obj").rglob("*.o") if path.name not in ("main.o", "earshot.o")]
    folders = ("", "pipeline", "nn", "link", "domain", "trial", *facts.sources)
    elf = folder / "probe.elf"
    here = Path(__file__).parent
    subprocess.run(
        [
            *("arm-none-eabi-gcc", *facts.toolchain.cpu_flags, "-std=c11", "-O2", "-ffreestanding", "-nostdlib"),
            *("-fstack-protector-strong", "-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion"),
            *(
                f"-DPROBE_STACK_END={chip.stack_end}u",
                f"-DPROBE_RAM_OFF={chip.ram_off}u",
                "-DPROBE_NOTHING=0x30000000u",
            ),
            *(f"-I{path}" for path in (here, build / "gen", *(boards.FIRMWARE / name for name in folders))),
            *(f"-L{build / 'gen'}", f"-T{boards.FIRMWARE / facts.image.linker_script}", "-Wl,--gc-sections", "-o", elf),
            *(here / "probe.c", here / chip.source, *objects, "-lgcc"),
        ],
        check=True,
    )
    image = elf.with_suffix(".bin")
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, image], check=True)
    return image


def boot(chip: Chip, image: Path) -> ProbedBoard:
    """The probe on its virtual board, after power came."""
    board = chip.make(boards.load(chip.board), image)
    assert board.hear(RAMP[:0]) == POWER_ON
    return board


def say(board: ProbedBoard, command: str, chunks: int = 1) -> bytes:
    """The link's bytes after a command and `chunks` chunks of silence."""
    board.send(command.encode())
    return board.hear(np.zeros(chunks * CHUNK, np.int16))


def lines(said: bytes) -> list[tuple[int, int]]:
    """(sum, dropped) of each chunk that was answered."""
    return [(int(a, 16), int(b, 16)) for a, b in re.findall(rb"([0-9a-f]{8}) ([0-9a-f]{8})\n", said)]


def fault_log(said: bytes) -> str:
    """The text of the one LOG, an error."""
    logs = [frame for frame in Decoder().feed(said) if isinstance(frame, Log)]
    assert len(logs) == 1
    assert logs[0].level == LogLevel.ERROR
    return logs[0].text
