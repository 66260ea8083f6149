"""The nRF52840's NVMC: flash that the image erases and writes, and a core that stands still meanwhile.

Times are the longest of Nordic's product specification. `power_words` makes the power fail in the middle of a change.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from firmware.boards.registers import Peripheral
from host.sim.bus import Model
from host.sim.machine import Machine
from host.sim.nrf52 import TICK_HZ

PAGE = 4096
ERASE_TICKS = 85 * TICK_HZ // 1000
WRITE_TICKS = 41 * TICK_HZ // 1_000_000
MILLISECOND = TICK_HZ // 1000
WRITES_A_WORD = 2
"""Between two erasures."""
ERASED = 0xFFFFFFFF
_ERASE_WORDS = 16  # a page's erasure counts for so many words before the power fails


class Nvmc(Model):
    """NVMC. Of flash, the image may change what lies behind it (`store`: first address, bytes).

    A page that is erased in parts holds garbage until they add up to the time that an erasure takes.
    """

    NAME = "NVMC"
    PLAIN = frozenset({"ICACHECNF", "ERASEPAGEPARTIALCFG"})

    def __init__(self, machine: Machine, peripheral: Peripheral, store: tuple[int, int]) -> None:
        self._store = store
        self._writes: dict[int, int] = {}  # of a word since its erasure
        self._partial: dict[int, int] = {}  # ticks that a page has been erased for
        self._random = random.Random(1)
        self.power_words: int | None = None
        """So many words can still be written, or a page erased for 16 of them; then the power fails, once."""
        self.on_power_failure: Callable[[], None] = lambda: None
        self.erasures: dict[int, int] = {}
        """Of each page, by its address."""
        super().__init__(machine, peripheral)

    def reset(self) -> None:
        """Flash can be read alone."""
        super().reset()
        self.machine.watch_flash(None, self._write)

    def read_READY(self) -> int:
        """The core stands still while flash changes: it never sees it busy."""
        return 1

    def write_CONFIG(self, value: int) -> None:
        """What may be done to flash from now on."""
        self.values["CONFIG"] = value
        writes = self.enumerated("CONFIG", "WEN") == "Wen"
        self.machine.watch_flash(self._store if writes else None, self._write)

    def _check(self, address: int) -> None:
        start, size = self._store
        if not start <= address < start + size:
            raise self.refuse(f"0x{address:x} is changed, which is the boot loader's or the image's")

    def _survives(self) -> bool:
        if self.power_words is None:
            return True
        if self.power_words > 0:
            self.power_words -= 1
            return True
        self.power_words = None
        self.on_power_failure()
        return False

    def _write(self, address: int, size: int, value: int) -> None:
        if size != 4 or address % 4:
            raise self.refuse(f"{size} bytes are written to flash at 0x{address:x}; it takes whole words")
        self._writes[address] = self._writes.get(address, 0) + 1
        if self._writes[address] > WRITES_A_WORD:
            raise self.refuse(f"the word at 0x{address:x} is written more than twice without an erasure")
        before = int.from_bytes(self.machine.flash_read(address, 4), "little")
        if value & ~before:
            raise self.refuse(f"a bit at 0x{address:x} is set, which takes an erasure")
        if not self._survives():
            value |= self._random.randrange(1 << 32)
        self.machine.flash_write(address, (before & value).to_bytes(4, "little"))
        self.machine.stall(WRITE_TICKS)

    def write_ERASEPAGE(self, value: int) -> None:
        """Erases a page, at one go."""
        self._erase(value, ERASE_TICKS)

    def write_ERASEPAGEPARTIAL(self, value: int) -> None:
        """Erases a page for a while."""
        self._erase(value, self.field("ERASEPAGEPARTIALCFG", "DURATION") * MILLISECOND)

    def _erase(self, page: int, ticks: int) -> None:
        if self.enumerated("CONFIG", "WEN") != "Een":
            raise self.refuse("a page is erased while CONFIG.WEN is not Een")
        if page % PAGE:
            raise self.refuse(f"0x{page:x} is erased, which is no page")
        self._check(page)
        done = self._partial.pop(page, 0) + ticks
        self.machine.stall(ticks)
        whole = done >= ERASE_TICKS
        if whole and not all(self._survives() for _ in range(_ERASE_WORDS)):
            whole, done = False, 0
        if whole:
            self.machine.flash_write(page, b"\xff" * PAGE)
            self.erasures[page] = self.erasures.get(page, 0) + 1
            self._writes = {at: count for at, count in self._writes.items() if not page <= at < page + PAGE}
            return
        if done:
            self._partial[page] = done
        held = self.machine.flash_read(page, PAGE)
        self.machine.flash_write(page, bytes(byte | self._random.randrange(256) for byte in held))
