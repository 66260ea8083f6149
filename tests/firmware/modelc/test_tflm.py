"""engine=tflm: what modelc generates for nn/tflm/engine.cc, and the adapter on a TFLite Micro library.

The library is not the project's: EARSHOT_TFLM_INCLUDE (folders separated by colons) and EARSHOT_TFLM_LIB (a .a file
for this computer) name one, as tflm_include and tflm_lib do for scons. firmware/nn/tflm/README.md says what to build.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from judge import interface_order

from firmware.modelc import ModelError, compile_model
from firmware.modelc.emitter import from_q8_q16
from firmware.modelc.operators import LOWERINGS
from firmware.modelc.reader import read
from firmware.modelc.tflite_file import TfliteFile
from firmware.modelc.tflm_arena import need
from tests.firmware.modelc.network import REPOSITORY, SANITIZERS, WARNINGS, Network

VAD = REPOSITORY / "firmware/models/vad.tflite"
ENGINE = REPOSITORY / "firmware/nn/tflm/engine.cc"
SHAPE, ZERO = (1, 3, 4), -7

needs_cxx = pytest.mark.skipif(not shutil.which("g++"), reason="needs g++")


def delay_line() -> bytes:
    """y = x + a + b, where a is the last x and b the one before: each state is another's input, or the network's."""
    net = TfliteFile()
    x, a, b, sum_, y = (net.tensor(SHAPE, 0.05, ZERO) for _ in range(5))
    net.operator("ADD", [x, a], [sum_])
    net.operator("ADD", [sum_, b], [y])
    return net.bytes([b, x, a], [y, x, a], (["b", "x", "a"], ["y", "a_out", "b_out"]))


@pytest.fixture(params=["vad", "delay line"])
def model(request, tmp_path) -> Path:
    """A .tflite file with states."""
    if request.param == "vad":
        return VAD
    path = tmp_path / "delay_line.tflite"
    path.write_bytes(delay_line())
    return path


# Without a library


PRINT = """
#include "net_tflm.h"
#include <cstdio>
#define NAME(method) printf("method %s\\n", #method);
int main() {
    printf("network %s %u %u\\n", network::kName, network::kCrc32, network::kVariables);
    printf("bytes %u %u %u\\n", network::kArenaBytes, network::kRecordBytes, network::kStateBytes);
    printf("file %u %u\\n", network::kFileInputs, network::kFileOutputs);
    for (auto &s : network::kStates) {
        printf("state %u %u %u %u %d\\n", s.input_slot, s.output_slot, s.bytes, s.offset, s.zero_point);
    }
    for (unsigned i = 0; i < network::kInputs.size(); i++) {
        auto &t = network::kInputs[i];
        printf("input %s %u %d %u %u\\n", t.name, t.bytes, t.zero_point, t.from_q8_q16, network::kInputSlots[i]);
    }
    for (unsigned i = 0; i < network::kOutputs.size(); i++) {
        auto &t = network::kOutputs[i];
        printf("output %s %u %d %u %u\\n", t.name, t.bytes, t.zero_point, t.from_q8_q16, network::kOutputSlots[i]);
    }
    printf("operators %u\\n", network::kOperators);
    NETWORK_OPERATORS(NAME)
}
"""


def generated(model: Path, folder: Path, **options) -> dict[str, list[list[str]]]:
    """What the generated header says, as a C++ compiler reads it: the values of each line, by its first word."""
    compile_model(model, folder, name="net", engine="tflm", **options)
    (folder / "print.cc").write_text(PRINT)
    include = f"-I{REPOSITORY / 'firmware/nn'}"
    strict = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wsign-conversion"]
    subprocess.run(["gcc", *WARNINGS, "-c", "net_tflite.c"], cwd=folder, check=True)
    subprocess.run(["g++", *strict, include, "print.cc", "net_tflite.o", "-o", "print"], cwd=folder, check=True)
    said: dict[str, list[list[str]]] = {}
    for line in subprocess.run([folder / "print"], capture_output=True, text=True, check=True).stdout.splitlines():
        word, *values = line.split()
        said.setdefault(word, []).append(values)
    return said


@needs_cxx
def test_the_header_tells_tensors_and_states_where_the_file_has_them(model, tmp_path):
    graph, said = read(model), generated(model, tmp_path)
    inputs, outputs = interface_order(graph)

    def rows(named, slots):
        tensors = [(name, index, graph.tensors[index]) for name, index in named]
        return [
            [name, str(t.count), str(t.zero_point), str(from_q8_q16(t)), str(slots.index(i))] for name, i, t in tensors
        ]

    assert said["network"] == [["net", str(graph.crc32), "0"]]
    assert said["file"] == [[str(len(inputs)), str(len(outputs))]]
    assert said["input"] == rows(graph.inputs, inputs)
    assert said["output"] == rows(graph.outputs, outputs)
    end = 0
    for state, values in zip(graph.states, said["state"], strict=True):
        tensor = graph.tensors[state.input]
        slots = [inputs.index(state.input), outputs.index(state.output)]
        assert [int(value) for value in values] == [*slots, tensor.count, end, tensor.zero_point]
        end += tensor.count
    assert said["bytes"][0][2] == str(end)


@needs_cxx
def test_a_network_without_states_has_none_in_the_header(tmp_path):
    net = TfliteFile()
    x, y = net.tensor(SHAPE), net.tensor(SHAPE)
    net.operator("RELU", [x], [y])
    (tmp_path / "model.tflite").write_bytes(net.bytes([x], [y]))
    said = generated(tmp_path / "model.tflite", tmp_path)
    assert "state" not in said
    assert said["bytes"][0][2] == "0"


@needs_cxx
def test_the_arena_is_what_was_reckoned_or_asked_for(model, tmp_path):
    graph = read(model)
    needed = need(graph.source, sum(graph.tensors[state.input].count for state in graph.states))
    said = generated(model, tmp_path)["bytes"][0]
    assert [int(value) for value in said[:2]] == [needed.arena.on(8), needed.records.on(8)]
    assert generated(model, tmp_path, tflm_arena=77000)["bytes"][0][0] == "77000"


@needs_cxx
def test_the_operators_are_those_of_the_file_each_once(tmp_path):
    said = generated(VAD, tmp_path)
    kinds = {operator.kind for operator in read(VAD).operators}
    assert sorted(values[0] for values in said["method"]) == sorted(LOWERINGS[kind].tflm for kind in kinds)
    assert said["operators"] == [[str(len(said["method"]))]]


@pytest.mark.parametrize("kind", sorted(LOWERINGS))
def test_every_operator_is_named_as_the_resolver_names_it(kind):
    method = LOWERINGS[kind].tflm
    assert method.lower() == "add" + kind.replace("_", "").lower()
    folders = os.environ.get("EARSHOT_TFLM_INCLUDE", "").split(":")
    headers = [Path(folder) / "tensorflow/lite/micro/micro_mutable_op_resolver.h" for folder in folders if folder]
    for header in (header for header in headers if header.exists()):
        assert re.search(rf"TfLiteStatus {method}\(", header.read_text())


@pytest.mark.parametrize("pointer_bytes", [4, 8])
def test_the_reckoning_grows_with_the_network_and_holds_the_records(pointer_bytes):
    small, large = need(delay_line(), 0), need(VAD.read_bytes(), 0)
    for needed in (small, large):
        assert needed.records.on(pointer_bytes) < needed.arena.on(pointer_bytes)
    assert small.arena.on(pointer_bytes) < large.arena.on(pointer_bytes)
    assert need(VAD.read_bytes(), 1600).arena.on(pointer_bytes) == large.arena.on(pointer_bytes) + 1600


def test_tflite_micro_itself_runs_in_the_reckoned_arena(model):
    # In a process of its own: with too little memory for its records it crashes.
    bytes_ = need(read(model).source, 0).arena.on(8)
    program = (
        "from tflite_micro.python.tflite_micro import runtime\n"
        f"runtime.Interpreter.from_file({str(model)!r}, arena_size={bytes_}).invoke()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"engine": "tensor"}, "there is no engine 'tensor'; choose one of earshot, tflm"),
        ({"tflm_arena": 5000}, "needs engine tflm"),
        ({"engine": "tflm", "tflm_arena": 0}, "1 to 2"),
    ],
)
def test_an_engine_or_arena_that_cannot_be_is_refused(options, reason, tmp_path):
    with pytest.raises(ModelError, match=reason):
        compile_model(VAD, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


# With one


@pytest.fixture(scope="session")
def library() -> tuple[list[str], str]:
    """The compiler's options for the headers, and the archive; skips where none is named."""
    include, archive = os.environ.get("EARSHOT_TFLM_INCLUDE", ""), os.environ.get("EARSHOT_TFLM_LIB", "")
    if not include or not archive:
        pytest.skip("EARSHOT_TFLM_INCLUDE and EARSHOT_TFLM_LIB name no TFLite Micro library for this computer")
    return [option for folder in include.split(":") for option in ("-isystem", folder)], archive


def linked(
    model: Path, folder: Path, library: tuple[list[str], str], **options
) -> subprocess.CompletedProcess[str] | Network:
    """The network on the library, under the sanitizers; or what the compiler said where it refused."""
    includes, archive = library
    compile_model(model, folder, name="net", engine="tflm", **options)
    own = [f"-I{folder}", f"-I{REPOSITORY / 'firmware/nn'}"]
    driver = Path(__file__).with_name("tflm_driver.c")
    c = ["gcc", *WARNINGS, *SANITIZERS, *own, "-DMODEL=net_model", "-c", driver, "net_tflite.c"]
    subprocess.run(c, cwd=folder, check=True)
    cxx = ["g++", "-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-O1", "-g"]
    cxx += ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion", "-Wsign-conversion", *SANITIZERS]
    cxx += ["-DTF_LITE_STATIC_MEMORY", '-DTFLM_NETWORK="net_tflm.h"', *own, *includes]
    cxx += ["-fno-sanitize=vptr", ENGINE, "tflm_driver.o", "net_tflite.o", archive, "-o", "net"]
    done = subprocess.run(cxx, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return done
    return Network(folder / "net", model, read(model))


def runs(network: Network, calls: np.ndarray) -> np.ndarray:
    """Outputs [3, calls, bytes] of the driver's three runs."""
    done = subprocess.run([network.program], input=calls.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.int8).reshape(3, len(calls), -1)


def test_two_arenas_and_a_restart_give_the_bytes_of_our_own_engine(model, tmp_path, library, build):
    network = linked(model, tmp_path, library)
    assert isinstance(network, Network), network.stderr
    calls = network.random_calls(60)
    forwards, backwards, again = runs(network, calls)
    own = build(model)
    np.testing.assert_array_equal(forwards, own.run(calls))
    np.testing.assert_array_equal(backwards, own.run(calls[::-1]))
    np.testing.assert_array_equal(again, forwards)


@pytest.mark.parametrize("name", ["kws_ref_model", "ad01_int8", "str_ww_ref_model", "hello_world_int8"])
def test_other_models_run_in_the_reckoned_arena(name, tmp_path, library, build, other_models):
    model = other_models / f"{name}.tflite"
    network = linked(model, tmp_path, library)
    assert isinstance(network, Network), network.stderr
    calls = network.random_calls(3)
    np.testing.assert_array_equal(runs(network, calls)[0], build(model).run(calls))


def test_an_arena_without_room_for_the_activations_is_refused_by_init(tmp_path, library):
    net = TfliteFile()
    x, y = net.tensor((1, 40, 40, 4)), net.tensor((1, 40, 40, 4))
    net.operator("RELU", [x], [y])
    (tmp_path / "model.tflite").write_bytes(net.bytes([x], [y]))
    network = linked(tmp_path / "model.tflite", tmp_path, library, tflm_arena=8000)
    assert isinstance(network, Network), network.stderr
    done = subprocess.run([network.program], input="", capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "scons tflm_arena=BYTES gives it more" in done.stderr


def test_an_arena_without_room_for_the_records_does_not_compile(tmp_path, library):
    done = linked(VAD, tmp_path, library, tflm_arena=4000)
    assert isinstance(done, subprocess.CompletedProcess)
    assert "tflm_arena is less than" in done.stderr
