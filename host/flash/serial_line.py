"""The serial port as the boot loader needs it: opening it resets the board, by DTR and RTS."""

import time

import serial

from host.endpoint import cannot_open
from host.errors import HostError

_LOW_S = 0.05
_WRITE_S = 5.0


class SerialLine:
    """A LoaderLine on a serial port; a context manager that closes it."""

    def __init__(self, port: str) -> None:
        """Nothing is opened yet."""
        self.port = port
        self._serial: serial.Serial | None = None

    def restart(self, baud: int) -> None:
        """See LoaderLine: the lines fall when the port is closed, and rise when it is opened."""
        self.close()
        time.sleep(_LOW_S)
        try:
            self._serial = serial.Serial(self.port, baudrate=baud, timeout=0, write_timeout=_WRITE_S, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise cannot_open(self.port, error) from error

    def write(self, data: bytes) -> None:
        """See LoaderLine."""
        try:
            self._opened().write(data)
            self._opened().flush()
        except (serial.SerialException, OSError) as error:
            raise self._lost() from error

    def read(self, timeout_s: float) -> bytes:
        """See LoaderLine."""
        port = self._opened()
        try:
            port.timeout = timeout_s
            first: bytes = port.read(1)
            port.timeout = 0
            return first + port.read(4096) if first else b""
        except (serial.SerialException, OSError) as error:
            raise self._lost() from error

    def close(self) -> None:
        """Lets go of the port."""
        if self._serial is not None:
            port, self._serial = self._serial, None
            port.close()

    def __enter__(self) -> "SerialLine":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes."""
        self.close()

    def _opened(self) -> serial.Serial:
        if self._serial is None:
            raise HostError(f"{self.port} is not open.")
        return self._serial

    def _lost(self) -> HostError:
        return HostError(f"{self.port} was unplugged. Plug it in and flash again: the board has half an image now.")
