"""The files of a new board: a board.toml, and a board.c with every function that a board owes the image.

They build at once, so that flags, memories, vector table and limits are right before the first driver is written. What
any Cortex-M can do is there; every other function is its contract, as board.h has it, and stops the core under its own
name until it is written: an image never pretends to hear. The functions are read from the headers that ask for them,
so that none is forgotten when those change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from firmware.boards import BoardError, parse

STACK_BYTES = 8192
LIMITS = (983_040, 262_144)
"""Bytes of flash and RAM that an image may take."""


@dataclass(frozen=True)
class Core:
    """What the compiler must be told of a core, and which kernels run on it."""

    fpu: str
    kernels: str


CORES = {
    "cortex-m4": Core("fpv4-sp-d16", "dsp"),
    "cortex-m7": Core("fpv5-sp-d16", "dsp"),
    "cortex-m33": Core("fpv5-sp-d16", "dsp"),
    "cortex-m55": Core("auto", "mve"),
}


@dataclass(frozen=True)
class Wish:
    """What a board is to be; memories as (first address, bytes), rates and clocks in hertz.

    svd: a file of pyocd's archive, "" if it has none for the chip.
    """

    name: str
    core: str
    flash: tuple[int, int]
    ram: tuple[int, int]
    clock_hz: int
    rate: int = 16_000
    svd: str = ""
    peripherals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function that a board owes the image."""

    name: str
    prototype: str
    """Without its semicolon."""
    contract: str
    """The comment above it, as it stands; "" if there is none."""


# What any Cortex-M does alike.
_WRITTEN = {
    "board_reset_cause": "return cause;",
    "board_cycles": "return awake_cycles();",
    "core_sleep": "awake_sleep();",
    "board_store": "return NULL;",
    "board_unit": "return 0;",
    "board_reset": "interrupts_off();\n    core_restart();",
}

# Headers that ask functions of a board, and which: boards/pdm answers for the microphone's ring.
_ASKED = {
    "board.h": r"board_(?!audio_)\w+",
    "boards/cortexm/fault.h": r"board_fault_\w+",
    "boards/cortexm/awake.h": r"core_sleep",
    "boards/pdm/microphone.h": r"microphone_start|watchdog_feed",
}


def functions(firmware: Path) -> list[Function]:
    """Every function that the tree `firmware` asks of a board with a PDM microphone."""
    found = []
    for header, wanted in _ASKED.items():
        text = (firmware / header).read_text(encoding="utf-8")
        pattern = rf"(?:(/\*(?:(?!\*/).)*\*/)\n)?^([A-Za-z_][^;{{}}/#]*?\b({wanted})\([^;{{}}]*\));"
        for match in re.finditer(pattern, text, re.DOTALL | re.MULTILINE):
            found.append(Function(match[3], match[2], match[1] or ""))
    return found


def write(wish: Wish, firmware: Path) -> list[Path]:
    """Writes the board's folder into the tree `firmware`; the files. BoardError, in a sentence, if that cannot be."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,31}", wish.name):
        raise BoardError(f"{wish.name!r} is no name for a board: small letters, digits and _, a letter first")
    if wish.core not in CORES:
        raise BoardError(f"there is nothing known of the core {wish.core!r}; known are {', '.join(CORES)}")
    if not (firmware / "board.h").is_file():
        raise BoardError(f"{firmware} is no firmware tree: it has no board.h")
    folder = firmware / "boards" / wish.name
    if folder.exists():
        raise BoardError(f"{folder} is there already")
    files = {"board.toml": _toml(wish), "board.c": _c(wish, functions(firmware))}
    try:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BoardError(f"{folder} cannot be written: {error.strerror}; give a checkout that is yours") from error
    try:
        parse(folder / "board.toml", firmware)
    except BoardError:
        for name in files:
            (folder / name).unlink()
        folder.rmdir()
        raise
    return [folder / name for name in files]


def _toml(wish: Wish) -> str:
    core = CORES[wish.core]
    peripherals = ", ".join(f'"{name}"' for name in wish.peripherals)
    registers = f'\n[registers]\nsvd = "{wish.svd}"\nperipherals = [{peripherals}]\n' if wish.svd else ""
    return f"""\
name = "{wish.name}"
title = "{wish.name}"  # as its maker calls it
part = "?"  # the chip
core = "{wish.core}"
clock_hz = {wish.clock_hz:_}
# The microphone's rate, exactly: the front end's tables are made for it.
rates = [{wish.rate}]
sources = ["boards/{wish.name}", "boards/pdm", "boards/cortexm"]
modelc_target = "{core.kernels}"
# Pins of the state code, bit 0 first, for a power analyser.
state_pins = []

[toolchain]
prefix = "arm-none-eabi-"
cpu_flags = ["-mcpu={wish.core}", "-mthumb", "-mfloat-abi=hard", "-mfpu={core.fpu}"]
optimize = "-O2"

[image]
linker_script = "boards/cortexm/image.ld"
stack_bytes = {STACK_BYTES}

# STORE: where flash is to keep domains over a reset; see boards/nano33ble. CONSTANTS, DMA: memories of their own for
# weights and for DMA buffers, where the chip needs that.
[image.memory]
FLASH = {{ start = 0x{wish.flash[0]:08X}, length = 0x{wish.flash[1]:X} }}
RAM = {{ start = 0x{wish.ram[0]:08X}, length = 0x{wish.ram[1]:X} }}

[limits]
flash_bytes = {min(LIMITS[0], wish.flash[1])}
ram_bytes = {min(LIMITS[1], wish.ram[1])}
{registers}
[link]
baud = 115_200
uart = "?"

[microphone]
interface = "?"

[verified]
silicon = "not yet: it builds"
virtual = "no"
unconfirmed = ["everything"]
"""


def _c(wish: Wish, wanted: list[Function]) -> str:
    parts = [_HEAD.format(name=wish.name, registers='#include "registers.h"\n' if wish.svd else "")]
    for function in wanted:
        body = _WRITTEN.get(function.name)
        if body is None:
            unused = re.findall(r"(\w+)(?:,|\)$)", function.prototype[function.prototype.index("(") :])
            lines = [f"(void){name};" for name in unused if name != "void"]
            body = "\n    ".join([*lines, f'missing("{function.name}");'])
        contract = function.contract + "\n" if function.contract else ""
        parts.append(f"{contract}{function.prototype} {{\n    {body}\n}}\n")
    return "\n".join(parts)


_HEAD = """\
/* board.c: {name}, from registers up. PORTING.md says in which order to write it.
 *
 * Owns: nothing yet. Costs: nothing yet.
 */
#include "board.h"

#include "awake.h"
#include "board_facts.h"
#include "cortexm.h"
#include "fault.h"
#include "listener.h"
#include "microphone.h"
{registers}
static enum board_reset_cause cause; /* board_init() reads it, once */

/* What is not written yet stops the core: a debugger shows the name, in r0. */
static _Noreturn void missing(const char *function) {{
    interrupts_off();
    __asm volatile("mov r0, %0\\n bkpt 0" ::"r"(function) : "r0", "memory");
    for (;;) {{
    }}
}}

/* By interrupt number. An interrupt that nobody handles is reported as a fault. */
#define NONE fault_exception
__attribute__((section(".vectors.board"), used)) static void (*const board_vectors[])(void) = {{
    [0 ... 31] = NONE,
}};
"""
