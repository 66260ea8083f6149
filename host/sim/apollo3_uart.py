"""Apollo3's UART0: two FIFOs of 32 bytes and a line that takes its time."""

from __future__ import annotations

from collections import deque

from firmware.boards import Link
from firmware.boards.registers import Peripheral
from host.sim.apollo3 import TICK_HZ, Pads, PowerControl
from host.sim.bus import Model
from host.sim.machine import Machine

FIFO_BYTES = 32
BITS_A_BYTE = 10  # start, eight, stop
TIMEOUT_BITS = 32
LEVELS = (4, 8, 16, 24, 28)  # an eighth, a quarter, half, three quarters, seven eighths
BAUD_TOLERANCE = 0.02


class Uart(Model):
    """UART0 and the wires to the host: `sent` gathers what the image transmits, `feed` is what the host transmits."""

    NAME = "UART0"
    PLAIN = frozenset({"IBRD", "FBRD", "LCRH", "IFLS"})

    def __init__(self, machine: Machine, peripheral: Peripheral, power: PowerControl, pads: Pads, link: Link) -> None:
        self._power, self._pads, self._link = power, pads, link
        self._irq = peripheral.interrupts["UART0"]
        self._tx: deque[int] = deque()
        self._rx: deque[int] = deque()
        self._line: deque[int] = deque()  # from the host, not yet here
        self._shifting = False
        self.sent = bytearray()
        self.lost = 0  # bytes from the host that nobody took
        super().__init__(machine, peripheral)

    def reset(self) -> None:
        """FIFOs empty; what is under way on the wires is lost, what the host has yet to send is not."""
        super().reset()
        self._tx.clear()
        self._rx.clear()
        self._shifting = False
        if self._line:
            self._schedule_line()

    def unpowered(self) -> str | None:
        """UART0 needs its power bit."""
        return self._power.why_off(self.NAME)

    def feed(self, data: bytes) -> None:
        """Bytes from the host; they come one after the other at the line's speed."""
        idle = not self._line
        self._line.extend(data)
        if idle and data:
            self._schedule_line()

    @property
    def idle(self) -> bool:
        """True if nothing is being transmitted or waits for it."""
        return not self._shifting and not self._tx

    # The line.

    def _host_byte_ticks(self) -> int:
        return BITS_A_BYTE * TICK_HZ // self._link.baud

    def _byte_ticks(self) -> int:
        divider_64ths = self.values["IBRD"] * 64 + self.values["FBRD"]
        return BITS_A_BYTE * 16 * divider_64ths * self._clock_divider() // 64

    def _clock_divider(self) -> int:
        clock = self.enumerated("CR", "CLKSEL")
        if clock != "24MHZ" or not self.field("CR", "CLKEN"):
            raise self.refuse(
                f"it is enabled with the clock {clock} and CLKEN {self.field('CR', 'CLKEN')}; use 24MHZ and 1"
            )
        return TICK_HZ // 24_000_000

    def _schedule_line(self) -> None:
        self.machine.at("uart line", self.machine.now + self._host_byte_ticks(), self._arrive)

    def _arrive(self) -> None:
        byte = self._line.popleft()
        on = self.unpowered() is None and self.field("CR", "UARTEN") and self.field("CR", "RXE")
        if not on or len(self._rx) == FIFO_BYTES:
            self.lost += 1
            if on:
                self._raise("OERIS")
        else:
            self._rx.append(byte)
            if len(self._rx) >= LEVELS[self.field("IFLS", "RXIFLSEL")]:
                self._raise("RXRIS")
            timeout = self.machine.now + self._byte_ticks() * TIMEOUT_BITS // BITS_A_BYTE
            self.machine.at("uart timeout", timeout, self._time_out)
        if self._line:
            self._schedule_line()

    def _time_out(self) -> None:
        if self._rx:
            self._raise("RTRIS")

    def _shift(self) -> None:
        self._shifting = bool(self._tx)
        if self._shifting:
            byte = self._tx.popleft()
            if len(self._tx) == LEVELS[self.field("IFLS", "TXIFLSEL")]:
                self._raise("TXRIS")
            self.machine.at("uart shift", self.machine.now + self._byte_ticks(), lambda: self._shifted(byte))

    def _shifted(self, byte: int) -> None:
        self.sent.append(byte)
        self._shift()

    # Registers.

    def write_CR(self, value: int) -> None:
        """Enabling it checks what a wrong setting would turn into noise: speed, format, pads."""
        was_on = self.field("CR", "UARTEN")
        self.values["CR"] = value
        if self.field("CR", "UARTEN") and not was_on:
            ticks = self._byte_ticks()
            baud = BITS_A_BYTE * TICK_HZ / ticks if ticks else 0
            if abs(baud / self._link.baud - 1) > BAUD_TOLERANCE:
                raise self.refuse(f"it runs at {baud:.0f} baud, but the host listens at {self._link.baud}")
            if self.field("LCRH", "WLEN") != 3 or not self.field("LCRH", "FEN"):
                raise self.refuse("the line must carry eight bits, through the FIFOs (LCRH)")
            self._check_pad("TX", self._link.tx_pad, self._link.tx_function)
            self._check_pad("RX", self._link.rx_pad, self._link.rx_function)
            if self._link.rx_pad is not None and not self._pads.input_enabled(self._link.rx_pad):
                raise self.refuse(f"pad {self._link.rx_pad} is RX, but its input is off (INPEN)")

    def _check_pad(self, name: str, pad: int | None, function: int | None) -> None:
        if pad is not None and self._pads.function(pad) != function:
            raise self.refuse(f"pad {pad} is {name}, but its function is {self._pads.function(pad)}, not {function}")

    def read_FR(self) -> int:
        """Flags."""
        self.values["FR"] = 0
        self.set_field("FR", "TXFE", not self._tx)
        self.set_field("FR", "TXFF", len(self._tx) == FIFO_BYTES)
        self.set_field("FR", "RXFE", not self._rx)
        self.set_field("FR", "RXFF", len(self._rx) == FIFO_BYTES)
        self.set_field("FR", "BUSY", not self.idle)
        return self.values["FR"]

    def read_DR(self) -> int:
        """The oldest byte received."""
        if not self._rx:
            raise self.refuse("DR is read while nothing was received")
        byte = self._rx.popleft()
        if len(self._rx) < LEVELS[self.field("IFLS", "RXIFLSEL")]:
            self._lower(self._bit("IES", "RXRIS"))
        if not self._rx:
            self._lower(self._bit("IES", "RTRIS"))
        return byte

    def write_DR(self, value: int) -> None:
        """A byte to transmit."""
        if not (self.field("CR", "UARTEN") and self.field("CR", "TXE")):
            raise self.refuse("DR is written while the transmitter is off")
        if len(self._tx) == FIFO_BYTES:
            raise self.refuse("DR is written while the FIFO is full: the byte would be lost")
        self._tx.append(value & 0xFF)
        if not self._shifting:
            self._shift()

    def read_IES(self) -> int:
        """Interrupts before the mask."""
        return self.values["IES"]

    def read_MIS(self) -> int:
        """Interrupts after the mask; the bits of IER, IES, MIS and IEC are in the same places."""
        return self.values["IES"] & self.values["IER"]

    def write_IER(self, value: int) -> None:
        """Which interrupts get through."""
        self.values["IER"] = value
        self._update()

    def write_IEC(self, value: int) -> None:
        """Ones clear."""
        self._lower(value)

    def _bit(self, register: str, field: str) -> int:
        return self.peripheral.registers[register].fields[field].mask

    def _raise(self, field: str) -> None:
        self.values["IES"] |= self._bit("IES", field)
        self._update()

    def _lower(self, bits: int) -> None:
        self.values["IES"] &= ~bits
        self._update()

    def _update(self) -> None:
        self.machine.line(self._irq, bool(self.values["IES"] & self.values["IER"]))
