"""Images of many networks: built, filled, run, read; what goes wrong is told in a sentence."""

import numpy as np
import pytest

from firmware.bench import stream
from firmware.bench.asr_shape import network
from firmware.bench.errors import BenchError
from firmware.bench.image import Builder, Job, Runner
from firmware.bench.record import VAD
from firmware.modelc import compile_model
from firmware.modelc.reader import read
from firmware.modelc.tflite_file import TfliteFile


@pytest.fixture
def compiled(builder, tmp_path):
    def make(path, name):
        return compile_model(path, tmp_path / name, builder.board.modelc_target, name)

    return make


def test_networks_share_an_image_and_each_job_starts_afresh(builder, compiled, tmp_path):
    small = tmp_path / "small.tflite"
    small.write_bytes(network(seed=3, blocks=1, channels=16))
    paths = [VAD, small]
    image = builder.image([compiled(path, f"net{i}") for i, path in enumerate(paths)])
    graphs = [read(path) for path in paths]
    random = np.random.default_rng(4)
    inputs = [random.integers(-128, 128, (3, sum(stream.sizes(graph)))).astype(np.int8) for graph in graphs]
    order = [0, 1, 0, 1, 1]

    results = image.run([Job(i, inputs[i]) for i in order])

    for i, result in zip(order, results, strict=True):
        np.testing.assert_array_equal(result.outputs, stream.judge(paths[i], graphs[i], inputs[i]))
        assert len(result.instructions) == 2
    assert results[0].instructions == results[2].instructions
    assert results[1].instructions == results[3].instructions == results[4].instructions


def test_the_stack_is_what_the_first_call_used(builder, assembly):
    code = """sub sp, #400
              str r0, [sp]
              add sp, #400"""
    (result,) = builder.image([assembly(code)]).run([Job(0, np.zeros((1, 4), np.int8))])
    assert 400 <= result.stack_bytes <= 480


def test_constants_beyond_the_flash_of_a_board_find_room_elsewhere(tmp_path):
    file = TfliteFile()
    x, y = file.tensor((1, 4000), 0.1), file.tensor((1, 150), 1.0)
    values = np.random.default_rng(1).integers(-127, 128, (150, 4000)).astype(np.int8)
    file.operator("FULLY_CONNECTED", [x, file.tensor((150, 4000), 0.01, 0, values)], [y])
    path = tmp_path / "wide.tflite"
    path.write_bytes(file.bytes([x], [y]))
    graph = read(path)
    inputs = stream.inputs(graph, calls=1)
    with Builder("mps3_an547") as builder:
        assert builder.board.image.memory["FLASH"].length < values.nbytes
        image = builder.image([compile_model(path, tmp_path, "mve")])
        assert image.sizes().constants > values.nbytes
        (result,) = image.run([Job(0, inputs)])
    np.testing.assert_array_equal(result.outputs, stream.judge(path, graph, inputs))


def test_an_arena_that_the_board_has_no_room_for_is_refused(builder, assembly):
    with pytest.raises(BenchError, match=r"lacks \d+ bytes of the board's RAM"):
        builder.image([assembly("nop", arena_bytes=5 << 20)])


def test_inputs_of_another_size_are_refused(builder, assembly):
    image = builder.image([assembly("nop")])
    with pytest.raises(BenchError, match="another size"):
        image.run([Job(0, np.zeros((1, 5), np.int8))])
    with pytest.raises(BenchError, match="a network that the image does not have"):
        image.run([Job(1, np.zeros((1, 4), np.int8))])


def test_an_image_that_faults_says_so(builder, assembly):
    with pytest.raises(BenchError, match="the image faulted"):
        builder.image([assembly("udf #0")]).run([Job(0, np.zeros((1, 4), np.int8))])


def test_a_stack_that_overflows_is_told(builder, assembly):
    code = """mov r1, sp
              movw r2, #1000
              1: push {r4-r11}
              subs r2, #1
              bne 1b
              mov sp, r1"""
    with pytest.raises(BenchError, match=r"overflows|faulted"):
        builder.image([assembly(code)]).run([Job(0, np.zeros((1, 4), np.int8))])


def test_an_image_that_hangs_is_ended(m4, assembly):
    with pytest.raises(BenchError, match="has not ended after 2 s"):
        m4.image([assembly("1: b 1b")]).run([Job(0, np.zeros((1, 4), np.int8))], timeout_s=2)


def test_c_that_does_not_compile_is_told_with_the_compilers_words(m4, tmp_path, assembly):
    network = assembly("nop")
    network.files[0].write_text("int broken(")
    with pytest.raises(BenchError, match="error: "):
        m4.image([network])


def test_boards_that_qemu_does_not_emulate_are_refused():
    with pytest.raises(BenchError, match="artemis is not emulated by QEMU; choose one of mps2_an386, mps3_an547"):
        Runner("artemis")
