"""Apollo3's flash as its boot ROM changes it: the routines at fixed addresses that an image calls.

Entries, arguments and results are those of AmbiqSuite's HAL (sparkfun/AmbiqSuiteSDK, mcu/apollo3/hal/am_hal_flash.c).
How long they take nobody documents that we know of: ERASE_SECONDS and PROGRAM_SECONDS are assumptions. `power_words`
makes the power fail in the middle of one.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from host.sim.machine import Machine
from host.sim.virtual_board import SimulationError

KEY = 0x12344321
PAGE = 8192
INSTANCE = 512 * 1024
INSTANCES = 2
ERASE_SECONDS = 0.02
PROGRAM_SECONDS = 20e-6
"""A word."""
BAD_KEY, BAD_INSTANCE, BAD_PAGE = 1, 2, 3
BAD_TARGET, BAD_RANGE, BAD_SOURCE = 2, 3, 4
_ERASE_WORDS = 16  # into so many steps the power may fail

_PAGE_ERASE, _PROGRAM_MAIN, _WRITE_WORD = 0x50, 0x54, 0x78
_LOOP = 0x100
ROM_BASE = 0x0800_0000


def _branch(at: int, to: int) -> bytes:
    """Thumb's `b`."""
    return (0xE000 | (to - at - 4 >> 1 & 0x7FF)).to_bytes(2, "little")


def rom() -> bytes:
    """The boot ROM: `str r1, [r0]; bx lr` writes a word; erasing and programming take r1 turns of a loop."""
    code = bytearray(0x1000)
    code[_WRITE_WORD : _WRITE_WORD + 4] = b"\x01\x60\x70\x47"
    for entry in (_PAGE_ERASE, _PROGRAM_MAIN):
        code[entry : entry + 2] = _branch(entry, _LOOP)
    code[_LOOP : _LOOP + 6] = b"\x01\x39\xfd\xd1\x70\x47"  # subs r1, #1; bne .; bx lr
    return bytes(code)


class Flash:
    """What the ROM's routines do to the machine's flash.

    why_off: why an instance (0, 1) has no power, None if it has. image_end: the first address that may be changed.
    """

    def __init__(self, machine: Machine, why_off: Callable[[int], str | None]) -> None:
        self._machine, self._why_off = machine, why_off
        self.image_end = 0
        self.stale = False
        """The cache may hold what the flash no longer holds."""
        self.power_words: int | None = None
        """So many words can still be programmed, or a page erased for 16 of them; then the power fails, once."""
        self.on_power_failure: Callable[[], None] = lambda: None
        self.erasures: dict[int, int] = {}
        """Of each page, by its address."""
        self._random = random.Random(1)
        machine.on_fetch(ROM_BASE + _PAGE_ERASE, self._page_erase)
        machine.on_fetch(ROM_BASE + _PROGRAM_MAIN, self._program_main)

    def _refuse(self, why: str) -> SimulationError:
        return SimulationError(f"flash: {why} (lr 0x{self._machine.link_register:08x})")

    def _check(self, address: int) -> None:
        if not self._machine.interrupts_masked:
            raise self._refuse("it is changed with interrupts on: a handler could not be fetched meanwhile")
        if why := self._why_off(address // INSTANCE):
            raise self._refuse(why)
        if address < self.image_end:
            raise self._refuse(f"0x{address:x} is changed, which is the boot loader's or the image's")

    def _answer(self, result: int, seconds: float) -> None:
        turns = round(seconds * self._machine.tick_hz / self._machine.core_divider / 2)
        self._machine.set_arguments(result, max(1, turns))

    def _survives(self) -> bool:
        if self.power_words is None:
            return True
        if self.power_words > 0:
            self.power_words -= 1
            return True
        self.power_words = None
        return False

    def _page_erase(self) -> None:
        key, instance, page, _ = self._machine.arguments()
        result = 0
        if key != KEY:
            result = BAD_KEY
        elif instance >= INSTANCES:
            result = BAD_INSTANCE
        elif page >= INSTANCE // PAGE:
            result = BAD_PAGE
        else:
            self._erase(instance * INSTANCE + page * PAGE)
        self._answer(result, 0 if result else ERASE_SECONDS)

    def _erase(self, address: int) -> None:
        self._check(address)
        self.stale = True
        self.erasures[address] = self.erasures.get(address, 0) + 1
        part = PAGE // _ERASE_WORDS
        for at in range(address, address + PAGE, part):
            if not self._survives():
                rest = self._machine.flash_read(at, address + PAGE - at)
                half = bytes(byte | self._random.randrange(256) for byte in rest)
                self._machine.flash_write(at, half)
                self.on_power_failure()
                return
            self._machine.flash_write(at, b"\xff" * part)

    def _program_main(self) -> None:
        key, source, target, words = self._machine.arguments()
        result = 0
        if key != KEY:
            result = BAD_KEY
        elif target % 4 or target >= INSTANCES * INSTANCE:
            result = BAD_TARGET
        elif target + 4 * words > INSTANCES * INSTANCE:
            result = BAD_RANGE
        elif source % 4 or not self._machine.in_ram(source, 4 * words + 4):  # its last word does for no source
            result = BAD_SOURCE
        else:
            self._program(source, target, words)
        self._answer(result, 0 if result else words * PROGRAM_SECONDS)

    def _program(self, source: int, target: int, words: int) -> None:
        self._check(target)
        self.stale = True
        data = self._machine.ram_read(source, 4 * words)
        for at in range(0, 4 * words, 4):
            value = int.from_bytes(data[at : at + 4], "little")
            before = int.from_bytes(self._machine.flash_read(target + at, 4), "little")
            if ~before & ~value & 0xFFFFFFFF:
                raise self._refuse(f"a bit at 0x{target + at:x} is cleared twice without an erasure")
            survives = self._survives()
            if not survives:
                value |= self._random.randrange(1 << 32)
            self._machine.flash_write(target + at, (before & value).to_bytes(4, "little"))
            if not survives:
                self.on_power_failure()
                return
