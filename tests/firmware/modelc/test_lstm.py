"""UNIDIRECTIONAL_SEQUENCE_LSTM against TFLite Micro's reference kernels, with its state kept from call to call."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import ZEROS, LstmLayer, examples

from firmware.modelc import ModelError, compile_model


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
