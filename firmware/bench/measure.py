"""All figures of one model on one board."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from firmware.bench import stream
from firmware.bench.cycles import Estimate, estimate
from firmware.bench.errors import BenchError
from firmware.bench.image import Builder, Job, Result
from firmware.modelc import ModelError, compile_model
from firmware.modelc.reader import read

OUTSIDE = "entry, states, return"
"""What an inference takes besides its operators: the function's own, and what is carried to the next call."""


@dataclass(frozen=True)
class LayerCost:
    """An operator's share; `shape`: kernel/stride to output."""

    operator: int
    kind: str
    shape: str
    macs: int
    instructions: int
    outputs: int
    pointwise: bool

    @property
    def per_mac(self) -> float | None:
        """Instructions a multiply-accumulate."""
        return self.instructions / self.macs if self.macs else None


@dataclass(frozen=True)
class Figures:
    """Of one model on one board; sizes in bytes."""

    model: str
    board: str
    core: str
    target: str
    instructions: int
    """Of the second call of the published stream."""
    macs: int
    arena_bytes: int
    code_bytes: int
    constant_bytes: int
    stack_bytes: int
    crc32_first: str
    crc32_all: str
    judged: bool | None
    """True: the outputs are TFLite Micro's; False: they are not; None: not checked."""
    cycles: Estimate | None
    """None: not asked for, or the core is not a Cortex-M4."""
    layers: tuple[LayerCost, ...] = ()
    """Of the second call too; empty if not asked for."""
    outside: int = 0
    """Instructions of the call that are no layer's."""

    @property
    def per_mac(self) -> float | None:
        """Instructions a multiply-accumulate."""
        return self.instructions / self.macs if self.macs else None

    def as_json(self) -> dict[str, Any]:
        """Plain values only."""
        facts = asdict(self) | {"instructions_per_mac": _rounded(self.per_mac)}
        facts["layers"] = [asdict(layer) | {"instructions_per_mac": _rounded(layer.per_mac)} for layer in self.layers]
        return facts


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def measure(
    builder: Builder,
    path: Path,
    *,
    layers: bool = False,
    cycles: bool = False,
    wait_states: int = 0,
    judge: bool = True,
) -> Figures:
    """Compiles, links, runs and judges one .tflite file on the builder's board.

    Raises BenchError: the model cannot be compiled, has no room, or a repeated stream takes another count.
    """
    board = builder.board
    folder = Path(tempfile.mkdtemp(dir=builder.folder))
    try:
        compiled = compile_model(path, folder, board.modelc_target)
        graph = read(path)
    except ModelError as error:
        raise BenchError(str(error)) from error
    inputs = stream.inputs(graph)
    image = builder.image([compiled])
    first, second = image.run([Job(0, inputs)] * 2)
    if first.instructions != second.instructions:
        raise BenchError(f"{path}: the same inputs took {first.instructions} and {second.instructions} instructions")
    instructions, sizes = first.instructions[0], image.sizes()
    judged = None
    if judge and stream.judge_installed():
        judged = bool((first.outputs == stream.judge(path, graph, inputs)).all())
    guess = None
    if cycles and board.core == "cortex-m4":
        guess = estimate(image.elf, compiled.name, inputs[:2], stream.sizes(graph), wait_states)
        if guess.instructions != instructions:
            raise BenchError(
                f"{path}: Unicorn executed {guess.instructions} instructions and QEMU {instructions}; use --no-cycles"
            )
    costs: tuple[LayerCost, ...] = ()
    if layers:
        traced = compile_model(path, folder / "traced", board.modelc_target, trace=True)
        (result,) = builder.image([traced]).run([Job(0, inputs)])
        costs = _layers(traced.layers, result)
    crc_first, crc_all = stream.checksums(first.outputs)
    return Figures(
        model=compiled.name,
        board=board.name,
        core=board.core,
        target=compiled.target,
        instructions=instructions,
        macs=compiled.macs,
        arena_bytes=compiled.arena_bytes,
        code_bytes=sizes.code,
        constant_bytes=sizes.constants,
        stack_bytes=first.stack_bytes,
        crc32_first=crc_first,
        crc32_all=crc_all,
        judged=judged,
        cycles=guess,
        layers=costs,
        outside=instructions - sum(layer.instructions for layer in costs) if costs else 0,
    )


def _layers(layers: tuple[Any, ...], result: Result) -> tuple[LayerCost, ...]:
    found = result.layers[0]
    return tuple(
        LayerCost(
            layer.operator,
            layer.kind,
            layer.shape,
            layer.macs,
            found.get(layer.operator, 0),
            layer.outputs,
            layer.pointwise,
        )
        for layer in layers
    )
