"""How fast a virtual board runs on this computer: `python -m host.sim [BOARD] [SECONDS]`, on one core.

Plays noise, which keeps the board awake, and prints how many times faster than real time that is, and for a board in
Unicorn what an image costs: instructions a chunk, and the time in each power state.
"""

import argparse
import json
import sys
import time
from typing import Any

import numpy as np

from firmware import boards
from host.errors import USER_ERROR_EXIT
from host.sim import SimulationError, open_board
from host.sim.unicorn_board import UnicornBoard

CHUNK = 512


def measure(name: str, seconds: int) -> dict[str, Any]:
    """Plays `seconds` of noise to the virtual board `name`; SimulationError if it fails."""
    board = open_board(name)
    try:
        noise = np.random.default_rng(1).integers(-3000, 3000, seconds * board.rate).astype(np.int16)
        board.hear(noise[:CHUNK])
        before = board.machine.executed if isinstance(board, UnicornBoard) else 0
        start = time.perf_counter()
        board.hear(noise[CHUNK:])
        took = time.perf_counter() - start
        facts: dict[str, Any] = {
            "board": name,
            "audio_seconds": seconds,
            "seconds": took,
            "x_real_time": seconds / took,
        }
        if isinstance(board, UnicornBoard):
            chunks = len(noise) // CHUNK - 1
            facts["instructions_a_chunk"] = round((board.machine.executed - before) / chunks)
            residency = board.residency()
            facts["core_seconds"] = residency.core
            facts["powered_seconds"] = residency.powered
            facts["peripheral_seconds"], facts["bank_seconds"] = residency.peripherals, residency.banks
        return facts
    finally:
        board.close()


def main() -> None:
    """Command line: see the module's docstring."""
    virtual = [name for name in boards.names() if boards.load(name).simulator]
    parser = argparse.ArgumentParser(prog="python -m host.sim", description=__doc__)
    parser.add_argument("board", nargs="?", default="artemis", help=f"one of {', '.join(virtual)} (artemis)")
    parser.add_argument("seconds", nargs="?", type=int, default=60, help="seconds of audio to play (60)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.seconds < 1:
        parser.error(f"{arguments.seconds} seconds is nothing to play; give at least 1")
    try:
        facts = measure(arguments.board, arguments.seconds)
    except SimulationError as error:
        print(error, file=sys.stderr)
        sys.exit(USER_ERROR_EXIT)
    if arguments.json:
        print(json.dumps(facts))
        return
    print(f"{facts['audio_seconds']} s of audio in {facts['seconds']:.2f} s: {facts['x_real_time']:.1f} x real time")
    if "instructions_a_chunk" in facts:
        print(f"{facts['instructions_a_chunk']} instructions a chunk of {CHUNK} samples")
        for state, seconds in facts["core_seconds"].items():
            print(f"{state:10} {seconds:8.3f} s")


if __name__ == "__main__":
    main()
