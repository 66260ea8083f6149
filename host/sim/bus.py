"""Memory-mapped registers of a virtual chip: who is at an address, has it power, and is the register modelled.

A model is a class with the peripheral's name and, for each register that it knows, one of
    PLAIN = frozenset({"NAME"})                 keeps what is written
    def read_NAME(self) -> int                  what the core reads
    def write_NAME(self, value: int) -> None    what a write does; without it the register only keeps the value
What is not modelled is refused by name, so that no image runs on a register that silently does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from firmware.boards.registers import Peripheral, Register
from host.sim.virtual_board import SimulationError

if TYPE_CHECKING:
    from host.sim.machine import Machine


class BusFault(Exception):
    """An access that the silicon would answer with a bus fault; the message says why."""


class Model:
    """One modelled peripheral; `values` holds its registers by name, from the SVD's reset values on."""

    NAME: ClassVar[str]
    PLAIN: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, machine: Machine, peripheral: Peripheral) -> None:
        self.machine = machine
        self.peripheral = peripheral
        self.values: dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        """As after a reset of the chip."""
        self.values = {name: register.reset for name, register in self.peripheral.registers.items()}

    def unpowered(self) -> str | None:
        """Why the peripheral cannot be reached now; None if it can."""
        return None

    def field(self, register: str, field: str) -> int:
        """The value of a field as it stands."""
        return self.peripheral.registers[register].field(self.values[register], field)

    def set_field(self, register: str, field: str, value: int) -> None:
        """Changes a field in `values`."""
        bits = self.peripheral.registers[register].fields[field]
        self.values[register] = (self.values[register] & ~bits.mask) | ((value << bits.low) & bits.mask)

    def enumerated(self, register: str, field: str) -> str:
        """The SVD's name for the value that a field has; its number where it has no name."""
        value = self.field(register, field)
        names = {number: name for name, number in self.peripheral.registers[register].fields[field].values.items()}
        return names.get(value, str(value))

    def refuse(self, why: str) -> SimulationError:
        """The error for a use of the peripheral that the silicon would not do what was meant."""
        return SimulationError(f"{self.NAME}: {why} (pc 0x{self.machine.pc:08x})")


class Bus:
    """The registers of all models by address.

    name_of: what the chip has at an address where no model is ("ADC.CFG"), None where it has nothing.
    """

    def __init__(self, models: list[Model], name_of: Callable[[int], str | None] = lambda _address: None) -> None:
        self._name_of = name_of
        self._models = models
        self._at: dict[int, tuple[Model, Register]] = {}
        for model in models:
            for register in model.peripheral.registers.values():
                self._at.setdefault(register.address, (model, register))
        self._readers: dict[int, Callable[[], int]] = {}
        self._writers: dict[int, Callable[[int], None]] = {}

    def read(self, address: int, size: int) -> int:
        """What the core reads at `address`; BusFault or SimulationError where it cannot."""
        model, register = self._find(address, size)
        reader = getattr(model, f"read_{register.name}", None)
        if reader:
            return int(reader())
        if register.name in model.PLAIN or hasattr(model, f"write_{register.name}"):
            return model.values[register.name]
        raise model.refuse(f"{register.name} (0x{address:08x}) is read, but the virtual board does not model it")

    def write(self, address: int, size: int, value: int) -> None:
        """What the core writes to `address`."""
        model, register = self._find(address, size)
        writer = getattr(model, f"write_{register.name}", None)
        if writer:
            writer(value)
        elif register.name in model.PLAIN:
            model.values[register.name] = value
        else:
            raise model.refuse(f"{register.name} (0x{address:08x}) is written, but the virtual board does not model it")

    def _find(self, address: int, size: int) -> tuple[Model, Register]:
        found = self._at.get(address)
        if found is None:
            if name := self._name_of(address):
                where = f"(pc 0x{self._models[0].machine.pc:08x})"
                raise SimulationError(f"{name} (0x{address:08x}) is accessed, but nobody models it {where}")
            raise BusFault(f"there is no register at 0x{address:08x}")
        model, register = found
        if size != 4:
            raise model.refuse(f"{register.name} is accessed by {size} bytes instead of 4")
        if (why := model.unpowered()) is not None:
            raise BusFault(f"{model.NAME}.{register.name} is accessed, but {why}")
        return found
