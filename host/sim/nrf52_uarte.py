"""The nRF52840's UARTE0: bytes between RAM and a line that takes its time, by EasyDMA."""

from __future__ import annotations

from collections import deque

from firmware.boards import Link
from firmware.boards.registers import Peripheral
from host.sim.machine import Machine
from host.sim.nrf52 import TICK_HZ, Chip, Events, name

BITS_A_BYTE = 10  # start, eight, stop
ENABLED = 8
FIFO_BYTES = 4  # what the receiver holds while it has no buffer


class Uarte(Events):
    """UARTE0 and the wires to the host: `sent` gathers what the image transmits, `feed` is what the host transmits.

    A buffer that is sent is read when it has been sent: an image that changes it meanwhile is found out.
    """

    NAME = "UARTE0"
    PLAIN = frozenset(
        {"BAUDRATE", "CONFIG", "PSEL_TXD", "PSEL_RXD", "PSEL_CTS", "PSEL_RTS", "RXD_PTR", "RXD_MAXCNT", "TXD_PTR"}
        | {"TXD_MAXCNT", "SHORTS"}
    )

    def __init__(self, machine: Machine, peripheral: Peripheral, chip: Chip, link: Link) -> None:
        self._pins, self._parts, self._link = chip.pins, chip.parts, link
        self._byte_ticks = BITS_A_BYTE * TICK_HZ // link.baud
        self._line: deque[int] = deque()  # from the host, not yet here
        self._next_byte = 0  # when the next of them is complete
        self._fifo: deque[int] = deque()
        self._into: tuple[int, int] | None = None  # the receiver's buffer: address, bytes
        self._received = 0  # in it
        self._sending: tuple[int, int, int] | None = None  # address, bytes, tick of the start
        self.sent = bytearray()
        self.lost = 0  # bytes from the host that nobody took
        super().__init__(machine, peripheral, chip.ppi)

    def reset(self) -> None:
        """What is under way on the wires is lost but for whole bytes; what the host has yet to send is not."""
        self._cut_short()
        super().reset()
        self._parts.switch("UARTE0", False)
        self._fifo.clear()
        self._into = None
        if self._line:
            self._schedule_line()

    def feed(self, data: bytes) -> None:
        """Bytes from the host; they come one after the other at the line's speed."""
        if not self._line and data:
            self._next_byte = self.machine.now + self._byte_ticks
        self._line.extend(data)
        if data:
            self._schedule_line()

    @property
    def idle(self) -> bool:
        """True if nothing is being transmitted."""
        return self._sending is None

    def write_ENABLE(self, value: int) -> None:
        """Enabling it checks what a wrong setting would turn into noise: speed, format, pins."""
        self.values["ENABLE"] = value
        self._parts.switch("UARTE0", value == ENABLED)
        if value != ENABLED:
            if value:
                raise self.refuse(f"ENABLE is {value}; {ENABLED} enables it")
            self._cut_short()
            self._into = None
            return
        speed = self.enumerated("BAUDRATE", "BAUDRATE")
        if speed != f"Baud{self._link.baud}":
            raise self.refuse(f"BAUDRATE is {speed}, but the host listens at {self._link.baud} baud")
        if self.values["CONFIG"]:
            raise self.refuse("CONFIG is not 0: no parity, one stop bit, no flow control")
        for register, pad in (("PSEL_TXD", self._link.tx_pad), ("PSEL_RXD", self._link.rx_pad)):
            if pad is not None and self.values[register] != pad:
                raise self.refuse(f"{register} is 0x{self.values[register]:x}, but board.toml has {name(pad)}")
        if self._link.tx_pad is not None and not self._pins.high(self._link.tx_pad):
            raise self.refuse(f"{name(self._link.tx_pad)} is TX, but not an output that is high")
        if self._link.rx_pad is not None and not self._pins.hears(self._link.rx_pad):
            raise self.refuse(f"{name(self._link.rx_pad)} is RX, but its input is not connected")

    def _buffer(self, direction: str) -> tuple[int, int]:
        address = self.values[f"{direction}_PTR"]
        count = self.field(f"{direction}_MAXCNT", "MAXCNT")
        if self.values["ENABLE"] != ENABLED:
            raise self.refuse("it is started while it is not enabled")
        if count and not self.machine.in_ram(address, count):
            raise self.refuse(f"{direction}.PTR is 0x{address:08x}; EasyDMA reaches RAM that has power, alone")
        return address, count

    # To the host.

    def task_STARTTX(self) -> None:
        """Sends TXD.MAXCNT bytes."""
        if self._sending is not None:
            raise self.refuse("STARTTX while it sends: the bytes under way would be lost")
        address, count = self._buffer("TXD")
        self._sending = (address, count, self.machine.now)
        self.event("TXSTARTED")
        self.machine.at("uart tx", self.machine.now + count * self._byte_ticks, self._sent_all)

    def _sent_all(self) -> None:
        assert self._sending is not None
        (address, count, _), self._sending = self._sending, None
        self.sent += self.machine.ram_read(address, count)
        self.values["TXD_AMOUNT"] = count
        self.event("ENDTX")

    def read_TXD_AMOUNT(self) -> int:
        """Bytes that the last transfer sent."""
        return self.values["TXD_AMOUNT"]

    def task_STOPTX(self) -> None:
        """The transmitter stops, within a byte's time."""
        self._cut_short()
        self.machine.at("uart stop", self.machine.now + self._byte_ticks, lambda: self.event("TXSTOPPED"))

    def _cut_short(self) -> None:
        """A transfer that is under way ends after the last whole byte."""
        self.machine.cancel("uart tx")
        if self._sending is not None:
            address, count, start = self._sending
            done = min(count, (self.machine.now - start) // self._byte_ticks)
            self.sent += self.machine.ram_read(address, done)
            self._sending = None

    # From the host.

    def task_STARTRX(self) -> None:
        """Receives into RXD.PTR, first what the FIFO holds."""
        self._into, self._received = self._buffer("RXD"), 0
        self.event("RXSTARTED")
        while self._fifo and self._into is not None:
            self._store(self._fifo.popleft())

    def task_STOPRX(self) -> None:
        """The receiver stops."""
        self._into = None
        self.values["RXD_AMOUNT"] = self._received
        self.event("ENDRX")
        self.event("RXTO")

    def read_RXD_AMOUNT(self) -> int:
        """Bytes in the last buffer."""
        return self.values["RXD_AMOUNT"]

    def _schedule_line(self) -> None:
        self.machine.at("uart line", self._next_byte, self._arrive)

    def _arrive(self) -> None:
        byte = self._line.popleft()
        if self.values["ENABLE"] != ENABLED:
            self.lost += 1
        elif self._into is not None:
            self._store(byte)
        elif len(self._fifo) < FIFO_BYTES:
            self._fifo.append(byte)
        else:
            self.lost += 1
            self.event("ERROR")
        self._next_byte += self._byte_ticks
        if self._line:
            self._schedule_line()

    def _store(self, byte: int) -> None:
        assert self._into is not None
        address, count = self._into
        self.machine.ram_write(address + self._received, bytes([byte]))
        self._received += 1
        self.event("RXDRDY")
        if self._received == count:
            self._into = None
            self.values["RXD_AMOUNT"] = count
            self.event("ENDRX")
            if self.field("SHORTS", "ENDRX_STARTRX"):
                self.task_STARTRX()
