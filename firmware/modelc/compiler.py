"""From a .tflite file to C files."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import tflm, tflm_adapter
from .emitter import Emitter, identifier
from .errors import ModelError
from .layers import Layer, layers
from .operators import lower
from .planner import plan
from .reader import read
from .targets import target_named


@dataclass(frozen=True)
class Compiled:
    """What came of a model."""

    name: str
    target: str
    files: tuple[Path, ...]
    operators: dict[str, int]  # kind: how often
    macs: int  # multiply-accumulates a call, padded taps included
    arena_bytes: int
    constant_bytes: int  # weights, biases, multipliers and tables in flash
    parameters: int  # weights and biases of the network
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    states: tuple[str, ...]
    crc32: str  # of the .tflite file
    layers: tuple[Layer, ...] = ()
    trace_calls: int = 0  # of the hook nn_trace() in a call

    def as_json(self) -> dict[str, Any]:
        """Plain values only."""
        return asdict(self) | {"files": [str(path) for path in self.files]}


ENGINES = ("earshot", "tflm")


def compile_model(
    path: Path | str,
    out: Path | str,
    target: str = "portable",
    name: str | None = None,
    *,
    engine: str = "earshot",
    tflm_arena: int | None = None,
    trace: bool = False,
) -> Compiled:
    """Compiles a .tflite file into the folder `out` (made if need be): NAME.c, NAME.h, NAME_tflite.c, NAME_tflite.h.

    name: a C identifier; by default the file's name with what C does not allow made an underscore.
    target: portable, dsp (Cortex-M4) or mve (Cortex-M55).
    engine: earshot; or tflm, for nn/tflm/engine.cc: NAME_tflm.h takes the place of NAME.c, and the arena is
        tflm_arena bytes, by default a generous reckoning; arena_bytes then holds for a core of 64 bits.
    trace: before and after each step the code calls `void nn_trace(uint32_t operator)`, which the program must have;
        for measuring, never for an image that is shipped.
    Raises ModelError, with one sentence that names the tensor or operator at fault, before anything is written.
    """
    path, out = Path(path), Path(out)
    core = target_named(target)
    if engine not in ENGINES:
        raise ModelError(f"there is no engine '{engine}'; choose one of {', '.join(ENGINES)}")
    if tflm_arena is not None and (engine != "tflm" or not 0 < tflm_arena < 1 << 31):
        raise ModelError(f"an arena of {tflm_arena} bytes for TFLite Micro needs engine tflm, and 1 to 2^31 - 1 bytes")
    if name is None:
        name = identifier(path.stem)
    elif identifier(name) != name:
        raise ModelError(f"'{name}' is not a C identifier; try '{identifier(name)}'")
    graph = read(path)
    try:
        steps = [core.fit(step) for operator in graph.operators for step in lower(graph, operator)]
        for _, index in (*graph.inputs, *graph.outputs):
            graph.activation(index)
        emitter = Emitter(name, graph, plan(graph, steps), core, trace)
        texts = {f"{name}.c": emitter.source(), f"{name}.h": emitter.header()}
        arena_bytes = emitter.plan.arena_bytes
        if engine == "tflm":
            texts = {
                f"{name}.h": tflm_adapter.header(name, graph, tflm_arena),
                f"{name}_tflm.h": tflm_adapter.network(name, graph),
            }
            arena_bytes = tflm_adapter.arena(graph, tflm_arena).on(8)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    texts |= {f"{name}_tflite.c": tflm.source(name, graph), f"{name}_tflite.h": tflm.header(name, graph)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            (out / file).write_text(text, encoding="ascii")
    except OSError as error:
        raise ModelError(f"cannot write to {out}: {error.strerror or error}") from error
    trained = {
        index
        for operator in graph.operators
        if operator.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
        for index in operator.inputs[1:]
        if index >= 0
    }
    return Compiled(
        name=name,
        target=core.name,
        files=tuple(out / file for file in texts),
        operators=dict(Counter(operator.kind for operator in graph.operators)),
        macs=sum(step.macs for step in steps),
        arena_bytes=arena_bytes,
        constant_bytes=emitter.constant_bytes,
        parameters=sum(graph.tensors[index].count for index in trained),
        inputs=tuple(input_name for input_name, _ in graph.inputs),
        outputs=tuple(output_name for output_name, _ in graph.outputs),
        states=tuple(state.name for state in graph.states),
        crc32=f"{graph.crc32:08x}",
        layers=layers(graph, steps),
        trace_calls=emitter.trace_calls,
    )
