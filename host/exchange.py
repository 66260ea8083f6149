"""Questions to a board and their answers, over any endpoint: what info, config, selftest, bench and record talk with.

Acknowledges nothing: transcripts that come by stay on the board for whoever keeps them.
"""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from firmware.link import Config, Damage, Decoder, Frame, Hello, Log, State, encode, question
from host.endpoint import Endpoint, EndpointLost, endpoint_for
from host.errors import HostError
from host.lockstep import CHUNK_SAMPLES
from host.session import host_version, refuse_other_version
from host.sim import VirtualBoard
from host.sim_boards import boot_sim_board, simulation_errors

SIM = "sim:"
ANSWER_S = 3.0
"""How long an answer may take. On silicon it comes within two chunks; a virtual board on a busy computer is slower."""
TRIES = 4
_READ_S = 0.05
_Answer = TypeVar("_Answer")


class SilentBoard:
    """A virtual board that hears silence, as fast as it goes; an Endpoint."""

    def __init__(self, board: str) -> None:
        """Nothing runs yet."""
        self.name = SIM + board
        self._name = board
        self._board: VirtualBoard | None = None

    def open(self) -> None:
        """Boots it."""
        self.close()
        self._board = boot_sim_board(self._name)

    def read(self, timeout_s: float) -> bytes:
        """What it sends in a chunk."""
        with simulation_errors():
            return self._running().hear(np.zeros(CHUNK_SAMPLES, np.int16))

    def write(self, data: bytes) -> None:
        """See Endpoint."""
        self._running().send(data)

    def close(self) -> None:
        """See Endpoint."""
        if self._board is not None:
            self._board.close()
            self._board = None

    def _running(self) -> VirtualBoard:
        if self._board is None:
            raise EndpointLost(f"{self.name} is not open")
        return self._board


def quiet_endpoint(port: str, baud: int) -> Endpoint:
    """The endpoint that `--port` names; a virtual board (sim:BOARD) hears silence."""
    return SilentBoard(port.removeprefix(SIM)) if port.startswith(SIM) else endpoint_for(port, baud)


class Exchange:
    """One conversation with a board; a context manager that opens and closes the endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        """`greet` before anything else."""
        self.endpoint = endpoint
        self.hello: Hello | None = None
        self.config: Config | None = None
        self.state: State | None = None
        self.logs: list[Log] = []
        self.damaged = 0
        self._decoder = Decoder()
        self._came = 0

    def __enter__(self) -> Self:
        """Opens the endpoint; HostError."""
        self.endpoint.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the endpoint."""
        self.endpoint.close()

    def greet(self) -> Hello:
        """Asks who is there: HELLO, and with it STATE and CONFIG. HostError where nobody says."""
        self.ask(question(host_version()), self._introduced, "who it is")
        assert self.hello is not None
        return self.hello

    def ask_once(self, answer: Callable[[Frame], _Answer | None], timeout_s: float) -> _Answer | None:
        """Asks who is there, once; what `answer` makes of what comes, as `wait`."""
        self.send(question(host_version()))
        return self.wait(answer, timeout_s)

    def _introduced(self, frame: Frame) -> bool | None:
        # In this order; a HELLO of the board's own start may have come before.
        return True if isinstance(frame, Config) and self.hello is not None and self.state is not None else None

    def send(self, *frames: Frame) -> None:
        """Frames to the board."""
        try:
            self.endpoint.write(b"".join(encode(frame) for frame in frames))
        except EndpointLost as lost:
            raise HostError(f"{lost}. Plug it in and try again.") from lost

    def frames(self) -> Iterator[Frame]:
        """What came in a moment. HostError where the board is gone, or speaks another version of the protocol."""
        try:
            data = self.endpoint.read(_READ_S)
        except EndpointLost as lost:
            raise HostError(f"{lost}. Plug it in and try again.") from lost
        self._came += len(data)
        for item in self._decoder.feed(data):
            if isinstance(item, Damage):
                refuse_other_version(item)
                self.damaged += 1
                continue
            match item:
                case Hello():
                    self.hello = item
                case Config():
                    self.config = item
                case State():
                    self.state = item
                case Log():
                    self.logs.append(item)
            yield item

    def ask(self, asked: Frame, answer: Callable[[Frame], _Answer | None], what: str, tries: int = TRIES) -> _Answer:
        """Sends `asked`, again where nothing comes, until `answer` makes something of a frame. HostError."""
        for _ in range(tries):
            self.send(asked)
            if (got := self.wait(answer, ANSWER_S)) is not None:
                return got
        raise HostError(self._why_silent(what))

    def wait(self, answer: Callable[[Frame], _Answer | None], timeout_s: float) -> _Answer | None:
        """What `answer` makes of the first frame that it takes; None where none came in time."""
        ends = time.monotonic() + timeout_s
        while True:
            got: _Answer | None = None
            for frame in self.frames():
                if got is None:
                    got = answer(frame)
            if got is not None:
                return got
            if time.monotonic() >= ends:
                return None

    def _why_silent(self, what: str) -> str:
        name = self.endpoint.name
        if self._came == 0:
            return (
                f"{name} is silent: nothing answers when asked {what}. Is it the right port (`host ports`), does the "
                "board run an Earshot image (`host flash`), is it powered?"
            )
        if self.hello is None and self.damaged:
            return (
                f"{name} sends bytes that are no frames, so nobody says {what}. Does --baud fit the board? "
                "Else it runs no Earshot image: flash one with `host flash`."
            )
        return f"{name} talks, but does not answer when asked {what}. Reset the board and try again."
