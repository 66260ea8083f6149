"""Whole networks against TFLite Micro's reference kernels, bit for bit, under the sanitizers."""

import subprocess
import zlib
from pathlib import Path

import m55
import numpy as np
import pytest
from judge import judge
from random_models import many_kinds

from firmware.modelc import compile_model

REPOSITORY = Path(__file__).parents[3]
VAD = REPOSITORY / "firmware/models/vad.tflite"

# CRC-32 of the first output, and of the outputs of four calls, on the published inputs (xorshift32).
PUBLISHED = {
    "kws_ref_model": (0x13DBD71A, 0x05733D90),
    "ad01_int8": (0xF9FB5916, 0xD3B36201),
    "str_ww_ref_model": (0xE48F5C43, 0x595CD0DB),
    "hello_world_int8": (0xB669474D, 0xD5FAD4D2),
}


def xorshift(count: int) -> np.ndarray:
    """The published input bytes: the top byte of every state of xorshift32."""
    state, values = 0x12345678, np.empty(count, np.uint8)
    for i in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        values[i] = state >> 24
    return values.view(np.int8)


@pytest.mark.parametrize("name", PUBLISHED)
def test_other_models_give_the_published_checksums(name, build, other_models):
    network = build(other_models / f"{name}.tflite")
    size = network.random_calls(1).shape[1]
    outputs = network.run(xorshift(4 * size).reshape(4, size))
    assert (zlib.crc32(outputs[0].tobytes()), zlib.crc32(outputs.tobytes())) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_other_models_are_exact_on_random_inputs(name, build, other_models):
    network = build(other_models / f"{name}.tflite")
    network.assert_exact(network.random_calls(64))


def test_classifiers_are_exact_where_softmax_does_not_saturate(build, other_models):
    # Uniform noise drives the classes far apart; inputs near the zero point keep the probabilities mixed.
    for name in ("kws_ref_model", "str_ww_ref_model"):
        network = build(other_models / f"{name}.tflite")
        tensor = network.graph.tensors[network.graph.inputs[0][1]]
        noise = np.random.default_rng(5).normal(tensor.zero_point, 6, (64, tensor.count))
        calls = np.clip(np.rint(noise), -128, 127).astype(np.int8)
        assert len(np.unique(network.run(calls))) > 8
        network.assert_exact(calls)


def test_vad_is_exact_over_a_stream_with_its_state_carried(build):
    network = build(VAD)
    assert len(network.graph.states) == 6
    network.assert_exact(network.random_calls(400))


def test_vad_starts_over_with_every_init(build):
    network = build(VAD)
    calls = network.random_calls(20)
    np.testing.assert_array_equal(network.run(calls), network.run(calls))


@pytest.mark.parametrize("target", ["portable", "dsp"])
def test_every_target_gives_the_same_bytes(target, build):
    network = build(VAD, target)
    network.assert_exact(network.random_calls(32))


def test_helium_gives_the_same_bytes_with_the_state_carried(tmp_path):
    graphs = m55.build([VAD], tmp_path)
    calls = np.random.default_rng(1).integers(-128, 128, (64, m55.sizes(graphs[0])[0])).astype(np.int8)
    (result,) = m55.run(graphs, [calls], tmp_path)
    np.testing.assert_array_equal(result.outputs, judge(VAD, graphs[0], calls))


def test_other_models_give_the_published_checksums_on_helium(other_models, tmp_path):
    graphs = m55.build([other_models / f"{name}.tflite" for name in PUBLISHED], tmp_path)
    inputs = []
    for graph in graphs:
        size = m55.sizes(graph)[0]
        inputs.append(xorshift(4 * size).reshape(4, size))
    for name, result in zip(PUBLISHED, m55.run(graphs, inputs, tmp_path), strict=True):
        outputs = result.outputs
        assert (zlib.crc32(outputs[0].tobytes()), zlib.crc32(outputs.tobytes())) == PUBLISHED[name], name


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m55"])
def test_emitted_c_compiles_without_a_warning_for_the_boards(core, tmp_path):
    (tmp_path / "many.tflite").write_bytes(many_kinds())
    for path in (VAD, tmp_path / "many.tflite"):
        compile_model(path, tmp_path)
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wdouble-promotion"]
    subprocess.run(
        [
            *["arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", "-mfloat-abi=hard", "-O2", "-c", "-std=c11"],
            *[*warnings, f"-I{REPOSITORY / 'firmware/nn'}"],
            *["vad.c", "vad_tflite.c", "many.c", *sorted((REPOSITORY / "firmware/nn").glob("*.c"))],
        ],
        cwd=tmp_path,
        check=True,
    )


def test_the_tflite_micro_array_is_the_file(tmp_path):
    compiled = compile_model(VAD, tmp_path, name="vad")
    text = (tmp_path / "vad_tflite.c").read_text()
    body = text[text.index("{") + 1 : text.index("}")]
    assert bytes(int(byte, 16) for byte in body.replace("\n", " ").split(",") if byte.strip()) == VAD.read_bytes()
    header = (tmp_path / "vad_tflite.h").read_text()
    assert f"#define VAD_TFLM_OP_COUNT {len(compiled.operators)}" in header
    assert "X(AddDepthwiseConv2D)" in header
