"""Networks whose inputs and outputs are float32, against TFLite Micro's reference kernels."""

from pathlib import Path

import numpy as np
import pytest

from firmware.modelc import ModelError, compile_model
from firmware.modelc.tflite_file import TfliteFile


def through_int8(scale: float, zero: int, count: int = 4096) -> tuple[TfliteFile, int, int]:
    """float32 to int8 and back."""
    model = TfliteFile()
    source = model.tensor((1, count), None, None, dtype="float32", name="in")
    middle = model.tensor((1, count), scale, zero)
    result = model.tensor((1, count), None, None, dtype="float32", name="out")
    model.operator("QUANTIZE", [source], [middle])
    model.operator("DEQUANTIZE", [middle], [result])
    return model, source, result


def written(model: TfliteFile, ends: tuple[int, int], folder: Path) -> Path:
    path = folder / "model.tflite"
    path.write_bytes(model.bytes([ends[0]], [ends[1]]))
    return path


@pytest.mark.parametrize("scale", [1.0, 0.1, 0.003921568859368563, 7.3e-5, 1e-30, 3e20])
@pytest.mark.parametrize("zero", [-128, -3, 0, 127])
def test_every_step_and_the_ties_between_them(build, tmp_path, scale, zero):
    model, source, result = through_int8(scale, zero)
    network = build(written(model, (source, result), tmp_path))
    # Halves and what lies next to them, where a wrong rounding shows; then values in between.
    steps = np.arange(-600, 600, dtype=np.float64) / 2
    ties = (steps * np.float32(scale)).astype(np.float32)
    near = [np.nextafter(ties, np.float32(np.inf)), ties, np.nextafter(ties, np.float32(-np.inf))]
    random = np.random.default_rng(1).normal(0, 90 * scale, 4096 - 3 * len(ties)).astype(np.float32)
    network.assert_exact(np.concatenate([*near, random])[None].view(np.int8))


def test_what_is_far_off_saturates_and_what_is_no_number_is_zero(build, tmp_path):
    model, source, result = through_int8(0.5, 5, count=6)
    network = build(written(model, (source, result), tmp_path))
    values = np.array([[1e30, -1e30, np.inf, -np.inf, np.nan, -np.nan]], np.float32)
    # TFLite Micro leaves these to C's undefined conversion; here every core gives the same.
    np.testing.assert_array_equal(network.run(values.view(np.int8)).view(np.float32), [[61, -66.5, 61, -66.5, 0, 0]])


def test_a_caller_is_told_which_tensors_are_floats(tmp_path):
    model, source, result = through_int8(0.5, 5, count=6)
    compile_model(written(model, (source, result), tmp_path), tmp_path, name="net")
    text = (tmp_path / "net.c").read_text()
    assert '{.name = "in", .bytes = 24, .type = NN_FLOAT32},' in text
    assert ' * input 0 "in": float32[1][6], 24 bytes\n' in (tmp_path / "net.h").read_text()


def test_one_end_may_be_int8(build, tmp_path):
    model = TfliteFile()
    source, middle = model.tensor((2, 5), None, None, dtype="float32"), model.tensor((2, 5), 0.02, -7)
    result = model.tensor((2, 5), 1 / 256, -128)
    model.operator("QUANTIZE", [source], [middle])
    model.operator("LOGISTIC", [middle], [result])
    network = build(written(model, (source, result), tmp_path))
    network.assert_exact(network.random_calls(20))


def test_an_operator_on_floats_is_refused_by_name(tmp_path):
    model = TfliteFile()
    ends = [model.tensor((1, 4), None, None, dtype="float32") for _ in range(2)]
    model.operator("LOGISTIC", [ends[0]], [ends[1]])
    with pytest.raises(ModelError, match="tensor 0 'tensor/0' is float32; quantize the model to int8 in full"):
        compile_model(written(model, (ends[0], ends[1]), tmp_path), tmp_path)


def test_a_state_of_floats_starts_at_zero_and_is_carried(build, tmp_path):
    model = TfliteFile()
    x, past = (model.tensor((1, 4), None, None, dtype="float32") for _ in range(2))
    steps = [model.tensor((1, 4), 0.05, zero) for zero in (3, -4)]
    total, after = model.tensor((1, 4), 0.06, 1), model.tensor((1, 4), None, None, dtype="float32")
    for source, step in zip((x, past), steps, strict=True):
        model.operator("QUANTIZE", [source], [step])
    model.operator("ADD", steps, [total])
    model.operator("DEQUANTIZE", [total], [after])
    path = tmp_path / "model.tflite"
    path.write_bytes(model.bytes([x, past], [after, total], (["x", "sum"], ["sum_out", "y"])))
    network = build(path)
    assert [state.name for state in network.graph.states] == ["sum"]
    network.assert_exact(network.random_calls(20))
