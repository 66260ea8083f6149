"""One end of the link: frames in their order, segments acknowledged and kept once, settings as wanted.

Owns the decoder and what was seen so far; where bytes come from and go to is the endpoint's concern.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from firmware.link import (
    VERSION,
    Ack,
    Config,
    Damage,
    Decoder,
    Frame,
    Hello,
    Kept,
    Ledger,
    Score,
    Segment,
    State,
    encode,
)
from firmware.link import question as hello_question
from firmware.link.codec import cobs_decode, crc16
from host.errors import HostError
from host.status import BoardStatus

_REMEMBERED_SEGMENTS = 4096


class Session:
    """Talks with one board; every new frame goes into `status`.

    `write` sends bytes to the board. With `scores` (True, False) the board's CONFIG is set so whenever it differs;
    None leaves it alone.
    """

    def __init__(self, status: BoardStatus, write: Callable[[bytes], None], scores: bool | None = None) -> None:
        self._status = status
        self._write_bytes = write
        self._scores = scores
        self._decoder = Decoder()
        self._seen: dict[int, Segment] = {}
        self._asked = False
        self._boot = 0
        self._joined = True
        self.greeted = False
        """A HELLO has come since the last `join`."""

    def join(self) -> None:
        """Starts on a line that may be in the middle of a frame."""
        self._decoder = Decoder()
        self._joined = self.greeted = False

    def ask(self) -> None:
        """Asks for HELLO, STATE and CONFIG."""
        self._asked = True
        self._write(encode(hello_question(host_version())))

    def configure(self, config: Config) -> None:
        """Sends settings; HostError, naming the first one out of range."""
        if (refusal := config.refusal()) is not None:
            raise HostError(f"the board would refuse this setting: {refusal}.")
        self._write(encode(config))

    def feed(self, data: bytes) -> Iterator[Frame | Damage]:
        """What is new in `data`. Segments are acknowledged once all of it has been taken.

        Raises HostError where the board speaks another version of the protocol.
        """
        self._status.bytes_in += len(data)
        replies: list[bytes] = []
        for item in self._decoder.feed(data):
            if isinstance(item, Damage):
                self._refuse_other_version(item)
                if not self._joined:
                    self._joined = True  # the rest of a frame that began before we listened
                    continue
                self._status.damaged += 1
                yield item
                continue
            self._joined = True
            if isinstance(item, Segment):
                replies.append(encode(Ack(self._boot, Kept.SEGMENT, item.id)))
                if self._seen.get(item.id) == item:
                    self._status.duplicates += 1
                    continue
                self._remember(item)
            elif isinstance(item, Hello):
                self._boot = item.boot
                self._hello()
            elif isinstance(item, Score | State | Ledger) and item.sample < self._status.sample:
                self._restarted()
            elif isinstance(item, Config) and self._scores not in (None, item.scores):
                replies.append(encode(replace(item, scores=self._scores)))
            self._status.take(item)
            yield item
        if replies:
            self._write(b"".join(replies))

    def _hello(self) -> None:
        self.greeted = True
        if self._asked:
            self._asked = False
        else:
            self._restarted()

    def _restarted(self) -> None:
        self._seen.clear()
        self._status.restarted()

    def _remember(self, segment: Segment) -> None:
        self._seen.pop(segment.id, None)
        self._seen[segment.id] = segment
        if len(self._seen) > _REMEMBERED_SEGMENTS:
            del self._seen[next(iter(self._seen))]

    def _write(self, data: bytes) -> None:
        self._write_bytes(data)
        self._status.bytes_out += len(data)

    @staticmethod
    def _refuse_other_version(damage: Damage) -> None:
        body = cobs_decode(damage.data) or b""
        if len(body) < 4 or body[0] != Hello.TYPE or body[1] == VERSION:
            return
        if crc16(body[:-2]) == int.from_bytes(body[-2:], "little"):
            older = (
                "Flash the board with this version's image" if body[1] < VERSION else "Update earshot on this computer"
            )
            raise HostError(f"the board speaks protocol {body[1]}, this host protocol {VERSION}. {older}.")


def host_version() -> str:
    """The version of this software, at most 16 ASCII characters."""
    try:
        return version("earshot")[:16]
    except PackageNotFoundError:
        return "unknown"
