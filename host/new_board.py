"""`host new-board`: the files of a new board, and what to do with them."""

import re
from pathlib import Path

from firmware import boards
from firmware.boards import skeleton
from firmware.boards.registers import SvdError
from firmware.boards.registers import peripherals as svd_peripherals
from host.errors import HostError

_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}


def run_new_board(
    name: str,
    core: str,
    memories: dict[str, str],
    *,
    clock: int,
    rate: int,
    svd: str,
    peripherals: str,
    firmware: Path | None,
) -> None:
    """Writes the files and prints the next steps; HostError for what the user can put right."""
    blocks = tuple(part for part in peripherals.split(",") if part)
    if bool(svd) != bool(blocks):
        raise HostError("--svd and --peripherals go together: the file, and what of it the board needs.")
    tree = firmware or boards.FIRMWARE
    wish = skeleton.Wish(name, core, _memory("flash", memories), _memory("ram", memories), clock, rate, svd, blocks)
    try:
        if svd:
            svd_peripherals(svd, blocks)
        written = skeleton.write(wish, tree)
    except (boards.BoardError, SvdError) as error:
        raise HostError(f"{error}.") from error
    for path in written:
        print(path)
    print(f"build it   scons -C {tree} board={name}")
    print(f"go on      {tree / 'boards' / 'PORTING.md'}")


def _memory(what: str, memories: dict[str, str]) -> tuple[int, int]:
    match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+):(0[xX][0-9a-fA-F]+|\d+)([KM]?)", memories[what])
    start, size = (int(match[1], 0), int(match[2], 0) * _UNITS[match[3]]) if match else (0, 0)
    if not size or start + size > 1 << 32:
        raise HostError(f"--{what} {memories[what]} is no stretch of memory; write START:SIZE, as in 0x10000:960K.")
    return start, size
