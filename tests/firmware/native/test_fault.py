"""A network that cannot run: the image says so, counts the time, and stays up."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from firmware.link import Config, Decoder, Final, Frame, Hello, Ledger, ListenerState, Log, LogLevel, Segment, State
from firmware.native import CHUNK, openings
from firmware.native.library import FIRMWARE, build_folder, load

SENTENCE = "the network failing cannot run on this image: flash one that was built for it"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image around a network that fails, under the sanitizers."""
    place = tmp_path_factory.mktemp("fault")
    (place / "vad.h").write_text(
        '#include "engine.h"\n#define VAD_ARENA_BYTES 16\nextern const struct nn_model vad_model;\n'
    )
    (place / "asr.h").write_text(
        '#include "engine.h"\n#define ASR_ARENA_BYTES 16\nextern const struct nn_model asr_model;\n'
    )
    (place / "kernels.h").write_text(
        '#include "engine.h"\n#define KERNELS_ARENA_BYTES 16\nextern const struct nn_model kernels_model;\n'
    )
    load()
    gen = build_folder() / "gen"
    # Its own vad.h, asr.h and kernels.h come before the generated one.
    includes = [place, *(FIRMWARE / name for name in ("", "pipeline", "nn", "link", "domain", "trial")), gen]
    sources = [Path(__file__).with_name("fault_driver.c"), FIRMWARE / "trial/trial.c"]
    sources += [FIRMWARE / f"{name}.c" for name in ("earshot", "recording", "transcript_frames")]
    sources += [*FIRMWARE.glob("pipeline/*.c"), *FIRMWARE.glob("link/*.c"), *FIRMWARE.glob("domain/*.c")]
    sources += [gen / f"{name}.c" for name in ("protocol", "frontend_tables", "posteriors_tables", "default_domain")]
    flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover"]
    # Linked in: a sanitizer that this very process may run under would get in its way.
    flags += ["-static-libasan", "-static-libubsan"]
    out = place / "driver"
    subprocess.run(["gcc", *flags, *(f"-I{folder}" for folder in includes), *sources, "-o", out], check=True, env=ALONE)
    return out


ALONE = {"PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0"}


def ran(driver: Path, when: int, recognition_when: int = 1000) -> tuple[list[Frame], list[int]]:
    result = subprocess.run([driver, str(when), str(recognition_when)], capture_output=True, check=True, env=ALONE)
    frames = [item for item in Decoder().feed(result.stdout) if isinstance(item, Frame)]
    return frames, [int(code) for code in result.stderr.split()]


def test_a_network_that_cannot_start_is_told_after_hello(driver: Path) -> None:
    frames, pins = ran(driver, 0)
    hello, state, config, log, *rest = frames
    assert isinstance(hello, Hello)
    assert (hello.board, hello.model) == ("driver", "failing")
    assert state == State(0, ListenerState.FAULT, False, 0, 0)
    assert config == Config()
    assert log == Log(LogLevel.ERROR, SENTENCE)
    assert pins == [ListenerState.FAULT]
    # It stays up: the heartbeat comes, and the ledger owns the time.
    heartbeat, ledger = rest
    assert heartbeat == State(31 * CHUNK, ListenerState.FAULT, False, 0, 7)
    assert isinstance(ledger, Ledger)
    assert ledger.rows[ListenerState.FAULT].samples == 32 * CHUNK
    assert ledger.inferences == 0


def test_a_network_that_fails_while_it_runs_is_told_once_and_closes_the_gate(driver: Path) -> None:
    shipped = Config()
    ((_, heard),) = openings(np.full(20, 255, np.uint8), shipped)
    opens = heard // CHUNK
    fails = opens + 3
    closes = fails - 1 + shipped.hangover_chunks
    frames, pins = ran(driver, fails)
    assert pins == [ListenerState.HEAR, ListenerState.LISTEN, ListenerState.FAULT]
    assert [frame for frame in frames if isinstance(frame, Log)] == [Log(LogLevel.ERROR, SENTENCE)]
    states = [(frame.sample // CHUNK, frame.state, frame.speaking) for frame in frames if isinstance(frame, State)]
    hear, listen, fault = ListenerState.HEAR, ListenerState.LISTEN, ListenerState.FAULT
    assert states == [(0, hear, False), (opens, listen, True), (fails, fault, True), (closes, fault, False)]
    (segment,) = (frame for frame in frames if isinstance(frame, Segment))
    assert (segment.id, segment.start, segment.end, segment.peak_q8) == (1, 0, (fails - 1) * CHUNK, 255)


def test_a_recogniser_that_cannot_start_is_told_by_its_name(driver: Path) -> None:
    frames, pins = ran(driver, 1000, 0)
    assert [frame for frame in frames if isinstance(frame, Log)] == [
        Log(LogLevel.ERROR, SENTENCE.replace("failing", "recognition"))
    ]
    assert pins == [ListenerState.FAULT]


def test_a_recogniser_that_fails_while_it_runs_is_told_once_and_leaves_no_transcript(driver: Path) -> None:
    frames, pins = ran(driver, 1000, 2)
    assert pins == [ListenerState.HEAR, ListenerState.LISTEN, ListenerState.FAULT]
    assert [frame for frame in frames if isinstance(frame, Log)] == [
        Log(LogLevel.ERROR, SENTENCE.replace("failing", "recognition"))
    ]
    assert [frame for frame in frames if isinstance(frame, Final)] == []
    ledger = [frame for frame in frames if isinstance(frame, Ledger)][-1]
    assert sum(row.samples for row in ledger.rows) == ledger.sample
