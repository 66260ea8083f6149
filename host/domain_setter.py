"""Brings a domain in force on a board: an upload, piece by piece, or the choice of the built-in one.

The board leads: each DOMAIN_STATE says where it is, and the next thing is sent. What is lost on the line is asked for
again. Until all of a domain is there and good, the one before stays in force.
"""

from collections.abc import Callable

from firmware.link import (
    DomainAction,
    DomainBegin,
    DomainControl,
    DomainData,
    DomainRefusal,
    DomainSource,
    DomainState,
    DomainUpload,
    Frame,
)
from host.domain_file import DomainFile, DomainWish
from host.errors import HostError

BLOCK_BYTES = 192
"""Of a domain in one DOMAIN_DATA."""
_ANSWER_S = 1.0
_MUTE_S = 15.0
_MOST_TRIES = 3


class DomainRefused(HostError):
    """The board will not take the domain; the message says why, and what to do."""


class DomainSetter:
    """Sees to one wish. Times are in seconds of any one clock that goes on while the board hears."""

    def __init__(self, wish: DomainWish, board: Callable[[], str], send: Callable[[Frame], None]) -> None:
        """`board` gives the board's name as far as it is known."""
        self.wish = wish
        self.in_force = False
        """The wish has come true."""
        self.sent_anything = False
        """It was not in force from the beginning."""
        self.offset = 0
        """Bytes of the file that the board has."""
        self._board = board
        self._send = send
        self._began = False
        self._tries = 0
        self._asked_at: float | None = None
        self._heard_at: float | None = None
        self._sent_offset: int | None = None

    @property
    def name(self) -> str:
        """What it brings, for people."""
        return self.wish.name if isinstance(self.wish, DomainFile) else "the built-in domain"

    @property
    def progress(self) -> tuple[int, int] | None:
        """Bytes of the file that the board has, and all of them; None while nothing is sent."""
        if self.in_force or not self._began or not isinstance(self.wish, DomainFile):
            return None
        return self.offset, len(self.wish.data)

    def wait(self) -> None:
        """The line is new: nothing is asked before `start`."""
        self._asked_at = None

    def start(self, now: float) -> None:
        """Asks what is in force; again after each HELLO, since a reset may have changed it."""
        self._began = self.in_force = False
        self._sent_offset = None
        self._heard_at = now
        self._ask(DomainControl(DomainAction.TELL), now)

    def tick(self, now: float) -> None:
        """Asks again where no answer came. DomainRefused where none has come for long."""
        if self.in_force or self._asked_at is None:
            return
        if self._heard_at is not None and now - self._heard_at >= _MUTE_S:
            raise DomainRefused(
                f"{self._named()} does not answer what is asked of its domain. Check the line, and try again."
            )
        if now - self._asked_at >= _ANSWER_S:
            self._sent_offset = None
            self._ask(DomainControl(DomainAction.TELL), now)

    def take(self, state: DomainState, now: float) -> None:
        """The next step after what the board says. DomainRefused where there is none."""
        self._heard_at = now
        if self.in_force or self._came_true(state):
            self.in_force = True
            return
        if state.refused:
            self._refused(state, now)
        elif not isinstance(self.wish, DomainFile):
            self._ask(DomainControl(DomainAction.BUILT_IN), now)
            self.sent_anything = True
        elif state.upload is DomainUpload.RECEIVING and self._began:
            self._send_block(self.wish, state.offset, now)
        elif state.upload in (DomainUpload.IDLE, DomainUpload.RECEIVING):
            self._begin(self.wish, now)
        # Else it prepares, or is complete and waits for a pause in the talk: it will say so.

    def _came_true(self, state: DomainState) -> bool:
        if not isinstance(self.wish, DomainFile):
            return state.source is DomainSource.BUILT_IN
        return (state.bytes, state.crc32) == (len(self.wish.data), self.wish.crc32) and bool(state.source)

    def _begin(self, file: DomainFile, now: float) -> None:
        self._began = self.sent_anything = True
        self._sent_offset = None
        self._ask(DomainBegin(file.name, len(file.data), file.crc32, file.format), now)

    def _send_block(self, file: DomainFile, offset: int, now: float) -> None:
        if offset == self._sent_offset:
            return  # a second answer to one question: the block is on its way
        self._sent_offset = self.offset = offset
        self._ask(DomainData(offset, file.data[offset : offset + BLOCK_BYTES]), now)

    def _ask(self, frame: Frame, now: float) -> None:
        self._asked_at = now
        self._send(frame)

    def _refused(self, state: DomainState, now: float) -> None:
        match state.refused:
            case DomainRefusal.NO_UPLOAD:
                self.start(now)
                return
            case DomainRefusal.BUSY:
                return  # until `tick` asks again
            case DomainRefusal.CRC if self._tries < _MOST_TRIES:
                self._tries += 1
                self.start(now)
                return
        raise DomainRefused(self._why(state))

    def _why(self, state: DomainState) -> str:
        board = self._named()
        if not isinstance(self.wish, DomainFile):
            if state.refused is DomainRefusal.NO_BUILT_IN:
                return f"{board} has no domain of its own. Name a file: --domain FILE.domain."
            return f"{board} does not take its own domain: {_words(state.refused)}. Reset it and try again."
        file, size = self.wish.path, len(self.wish.data)
        match state.refused:
            case DomainRefusal.NO_STORE:
                image = f"scons -C firmware board={self._board() or 'NAME'} domain={file}"
                return f"{board} has no room for domains. Build {file} into the image: {image}."
            case DomainRefusal.TOO_LARGE:
                return f"{file} has {size} bytes, and {board} has room for {state.room}. Take phrases out of it."
            case DomainRefusal.VERSION:
                return (
                    f"{file} is of format {self.wish.format}, and {board} reads format {state.format}. "
                    "Compile it with the version of earshot that the board's image was built with."
                )
            case DomainRefusal.CRC:
                return f"{file} came to {board} damaged, {_MOST_TRIES + 1} times. Check the line, and try again."
            case DomainRefusal.MALFORMED:
                return (
                    f"{file} is no domain that {board} can decode with. "
                    "Compile it again: train domain FILE -o FILE.domain."
                )
            case DomainRefusal.FLASH:
                return f"the memory of {board} did not keep {file}. Try again; if it stays so, the flash is worn out."
        return f"{board} does not take {file}: {_words(state.refused)}."

    def _named(self) -> str:
        return self._board() or "the board"


def _words(refusal: DomainRefusal) -> str:
    return refusal.name.lower().replace("_", " ")
