"""UNIDIRECTIONAL_SEQUENCE_LSTM against TFLite Micro's reference kernels, with its state kept from call to call."""

from collections.abc import Iterator
from pathlib import Path

import m55
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge import judge
from random_models import TANH, ZEROS, LstmLayer, examples

from firmware.modelc import ModelError, compile_model
from firmware.modelc.operators import lower
from firmware.modelc.operators.lstm import sigmoid_curve, sigmoid_table
from firmware.modelc.reader import read
from firmware.modelc.targets import target_named
from firmware.modelc.tflite_file import TfliteFile


@examples(24)
@given(st.data())
def test_random_layers(check, data):
    draw = data.draw
    layer = LstmLayer(
        batches=draw(st.integers(1, 2)),
        steps=draw(st.integers(1, 4)),
        depth=draw(st.integers(1, 9)),
        units=draw(st.integers(1, 9)),
        time_major=draw(st.booleans()),
        input_scale=draw(st.sampled_from([0.004, 0.03, 0.2])),
        hidden_scale=draw(st.sampled_from([1 / 128, 0.0051, 0.0078])),
        cell_scale=2.0 ** draw(st.integers(-15, -7)),
        zeros=(draw(ZEROS), draw(ZEROS)),
        clip=draw(st.sampled_from([0.0, 0.0, 0.4, 2.5])),
        seed=draw(st.integers(0, 1 << 30)),
    )
    model, source, result = layer.build()
    check(model, [source], [result])


def test_the_whole_range_of_the_gates(check):
    # Inputs small enough that the gates seldom saturate, over enough calls to see most of the table.
    model, source, result = LstmLayer(input_scale=0.001, steps=20, depth=3, units=24).build()
    check(model, [source], [result])


def layers() -> Iterator[LstmLayer]:
    """The corners of groups, blocks and vectors; gates from all but still to saturated; every scale of the cell."""
    for seed, units in enumerate((*range(1, 10), 15, 16, 17, 31, 33, 48)):
        depth = (seed * 13) % 35 + 1
        zeros = ((-128, 127, 0, -3)[seed % 4], (127, -128, 5)[seed % 3])
        yield LstmLayer(1 + seed % 2, 1 + seed % 3, depth, units, time_major=seed % 5 == 2, zeros=zeros, seed=seed)
    for seed, depth in enumerate((4, 8, 32, 33, 36, 64)):
        yield LstmLayer(depth=depth, units=depth // 2, clip=(0.0, 0.4, 2.5)[seed % 3], seed=100 + seed)
    for seed, scale in enumerate((1e-5, 0.0004, 0.003, 0.2, 3.0)):  # factors of the gates from 2^-12 to 2^7
        yield LstmLayer(input_scale=scale, hidden_scale=(0.0051, 1 / 128)[seed % 2], steps=4, seed=200 + seed)
    for seed, power in enumerate((-20, -15, -13, -12, -9, -7, -3)):
        yield LstmLayer(cell_scale=2.0**power, steps=4, units=11, clip=(0.0, 0.001)[seed % 2], seed=300 + seed)
    yield LstmLayer(input_scale=0.001, steps=20, depth=3, units=24, seed=400)


def files(folder: Path) -> list[Path]:
    paths = []
    for number, layer in enumerate(layers()):
        model, source, result = layer.build()
        paths.append(folder / f"layer{number}.tflite")
        paths[-1].write_bytes(model.bytes([source], [result]))
    return paths


@pytest.mark.parametrize("target", ["dsp", "mve"])  # a Cortex-M55 runs both
def test_kernels_of_the_cores_give_the_same_bytes(target, tmp_path):
    paths = files(tmp_path)
    graphs = m55.build(paths, tmp_path, target)
    inputs = [
        np.random.default_rng(number).integers(-128, 128, (5, m55.sizes(graph)[0])).astype(np.int8)
        for number, graph in enumerate(graphs)
    ]
    for calls in inputs:
        calls[0], calls[1, ::2] = -128, 127
    results = m55.run(graphs, inputs, tmp_path)
    different = [
        path.name
        for path, graph, calls, result in zip(paths, graphs, inputs, results, strict=True)
        if not np.array_equal(result.outputs, judge(path, graph, calls))
    ]
    assert different == []


OPEN, SHUT = 32767, -32768  # what a gate is in Q3.12 when it is all but 1 or 0


def sweep(gate: int, first: int, depth: int, constants: tuple[int, int, int, int]) -> bytes:
    """A layer one of whose gates (input, forget, content, output) has what the first value of the input says, from
    `first` + 128 on, 256 values a unit; any other values of the input open it. The rest of the gates stand still.

    All products are in Q3.12 as they are. The hidden state is in Q0.15 and shows what is small, to the last bit.
    """
    model, units = TfliteFile(), 40
    weights = np.zeros((4, units, depth), np.int8)
    weights[gate, :, 0], weights[gate, :, 1:] = 1, 127
    bias = np.repeat(np.array(constants, np.int32)[:, None], units, axis=1)
    bias[gate] = first + 128 + 256 * np.arange(units)
    source, result = model.tensor((1, 256, depth), 2.0**-6, 0), model.tensor((1, 256, units), 2.0**-15, 0)
    across = [model.tensor((units, depth), 2.0**-6, 0, values) for values in weights]
    back = [model.tensor((units, units), 2.0**-6, 0, np.zeros((units, units), np.int8)) for _ in range(4)]
    biases = [model.tensor((units,), 2.0**-12, 0, values, "int32") for values in bias]
    hidden = model.tensor((1, units), 2.0**-15, 0, variable=True, name="hidden")
    cell = model.tensor((1, units), 2.0**-15, 0, dtype="int16", variable=True, name="cell")
    inputs = [source, *across, *back, -1, -1, -1, *biases, -1, -1, hidden, cell, -1, -1, -1, -1]
    model.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [result], FusedActivationFunction=TANH)
    return model.bytes([source], [result])


@pytest.mark.parametrize("target", ["dsp", "mve"])
def test_sigmoid_and_tanh_are_exact_to_the_last_bit(target, tmp_path):
    every = np.arange(-128, 128).astype(np.int8)
    # The cell is what passes the input gate, of content 1.
    small = sweep(0, SHUT, 1, (0, SHUT, OPEN, OPEN)), every.reshape(1, 256, 1)
    # Every other step the cell is filled; in the next, content near -1 empties it.
    calls = np.zeros((2, 256, 5), np.int8)
    calls[:, ::2, 1:] = 127
    calls[:, 1::2, 0] = every.reshape(2, 128)
    paths, inputs = [tmp_path / "sigmoid.tflite", tmp_path / "tanh.tflite"], []
    for path, (model, values) in zip(paths, (small, (sweep(2, -22000, 5, (OPEN, OPEN, 0, OPEN)), calls)), strict=True):
        path.write_bytes(model)
        inputs.append(values.reshape(len(values), -1))
    graphs = m55.build(paths, tmp_path, target)
    for path, graph, values, result in zip(paths, graphs, inputs, m55.run(graphs, inputs, tmp_path), strict=True):
        expected = judge(path, graph, values)
        assert len(np.unique(expected)) > 40
        np.testing.assert_array_equal(result.outputs, expected)


@pytest.mark.parametrize("target", ["dsp", "mve"])
def test_every_layer_runs_on_the_kernel_of_the_core(target, tmp_path):
    for path in files(tmp_path):
        graph = read(path)
        (step,) = lower(graph, graph.operators[0])
        assert target_named(target).fit(step).kernel in (f"{target}_lstm", "dsp_lstm_any")


def test_the_curve_is_the_table_and_its_mirror_image():
    curve, table = sigmoid_curve().astype(int), sigmoid_table().astype(int)
    np.testing.assert_array_equal(curve[256:-1], table - 32768)
    np.testing.assert_array_equal(curve, -curve[::-1])
    assert len(curve) == 513
    assert curve[-1] == curve[-2]


def test_two_layers_one_on_the_other(check):
    model, source, middle = LstmLayer(units=5).build()
    above = LstmLayer(depth=5, units=3, file=model, seed=2)
    _, seen, result = above.build()
    kind, inputs, outputs, options = model.operators.pop()
    model.operators.append((kind, [middle, *inputs[1:]], outputs, options))
    model.tensors[seen] |= {"shape": model.tensors[middle]["shape"]}
    model.tensors[seen] |= {key: model.tensors[middle][key] for key in ("scale", "zero")}
    check(model, [source], [result])


def test_init_starts_the_state_over(build, tmp_path):
    model, source, result = LstmLayer().build()
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    network = build(tmp_path / "model.tflite")
    assert [state.name for state in network.graph.states] == ["hidden", "cell"]
    calls = np.repeat(network.random_calls(1), 3, axis=0)
    outputs = network.run(calls)
    assert not (outputs[0] == outputs[1]).all()
    np.testing.assert_array_equal(outputs, network.run(calls))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"activation": 1}, "must have TANH as its activation"),
        ({"cell_scale": 2.0**-30}, "too far from 2"),
    ],
)
def test_layers_that_are_lacking_are_refused(change, reason, tmp_path):
    model, source, result = LstmLayer(**change).build()
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    with pytest.raises(ModelError, match=reason):
        compile_model(tmp_path / "model.tflite", tmp_path)


@pytest.mark.parametrize(
    ("position", "reason"), [(9, "peepholes"), (16, "a projection"), (20, "layer normalization"), (18, "'hidden' of")]
)
def test_variants_are_refused_by_name(position, reason, tmp_path):
    model, source, result = LstmLayer().build()
    kind, inputs, outputs, options = model.operators.pop()
    if position == 18:
        model.tensors[inputs[18]] |= {"data": np.zeros((1, 6), np.int8)}
    else:
        inputs[position] = inputs[1]
    model.operators.append((kind, inputs, outputs, options))
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    with pytest.raises(ModelError, match=reason):
        compile_model(tmp_path / "model.tflite", tmp_path)
