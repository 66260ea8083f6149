"""Flash as the store sees it, whose power can fail at any word."""

import random
from typing import Any

from firmware.native.library import aligned, load

FFI, LIBRARY = load()
PAGE = 1024
PAGES = 10


class Flash:
    """Memory with pages; `power` words can still be written or, 16 a page, erased, then it is dead until `revive`."""

    def __init__(self, pages: int = PAGES, lasting: bool = True) -> None:
        self.size = pages * PAGE
        self.power = 1 << 40
        self.erased = [0] * pages
        self.broken = False
        """Writes have no effect, as of a worn-out page."""
        self._random = random.Random(1)
        self._owner, self._memory = aligned(FFI, self.size)
        FFI.buffer(self._memory, self.size)[:] = b"\xff" * self.size
        self._erase = FFI.callback("bool(void *, uint32_t)", self._erase_page)
        self._write = FFI.callback("bool(void *, uint32_t, const uint32_t *, uint32_t)", self._write_words)
        self.device: Any = FFI.new("struct store_device *")
        self.device.base, self.device.bytes, self.device.page_bytes = self._memory, self.size, PAGE
        self.device.lasting = lasting
        self.device.erase, self.device.write = self._erase, self._write

    def __getitem__(self, place: slice) -> bytes:
        return bytes(FFI.buffer(self._memory, self.size)[place])

    def spoil(self, offset: int) -> None:
        """Flips a bit."""
        self._memory[offset] ^= 1

    def fill(self, offset: int, data: bytes) -> None:
        """Whatever was there before."""
        FFI.memmove(self._memory + offset, data, len(data))

    def revive(self) -> None:
        self.power = 1 << 40

    def _spend(self) -> bool:
        self.power -= 1
        return self.power >= 0

    def _erase_page(self, _: Any, offset: int) -> bool:
        assert offset % PAGE == 0
        assert offset < self.size
        self.erased[offset // PAGE] += 1
        part = PAGE // 16
        for start in range(offset, offset + PAGE, part):
            if not self._spend():
                for i in range(start, offset + PAGE):  # half erased: any bit may read as either
                    self._memory[i] |= self._random.randrange(256)
                return False
            for i in range(start, start + part):
                self._memory[i] = 0xFF
        return True

    def _write_words(self, _: Any, offset: int, words: Any, count: int) -> bool:
        assert offset % 4 == 0
        assert offset + 4 * count <= self.size
        data = bytes(FFI.buffer(words, 4 * count))
        for i in range(0, len(data), 4):
            for j in range(i, i + 4):
                assert self._memory[offset + j] == 0xFF or data[j] == 0xFF, "a word is written twice"
            word = int.from_bytes(data[i : i + 4], "little")
            alive = self._spend()
            if not alive:
                word |= self._random.randrange(1 << 32) if self.power == -1 else 0xFFFFFFFF
            for j in range(4):
                self._memory[offset + i + j] &= 0xFF if self.broken else word >> 8 * j & 0xFF
            if not alive:
                return False
        return self[slice(offset, offset + len(data))] == data
