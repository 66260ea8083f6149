"""How fast the image runs on this computer: `python -m firmware.native [SECONDS]`, on one core.

Plays noise to front end, network and whole board, and prints how many times faster than real time each is. Noise keeps
the board awake: in silence it sleeps, and is faster.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

import numpy as np

from firmware import boards
from firmware.link import Config, encode
from firmware.native import HOP, NativeBoard, NativeBuildError, Vad, logmel


def main() -> None:
    """Command line: see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m firmware.native", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=int, default=600, help="seconds of audio to play (600)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.seconds < 1:
        parser.error(f"{arguments.seconds} seconds is nothing to play; give at least 1")
    rate = boards.load("native").rate
    noise = np.random.default_rng(1).integers(-3000, 3000, arguments.seconds * rate).astype(np.int16)
    try:
        board = NativeBoard()
    except NativeBuildError as error:
        sys.exit(f"{parser.prog}: {error}")
    board.send(encode(Config(scores=1)))
    runs: dict[str, Callable[[], object]] = {
        "front end": lambda: logmel(noise, rate),
        "front end and network": lambda: Vad(rate).pcm(noise),
        "whole board": lambda: board.hear(noise),
    }
    took = {name: _seconds(run) for name, run in runs.items()}
    if arguments.json:
        print(json.dumps({name: {"seconds": s, "times_real_time": arguments.seconds / s} for name, s in took.items()}))
        return
    print(f"{arguments.seconds} s of audio at {rate} Hz")
    for name, seconds in took.items():
        hop_us = 1e6 * seconds * HOP / len(noise)
        print(f"{name:22} {seconds:7.3f} s {arguments.seconds / seconds:8.0f} x real time {hop_us:6.1f} us a hop")


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
