"""Images of many networks for QEMU's mps3-an547, a Cortex-M55: outputs and instructions of every call."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.modelc import compile_model
from firmware.modelc.graph import Graph
from firmware.modelc.reader import read

HERE = Path(__file__).parent
NN = HERE.parents[2] / "firmware/nn"
MACHINE = ["-M", "mps3-an547", "-icount", "shift=6", "-display", "none", "-monitor", "none", "-serial", "none"]
FLAGS = [
    *["-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard", "-mfpu=auto", "-std=c11", "-O2", "-ffunction-sections"],
    *["-fdata-sections", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion", "-Wsign-conversion"],
]
LINK = ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections", f"-T{HERE / 'm55.ld'}"]
INSTRUCTIONS_A_TICK = 125 / 256


@dataclass(frozen=True)
class Result:
    """Outputs [calls, bytes] of one network, and the instructions between marks [calls, marks - 1]."""

    outputs: np.ndarray
    instructions: np.ndarray


def sizes(graph: Graph) -> tuple[int, int]:
    """Bytes of all inputs and of all outputs."""
    return tuple(sum(graph.tensors[index].count for _, index in ends) for ends in (graph.inputs, graph.outputs))


def build(paths: list[Path], folder: Path, target: str = "mve", *, layers: bool = False) -> list[Graph]:
    """Compiles and links the networks to folder/image.elf; layers puts a mark between operators."""
    names = [f"net{i}" for i in range(len(paths))]
    for name, path in zip(names, paths, strict=True):
        compile_model(path, folder, target, name)
        if layers:
            text = (folder / f"{name}.c").read_text()
            text = re.sub(r"(?m)^    (/\* \d+ )", r"    mark();\n    \1", text)
            (folder / f"{name}.c").write_text("void mark(void);\n" + text)
    models = "-DMODELS=" + " ".join(f"X({name})" for name in names)
    plain = [HERE / "m55_driver.c", *(f"{name}.c" for name in names)]
    command = ["arm-none-eabi-gcc", *FLAGS, f"-I{NN}", f"-I{folder}", "-c"]
    for group in (NN, NN / target):
        objects = folder / group.name
        objects.mkdir()
        sources = sorted(group.glob("*.c"))
        if sources:
            subprocess.run([*command, *sources], cwd=objects, check=True)
    subprocess.run([*command, "-Wno-error", "-w", models, *plain], cwd=folder, check=True)
    objects = sorted(folder.glob("**/*.o"))
    subprocess.run(["arm-none-eabi-gcc", *FLAGS, *LINK, *objects, "-o", "image.elf"], cwd=folder, check=True)
    return [read(path) for path in paths]


def run(graphs: list[Graph], inputs: list[np.ndarray], folder: Path) -> list[Result]:
    """Runs every network on its inputs [calls, bytes]."""
    with (folder / "in.bin").open("wb") as file:
        for calls in inputs:
            file.write(np.uint32(len(calls)).tobytes() + calls.astype(np.int8).tobytes())
    done = subprocess.run(
        ["qemu-system-arm", *MACHINE, "-semihosting", "-kernel", "image.elf"],
        **{"cwd": folder, "capture_output": True, "stdin": subprocess.DEVNULL, "timeout": 300, "check": False},
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    data, position, results = (folder / "out.bin").read_bytes(), 0, []
    for graph, calls in zip(graphs, inputs, strict=True):
        size, outputs, ticks = sizes(graph)[1], [], []
        for _ in calls:
            outputs.append(np.frombuffer(data, np.int8, size, position))
            marks = int(np.frombuffer(data, np.uint32, 1, position + size)[0])
            ticks.append(np.frombuffer(data, np.uint32, marks, position + size + 4))
            position += size + 4 + 4 * marks
        deltas = np.diff(np.stack(ticks).astype(np.int64), axis=1) % (1 << 24)
        results.append(Result(np.stack(outputs), deltas * INSTRUCTIONS_A_TICK))
    return results
