"""The store in a virtual board's flash: the real image, how its chip changes flash, power that fails."""

import zlib

import numpy as np
import pytest

from firmware import boards
from firmware.domain.binary import encode as encode_domain
from firmware.domain.graph import Arc, Graph, Kind, Network, Word
from firmware.link import (
    Decoder,
    DomainBegin,
    DomainData,
    DomainRefusal,
    DomainSource,
    DomainState,
    DomainUpload,
    Frame,
    Hello,
    Ledger,
    encode,
    question,
)
from host.sim import SimulationError, VirtualBoard, open_board
from host.sim.artemis import Apollo3Board
from host.sim.nrf52_board import Nrf52Board

FlashBoard = Apollo3Board | Nrf52Board

CHUNK = 512
FLASH_END = 0x100000
PAGE = {"artemis": 8192, "nano33ble": 4096}
QUIET = np.zeros(CHUNK, np.int16)


def domain(name: str, words: int) -> bytes:
    vocabulary = tuple(Word(f"{name} {i}", (("Y", "EH", "S"),), None) for i in range(words))
    arcs = tuple(Arc(0, 1, Kind.WORD, i, 0.0, None) for i in range(words))
    return encode_domain(Graph(name, vocabulary, (Network("root", 2, {1: 0.0}, arcs),)))


OLD, NEW = domain("old", 3), domain("new", 300)


def said(board: VirtualBoard, chunks: int = 1) -> list[Frame]:
    return [item for item in Decoder().feed(board.hear(np.tile(QUIET, chunks))) if isinstance(item, Frame)]


def hello(board: VirtualBoard) -> Hello:
    board.send(encode(question()))
    return [frame for frame in said(board, 2) if isinstance(frame, Hello)][-1]


def bring(board: VirtualBoard, name: str, data: bytes) -> DomainState | None:
    """An upload as PROTOCOL.md has it; None if the board was reset meanwhile."""
    board.send(encode(DomainBegin(name, len(data), zlib.crc32(data), 1)))
    for _ in range(2000):
        for frame in said(board):
            if isinstance(frame, Hello):
                return None
            if isinstance(frame, DomainState):
                if frame.upload == DomainUpload.IDLE:
                    return frame
                if frame.upload == DomainUpload.RECEIVING:
                    board.send(encode(DomainData(frame.offset, data[frame.offset : frame.offset + 192])))
    raise AssertionError("the upload does not end")


@pytest.fixture(params=PAGE)
def board(request: pytest.FixtureRequest) -> FlashBoard:
    made = open_board(request.param)
    assert isinstance(made, FlashBoard)
    made.hear(QUIET)
    return made


def test_resets_are_counted_over_the_loss_of_power(board: FlashBoard) -> None:
    first = hello(board)
    assert first.boot == 1
    assert first.domain not in ("", "new")
    assert first.unit != 0
    for boot in (2, 3):
        board.power_cycle()
        assert hello(board).boot == boot
    assert board.flash.erasures == {}


def test_a_domain_comes_over_the_link_and_outlasts_the_loss_of_power(board: FlashBoard) -> None:
    state = bring(board, "new", NEW)
    assert state is not None
    assert (state.refused, state.source, state.name) == (DomainRefusal.NONE, DomainSource.UPLOADED, "new")
    assert (state.room, state.lasting) == (65536, True)
    store = boards.load(board.name).image.memory["STORE"].start
    assert NEW in (board.machine.flash_read(store + place, len(NEW)) for place in (0, 65536))
    board.power_cycle()
    told = hello(board)
    assert (told.domain, told.domain_crc32) == ("new", zlib.crc32(NEW))
    pages = -(-len(NEW) // PAGE[board.name])
    assert len(board.flash.erasures) == pages
    assert set(board.flash.erasures.values()) == {1}


def test_an_upload_costs_the_microphone_next_to_nothing(board: FlashBoard) -> None:
    bring(board, "new", NEW)
    ledger = [frame for frame in said(board, 33) if isinstance(frame, Ledger)][-1]
    assert ledger.dropped == 0


@pytest.mark.parametrize("words", [5, 40, 700, -1])
def test_power_that_fails_during_an_upload_leaves_a_domain_in_force(board: FlashBoard, words: int) -> None:
    bring(board, "old", OLD)
    pages = -(-len(NEW) // PAGE[board.name])
    whole = 16 * pages + -(-len(NEW) // 4) + 12  # erasures, data, record
    board.flash.power_words = words if words >= 0 else whole - 3  # in the record
    assert bring(board, "new", NEW) is None
    told = hello(board)
    assert (told.domain, told.domain_crc32) == ("old", zlib.crc32(OLD))
    state = bring(board, "new", NEW)
    assert state is not None
    assert state.name == "new"


def test_the_model_lets_nobody_write_over_the_image() -> None:
    board = open_board("artemis")
    assert isinstance(board, Apollo3Board)
    board.flash.image_end = FLASH_END
    with pytest.raises(SimulationError, match="which is the boot loader's or the image's"):
        board.power_cycle()
