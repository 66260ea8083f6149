"""A batch of cases against the judge, on every target."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from firmware.modelc import ModelError, compile_model
from firmware.modelc.reader import parse

from .case import Case, judge
from .machine import HERE, MACHINES, BuildError, Machine, build_image, run_image

KEPT = HERE.parents[2] / "build/fuzz"
_MAX_STACK = 1024  # bytes, of an invoke() on a core with the runner's own call


@dataclass(frozen=True)
class Failure:
    """A case that does not hold on a target; the model is kept at `path`."""

    case: str
    target: str
    reason: str
    operators: str
    path: Path

    def __str__(self) -> str:
        return f"{self.case} on {self.target}: {self.reason}\n    {self.operators}\n    {self.path}"


@dataclass
class Report:
    """What became of a batch; the figures tell whether the cases could find anything."""

    failures: list[Failure] = field(default_factory=list)
    cases: int = 0
    operators: dict[str, int] = field(default_factory=dict)
    commonest: dict[str, float] = field(default_factory=dict)  # case: share of its most frequent output value
    stack_bytes: dict[str, int] = field(default_factory=dict)  # target: the most that any case took
    outputs: dict[str, int] = field(default_factory=dict)  # case: CRC-32 of all outputs
    unjudged: list[int] = field(default_factory=list)  # seeds that TFLite Micro's interpreter does not survive

    def add(self, other: "Report") -> None:
        """Takes another batch in."""
        self.failures += other.failures
        self.cases += other.cases
        self.unjudged += other.unjudged
        for kind, count in other.operators.items():
            self.operators[kind] = self.operators.get(kind, 0) + count
        self.commonest |= other.commonest
        self.outputs |= other.outputs
        for target, stack in other.stack_bytes.items():
            self.stack_bytes[target] = max(stack, self.stack_bytes.get(target, 0))


def operators_of(model: bytes) -> list[str]:
    """The kinds of a model's operators, in order."""
    return [operator.kind for operator in parse(model).operators]


def check(cases: Sequence[Case], targets: Sequence[str], libraries: Path, folder: Path) -> Report:
    """Compares every byte of every case; libraries holds what build_kernels made, folder is for what is built here."""
    report = Report(cases=len(cases))
    judged: list[Case] = []
    expected: dict[str, np.ndarray] = {}
    for case in cases:
        kinds = operators_of(case.model)
        for kind in kinds:
            report.operators[kind] = report.operators.get(kind, 0) + 1
        try:
            expected[case.name] = judge(case)
        except Exception as error:  # whatever the interpreter throws
            report.failures.append(_failure(case, "judge", f"TFLite Micro refuses the model: {error}"))
            continue
        judged.append(case)
        values = expected[case.name].view(np.uint8)
        report.commonest[case.name] = float(np.bincount(values.reshape(-1)).max() / values.size)
        report.outputs[case.name] = zlib.crc32(values.tobytes())
    for target in targets:
        machine, place = MACHINES[target], folder / target
        place.mkdir(parents=True, exist_ok=True)
        _check_target(machine, judged, expected, libraries=libraries, folder=place, report=report)
    return report


def _check_target(
    machine: Machine,
    cases: Sequence[Case],
    expected: dict[str, np.ndarray],
    *,
    libraries: Path,
    folder: Path,
    report: Report,
) -> None:
    compiled = []
    for case in cases:
        source = folder / f"{case.name}.tflite"
        source.write_bytes(case.model)
        try:
            compile_model(source, folder, machine.target, case.name)
        except ModelError as error:
            report.failures.append(_failure(case, machine.target, f"modelc refuses it: {error}"))
            continue
        compiled.append(case)
    library = libraries / f"lib{machine.target}.a"
    try:
        program = build_image(machine, [case.name for case in compiled], library, folder)
    except BuildError as error:
        if len(compiled) == 1:
            report.failures.append(_failure(compiled[0], machine.target, f"its C does not compile:\n{error}"))
            return
        for case in compiled:  # to find which
            _check_target(machine, [case], expected, libraries=libraries, folder=folder, report=report)
        return
    if not compiled:
        return
    sizes = [expected[case.name].shape[1] for case in compiled]
    runs = run_image(machine, program, compiled, sizes, 60 + 2 * len(compiled))
    for case, run in zip(compiled, runs, strict=True):
        report.stack_bytes[machine.target] = max(run.stack_bytes, report.stack_bytes.get(machine.target, 0))
        if run.stack_bytes > _MAX_STACK:
            run.faults.append(f"it took {run.stack_bytes} bytes of stack; {_MAX_STACK} is the most")
        reason = "; ".join([*run.faults, *_difference(case, run.outputs, expected[case.name])])
        if reason:
            report.failures.append(_failure(case, machine.target, reason))


def _difference(case: Case, given: np.ndarray, expected: np.ndarray) -> list[str]:
    """Where the first difference lies, if there is one."""
    wrong = np.argwhere(given != expected[: len(given)])
    if not len(wrong):
        return []
    call, byte = (int(i) for i in wrong[0])
    graph, start = parse(case.model), 0
    for name, index in graph.outputs:
        tensor = graph.tensors[index]
        if byte < start + tensor.bytes:
            at = np.unravel_index((byte - start) * tensor.count // tensor.bytes, tensor.shape)
            place = f"output '{name}' {list(tensor.shape)} at {tuple(int(i) for i in at)}"
            break
        start += tensor.bytes
    share = f"{len(wrong)} of {given.size} bytes differ"
    return [f"{share}, first in call {call}, {place}: {given[call, byte]} instead of {expected[call, byte]}"]


def _failure(case: Case, target: str, reason: str) -> Failure:
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{case.name}.tflite"
    path.write_bytes(case.model)
    return Failure(case.name, target, reason, ", ".join(operators_of(case.model)), path)
