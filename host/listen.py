"""The listening loop: an endpoint's bytes through a session into a view, until it ends or is told to."""

import signal
import time
from collections.abc import Callable
from types import FrameType

from firmware.link import Damage, DomainState, Frame, Hello, Ledger
from host.domain_file import DomainWish
from host.domain_setter import DomainSetter
from host.endpoint import Endpoint, EndpointEnded, EndpointLost, EndpointMissing
from host.errors import HostError
from host.event_lines import View
from host.session import Session
from host.status import BoardStatus, counted
from host.transcript import Transcript

_READ_TIMEOUT_S = 0.05
_RETRY_S = 0.5
_ASK_AFTER_S = 0.3  # a board that starts now greets by itself
_ASK_AGAIN_S = 2.0
_SILENT_S = 6.0
_ONLY_DAMAGE = 20


class StopSignal:
    """Turns Ctrl-C and a polite kill into a flag while it is entered; a second one gets through."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))

    def __init__(self) -> None:
        self._stopped = False
        self._before: dict[int, object] = {}

    def __call__(self) -> bool:
        """True once a signal came."""
        return self._stopped

    def __enter__(self) -> "StopSignal":
        """Takes the signals over."""
        self._before = {number: signal.signal(number, self._stop) for number in self._SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Gives them back."""
        self._give_back()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped = True
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before = {}


class Listener:
    """Listens at one endpoint and keeps the view up to date."""

    def __init__(
        self,
        endpoint: Endpoint,
        status: BoardStatus,
        view: View,
        *,
        scores: bool,
        stopped: Callable[[], bool],
        keep: Callable[[Transcript], bool] | None = None,
        domain: DomainWish | None = None,
        taken: Callable[[Frame | Damage], None] = lambda _item: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """`scores`: whether the board shall send each decision. `stopped` is asked some twenty times a second.

        `keep`: see Session. `domain`: what shall be in force on the board; None leaves it alone. `taken` gets
        each new frame, after `status`. `ready` is called when the domain is in force.
        """
        self._endpoint = endpoint
        self._status = status
        self._view = view
        self._stopped = stopped
        self._session = Session(status, endpoint.write, scores=scores, keep=keep)
        self._domain = DomainSetter(domain, lambda: status.board, self._session.send) if domain is not None else None
        self._taken = taken
        self._ready = ready
        self._trouble = ""
        self._lost = (0, 0)
        self._joined_at = self._ask_at = self._asked_at = 0.0
        self._damaged_when_asked = 0
        self._heard_frame = False
        self._warned = False

    def run(self) -> None:
        """Until the endpoint ends or `stopped()`; the endpoint is open and stays open."""
        lost: EndpointLost | None = None
        self._join()
        while not self._stopped():
            try:
                if lost is not None:
                    self._take_up_again(lost)
                    lost = None
                    continue
                self._listen_a_moment()
            except EndpointEnded:
                return
            except EndpointLost as error:
                lost = error

    def _listen_a_moment(self) -> None:
        for item in self._session.feed(self._endpoint.read(_READ_TIMEOUT_S)):
            self._heard_frame = self._heard_frame or isinstance(item, Frame)
            self._taken(item)
            self._view.item(item)
            self._follow(item)
        if not self._session.greeted:
            self._prompt()
        if self._domain is not None:
            self._domain.tick(time.monotonic())
            self._tell_upload(self._domain)
        if self._trouble != self._status.trouble:
            self._trouble = self._status.trouble
            self._view.notice("journal", self._trouble or "transcripts are kept again")
        self._view.refresh()

    def _follow(self, item: Frame | Damage) -> None:
        """What a frame calls for beyond being shown."""
        match item:
            case Hello() if self._domain is not None:
                self._domain.start(time.monotonic())
            case DomainState() if self._domain is not None and not self._domain.in_force:
                self._domain.take(item, time.monotonic())
                if self._domain.in_force:
                    done = "is in force now" if self._domain.sent_anything else "is in force already"
                    self._view.notice("domain", f"{self._domain.name} {done}")
                    self._ready()
            case Ledger():
                self._warn_of_losses(item)

    def _tell_upload(self, domain: DomainSetter) -> None:
        before, self._status.uploading = self._status.uploading, domain.progress
        if before is None and domain.progress is not None:
            self._view.notice("domain", f"sending {domain.name}, {domain.progress[1]} bytes")

    def _warn_of_losses(self, ledger: Ledger) -> None:
        before, self._lost = self._lost, (ledger.finals_lost, ledger.segments_lost)
        for was, now, noun in zip(before, self._lost, ("transcript", "segment"), strict=True):
            if now > was:
                self._view.notice(
                    "lost_on_board",
                    f"the board had no more room and gave up {counted(now - was, noun)} that no host had kept",
                )

    def _join(self) -> None:
        self._status.connection = "connected"
        if self._domain is not None:
            self._domain.wait()
        self._heard_frame = self._warned = False
        self._joined_at = time.monotonic()
        self._ask_at = self._joined_at + _ASK_AFTER_S
        self._asked_at = self._joined_at
        self._session.join()

    def _prompt(self) -> None:
        """Asks a board that runs already who it is, again if it was still starting, and says so if none answers."""
        now = time.monotonic()
        # On a line that damages frames, the question or its answer is likely to be one of them.
        hurt = self._status.damaged > self._damaged_when_asked
        if now >= self._ask_at or (hurt and now >= self._asked_at + _ASK_AFTER_S):
            self._ask_at = now + _ASK_AGAIN_S
            self._asked_at = now
            self._damaged_when_asked = self._status.damaged
            self._session.ask()
        if self._warned or self._heard_frame:
            return
        if self._status.damaged >= _ONLY_DAMAGE:
            self._warn("nothing but damaged frames: does --baud fit the board?")
        elif now - self._joined_at >= _SILENT_S:
            self._warn("no frame from the board yet: does it run the Earshot image, and does --baud fit?")

    def _warn(self, text: str) -> None:
        self._warned = True
        self._status.connection = text
        self._view.notice("silent", text)

    def _take_up_again(self, lost: EndpointLost) -> None:
        self._endpoint.close()
        self._status.connection = f"{lost}; waiting for it"
        self._view.notice("lost", f"{lost}; waiting for it")
        if open_when_there(self._endpoint, self._view, self._stopped):
            self._view.notice("back", f"{self._endpoint.name} is back")
            self._join()


def open_when_there(endpoint: Endpoint, view: View, stopped: Callable[[], bool]) -> bool:
    """Tries to open until it succeeds (True) or `stopped()` (False)."""
    tried_at = -_RETRY_S
    while not stopped():
        if time.monotonic() - tried_at >= _RETRY_S:
            tried_at = time.monotonic()
            try:
                endpoint.open()
            except HostError:  # not there yet, or there and not yet ours: udev sets permissions a moment later
                continue
            return True
        view.refresh()
        time.sleep(_READ_TIMEOUT_S)
    return False


def open_first(endpoint: Endpoint, view: View, stopped: Callable[[], bool], *, wait: bool) -> bool:
    """Opens at the start: HostError where that fails, or with `wait` patience for a device that is missing."""
    try:
        endpoint.open()
    except EndpointMissing as missing:
        if not wait:
            raise
        view.notice("waiting", f"waiting for {endpoint.name}: {missing}")
        return open_when_there(endpoint, view, stopped)
    return True
