"""The flash and RAM of a virtual microcontroller, as Unicorn maps them.

What an image changes in the map (RAM that loses power, flash that it may write) takes effect at the next stop of the
core: the map must not change under a running core.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from unicorn import UC_PROT_EXEC, UC_PROT_READ, UC_PROT_WRITE, Uc

from host.sim.virtual_board import SimulationError

PAGE = 4096


class Memory:
    """Flash, RAM and the chip's own code; (first address, bytes) of each."""

    def __init__(self, uc: Uc, flash: tuple[int, int], ram: tuple[int, int], rom: tuple[int, bytes] | None) -> None:
        self._uc = uc
        self.flash_base, self.ram_base, self.ram_size = flash[0], ram[0], ram[1]
        self._flash = self._map(*flash, UC_PROT_READ | UC_PROT_EXEC)
        ctypes.memset(ctypes.addressof(self._flash), 0xFF, flash[1])  # erased
        # Not executable: Unicorn would look for translated code at each store, which costs a tenth of its speed.
        self._ram = self._map(*ram, UC_PROT_READ | UC_PROT_WRITE)
        self._ram_mapped = ram[1]
        self._ram_wanted = ram[1]
        self._watched: tuple[int, int] | None = None
        self._watch_wanted: tuple[int, int] | None = None
        self._flash_store: Callable[[int, int, int], None] = lambda address, size, value: None
        self.codes = [(flash[0], self._flash), (ram[0], self._ram)]
        """What instructions are fetched from."""
        if rom:
            self._rom = self._map(rom[0], len(rom[1]), UC_PROT_READ | UC_PROT_EXEC)
            ctypes.memmove(ctypes.addressof(self._rom), rom[1], len(rom[1]))
            self.codes.append((rom[0], self._rom))

    def look(self) -> None:
        """Lets the core stop soon."""
        raise NotImplementedError

    def _map(self, base: int, size: int, protection: int) -> ctypes.Array:
        raw = (ctypes.c_uint8 * (size + PAGE))()
        offset = -ctypes.addressof(raw) % PAGE
        memory = (ctypes.c_uint8 * size).from_buffer(raw, offset)
        self._uc.mem_map_ptr(base, size, protection, ctypes.addressof(memory))
        return memory

    def load(self, image: bytes, address: int) -> None:
        """Writes `image` to flash."""
        start = address - self.flash_base
        if start < 0 or start + len(image) > len(self._flash):
            raise SimulationError(f"an image of {len(image)} bytes at 0x{address:x} does not fit the flash")
        ctypes.memmove(ctypes.addressof(self._flash) + start, image, len(image))

    def ram_write(self, address: int, data: bytes) -> None:
        """Writes RAM, as a DMA does; SimulationError outside the RAM that has power."""
        start = address - self.ram_base
        if start < 0 or start + len(data) > self._ram_mapped:
            raise SimulationError(f"a DMA writes {len(data)} bytes to 0x{address:08x}, where no RAM has power")
        ctypes.memmove(ctypes.addressof(self._ram) + start, data, len(data))

    def ram_read(self, address: int, size: int) -> bytes:
        """`size` bytes of RAM, whether it has power or not."""
        start = address - self.ram_base
        return bytes(self._ram[start : start + size])

    def in_ram(self, address: int, size: int) -> bool:
        """All of it is RAM that has power."""
        return self.ram_base <= address and address + size <= self.ram_base + self._ram_mapped

    def flash_read(self, address: int, size: int) -> bytes:
        """`size` bytes of flash."""
        start = address - self.flash_base
        return bytes(self._flash[start : start + size])

    def flash_write(self, address: int, data: bytes) -> None:
        """Changes flash, but not code that has run."""
        start = address - self.flash_base
        ctypes.memmove(ctypes.addressof(self._flash) + start, data, len(data))

    def ram_power(self, size: int) -> None:
        """The first `size` bytes of RAM keep power, the rest loses it."""
        self._ram_wanted = size
        self.look()

    def watch_flash(self, span: tuple[int, int] | None, store: Callable[[int, int, int], None]) -> None:
        """From its next stop on, what the core writes to `span` of flash goes to `store` (address, bytes, value).

        span: (first address, bytes), whole pages of 4 KiB; None: a write to flash is a fault again.
        """
        self._watch_wanted = span
        self._flash_store = store
        self.look()

    def apply_memory(self) -> None:
        """Brings the map up to date; only while the core stands."""
        self._apply_ram_power()
        if self._watch_wanted == self._watched:
            return
        if self._watched:
            base, size = self._watched
            self._uc.mem_unmap(base, size)
            place = ctypes.addressof(self._flash) + base - self.flash_base
            self._uc.mem_map_ptr(base, size, UC_PROT_READ | UC_PROT_EXEC, place)
        self._watched = self._watch_wanted
        if self._watched:
            base, size = self._watched
            self._uc.mem_unmap(base, size)
            self._uc.mmio_map(base, size, self._read_watched, base, self._write_watched, base)

    def _read_watched(self, _uc: Uc, offset: int, size: int, base: int) -> int:
        return int.from_bytes(self.flash_read(base + offset, size), "little")

    def _write_watched(self, _uc: Uc, offset: int, size: int, value: int, base: int) -> None:
        self._flash_store(base + offset, size, value)

    def _apply_ram_power(self) -> None:
        if self._ram_wanted == self._ram_mapped:
            return
        low, high = sorted((self._ram_wanted, self._ram_mapped))
        if self._ram_wanted < self._ram_mapped:
            self._uc.mem_unmap(self.ram_base + low, high - low)
            ctypes.memset(ctypes.addressof(self._ram) + low, 0xA5, high - low)  # what was there is gone
        else:
            protection = UC_PROT_READ | UC_PROT_WRITE
            self._uc.mem_map_ptr(self.ram_base + low, high - low, protection, ctypes.addressof(self._ram) + low)
        self._ram_mapped = self._ram_wanted
