"""Variables: read and assigned in any order, kept from call to call, as TFLite Micro does it."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import examples

from firmware.modelc import ModelError, compile_model
from firmware.modelc.operators import lower
from firmware.modelc.planner import Plan, plan
from firmware.modelc.reader import parse
from firmware.modelc.tflite_file import TfliteFile

SHAPE, SCALE, ZERO = (1, 4), 0.05, -7


@dataclass
class Program:
    """A network of tensors [1, 4] of one scale, with variables."""

    file: TfliteFile = field(default_factory=TfliteFile)
    first: TfliteFile = field(default_factory=TfliteFile)
    handles: dict[str, int] = field(default_factory=dict)

    def tensor(self, data: np.ndarray | None = None) -> int:
        return self.file.tensor(SHAPE, SCALE, ZERO, data)

    def call_once(self) -> None:
        self.file.subgraphs = [self.first]
        self.file.operator("CALL_ONCE", [], [], InitSubgraphIndex=1)

    def initialise(self, name: str, values: list[int]) -> None:
        value = self.first.tensor(SHAPE, SCALE, ZERO, np.array(values, np.int8))
        self.first.operator("ASSIGN_VARIABLE", [self.first.handle(name), value], [])

    def _handle(self, name: str) -> int:
        if name not in self.handles:
            self.handles[name] = self.file.handle(name)
        return self.handles[name]

    def read(self, name: str) -> int:
        result = self.tensor()
        self.file.operator("READ_VARIABLE", [self._handle(name)], [result])
        return result

    def assign(self, name: str, value: int) -> None:
        self.file.operator("ASSIGN_VARIABLE", [self._handle(name), value], [])

    def add(self, a: int, b: int) -> int:
        result = self.tensor()
        self.file.operator("ADD", [a, b], [result])
        return result

    def shift(self, old: int, new: int) -> int:
        """Drops the first value of old and appends the first of new."""
        both = self.file.tensor((1, 8), SCALE, ZERO)
        self.file.operator("CONCATENATION", [old, new], [both], Axis=1)
        result = self.tensor()
        indices = [self.file.integers([0, 1]), self.file.integers(SHAPE)]
        self.file.operator("SLICE", [both, *indices], [result])
        return result

    def relu(self, source: int) -> int:
        result = self.tensor()
        self.file.operator("RELU", [source], [result])
        return result


def planned(program: Program, inputs: list[int], outputs: list[int]) -> Plan:
    graph = parse(program.file.bytes(inputs, outputs))
    return plan(graph, [step for operator in graph.operators for step in lower(graph, operator)])


@examples(40)
@given(st.data())
def test_any_order_of_reads_and_assignments(build, tmp_path, data):
    draw, program = data.draw, Program()
    x = program.tensor()
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    initialised = [name for name in names if draw(st.booleans())]
    if initialised:
        program.call_once()
        for name in initialised:
            program.initialise(name, draw(st.lists(st.integers(-128, 127), min_size=4, max_size=4)))
    pool = [x, program.tensor(np.array([5, -100, 0, 127], np.int8))]
    results = []

    def pick() -> int:
        return pool[draw(st.integers(0, len(pool) - 1))]

    for _ in range(draw(st.integers(2, 9))):
        kind = draw(st.sampled_from(["read", "read", "assign", "assign", "add", "shift", "relu"]))
        if kind == "read":
            pool.append(program.read(draw(st.sampled_from(names))))
            results.append(pool[-1])
        elif kind == "assign":
            program.assign(draw(st.sampled_from(names)), pick())
        else:
            pool.append(program.relu(pick()) if kind == "relu" else getattr(program, kind)(pick(), pick()))
            results.append(pool[-1])
    assigned = {inputs[0] for kind, inputs, *_ in program.file.operators if kind == "ASSIGN_VARIABLE"}
    for name in names:  # TFLite Micro has no memory for one that nothing assigns
        if name in program.handles and program.handles[name] not in assigned and name not in initialised:
            program.assign(name, x)
    results = [*results[-2:], program.relu(program.add(pick(), x))]
    path = tmp_path / "model.tflite"
    path.write_bytes(program.file.bytes([x], results))
    try:
        network = build(path)
    except ModelError as error:
        assert "in a circle" in str(error)
        return
    network.assert_exact(network.random_calls(8))


def streaming(program: Program) -> tuple[int, int]:
    x = program.tensor()
    past = program.shift(program.read("past"), program.relu(x))
    program.assign("past", past)
    return x, program.relu(past)


def test_a_window_starts_with_the_constants_of_call_once(build, tmp_path):
    program = Program()
    program.call_once()
    program.initialise("past", [1, -2, 3, -4])
    x, y = streaming(program)
    (tmp_path / "model.tflite").write_bytes(program.file.bytes([x], [y]))
    network = build(tmp_path / "model.tflite")
    calls = network.random_calls(6)
    assert network.run(calls)[0, :3].tolist() == [-2, 3, -4]
    network.assert_exact(calls)


def test_a_variable_that_nothing_initialises_starts_at_its_zero_point(build, tmp_path):
    program = Program()
    x, y = streaming(program)
    (tmp_path / "model.tflite").write_bytes(program.file.bytes([x], [y]))
    network = build(tmp_path / "model.tflite")
    assert network.run(network.random_calls(1))[0, :3].tolist() == [ZERO] * 3
    network.assert_exact(network.random_calls(6))


def test_a_window_in_a_variable_costs_one_move_a_call():
    program = Program()
    x, y = streaming(program)
    plan_ = planned(program, [x], [y])
    assert [step.kernel for step in plan_.steps] == ["lookup", "lookup"]
    assert len(plan_.moves) == 1


def test_a_variable_that_is_read_before_it_is_assigned_costs_no_move():
    program = Program()
    x = program.tensor()
    total = program.relu(program.add(program.read("sum"), x))
    program.assign("sum", total)
    plan_ = planned(program, [x], [program.relu(total)])
    assert [step.kernel for step in plan_.steps] == ["add", "lookup", "lookup"]
    assert plan_.moves == []


def test_a_variable_that_is_never_assigned_is_a_constant(build, tmp_path):
    program = Program()
    program.call_once()
    program.initialise("weights", [9, 8, 7, 6])
    x = program.tensor()
    y = program.add(program.read("weights"), x)
    (tmp_path / "model.tflite").write_bytes(program.file.bytes([x], [y]))
    network = build(tmp_path / "model.tflite")
    assert network.graph.states == ()
    network.assert_exact(network.random_calls(6))


def test_a_variable_of_floats(build, tmp_path):
    model = TfliteFile()
    x, after = model.tensor(SHAPE, 0.1, 3), model.tensor(SHAPE, 0.06, 1)
    past, kept = (model.tensor(SHAPE, None, None, dtype="float32") for _ in range(2))
    step = model.tensor(SHAPE, 0.05, -9)
    handle = model.handle("past")
    model.operator("READ_VARIABLE", [handle], [past])
    model.operator("QUANTIZE", [past], [step])
    model.operator("ADD", [x, step], [after])
    model.operator("DEQUANTIZE", [after], [kept])
    model.operator("ASSIGN_VARIABLE", [handle, kept], [])
    (tmp_path / "model.tflite").write_bytes(model.bytes([x], [after]))
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(8))


def refusal(program: Program, x: int, y: int, tmp_path) -> str:
    path = tmp_path / "model.tflite"
    path.write_bytes(program.file.bytes([x], [y]))
    with pytest.raises(ModelError) as caught:
        compile_model(path, tmp_path / "out")
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_variable_that_nothing_assigns_is_refused(tmp_path):
    program = Program()
    x = program.tensor()
    y = program.add(program.read("past"), x)
    assert (
        refusal(program, x, y, tmp_path) == "operator 1 READ_VARIABLE reads the variable 'past', which nothing assigns"
    )


def test_an_initialiser_that_comes_late_is_refused(tmp_path):
    program = Program()
    program.initialise("past", [1, 2, 3, 4])
    x, y = streaming(program)
    program.call_once()
    assert "CALL_ONCE sets variables after operator 1 READ_VARIABLE has used one" in refusal(program, x, y, tmp_path)


def test_an_initialiser_that_computes_is_refused(tmp_path):
    program = Program()
    program.call_once()
    program.initialise("past", [1, 2, 3, 4])
    program.first.operator("RELU", [1], [1])
    x, y = streaming(program)
    assert "operator 2 RELU of subgraph 1 is not supported: variables can be" in refusal(program, x, y, tmp_path)


def test_a_variable_of_two_sizes_is_refused(tmp_path):
    program = Program()
    program.call_once()
    x, y = streaming(program)
    value = program.first.tensor((2,), SCALE, ZERO, np.zeros(2, np.int8))
    program.first.operator("ASSIGN_VARIABLE", [program.first.handle("past"), value], [])
    assert "int8 [2], for the variable 'past', which is int8 [1, 4]" in refusal(program, x, y, tmp_path)


def test_subgraphs_that_no_call_once_names_are_refused(tmp_path):
    program = Program()
    program.initialise("past", [1, 2, 3, 4])
    program.file.subgraphs = [program.first]
    x, y = streaming(program)
    assert refusal(program, x, y, tmp_path) == "the file holds 2 subgraphs; export one signature"
