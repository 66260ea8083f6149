"""UNIDIRECTIONAL_SEQUENCE_LSTM against TFLite Micro's reference kernels, with its state kept from call to call."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import ZEROS, examples
from tflite_file import TfliteFile

from firmware.modelc import ModelError, compile_model

TANH = 4


@dataclass
class Layer:
    """One LSTM layer on random weights; its fields are what the tests vary."""

    batches: int = 1
    steps: int = 3
    depth: int = 5
    units: int = 6
    time_major: bool = False
    input_scale: float = 0.03
    hidden_scale: float = 1 / 128
    cell_scale: float = 2.0**-12
    zeros: tuple[int, int] = (-3, 4)
    clip: float = 0.0
    seed: int = 1
    activation: int = TANH
    file: TfliteFile = field(default_factory=TfliteFile)
    inputs: list[int] = field(default_factory=list)

    def build(self) -> tuple[TfliteFile, int, int]:
        model, random = self.file, np.random.default_rng(self.seed)

        def weights(depth: int) -> int:
            values = random.integers(-127, 128, (self.units, depth)).astype(np.int8)
            return model.tensor((self.units, depth), random.uniform(0.003, 0.02), 0, values)

        def bias() -> int:
            values = random.integers(-4000, 4000, self.units).astype(np.int32)
            return model.tensor((self.units,), 1e-4, 0, values, "int32")

        lead = (self.steps, self.batches) if self.time_major else (self.batches, self.steps)
        state = (self.batches, self.units)
        source = model.tensor((*lead, self.depth), self.input_scale, self.zeros[0])
        result = model.tensor((*lead, self.units), self.hidden_scale, self.zeros[1])
        across = [weights(self.depth) for _ in range(4)]
        back = [weights(self.units) for _ in range(4)]
        biases = [bias() for _ in range(4)]
        hidden = model.tensor(state, self.hidden_scale, self.zeros[1], variable=True, name="hidden")
        cell = model.tensor(state, self.cell_scale, 0, dtype="int16", variable=True, name="cell")
        self.inputs = [source, *across, *back, -1, -1, -1, *biases, -1, -1, hidden, cell, -1, -1, -1, -1]
        options = {"FusedActivationFunction": self.activation, "CellClip": self.clip, "TimeMajor": self.time_major}
        model.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", self.inputs, [result], **options)
        return model, source, result


@examples(24)
@given(st.data())
def test_random_layers(check, data):
    draw = data.draw
    layer = Layer(
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
    model, source, result = Layer(input_scale=0.001, steps=20, depth=3, units=24).build()
    check(model, [source], [result])


def test_two_layers_one_on_the_other(check):
    model, source, middle = Layer(units=5).build()
    above = Layer(depth=5, units=3, file=model, seed=2)
    _, seen, result = above.build()
    kind, inputs, outputs, options = model.operators.pop()
    model.operators.append((kind, [middle, *inputs[1:]], outputs, options))
    model.tensors[seen] |= {"shape": model.tensors[middle]["shape"]}
    model.tensors[seen] |= {key: model.tensors[middle][key] for key in ("scale", "zero")}
    check(model, [source], [result])


def test_init_starts_the_state_over(build, tmp_path):
    model, source, result = Layer().build()
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
    model, source, result = Layer(**change).build()
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    with pytest.raises(ModelError, match=reason):
        compile_model(tmp_path / "model.tflite", tmp_path)


@pytest.mark.parametrize(
    ("position", "reason"), [(9, "peepholes"), (16, "a projection"), (20, "layer normalization"), (18, "'hidden' of")]
)
def test_variants_are_refused_by_name(position, reason, tmp_path):
    model, source, result = Layer().build()
    kind, inputs, outputs, options = model.operators.pop()
    if position == 18:
        model.tensors[inputs[18]] |= {"data": np.zeros((1, 6), np.int8)}
    else:
        inputs[position] = inputs[1]
    model.operators.append((kind, inputs, outputs, options))
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    with pytest.raises(ModelError, match=reason):
        compile_model(tmp_path / "model.tflite", tmp_path)
