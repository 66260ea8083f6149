"""The boards of firmware/boards, as far as someone choosing one wants to know."""

from typing import Any

from firmware import boards

_RUNS = {
    "native": "library",
    "apollo3": "virtual board (Unicorn)",
    "nrf52": "virtual board (Unicorn)",
    "qemu": "virtual board (QEMU)",
    "": "silicon only",
}


def board_list() -> list[dict[str, Any]]:
    """Name, title, core, rates (Hz, the microphone's first), where it runs and what was verified, by name."""
    entries = []
    for name in boards.names():
        board = boards.load(name)
        entries.append(
            {
                "name": board.name,
                "title": board.title,
                "part": board.part,
                "core": board.core,
                "rates": list(board.rates),
                "runs": _RUNS[board.simulator],
                "verified": {"virtual": board.verified.virtual, "silicon": board.verified.silicon},
                "unconfirmed": list(board.verified.unconfirmed),
            }
        )
    return entries
