"""One end of the link: frames in their order, each once, acknowledged when kept; settings as wanted.

Owns the decoder and what was seen so far; where bytes come from and go to is the endpoint's concern, where transcripts
stay is the journal's.
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
    Final,
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
from host.journal import JournalError
from host.status import BoardStatus
from host.transcript import Transcript, transcript_of

_REMEMBERED = 4096
_HELD_FINALS = 256
_DAMAGE_TOLD_CHUNKS = 10
"""Audio between two frames that tell the board of damage, at least."""


class Repetitions:
    """Tells what has come before, from the last few thousand frames of one kind."""

    def __init__(self) -> None:
        self._seen: dict[int, Segment | Final] = {}

    def is_new(self, frame: Segment | Final) -> bool:
        """It has not come before; it is remembered now."""
        if self._seen.get(frame.id) == frame:
            return False
        self._seen.pop(frame.id, None)
        self._seen[frame.id] = frame
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True

    def clear(self) -> None:
        """Ids start again."""
        self._seen.clear()


class Session:
    """Talks with one board; every new frame goes into `status`.

    `write` sends bytes to the board. With `scores` (True, False) the board's CONFIG is set so whenever it differs;
    None leaves it alone. `keep` keeps a transcript for good: False where it was kept before, JournalError where it
    cannot; what is not kept is not acknowledged, so that the board keeps it.
    """

    def __init__(
        self,
        status: BoardStatus,
        write: Callable[[bytes], None],
        scores: bool | None = None,
        keep: Callable[[Transcript], bool] | None = None,
    ) -> None:
        self._status = status
        self._write_bytes = write
        self._scores = scores
        self._keep = keep
        self._decoder = Decoder()
        self._segments = Repetitions()
        self._finals = Repetitions()
        self._held: list[Final] = []
        """Came before we knew whose they are."""
        self._hello: Hello | None = None
        """Of the board as it runs now."""
        self._asked = False
        self._damage_told_at: int | None = None
        self._joined = True
        self.greeted = False
        """A HELLO has come since the last `join`, and the board has not started again since."""

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

    def send(self, frame: Frame) -> None:
        """A frame to the board."""
        self._write(encode(frame))

    def feed(self, data: bytes) -> Iterator[Frame | Damage]:
        """What is new in `data`. What was kept is acknowledged once all of it has been taken.

        Raises HostError where the board speaks another version of the protocol.
        """
        self._status.bytes_in += len(data)
        replies: list[Frame] = []
        for item in self._decoder.feed(data):
            if isinstance(item, Damage):
                refuse_other_version(item)
                if not self._joined:
                    self._joined = True  # the rest of a frame that began before we listened
                    continue
                self._status.damaged += 1
                self._tell_damage(replies)
                yield item
                continue
            self._joined = True
            if isinstance(item, Score | State | Ledger) and item.sample < self._status.sample:
                self._restarted()
                self._hello = None  # its HELLO was lost: the Listener asks for another
                self.greeted = False
            if isinstance(item, Final):
                if self._is_news(item, replies):
                    yield item
                continue
            if isinstance(item, Segment) and not self._is_new_segment(item, replies):
                continue
            if isinstance(item, Config) and self._scores not in (None, item.scores):
                replies.append(replace(item, scores=self._scores))
            if isinstance(item, Hello):
                self._greet(item)
            self._status.take(item)
            yield item
            if isinstance(item, Hello):
                held, self._held = self._held, []
                yield from (final for final in held if self._is_news(final, replies))
        if replies:
            self._write(b"".join(encode(reply) for reply in replies))

    def _greet(self, hello: Hello) -> None:
        before, self._hello = self._status.hello, hello
        if not hello.boot or before is None:
            again = not self._asked
        else:
            again = (before.unit, before.boot) != (hello.unit, hello.boot)
        self.greeted = True
        self._asked = False
        if again:
            self._restarted()

    def _restarted(self) -> None:
        self._segments.clear()
        self._finals.clear()
        self._damage_told_at = None
        self._status.restarted()

    def _is_new_segment(self, segment: Segment, replies: list[Frame]) -> bool:
        if self._hello is not None:
            replies.append(Ack(self._hello.boot, Kept.SEGMENT, segment.id))
        new = self._segments.is_new(segment)
        self._status.duplicates += not new
        return new

    def _is_news(self, final: Final, replies: list[Frame]) -> bool:
        """Keeps a FINAL and acknowledges it; True, and in the status, where it is to be shown."""
        if self._hello is None:
            # Without HELLO it has no name. The board will send it again; but a board may be gone before that.
            if final not in self._held and len(self._held) < _HELD_FINALS:
                self._held.append(final)
            return False
        new = self._finals.is_new(final)
        try:
            never_kept = self._keep(transcript_of(final, self._hello, self._status.domain_name)) if self._keep else new
        except JournalError as error:
            self._status.trouble = str(error)
        else:
            self._status.trouble = ""
            replies.append(Ack(self._hello.boot, Kept.FINAL, final.id))
            # Without a count of boots, what the journal has may be of another one: better shown twice than never.
            new = new and (never_kept or not self._hello.boot)
        if new:
            self._status.take(final)
        else:
            self._status.duplicates += 1
        return new

    def _tell_damage(self, replies: list[Frame]) -> None:
        """Asks for what the damaged frame may have been, not too often for the line."""
        pause = _DAMAGE_TOLD_CHUNKS * (self._hello.chunk if self._hello is not None else 512)
        if self._damage_told_at is None or self._status.sample - self._damage_told_at >= pause:
            self._damage_told_at = self._status.sample
            replies.append(Ack(0, Kept.NOTHING, 0))

    def _write(self, data: bytes) -> None:
        self._write_bytes(data)
        self._status.bytes_out += len(data)


def refuse_other_version(damage: Damage) -> None:
    """HostError where the damage is the HELLO of a board that speaks another version of the protocol."""
    body = cobs_decode(damage.data) or b""
    if len(body) < 4 or body[0] != Hello.TYPE or body[1] == VERSION:
        return
    if crc16(body[:-2]) == int.from_bytes(body[-2:], "little"):
        older = "Flash the board with this version's image" if body[1] < VERSION else "Update earshot on this computer"
        raise HostError(f"the board speaks protocol {body[1]}, this host protocol {VERSION}. {older}.")


def host_version() -> str:
    """The version of this software, at most 16 ASCII characters."""
    try:
        return version("earshot")[:16]
    except PackageNotFoundError:
        return "unknown"
