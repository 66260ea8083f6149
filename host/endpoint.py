"""Where the link's bytes come from and go to: a serial device, a socket, or a virtual board.

An endpoint is opened, lost and opened again; it knows nothing of frames. `endpoint_for` reads what `--port` says.
"""

import errno
import os
import socket
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import serial

from host.errors import HostError
from host.port_faults import busy_sentence, permission_detail, permission_sentence
from host.ports import ports_sentence

DEFAULT_BAUD = 115_200
_READ_BYTES = 4096
_CONNECT_TIMEOUT_S = 5.0
_WRITE_TIMEOUT_S = 2.0


class EndpointMissing(HostError):
    """There is no such device, or nobody answers: it may come yet."""


class EndpointLost(Exception):
    """The device was unplugged, or the other side closed; the text says which."""


class EndpointEnded(Exception):
    """No more will ever come: the recording has been played to its end."""


class Endpoint(Protocol):
    """Bytes to and from a board."""

    name: str

    def open(self) -> None:
        """Connects, or connects again. HostError, EndpointMissing where waiting may help."""

    def read(self, timeout_s: float) -> bytes:
        """What came, at once when something did; b"" when nothing did for `timeout_s`. EndpointLost, EndpointEnded."""

    def write(self, data: bytes) -> None:
        """Sends bytes to the board. EndpointLost."""

    def close(self) -> None:
        """Disconnects; may be called at any time."""


class SerialEndpoint:
    """A serial device."""

    def __init__(self, port: str, baud: int = DEFAULT_BAUD) -> None:
        """`port` is a device such as /dev/ttyUSB0 or COM3; nothing is opened yet."""
        self.name = port
        self._baud = baud
        self._serial: serial.Serial | None = None

    def open(self) -> None:
        """Opens the device for this program alone."""
        self.close()
        try:
            self._serial = serial.Serial(
                self.name, baudrate=self._baud, timeout=0, write_timeout=_WRITE_TIMEOUT_S, exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise cannot_open(self.name, error) from error

    def read(self, timeout_s: float) -> bytes:
        """See Endpoint."""
        port = self._opened()
        try:
            port.timeout = timeout_s
            first: bytes = port.read(1)
            if not first:
                return b""
            port.timeout = 0
            try:
                return first + port.read(_READ_BYTES)
            except (serial.SerialException, OSError):
                return first  # lost right after it; the next read says so
        except (serial.SerialException, OSError, TypeError) as error:  # TypeError: closed under pyserial's feet
            raise EndpointLost(f"{self.name} was unplugged") from error

    def write(self, data: bytes) -> None:
        """See Endpoint."""
        try:
            self._opened().write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            raise EndpointLost(f"{self.name} was unplugged") from error

    def close(self) -> None:
        """See Endpoint."""
        if self._serial is not None:
            port, self._serial = self._serial, None
            port.close()

    def _opened(self) -> serial.Serial:
        if self._serial is None:
            raise EndpointLost(f"{self.name} is not open")
        return self._serial


class SocketEndpoint:
    """A TCP connection: a serial server, a board on the network, QEMU."""

    def __init__(self, url: str) -> None:
        """`url` is socket://HOST:PORT; HostError where it is not."""
        self.name = url
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise HostError(f"{url!r} is no address: {error}. Write socket://HOST:PORT.") from error
        if not host or not port or parts.path not in ("", "/"):
            raise HostError(f"{url!r} is no address. Write socket://HOST:PORT, for example socket://localhost:4000.")
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connects."""
        self.close()
        try:
            self._socket = socket.create_connection(self._address, timeout=_CONNECT_TIMEOUT_S)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise EndpointMissing(
                f"{self.name} does not answer: {reason}. Start what listens there, or add --wait."
            ) from error

    def read(self, timeout_s: float) -> bytes:
        """See Endpoint."""
        connection = self._opened()
        try:
            connection.settimeout(timeout_s)
            data = connection.recv(_READ_BYTES)
        except TimeoutError:
            return b""
        except OSError as error:
            raise EndpointLost(f"{self.name} broke off: {error.strerror or error}") from error
        if not data:
            raise EndpointLost(f"{self.name} closed the connection")
        return data

    def write(self, data: bytes) -> None:
        """See Endpoint."""
        connection = self._opened()
        try:
            connection.settimeout(_WRITE_TIMEOUT_S)
            connection.sendall(data)
        except OSError as error:
            raise EndpointLost(f"{self.name} broke off: {error.strerror or error}") from error

    def close(self) -> None:
        """See Endpoint."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise EndpointLost(f"{self.name} is not connected")
        return self._socket


def endpoint_for(port: str, baud: int = DEFAULT_BAUD) -> SerialEndpoint | SocketEndpoint:
    """The endpoint that `--port` names, for everything but sim:BOARD; HostError where it names nothing."""
    if not port.strip():
        raise HostError(f"which port? Say --port. {ports_sentence()} A virtual board is sim:native.")
    if port.startswith("socket://"):
        return SocketEndpoint(port)
    if "://" in port:
        raise HostError(f"{port} is no port: a device, socket://HOST:PORT and sim:BOARD are. {ports_sentence()}")
    return SerialEndpoint(port, baud)


def cannot_open(port: str, error: Exception) -> HostError:
    """The sentence for what pyserial raised as it opened the port: the cause, and the next step."""
    if isinstance(error, ValueError):
        return HostError(f"{port!r} is no port: {error}. {ports_sentence()}")
    code = getattr(error, "errno", None)
    path = Path(port)
    if code in (errno.EACCES, errno.EPERM):
        return HostError(permission_sentence(port), permission_detail())
    if code in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY) or "exclusively lock" in str(error):
        return HostError(busy_sentence(port))
    if code == errno.ENOENT or (code is None and not path.exists()):
        return EndpointMissing(f"there is no port {port}. {ports_sentence()}")
    if path.is_file() or path.is_dir() or os.strerror(errno.ENOTTY) in str(error):
        return HostError(f"{port} is not a serial port. {ports_sentence()}")
    return HostError(f"{port} cannot be opened: {' '.join(str(error).split())}. {ports_sentence()}")
