"""A board without flash keeps an uploaded domain in RAM, and says that it will not last."""

from test_flash_store import QUIET, bring, domain, hello

from firmware.link import DomainRefusal, DomainSource
from host.sim import open_board


def test_a_domain_in_ram_is_in_force_and_does_not_last() -> None:
    board = open_board("mps2_an386")
    try:
        board.hear(QUIET)
        assert hello(board).boot == 0
        state = bring(board, "new", domain("new", 40))
        assert state is not None
        assert (state.refused, state.source, state.lasting) == (DomainRefusal.NONE, DomainSource.UPLOADED, False)
        assert hello(board).domain == "new"
    finally:
        board.close()
