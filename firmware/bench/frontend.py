"""The front end's instructions a second of audio, on a board in QEMU."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.bench.image import FIRMWARE, NN, Builder, Readings, compile_c
from firmware.pipeline.frontend_tables import SHIPPED, header, source

SECONDS = 4
_PIPELINE = FIRMWARE / "pipeline"
_SOURCES = ("frontend.c", "mel*.c", "spectrum*.c")
_PLAIN_C = ("-DEARSHOT_PORTABLE",)
_SAMPLES, _VALUES = 2 * SHIPPED.hop, 2 * SHIPPED.bands  # of a call, as in runner_frontend.c


@dataclass(frozen=True)
class FrontEndFigures:
    """Of one board; portable: without the paths for SIMD."""

    board: str
    core: str
    portable: bool
    rate_hz: int
    instructions_a_second: int
    instructions_a_call: int
    """Of the dearest one."""
    code_bytes: int
    constant_bytes: int
    crc32: str
    """Of all log-mel values, int16 little-endian."""

    def as_json(self) -> dict[str, Any]:
        """Plain values only."""
        return asdict(self)


def speech(rate_hz: int, seconds: int = SECONDS) -> NDArray[np.int16]:
    """Something like speech: a gliding voice in syllables, hiss between them, over faint noise.

    Integers alone, so that every computer makes the same samples: pulses through three resonators of two poles.
    """
    state, pulse, samples = 0x2545F491, 0, []
    memory = [[0, 0] for _ in range(3)]
    for n in range(rate_hz * seconds):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        noise = (state >> 16) - 32768
        place = n * 8 // rate_hz  # an eighth of a second: vowel, vowel, hiss, pause
        syllable, kind = divmod(place, 4)
        pulse += 100 + 30 * (syllable % 3) + (n * 20 // rate_hz) % 17
        voiced = 0
        if pulse >= rate_hz:
            pulse -= rate_hz
            voiced = 12000 if kind < 2 else 0
        excitation = voiced + (noise // 40 if kind == 2 else 0)
        total = 0
        for i, past in enumerate(memory):
            # x[n] = c x[n-1] - r x[n-2] + e, c = 2 sqrt(r) cos in Q14: three formants that differ by syllable.
            c_q14 = (30600 - 1700 * (syllable % 4), 25300 + 900 * (syllable % 3), 9000 + 1500 * (syllable % 5))[i]
            past[0], past[1] = ((c_q14 * past[0] - 15400 * past[1]) >> 14) + excitation, past[0]
            total += past[0]
        samples.append(max(-32768, min(32767, total // 4 + noise // 1024)))
    return np.array(samples, np.int16)


def measure_front_end(builder: Builder, *, portable: bool = False) -> FrontEndFigures:
    """Runs the front end of firmware/pipeline over `speech`; BenchError as the builder's."""
    board, rate_hz = builder.board, builder.board.rate
    folder = builder.folder / f"frontend-{portable}"
    folder.mkdir(exist_ok=True)
    (folder / "frontend_tables.h").write_text(header(SHIPPED, [rate_hz]), encoding="ascii")
    tables = folder / "frontend_tables.c"
    tables.write_text(source(SHIPPED, [rate_hz]), encoding="ascii")
    flags = [
        *(f"-I{path}" for path in (folder, _PIPELINE, FIRMWARE, NN)),
        f"-DBENCH_TABLES=frontend_tables_{rate_hz}",
        *builder.flags,
    ]
    flags += _PLAIN_C if portable else ()
    sources = [path for pattern in _SOURCES for path in sorted(_PIPELINE.glob(pattern))]
    objects = compile_c(board, [*sources, tables, builder.runner("frontend")], folder, flags)
    elf = folder / "frontend.elf"
    builder.link(objects, elf)
    pcm = speech(rate_hz)
    calls = len(pcm) // _SAMPLES
    readings = Readings(builder.run(elf, pcm[: calls * _SAMPLES].tobytes(), 120), board.clock_hz)
    taken, logmel = [], b""
    for _ in range(calls):
        taken.append(readings.span())
        logmel += readings.take(2 * _VALUES)
    sizes = builder.sizes(elf)
    return FrontEndFigures(
        board=board.name,
        core=board.core,
        portable=portable,
        rate_hz=rate_hz,
        instructions_a_second=round(sum(taken) * rate_hz / (calls * _SAMPLES)),
        instructions_a_call=max(taken),
        code_bytes=sizes.code,
        constant_bytes=sizes.constants,
        crc32=f"{zlib.crc32(logmel):08x}",
    )
