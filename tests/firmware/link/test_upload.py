"""A domain over the link: the old one is in force until the new one is whole, whatever fails on the way."""

import zlib
from collections.abc import Callable
from typing import Any

import pytest
from domains import begin, domain
from flash import FFI, LIBRARY, PAGE, PAGES, Flash
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.link import (
    DomainAction,
    DomainBegin,
    DomainData,
    DomainRefusal,
    DomainSource,
    DomainState,
    DomainUpload,
)

ROOM = (PAGES - 2) // 2 * PAGE
STEP = 192
OLD, NEW = domain("old", 9), domain("new", 60)
BUILT_IN = domain("own", 2)


class Board:
    """upload.c on a flash, without the rest of the image."""

    def __init__(self, flash: Flash | None, built_in: bytes = BUILT_IN) -> None:
        self.flash = flash
        self._built_in = FFI.new("uint8_t[]", built_in) if built_in else FFI.NULL
        own = FFI.new("struct upload_domain *")
        own.bytes, own.count = self._built_in, len(built_in)
        own.crc32 = zlib.crc32(built_in) if built_in else 0
        own.source = DomainSource.BUILT_IN if built_in else DomainSource.NONE
        own.name = b"own" if built_in else b""
        self.c = FFI.new("struct upload *")
        device = FFI.NULL if flash is None else flash.device
        LIBRARY.upload_init(self.c, device, own, FFI.addressof(LIBRARY, "domain_format"))

    @property
    def in_force(self) -> bytes:
        """All its bytes, as the decoder would read them."""
        if self.c.in_force.bytes == FFI.NULL:
            return b""
        return bytes(FFI.buffer(self.c.in_force.bytes, self.c.in_force.count))

    def begin(self, frame: DomainBegin) -> DomainState:
        LIBRARY.upload_begin(self.c, _unpacked("domain_begin", frame))
        return self.owed()

    def data(self, frame: DomainData) -> DomainState:
        LIBRARY.upload_data(self.c, _unpacked("domain_data", frame))
        return self.owed()

    def control(self, action: DomainAction) -> DomainState:
        LIBRARY.upload_control(self.c, action)
        return self.owed()

    def chunk(self, idle: bool = True) -> DomainState | None:
        LIBRARY.upload_chunk(self.c, idle)
        return self.state()

    def owed(self) -> DomainState:
        state = self.state()
        assert state is not None
        return state

    def state(self) -> DomainState | None:
        """The DOMAIN_STATE that the board sends by now, if it does."""
        state = FFI.new("struct link_domain_state *")
        if not LIBRARY.upload_owes(self.c, state):
            return None
        payload = FFI.new("uint8_t[]", LIBRARY.NATIVE_PAYLOAD_MAX)
        count = LIBRARY.link_domain_state_pack(state, payload, LIBRARY.NATIVE_PAYLOAD_MAX)
        return DomainState.unpack(bytes(FFI.buffer(payload, count)))

    def receiving(self, frame: DomainBegin) -> DomainState:
        """Up to the first byte."""
        state: DomainState | None = self.begin(frame)
        for _ in range(PAGES):
            if state is not None and state.upload != DomainUpload.PREPARING:
                return state
            state = self.chunk()
        raise AssertionError("it never receives")

    def bring(self, name: str, data: bytes) -> DomainState:
        """A whole upload over a good line."""
        state = self.receiving(begin(name, data))
        while state.upload == DomainUpload.RECEIVING:
            state = self.data(DomainData(state.offset, data[state.offset : state.offset + STEP]))
        if state.upload == DomainUpload.COMPLETE:
            last = self.chunk()
            assert last is not None
            return last
        return state


def _unpacked(name: str, frame: DomainBegin | DomainData) -> Any:
    made = FFI.new(f"struct link_{name} *")
    payload = frame.pack()
    assert getattr(LIBRARY, f"link_{name}_unpack")(made, payload, len(payload))
    return made


def test_the_built_in_domain_is_in_force_until_another_comes() -> None:
    board = Board(Flash())
    assert board.in_force == BUILT_IN
    state = board.control(DomainAction.TELL)
    assert state == DomainState(
        DomainSource.BUILT_IN, "own", len(BUILT_IN), zlib.crc32(BUILT_IN), 1, ROOM, True, DomainUpload.IDLE, 0, 0
    )
    state = board.bring("new", NEW)
    assert (state.source, state.name, state.crc32) == (DomainSource.UPLOADED, "new", zlib.crc32(NEW))
    assert (state.upload, state.refused) == (DomainUpload.IDLE, DomainRefusal.NONE)
    assert board.in_force == NEW
    assert Board(board.flash).in_force == NEW


def test_each_upload_spares_the_domain_in_force() -> None:
    board = Board(Flash())
    for i in range(6):
        data = domain(f"d{i}", 5 + i)
        before = board.in_force
        state = board.receiving(begin(f"d{i}", data))
        assert board.in_force == before
        while state.upload == DomainUpload.RECEIVING:
            state = board.data(DomainData(state.offset, data[state.offset : state.offset + STEP]))
            assert board.in_force == before
        board.chunk()
        assert board.in_force == data


def test_it_waits_until_nobody_speaks() -> None:
    board = Board(Flash())
    state = board.receiving(begin("new", NEW))
    while state.upload == DomainUpload.RECEIVING:
        state = board.data(DomainData(state.offset, NEW[state.offset : state.offset + STEP]))
    assert state.upload == DomainUpload.COMPLETE
    assert [board.chunk(idle=False) for _ in range(50)] == [None] * 50
    assert board.in_force == BUILT_IN
    assert board.begin(begin("old", OLD)).refused == DomainRefusal.BUSY
    assert board.chunk(idle=True) is not None
    assert board.in_force == NEW


def test_an_offset_that_is_not_the_next_is_answered_with_it() -> None:
    board = Board(Flash())
    board.receiving(begin("new", NEW))
    for wrong in (8, STEP, 1 << 31):
        assert board.data(DomainData(wrong, NEW[:STEP])).offset == 0
    assert board.data(DomainData(0, NEW[:STEP])).offset == STEP
    # The answer got lost, and the host says it again.
    assert board.data(DomainData(0, NEW[:STEP])).offset == STEP
    # The host starts again, and goes on where it was.
    state = board.begin(begin("new", NEW))
    assert (state.upload, state.offset) == (DomainUpload.RECEIVING, STEP)


@pytest.mark.parametrize(
    ("length", "refused"),
    [(0, DomainRefusal.MALFORMED), (7, DomainRefusal.MALFORMED), (8, DomainRefusal.NONE)],
)
def test_data_comes_in_eights(length: int, refused: DomainRefusal) -> None:
    board = Board(Flash())
    board.receiving(begin("new", NEW))
    state = board.data(DomainData(0, NEW[:length]))
    assert (state.refused, state.upload) == (refused, DomainUpload.RECEIVING)
    assert state.offset == (0 if refused else length)


def test_more_data_than_announced_is_not_taken() -> None:
    board = Board(Flash())
    board.receiving(DomainBegin("new", 10, zlib.crc32(NEW[:10]), 1))
    assert board.data(DomainData(0, NEW[:16])).refused == DomainRefusal.MALFORMED


REFUSALS: list[tuple[Callable[[], DomainBegin], DomainRefusal]] = [
    (lambda: begin("new", NEW, version=2), DomainRefusal.VERSION),
    (lambda: DomainBegin("new", ROOM + 1, 0, 1), DomainRefusal.TOO_LARGE),
    (lambda: DomainBegin("new", 0, 0, 1), DomainRefusal.TOO_LARGE),
]


@pytest.mark.parametrize(("frame", "refused"), REFUSALS)
def test_what_cannot_be_taken_is_refused_at_once(frame: Callable[[], DomainBegin], refused: DomainRefusal) -> None:
    board = Board(Flash())
    state = board.begin(frame())
    assert (state.refused, state.upload, state.name) == (refused, DomainUpload.IDLE, "own")


def test_a_board_without_a_store_says_so() -> None:
    board = Board(None)
    state = board.begin(begin("new", NEW))
    assert (state.refused, state.room, state.lasting) == (DomainRefusal.NO_STORE, 0, False)
    assert board.data(DomainData(0, NEW[:8])).refused == DomainRefusal.NO_UPLOAD
    assert board.control(DomainAction.BUILT_IN).refused == DomainRefusal.NONE
    assert Board(None, b"").control(DomainAction.BUILT_IN).refused == DomainRefusal.NO_BUILT_IN


def newer_format(data: bytes) -> bytes:
    """As a later compiler would write it."""
    body = bytearray(data)
    body[8:10] = (2).to_bytes(2, "little")
    body[4:8] = zlib.crc32(bytes(body[8:])).to_bytes(4, "little")
    return bytes(body)


@pytest.mark.parametrize(
    ("data", "announced", "refused"),
    [
        (NEW[:-1] + b"x", NEW, DomainRefusal.CRC),
        (b"no domain at all", None, DomainRefusal.MALFORMED),
        (NEW[:-8], None, DomainRefusal.MALFORMED),
        (newer_format(NEW), None, DomainRefusal.VERSION),
    ],
)
def test_what_turns_out_to_be_no_domain_leaves_the_old_one(
    data: bytes, announced: bytes | None, refused: DomainRefusal
) -> None:
    board = Board(Flash())
    board.bring("old", OLD)
    state = board.receiving(begin("new", announced or data))
    while state.upload == DomainUpload.RECEIVING:
        state = board.data(DomainData(state.offset, data[state.offset : state.offset + STEP]))
    assert (state.refused, state.upload) == (refused, DomainUpload.IDLE)
    assert (state.name, board.in_force) == ("old", OLD)
    assert Board(board.flash).in_force == OLD
    assert board.bring("new", NEW).name == "new"


def test_memory_that_does_not_keep_it_is_told() -> None:
    flash = Flash()
    board = Board(flash)
    board.bring("old", OLD)
    flash.broken = True
    board.receiving(begin("new", NEW))
    state = board.data(DomainData(0, NEW[:STEP]))
    assert (state.refused, state.upload) == (DomainRefusal.FLASH, DomainUpload.IDLE)
    assert board.in_force == OLD


def test_a_domain_that_was_spoilt_since_gives_way_to_the_built_in_one() -> None:
    flash = Flash()
    board = Board(flash)
    board.bring("old", OLD)
    flash.spoil(ROOM + 20)
    board = Board(flash)
    assert board.in_force == BUILT_IN
    assert board.bring("new", NEW).name == "new"


def test_the_built_in_domain_can_be_had_again_and_that_lasts() -> None:
    board = Board(Flash())
    board.bring("new", NEW)
    state = board.control(DomainAction.BUILT_IN)
    assert (state.upload, state.name) == (DomainUpload.COMPLETE, "new")
    assert board.chunk(idle=False) is None
    state = board.chunk()
    assert state is not None
    assert (state.source, state.name) == (DomainSource.BUILT_IN, "own")
    board = Board(board.flash)
    assert board.in_force == BUILT_IN
    assert board.bring("new", NEW).source == DomainSource.UPLOADED


def test_the_domain_in_force_is_not_taken_twice() -> None:
    flash = Flash()
    board = Board(flash)
    board.bring("new", NEW)
    erased = list(flash.erased)
    state = board.begin(begin("new", NEW))
    assert (state.upload, state.refused, state.name) == (DomainUpload.IDLE, DomainRefusal.NONE, "new")
    assert flash.erased == erased


def test_a_cancelled_upload_is_forgotten() -> None:
    board = Board(Flash())
    board.receiving(begin("new", NEW))
    assert board.data(DomainData(0, NEW[:8])).offset == 8
    assert board.control(DomainAction.CANCEL).upload == DomainUpload.IDLE
    assert board.data(DomainData(8, NEW[8:16])).refused == DomainRefusal.NO_UPLOAD
    assert board.receiving(begin("new", NEW)).offset == 0


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_fails_the_old_domain_or_the_new_one_is_in_force_and_the_new_one_comes(data: st.DataObject) -> None:
    """A host by the rules of PROTOCOL.md, a line that loses frames, power that fails."""
    flash = Flash()
    Board(flash).bring("old", OLD)
    board = Board(flash)
    for _ in range(data.draw(st.integers(0, 3), "failures of power")):
        flash.power = data.draw(st.integers(0, 120), "words until then")
        talk(board, data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=40), "frames lost"))
        flash.revive()
        board = Board(flash)
        assert board.in_force in (OLD, NEW)
    talk(board, [1, 3, 0])
    assert board.in_force == NEW
    assert Board(flash).in_force == NEW


def talk(board: Board, losses: list[int]) -> None:
    """Until the new domain is in force, or the power has failed. losses: 1: the answer gets lost; 2: the question."""
    state: DomainState | None = None
    for turn in range(200):
        loss = losses[turn % len(losses)]
        if board.flash is not None and board.flash.power <= 0:
            return
        if state is not None and state.crc32 == zlib.crc32(NEW):
            assert Board(board.flash).in_force == NEW  # once told, it is so
            return
        answer: DomainState | None = None
        if loss != 2:
            if state is not None and state.upload == DomainUpload.RECEIVING:
                answer = board.data(DomainData(state.offset, NEW[state.offset : state.offset + STEP]))
            else:
                answer = board.begin(begin("new", NEW))
        answer = board.chunk(idle=loss != 3) or answer
        state = state if answer is None or loss == 1 else answer
