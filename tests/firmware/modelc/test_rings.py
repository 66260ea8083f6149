"""Streaming windows in rings: the same bytes as TFLite Micro's, call after call, and nothing moved."""

import ctypes
import subprocess

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streams import VALID, Stream, streams

from firmware.modelc import compile_model, planner
from firmware.modelc.operators import lower
from firmware.modelc.planner import Plan, plan
from firmware.modelc.reader import parse
from firmware.modelc.targets import target_named
from tests.firmware.modelc.network import REPOSITORY

VAD = REPOSITORY / "firmware/models/vad.tflite"


def planned(source: bytes, target: str = "portable") -> Plan:
    graph = parse(source)
    core = target_named(target)
    steps = [core.fit(step) for operator in graph.operators for step in lower(graph, operator)]
    return plan(graph, steps, core.goes_round)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(streams(st.integers(1, 9)), st.sampled_from([("portable", 0.0, 0.8), ("dsp", 0.0, 0.8), ("portable", 1e9, 1e9)]))
def test_random_streams_are_exact_over_hundreds_of_calls(build, tmp_path, monkeypatch, net, choices):
    target, *worth = choices
    for name, value in zip(("_WORTH_CARRYING", "_WORTH_COPYING"), worth, strict=True):
        monkeypatch.setattr(planner, name, value)
    (tmp_path / "model.tflite").write_bytes(net.bytes())
    network = build(tmp_path / "model.tflite", target)
    network.assert_exact(network.random_calls(200))


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize(("axis", "width"), [(1, 1), (1, 3), (2, 1)])
@pytest.mark.parametrize(("state", "new"), [(4, 1), (4, 2), (5, 2), (7, 3), (3, 3)])
def test_a_window_under_a_convolution_becomes_a_ring(axis, width, state, new, depthwise):
    net = Stream(axis, width)
    net.output(net.conv(net.window(state, net.relu(net.input(new))), 3, depthwise=depthwise))
    plan_ = planned(net.bytes())
    assert plan_.moves == []
    assert [step.kernel for step in plan_.steps] == ["lookup", "depthwise" if depthwise else "conv"]
    (head,) = plan_.heads
    row = width * net.channels
    assert head.ring.size % (new * row) == 0
    assert (state + new) * row <= head.ring.size < (state + 2 * new) * row


@pytest.mark.parametrize(("state", "new"), [(5, 1), (6, 2), (8, 3)])
def test_a_state_that_the_network_shifts_itself_becomes_a_ring(build, tmp_path, state, new):
    net = Stream()
    net.output(net.conv(net.shifted(state, net.relu(net.input(new))), 3))
    plan_ = planned(net.bytes())
    assert plan_.moves == []
    assert [step.kernel for step in plan_.steps] == ["lookup", "depthwise"]
    (tmp_path / "model.tflite").write_bytes(net.bytes())
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(200))


def test_two_readers_and_a_second_window_share_the_new_rows(build, tmp_path):
    net = Stream()
    fresh = net.relu(net.input(1))
    first, second = net.window(4, fresh), net.window(8, fresh)
    for window in (first, first, second):
        net.output(net.conv(window, 3, 2))
    net.output(fresh)
    plan_ = planned(net.bytes())
    assert plan_.moves == []
    assert len(plan_.heads) == 2
    (tmp_path / "model.tflite").write_bytes(net.bytes())
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(300))


def test_the_caller_writes_new_rows_straight_into_the_ring(build, tmp_path):
    net = Stream()
    net.output(net.conv(net.window(4, net.input(2)), 5))
    plan_ = planned(net.bytes())
    assert [step.kernel for step in plan_.steps] == ["depthwise"]
    (tmp_path / "model.tflite").write_bytes(net.bytes())
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(300))


def pooled(net: Stream) -> None:
    window = net.window(4, net.relu(net.input(1)))
    result = net.tensor(4)
    options = {"Padding": VALID, "StrideH": 1, "StrideW": 1, "FilterHeight": 2, "FilterWidth": 1}
    net.file.operator("MAX_POOL_2D", [window], [result], **options)
    net.output(result)


def pointwise(net: Stream) -> None:
    net.output(net.conv(net.window(4, net.relu(net.input(1))), 1, depthwise=False))


def state_read_inside(net: Stream) -> None:
    window = net.window(4, net.relu(net.input(1)))
    net.output(net.conv(window, 3))
    net.output(net.relu(net.outputs["s1_out"]))


def past_read_inside(net: Stream) -> None:
    net.output(net.conv(net.window(4, net.relu(net.input(1))), 3))
    net.output(net.relu(net.inputs["s1"]))


def window_shown(net: Stream) -> None:
    window = net.window(4, net.relu(net.input(1)))
    net.output(net.conv(window, 3))
    net.output(window)


def middle_read(net: Stream) -> None:
    window = net.window(4, net.relu(net.input(1)))
    net.output(net.conv(window, 3))
    net.output(net.relu(net.slice(window, 2, 2)))


def newest_first(net: Stream) -> None:
    fresh = net.relu(net.input(1))
    net.inputs["s"] = net.tensor(4)
    window = net.concat(fresh, net.inputs["s"])
    net.outputs["s_out"] = net.slice(window, 0, 4)
    net.output(net.conv(window, 3))


def shifted_and_pooled(net: Stream) -> None:
    window = net.shifted(5, net.relu(net.input(1)))
    net.output(net.conv(window, 3))
    net.output(net.relu(window))


def shifted_and_read(net: Stream) -> None:
    net.output(net.conv(net.shifted(5, net.relu(net.input(1))), 3))
    net.output(net.relu(net.inputs["s1"]))


@pytest.mark.parametrize(
    "make",
    [
        pooled,
        pointwise,
        state_read_inside,
        past_read_inside,
        window_shown,
        middle_read,
        newest_first,
        shifted_and_pooled,
        shifted_and_read,
    ],
)
def test_what_no_ring_can_hold_is_carried(build, tmp_path, make):
    net = Stream()
    make(net)
    plan_ = planned(net.bytes())
    assert plan_.heads == []
    assert plan_.moves or any(step.kernel == "move" for step in plan_.steps)
    (tmp_path / "model.tflite").write_bytes(net.bytes())
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(30))


def test_states_that_are_carried_leave_room_for_other_windows(build, tmp_path):
    net = Stream()
    fresh = net.relu(net.input(16))
    for _ in range(5):
        result = net.tensor(16)
        net.file.operator("RELU", [net.conv(net.window(4, fresh), 5)], [result])
        fresh = result
    net.output(fresh)
    source = net.bytes()
    plan_ = planned(source)
    assert plan_.heads == []
    assert plan_.arena_bytes <= 1.1 * plan_.arena_bound
    assert plan_.arena_bytes < (5 * 4 + 20 + 2 * 16) * net.channels
    (tmp_path / "model.tflite").write_bytes(source)
    network = build(tmp_path / "model.tflite")
    network.assert_exact(network.random_calls(100))


def test_kernels_that_cannot_go_round_get_their_window_carried():
    net = Stream()
    net.output(net.conv(net.window(4, net.relu(net.input(1))), 3))
    graph = parse(net.bytes())
    steps = [step for operator in graph.operators for step in lower(graph, operator)]
    assert plan(graph, steps, lambda step: step.kernel != "depthwise").heads == []
    assert plan(graph, steps, lambda step: step.kernel == "depthwise").moves == []


def test_the_shipped_voice_detector_moves_nothing(tmp_path):
    compile_model(VAD, tmp_path, "portable", "vad")
    source = (tmp_path / "vad.c").read_text()
    assert source.count("nn_depthwise_ring(") == 6
    for function in ("memcpy", "memmove", "nn_carry", "nn_copy"):
        assert function not in source


class _Model(ctypes.Structure):
    """struct nn_model, as in engine.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("crc32", ctypes.c_uint32),
        ("arena_bytes", ctypes.c_uint32),
        ("inputs", ctypes.c_uint32),
        ("outputs", ctypes.c_uint32),
        ("input", ctypes.c_void_p),
        ("output", ctypes.c_void_p),
        ("init", ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)),
        ("invoke", ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)),
        ("input_data", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)),
        ("output_data", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)),
    )


class Instance:
    """A network of one input and one output, in an arena of its own that held something else before."""

    def __init__(self, model: _Model, sizes: tuple[int, int]) -> None:
        self.model, self.sizes = model, sizes
        self.arena = ctypes.create_string_buffer(b"\xa5" * model.arena_bytes, model.arena_bytes)
        self.restart()

    def restart(self) -> None:
        assert self.model.init(self.arena)

    def call(self, values: np.ndarray) -> bytes:
        ctypes.memmove(self.model.input_data(self.arena, 0), values.tobytes(), self.sizes[0])
        assert self.model.invoke(self.arena)
        return ctypes.string_at(self.model.output_data(self.arena, 0), self.sizes[1])


@pytest.fixture
def instances(tmp_path):
    """Makes independent instances of a stream."""

    def make(net: Stream, count: int) -> list[Instance]:
        (tmp_path / "model.tflite").write_bytes(net.bytes())
        compile_model(tmp_path / "model.tflite", tmp_path, "portable", "net")
        sources = [*sorted((REPOSITORY / "firmware/nn").glob("*.c")), tmp_path / "net.c"]
        includes = [f"-I{REPOSITORY / 'firmware/nn'}", f"-I{tmp_path}"]
        library = tmp_path / "net.so"
        subprocess.run(["gcc", "-std=c11", "-O1", "-shared", "-fPIC", *includes, *sources, "-o", library], check=True)
        model = _Model.in_dll(ctypes.CDLL(str(library)), "net_model")
        shown = next(index for name, index in net.outputs.items() if name.startswith("y"))
        sizes = tuple(int(np.prod(net.file.tensors[index]["shape"])) for index in (net.inputs["x0"], shown))
        return [Instance(model, sizes) for _ in range(count)]

    return make


def test_two_arenas_are_two_streams_and_init_starts_one_anew(instances):
    net = Stream()
    fresh = net.input(2)
    deeper = net.conv(net.window(6, fresh), 7)
    net.output(net.conv(net.window(5, net.relu(fresh)), 3, 2))
    net.outputs["y1"] = deeper
    reference, disturbed = instances(net, 2)
    calls = np.random.default_rng(7).integers(-128, 128, (40, 2, 4)).astype(np.int8)
    expected = [reference.call(call) for call in calls]
    reference.restart()
    for number in range(13):
        disturbed.call(calls[number] ^ 0x55)
    disturbed.restart()
    for number, call in enumerate(calls):
        assert disturbed.call(call) == expected[number]
        if number % 3 == 0:
            reference.call(call ^ 0x2A)
