"""The recorded figures, firmware/nn/performance.json: measured, compared, kept.

{"models": {NAME: {BOARD: Figures}}, "front_end": {BOARD: {"portable" | "simd": FrontEndFigures}},
 "requantization": {BOARD: instructions an output}, "tools": {...}}
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.bench import asr_shape, stream
from firmware.bench.errors import BenchError
from firmware.bench.frontend import measure_front_end
from firmware.bench.image import FIRMWARE, NN, Builder
from firmware.bench.measure import measure
from firmware.bench.requantization import requantization

RECORD = NN / "performance.json"
BOARDS = ("mps2_an386", "mps3_an547")
VAD = FIRMWARE / "models/vad.tflite"
ASR = "asr_shape"
OTHERS = ("kws_ref_model", "ad01_int8", "str_ww_ref_model", "hello_world_int8")
"""Other people's models: not in the repository."""
TOLERANCE = 0.01
COMMAND = "python -m firmware.bench.report"

Record = dict[str, Any]


def models_folder() -> Path:
    """Where other people's models are: $EARSHOT_MODELS, else `models` beside $EARSHOT_DATA; BenchError if nowhere."""
    if "EARSHOT_MODELS" in os.environ:
        folder = Path(os.environ["EARSHOT_MODELS"])
    elif "EARSHOT_DATA" in os.environ:
        folder = Path(os.environ["EARSHOT_DATA"]).parent / "models"
    else:
        raise BenchError("set EARSHOT_MODELS to the folder with kws_ref_model.tflite and its like")
    missing = [name for name in OTHERS if not (folder / f"{name}.tflite").is_file()]
    if missing:
        raise BenchError(f"{folder} lacks {missing[0]}.tflite; set EARSHOT_MODELS to the folder that has it")
    return folder


def record(others: Path | None, *, full: bool = True, tell: Callable[[str], None] = lambda _: None) -> Record:
    """Measures everything; others: the folder with other people's models, or None to leave them out.

    full: with layers, estimated cycles and the judge; else instruction counts, sizes and checksums alone.
    Raises BenchError, also where a result is not TFLite Micro's.
    """
    if full and not stream.judge_installed():
        raise BenchError("results cannot be checked without tflite-micro; install it: pip install '.[train]'")
    models: dict[str, dict[str, Any]] = {}
    found: Record = {"models": models, "front_end": {}, "requantization": {}, "tools": _tools()}
    for board in BOARDS:
        with Builder(board) as builder:
            random_network = builder.folder / f"{ASR}.tflite"
            random_network.write_bytes(asr_shape.network())
            paths = [VAD, random_network, *(others / f"{name}.tflite" for name in OTHERS if others)]
            for path in paths:
                tell(f"{path.stem} on {board}")
                figures = measure(builder, path, layers=full, cycles=full, judge=full)
                if figures.judged is False:
                    raise BenchError(f"{path.stem} on {board} gives other results than TFLite Micro")
                models.setdefault(path.stem, {})[board] = figures.as_json()
            tell(f"front end on {board}")
            found["front_end"][board] = {
                name: measure_front_end(builder, portable=name == "portable").as_json() for name in ("portable", "simd")
            }
            tell(f"requantization on {board}")
            found["requantization"][board] = round(requantization(builder), 2)
    return found


def _tools() -> dict[str, str]:
    found = {}
    for name, command in (("gcc", "arm-none-eabi-gcc"), ("qemu", "qemu-system-arm")):
        done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
        found[name] = (done.stdout.splitlines() or ["?"])[0]
    return found


def load() -> Record:
    """The recorded figures; BenchError if there are none."""
    try:
        loaded: Record = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"{RECORD} cannot be read; write it anew with: {COMMAND}") from error
    return loaded


def text(figures: Record) -> str:
    """The file's content."""
    return json.dumps(figures, indent=1, sort_keys=True) + "\n"


def counts(figures: Record) -> dict[str, float]:
    """Every instruction count by what it is of."""
    found: dict[str, float] = {}
    for name, boards in figures["models"].items():
        found |= {f"{name} on {board}": each["instructions"] for board, each in boards.items()}
    for board, paths in figures["front_end"].items():
        found |= {f"the {path} front end on {board}": each["instructions_a_second"] for path, each in paths.items()}
    return found | {f"requantization on {board}": each for board, each in figures["requantization"].items()}


def drift(recorded: Record, measured: Record) -> list[str]:
    """A sentence for each measured count that is more than a hundredth off the recorded one, or not recorded."""
    old, sentences = counts(recorded), []
    for what, new in counts(measured).items():
        if what not in old:
            sentences.append(f"{what} takes {new:,} instructions and is not recorded yet; record it with: {COMMAND}")
        elif new > old[what] * (1 + TOLERANCE):
            grown = 100 * (new / old[what] - 1)
            sentences.append(
                f"{what} takes {new:,} instructions, {grown:.1f} % more than the recorded {old[what]:,}; make it "
                f"faster again, or record the new count in the same commit: {COMMAND}"
            )
        elif new < old[what] * (1 - TOLERANCE):
            saved = 100 * (1 - new / old[what])
            sentences.append(
                f"{what} takes {new:,} instructions, {saved:.1f} % fewer than the recorded {old[what]:,}: well done; "
                f"record it in the same commit: {COMMAND}"
            )
    return sentences
