"""Files that cannot be compiled are refused with one sentence; damaged ones never end in a traceback."""

import struct
from pathlib import Path

import numpy as np
import pytest
import tflite
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_models import many_kinds

from firmware.modelc import ModelError, compile_model
from firmware.modelc.compiler import ENGINES
from firmware.modelc.reader import parse
from firmware.modelc.tflite_file import TfliteFile

VAD = Path(__file__).parents[3] / "firmware/models/vad.tflite"


def sound() -> TfliteFile:
    """A small dense network, for tests that spoil it."""
    model = TfliteFile()
    source, result = model.tensor((1, 4), 0.1, 3, name="in"), model.tensor((1, 2), 0.2, -5, name="out")
    weights = model.tensor((2, 4), 0.01, 0, np.arange(8, dtype=np.int8))
    model.operator("FULLY_CONNECTED", [source, weights], [result])
    return model


def refusal(model: TfliteFile, tmp_path: Path, ends: tuple[int, int] = (0, 1)) -> str:
    path = tmp_path / "model.tflite"
    path.write_bytes(model.bytes([ends[0]], [ends[1]]))
    with pytest.raises(ModelError) as caught:
        compile_model(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_the_sound_file_compiles(tmp_path):
    (tmp_path / "model.tflite").write_bytes(sound().bytes([0], [1]))
    assert compile_model(tmp_path / "model.tflite", tmp_path / "out").macs == 8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"RIFF....WAVEfmt ", "not a .tflite file"),
        (b"\x1c\x00\x00\x00TFL3", "truncated or damaged"),
        (VAD.read_bytes()[:5000], "truncated or damaged"),
    ],
)
def test_files_that_are_no_model_are_refused(content, reason, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        compile_model(path, tmp_path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        compile_model(tmp_path / "absent.tflite", tmp_path)
    with pytest.raises(ModelError, match="Is a directory"):
        compile_model(tmp_path, tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_a_tensor_of_another_type_is_named(dtype, tmp_path):
    model = sound()
    model.tensors[0]["dtype"] = dtype
    assert refusal(model, tmp_path) == f"tensor 0 'in' is {dtype}; quantize the model to int8 in full"


def test_float_weights_are_named(tmp_path):
    model = sound()
    model.tensors[2] |= {"dtype": "float32", "data": np.zeros(8, np.float32), "scale": None}
    assert refusal(model, tmp_path) == "tensor 2 'tensor/2' is float32; quantize the model to int8 in full"


def test_an_operator_that_is_lacking_is_named(tmp_path):
    model = sound()
    model.operators[0] = ("COS", [0], [1], {})
    message = refusal(model, tmp_path)
    assert message.startswith("operator 0 COS (output tensor 1 'out') is not supported; modelc knows ADD, ")


def test_a_loop_is_named(tmp_path):
    model = sound()
    result = model.tensor((1, 2), 0.2, -5)
    model.operator("WHILE", [1], [result])
    model.subgraphs = [TfliteFile(), TfliteFile()]
    assert "operator 1 WHILE is not supported: unroll the layer" in refusal(model, tmp_path)


def test_a_fused_activation_that_is_lacking_is_named(tmp_path):
    model = sound()
    model.operators[0][3]["FusedActivationFunction"] = 4
    assert refusal(model, tmp_path).startswith("operator 0 FULLY_CONNECTED has the fused activation TANH")


def test_a_dynamic_shape_is_named(tmp_path):
    model = sound()
    model.tensors[0]["shape"] = (1, 0)
    assert "tensor 0 'in' has a dynamic shape [1, 0]" in refusal(model, tmp_path)


def test_scales_that_a_concatenation_cannot_join_are_named(tmp_path):
    model = TfliteFile()
    source, result = model.tensor((1, 4), 0.1, 3), model.tensor((1, 8), 0.2, 3)
    model.operator("CONCATENATION", [source, source], [result], Axis=1)
    assert "must have one scale and zero point for tensor 0" in refusal(model, tmp_path)


def test_a_state_whose_ends_differ_in_scale_is_named(tmp_path):
    model = TfliteFile()
    source, result = model.tensor((1, 4), 0.1, 3), model.tensor((1, 4), 0.2, 3)
    model.operator("QUANTIZE", [source], [result])
    path = tmp_path / "model.tflite"
    path.write_bytes(model.bytes([source], [result], (["past"], ["past_out"])))
    with pytest.raises(ModelError, match=r"state 'past' enters with scale .* and leaves with"):
        compile_model(path, tmp_path)


def test_a_state_whose_ends_have_many_scales_is_told_in_one_line(tmp_path):
    model = TfliteFile()
    source = model.tensor((1, 400), np.linspace(0.1, 0.2, 400), 0, axis=1)
    result = model.tensor((1, 400), 0.2, 3)
    model.operator("QUANTIZE", [source], [result])
    path = tmp_path / "model.tflite"
    path.write_bytes(model.bytes([source], [result], (["past"], ["past_out"])))
    with pytest.raises(ModelError) as caught:
        compile_model(path, tmp_path)
    assert str(caught.value).endswith(
        "state 'past' enters with 400 scales and leaves with scale 0.20000000298023224 zero 3; "
        "give both ends one scale and convert again"
    )


def test_a_long_name_is_cut_in_messages(tmp_path):
    model = sound()
    model.tensors[0] |= {"name": "a" * 5000, "dtype": "int16"}
    assert refusal(model, tmp_path).startswith(f"tensor 0 '{'a' * 77}...' is int16")


def test_codes_that_no_operator_has_are_let_be(tmp_path):
    content = bytearray(sound().bytes([0], [1]))
    codes = tflite.Model.GetRootAsModel(content, 0)._tab
    where = codes.Vector(codes.Offset(6)) - 4  # the list's length; what it then leads to is no table
    (length,) = struct.unpack_from("<I", content, where)
    assert length == 1
    struct.pack_into("<I", content, where, 3)
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    for engine in ("earshot", "tflm"):
        assert compile_model(path, tmp_path / "out", engine=engine).macs == 8


def test_inputs_that_a_subgraph_lacks_are_refused(tmp_path):
    content = bytearray(many_kinds())
    graph = tflite.Model.GetRootAsModel(content, 0).Subgraphs(1)
    assert graph.InputsLength() == graph.OutputsLength() == 0
    where = graph._tab.Vector(graph._tab.Offset(8)) - 4
    struct.pack_into("<I", content, where, 40)  # what comes after the list is read as inputs
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="subgraph 1 has an input or output that is not there"):
        compile_model(path, tmp_path / "out", engine="tflm")


def test_weights_that_can_overflow_are_refused(tmp_path):
    model = sound()
    bias = model.tensor((2,), 0.001, 0, np.array([(1 << 31) - 100, 0], np.int32), "int32")
    model.operators[0][1].append(bias)
    assert "can overflow 32 bits in channel 0" in refusal(model, tmp_path)


@pytest.mark.parametrize(("kernel", "dilation"), [((200, 1), (1 << 24, 1)), ((2, 1), (1 << 23, 1))])
def test_taps_too_far_apart_are_refused(kernel, dilation, tmp_path):
    model = TfliteFile()
    image, result = model.tensor((1, 1, 128, 4), 0.1, 3), model.tensor((1, 1, 128, 1), 0.2, 3)
    weights = model.tensor((1, *kernel, 4), 0.01, 0, np.ones((1, *kernel, 4), np.int8))
    options = {"StrideH": 1, "StrideW": 1, "DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
    model.operator("CONV_2D", [image, weights], [result], Padding=0, **options)
    assert "its taps are too far apart" in refusal(model, tmp_path, (image, result))


def attempt(content: bytes, folder: Path) -> None:
    """A damaged model must be refused with a ModelError of one line, or give C whose tensors lie in its arena."""
    path = folder / "model.tflite"
    path.write_bytes(content)
    for engine in ENGINES:
        try:
            compiled = compile_model(path, folder / "out", engine=engine)
        except ModelError as error:
            assert "\n" not in str(error)
            assert len(str(error)) < 1000
            assert str(error).startswith(str(path))
            continue
        assert 0 <= compiled.arena_bytes <= 1 << 30


fuzz = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@fuzz
@given(st.integers(0, VAD.stat().st_size - 1))
def test_truncated_files_are_refused(tmp_path, length):
    attempt(VAD.read_bytes()[:length], tmp_path)


@fuzz
@given(st.data())
def test_flipped_bits_are_survived(tmp_path, data):
    content = bytearray(data.draw(st.sampled_from([VAD.read_bytes(), SOUND, MANY_KINDS])))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    attempt(bytes(content), tmp_path)


def test_the_network_of_many_kinds_compiles(tmp_path):
    (tmp_path / "model.tflite").write_bytes(many_kinds())
    compiled = compile_model(tmp_path / "model.tflite", tmp_path / "out")
    assert sorted(compiled.states) == ["cell", "hidden", "past"]


SOUND, MANY_KINDS = sound().bytes([0], [1]), many_kinds()
WORDS = [0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FC00000, 0x7F800000, 0x00000001, 0x7E967699, 65536, 4096]


@fuzz
@given(st.data())
def test_wild_numbers_are_survived(tmp_path, data):
    content = bytearray(data.draw(st.sampled_from([SOUND, MANY_KINDS])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(2, len(content) // 4 - 1)) * 4
        number = data.draw(st.sampled_from(WORDS))
        struct.pack_into("<I", content, place, number)
    attempt(bytes(content), tmp_path)


@fuzz
@given(st.binary(max_size=200))
def test_noise_behind_the_mark_is_refused(noise):
    with pytest.raises(ModelError):
        parse(noise[:4].ljust(4, b"\0") + b"TFL3" + noise[4:])


def test_names_that_c_cannot_spell_are_made_to_fit(build, tmp_path):
    model = sound()
    model.tensors[0]["name"], model.tensors[1]["name"] = 'bösé "\\ ??/ in\n', "/*1-out*/*"
    path = tmp_path / "9 lives-größe.tflite"
    path.write_bytes(model.bytes([0], [1]))
    compiled = compile_model(path, tmp_path / "out")
    assert compiled.name == "_9_lives_gr__e"
    network = build(path)
    network.assert_exact(network.random_calls(4))
