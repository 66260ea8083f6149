"""What listening costs: `python -m host.sim.listening FILE [--board mps2_an386]`, instructions a second, part by part.

Plays a recording of speech to the real image in QEMU, which counts instructions exactly, and reads its LEDGER: what a
second costs in HEAR and in LISTEN, and what ending a transcript does (SEND). The networks and the front end are counted
by firmware.bench, each alone; the decoder's share is what LISTEN takes beyond HEAR and the recognition network. The
real-time factor is LISTEN's instructions, one a cycle, over a clock's cycles.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from firmware import boards
from firmware.bench.errors import BenchError
from firmware.bench.frontend import measure_front_end
from firmware.bench.image import Builder
from firmware.bench.measure import measure
from firmware.link import Config, Decoder, Ledger, ListenerState, encode
from firmware.size_report import measure as measure_size
from host.errors import USER_ERROR_EXIT, HostError
from host.recording import Recording
from host.sim import SimulationError, open_board
from host.sim.image import built

CLOCKS_MHZ = (48, 96)
"""Apollo3's, and its burst."""
CHUNK = 512
MODELS = boards.FIRMWARE / "models"
QUIET_CHUNKS = 40
"""Of silence behind the recording, so that its last phrase ends."""
BOARDS = ("mps2_an386", "mps3_an547")
"""Whose LEDGER counts instructions exactly."""


def heard(board: str, file: Path) -> Ledger:
    """The last LEDGER of the image after the recording; SimulationError or HostError if it cannot be played."""
    image = open_board(board)
    try:
        blocks = list(Recording(file, image.rate).blocks())
        pcm = np.concatenate([*blocks, np.zeros(QUIET_CHUNKS * CHUNK, np.int16)])
        image.send(encode(Config(ledger_period_chunks=1)))
        frames = Decoder().feed(image.hear(pcm))
        return [frame for frame in frames if isinstance(frame, Ledger)][-1]
    finally:
        image.close()


def costs(board: str, file: Path) -> dict[str, Any]:
    """Instructions a second of audio, real-time factors, and bytes of the image.

    Raises SimulationError, HostError or BenchError, in one sentence, if something cannot be measured, and
    SimulationError if nobody speaks in the recording.
    """
    rate = boards.load(board).rate
    ledger = heard(board, file)
    rows = {state.name.lower(): ledger.rows[state] for state in ListenerState}
    if not rows["listen"].samples:
        raise SimulationError(f"nothing in {file} opened the gate: give a recording of speech")
    second = {name: round(row.cycles * rate / row.samples) for name, row in rows.items() if row.samples}
    with Builder(board) as builder:
        front_end = measure_front_end(builder).instructions_a_second
        vad, asr = (measure(builder, MODELS / f"{name}.tflite", judge=False) for name in ("vad", "asr"))
    chunks = rate / CHUNK
    calls = ledger.asr_calls * rate / (rows["listen"].samples + rows["send"].samples)
    network = round(asr.instructions * calls)
    size = measure_size(built(board) / "earshot.elf")
    return {
        "board": board,
        "speech_seconds": rows["listen"].samples / rate,
        "asr_calls": ledger.asr_calls,
        "instructions_a_call": asr.instructions,
        "instructions_a_second": {
            "front end": front_end,
            "voice detector": round(vad.instructions * chunks),
            "recogniser's network": network,
            "decoder and the rest": second["listen"] - second.get("hear", 0) - network,
            "HEAR, all": second.get("hear", 0),
            "LISTEN, all": second["listen"],
        },
        "real_time_factor": {f"{mhz} MHz": second["listen"] / (mhz * 1e6) for mhz in CLOCKS_MHZ},
        "bytes": {
            "flash": size.flash,
            "RAM": size.ram,
            "network's constants": asr.constant_bytes,
            "network's arena": asr.arena_bytes,
        },
    }


def text(facts: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{facts['board']}: {facts['speech_seconds']:.1f} s in LISTEN, {facts['asr_calls']} calls"]
    lines += [f"{name:22} {count:12,} instructions a second" for name, count in facts["instructions_a_second"].items()]
    lines += [f"real-time factor at {clock}: {factor:.3f}" for clock, factor in facts["real_time_factor"].items()]
    lines += [f"{name:22} {count:12,} bytes" for name, count in facts["bytes"].items()]
    return "\n".join(lines)


def main() -> None:
    """Command line: see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m host.sim.listening", description=__doc__)
    parser.add_argument("file", type=Path, help="a recording of speech")
    parser.add_argument("--board", choices=BOARDS, default=BOARDS[0], help=f"({BOARDS[0]})")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    try:
        facts = costs(arguments.board, arguments.file)
    except (SimulationError, HostError, BenchError) as error:
        print(error, file=sys.stderr)
        sys.exit(USER_ERROR_EXIT)
    print(json.dumps(facts) if arguments.json else text(facts))


if __name__ == "__main__":
    main()
