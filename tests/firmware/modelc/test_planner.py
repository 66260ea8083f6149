"""Memory: shared, reused and carried over without a value being lost."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.modelc import ModelError
from firmware.modelc.graph import Graph
from firmware.modelc.operators import lower
from firmware.modelc.planner import Plan, plan
from firmware.modelc.reader import parse
from firmware.modelc.tflite_file import TfliteFile

WIDTH, SCALE, ZERO = 4, 0.05, -7


@dataclass
class Net:
    """A network of tensors [1, rows, 4] of one scale, built operator by operator."""

    file: TfliteFile = field(default_factory=TfliteFile)

    def rows(self, index: int) -> int:
        return self.file.tensors[index]["shape"][1]

    def tensor(self, rows: int) -> int:
        return self.file.tensor((1, rows, WIDTH), SCALE, ZERO)

    def concat(self, *parts: int) -> int:
        result = self.tensor(sum(self.rows(part) for part in parts))
        self.file.operator("CONCATENATION", list(parts), [result], Axis=1)
        return result

    def slice(self, source: int, begin: int, rows: int) -> int:
        result = self.tensor(rows)
        indices = [self.file.integers([0, begin, 0]), self.file.integers([1, rows, WIDTH])]
        self.file.operator("SLICE", [source, *indices], [result])
        return result

    def add(self, a: int, b: int) -> int:
        result = self.tensor(max(self.rows(a), self.rows(b)))
        self.file.operator("ADD", [a, b], [result])
        return result

    def relu(self, source: int) -> int:
        result = self.tensor(self.rows(source))
        self.file.operator("RELU", [source], [result])
        return result

    def reshape(self, source: int) -> int:
        shape = self.file.tensors[source]["shape"]
        flat = self.file.tensor((1, shape[1] * WIDTH), SCALE, ZERO)
        self.file.operator("RESHAPE", [source], [flat])
        result = self.tensor(shape[1])
        self.file.operator("RESHAPE", [flat], [result])
        return result

    def pad(self, source: int, before: int, after: int) -> int:
        result = self.tensor(self.rows(source) + before + after)
        self.file.operator("PAD", [source, self.file.integers([[0, 0], [before, after], [0, 0]])], [result])
        return result

    def split(self, source: int, parts: int) -> list[int]:
        results = [self.tensor(self.rows(source) // parts) for _ in range(parts)]
        self.file.operator("SPLIT", [self.file.integers(1), source], results, NumSplits=parts)
        return results

    def bytes(self, inputs: dict[str, int], outputs: dict[str, int]) -> bytes:
        return self.file.bytes(list(inputs.values()), list(outputs.values()), (list(inputs), list(outputs)))


def planned(source: bytes) -> tuple[Graph, Plan]:
    graph = parse(source)
    return graph, plan(graph, [step for operator in graph.operators for step in lower(graph, operator)])


@st.composite
def networks(draw: st.DrawFn) -> bytes:
    """Random networks with states, heavy on what the planner shares memory for."""
    net = Net()
    inputs = {"x": net.tensor(draw(st.integers(1, 3)))}
    for number in range(draw(st.integers(0, 3))):
        inputs[f"s{number}"] = net.tensor(draw(st.integers(1, 4)))
    pool = list(inputs.values())

    def pick() -> int:
        return pool[draw(st.integers(0, len(pool) - 1))]

    for _ in range(draw(st.integers(2, 9))):
        kind = draw(st.sampled_from(["concat", "concat", "slice", "slice", "add", "relu", "reshape", "pad", "split"]))
        source = pick()
        rows = net.rows(source)
        if kind == "concat":
            parts = [source, *(pick() for _ in range(draw(st.integers(0, 2))))]
            if sum(map(net.rows, parts)) <= 12:
                pool.append(net.concat(*parts))
        elif kind == "slice":
            begin = draw(st.integers(0, rows - 1))
            pool.append(net.slice(source, begin, draw(st.integers(1, rows - begin))))
        elif kind == "add":
            same = [other for other in pool if net.rows(other) in (rows, 1)]
            pool.append(net.add(source, same[draw(st.integers(0, len(same) - 1))]))
        elif kind == "pad":
            pool.append(net.pad(source, draw(st.integers(0, 1)), draw(st.integers(0, 1))))
        elif kind == "split":
            pool.extend(net.split(source, draw(st.sampled_from([n for n in (1, 2, 3) if rows % n == 0]))))
        else:
            pool.append(getattr(net, kind)(source))
    outputs: dict[str, int] = {}
    for name, index in inputs.items():
        if name == "x":
            continue
        fitting = [t for t in pool if net.rows(t) == net.rows(index) and t not in outputs.values() and t != index]
        if fitting:
            outputs[f"{name}_out"] = fitting[draw(st.integers(0, len(fitting) - 1))]
    written = [t for t in pool if t not in inputs.values() and t not in outputs.values()]
    for number in range(min(len(written), draw(st.integers(1, 2)))):
        outputs[f"y{number}"] = written.pop(draw(st.integers(0, len(written) - 1)))
    if not any(name.startswith("y") for name in outputs):
        outputs["y0"] = net.relu(inputs["x"])
    return net.bytes(inputs, outputs)


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(networks())
def test_no_value_is_lost_in_random_networks_with_states(build, tmp_path, source):
    (tmp_path / "model.tflite").write_bytes(source)
    try:
        network = build(tmp_path / "model.tflite")
    except ModelError as error:
        assert "in a circle" in str(error)
        return
    network.assert_exact(network.random_calls(12))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(networks())
def test_everything_lies_within_the_arena(source):
    try:
        graph, plan_ = planned(source)
    except ModelError as error:
        assert "in a circle" in str(error)
        return
    for index, offset in plan_.offsets.items():
        assert 0 <= offset <= plan_.arena_bytes - graph.tensors[index].count
    for number, step in enumerate(plan_.steps):
        if step.scratch:
            assert plan_.scratch[number] + step.scratch <= plan_.arena_bytes


def streaming_layer() -> bytes:
    net = Net()
    x, state = net.tensor(1), net.tensor(4)
    window = net.concat(state, net.relu(x))
    carried = net.slice(window, 1, 4)
    return net.bytes({"x": x, "past": state}, {"y": net.relu(window), "past_out": carried})


def test_a_streaming_window_costs_one_move_a_call():
    _, plan_ = planned(streaming_layer())
    assert [step.kernel for step in plan_.steps] == ["lookup", "lookup"]
    assert len(plan_.moves) == 1
    assert plan_.moves[0].function == "nn_carry"
    assert plan_.moves[0].count == 4 * WIDTH


def test_a_window_that_is_filled_from_its_start_is_carried_too(build, tmp_path):
    net = Net()
    x, state = net.tensor(1), net.tensor(7)
    window = net.concat(net.relu(x), state)
    source = net.bytes({"x": x, "past": state}, {"y": net.relu(window), "past_out": net.slice(window, 0, 7)})
    (tmp_path / "model.tflite").write_bytes(source)
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(12))
    assert [move.function for move in planned(source)[1].moves] == ["memmove"]


def test_a_state_that_is_read_before_it_is_written_costs_no_move():
    net = Net()
    x, state = net.tensor(2), net.tensor(2)
    total = net.add(x, state)
    after = net.relu(total)
    _, plan_ = planned(net.bytes({"x": x, "sum": state}, {"sum_out": after, "y": net.relu(after)}))
    assert plan_.moves == []
    assert plan_.offsets[after] == plan_.offsets[state]


def test_a_delay_line_of_states_is_shifted_from_its_end(build, tmp_path):
    net = Net()
    x, first, second = net.tensor(1), net.tensor(1), net.tensor(1)
    y = net.add(net.add(x, first), second)
    source = net.bytes({"x": x, "a": first, "b": second}, {"a_out": net.relu(x), "b_out": first, "y": y})
    (tmp_path / "model.tflite").write_bytes(source)
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(8))


def test_states_that_swap_places_are_refused():
    net = Net()
    x, a, b = net.tensor(1), net.tensor(1), net.tensor(1)
    y = net.add(x, net.add(a, b))
    with pytest.raises(ModelError, match="in a circle"):
        planned(net.bytes({"x": x, "a": a, "b": b}, {"a_out": b, "b_out": a, "y": y}))


def test_an_output_that_a_state_would_overwrite_is_kept(build, tmp_path):
    net = Net()
    x, state = net.tensor(1), net.tensor(4)
    window = net.concat(state, net.relu(x))
    source = net.bytes({"x": x, "past": state}, {"y": window, "past_out": net.slice(window, 1, 4)})
    (tmp_path / "model.tflite").write_bytes(source)
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(8))


def test_states_start_at_their_zero_point(build, tmp_path):
    (tmp_path / "model.tflite").write_bytes(streaming_layer())
    network = build(tmp_path / "model.tflite")
    first = network.run(np.full((1, WIDTH), ZERO, np.int8))[0]
    assert (first == ZERO).all()


def test_a_chain_reuses_its_memory():
    net = Net()
    tensor = x = net.tensor(8)
    for _ in range(10):
        tensor = net.relu(tensor)
    _, plan_ = planned(net.bytes({"x": x}, {"y": tensor}))
    assert plan_.arena_bytes == 8 * WIDTH
