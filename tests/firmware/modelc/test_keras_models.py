"""Whole networks as people build them in Keras and convert them, against TFLite Micro's reference kernels."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
tf = pytest.importorskip("tensorflow")
layers = tf.keras.layers


def sequential(shape: tuple[int, ...], *parts: Any, batch: int | None = 1) -> Any:
    return tf.keras.Sequential([tf.keras.Input(shape, batch_size=batch), *parts])


def conv1d_net() -> Any:
    return sequential(
        (32, 4),
        layers.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="relu"),
        layers.Conv1D(6, 5, strides=2),
        layers.BatchNormalization(),
        layers.ReLU(6.0),
        layers.GlobalAveragePooling1D(),
        layers.Dense(5, activation="softmax"),
    )


def mobile_net() -> Any:
    image = tf.keras.Input((16, 16, 3), batch_size=1)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    y = layers.Conv2D(24, 1, activation="relu6")(x)
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu6")(y)
    x = layers.Add()([x, layers.Conv2D(8, 1)(y)])
    x = layers.DepthwiseConv2D(3, depth_multiplier=4, padding="same", activation="relu")(x)
    return tf.keras.Model(image, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))


def squeeze_and_excite() -> Any:
    image = tf.keras.Input((8, 8, 6), batch_size=1)
    x = layers.Conv2D(8, 3, padding="same", activation="hard_swish")(image)
    gate = layers.Conv2D(4, 1, activation="relu")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Multiply()([x, layers.Conv2D(8, 1, activation="sigmoid")(gate)])
    return tf.keras.Model(image, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))


def dilated_net() -> Any:
    return sequential(
        (12, 12, 3),
        layers.Conv2D(6, 3, dilation_rate=2, activation="relu"),
        layers.DepthwiseConv2D(3, dilation_rate=2, depth_multiplier=2, padding="same"),
        layers.AveragePooling2D(2),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(3),
    )


def padded_and_permuted() -> Any:
    image = tf.keras.Input((10, 10, 3), batch_size=1)
    x = layers.ZeroPadding2D(((0, 1), (1, 2)))(image)
    x = layers.LeakyReLU()(layers.Conv2D(8, 3, strides=2, activation="relu")(x))
    x = layers.Reshape((8, -1))(layers.Permute((3, 1, 2))(x))
    return tf.keras.Model(image, [x, layers.Softmax()(x)])


def separable_and_grouped() -> Any:
    return sequential(
        (20, 4),
        layers.SeparableConv1D(8, 3, depth_multiplier=2, padding="same", activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(4, 3, groups=2),
        layers.Flatten(),
        layers.Dense(2, activation="sigmoid"),
    )


def arithmetic() -> Any:
    a, b = (tf.keras.Input((6, 4), batch_size=1) for _ in range(2))
    c = tf.keras.Input((6, 1), batch_size=1)
    joined = layers.Concatenate()([layers.Subtract()([a, b]), layers.Activation("tanh")(b)])
    return tf.keras.Model([a, b, c], [layers.Multiply()([a, c]), layers.ReLU(6.0)(joined), layers.Average()([a, b])])


def open_batch() -> Any:
    return sequential(
        (8, 8, 2),
        layers.Conv2D(4, 3),
        layers.Reshape((36, 4)),
        layers.Conv1D(3, 3),
        layers.Flatten(),
        layers.Dense(2),
        batch=None,
    )


def batch_of_two() -> Any:
    return sequential(
        (9, 7, 3),
        layers.Conv2D(5, 3, padding="same"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(4),
        batch=2,
    )


def causal_residual() -> Any:
    x = signal = tf.keras.Input((24, 6), batch_size=1)
    for dilation in (1, 2, 4):
        y = layers.Conv1D(6, 3, padding="causal", dilation_rate=dilation, activation="relu")(x)
        x = layers.Add()([x, layers.Conv1D(6, 1)(y)])
    return tf.keras.Model(signal, layers.Conv1D(3, 1, activation="tanh")(x))


MODELS = [
    conv1d_net,
    mobile_net,
    squeeze_and_excite,
    dilated_net,
    padded_and_permuted,
    separable_and_grouped,
    arithmetic,
    open_batch,
    batch_of_two,
    causal_residual,
    lambda: sequential((4, 5), layers.GRU(6, unroll=True), layers.Dense(2)),
    lambda: sequential((4, 5), layers.LSTM(6, unroll=True, return_sequences=True)),
]
NAMES = [*(model.__name__ for model in MODELS[:-2]), "gru_unrolled", "lstm_unrolled"]


def quantized(converter: Any, shapes: list[tuple[int, ...]], path: Path, *, ends: Any = tf.int8) -> Path:
    """Converts to int8 in full; any inputs will do to set the scales, for this checks arithmetic, not a training."""
    random = np.random.default_rng(3)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [random.normal(0, 1, shape).astype(np.float32) for shape in shapes] for _ in range(20)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = ends
    path.write_bytes(converter.convert())
    return path


def keras_file(model: Any, path: Path, *, ends: Any = tf.int8) -> Path:
    shapes = [tuple(size or 1 for size in end.shape) for end in model.inputs]
    return quantized(tf.lite.TFLiteConverter.from_keras_model(model), shapes, path, ends=ends)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_int8_networks_are_exact(model: Callable[[], Any], build, tmp_path):
    tf.keras.utils.set_random_seed(7)
    network = build(keras_file(model(), tmp_path / "model.tflite"))
    network.assert_exact(network.random_calls(16))


@pytest.mark.parametrize("ends", [tf.float32, tf.uint8], ids=["float32", "uint8"])
def test_networks_with_other_ends_are_exact(ends: Any, build, tmp_path):
    tf.keras.utils.set_random_seed(7)
    network = build(keras_file(squeeze_and_excite(), tmp_path / "model.tflite", ends=ends))
    tensors = [network.graph.tensors[index] for _, index in (*network.graph.inputs, *network.graph.outputs)]
    assert {tensor.dtype for tensor in tensors} == {ends.name}
    network.assert_exact(network.random_calls(16))


def variable(*shape: int, seed: int = 5, scale: float = 0.4) -> Any:
    return np.random.default_rng(seed).normal(0, scale, shape).astype(np.float32)


class Streaming(tf.Module):
    """A convolution over time that keeps what it has heard in a variable, and a second one behind it."""

    def __init__(self, *, filled: bool) -> None:
        super().__init__()
        self.past = tf.Variable(variable(1, 4, 6) if filled else np.zeros((1, 4, 6), np.float32))
        self.later = tf.Variable(np.zeros((1, 2, 8), np.float32))
        self.kernels = [tf.constant(variable(5, 6, 8)), tf.constant(variable(3, 8, 3))]

    @tf.function(input_signature=[tf.TensorSpec((1, 1, 6), tf.float32)])
    def __call__(self, x: Any) -> Any:
        heard = tf.concat([self.past, x], 1)
        self.past.assign(heard[:, 1:])
        y = tf.nn.relu(tf.nn.conv1d(heard, self.kernels[0], 1, "VALID"))
        heard = tf.concat([self.later, y], 1)
        self.later.assign(heard[:, 1:])
        return tf.nn.conv1d(heard, self.kernels[1], 1, "VALID")


def saved_model_file(module: tf.Module, folder: Path, *, quantized_variables: bool = False) -> Path:
    tf.saved_model.save(module, str(folder), signatures=module.__call__.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    converter.experimental_enable_resource_variables = True
    converter._experimental_variable_quantization = quantized_variables
    return quantized(converter, [tuple(module.__call__.input_signature[0].shape)], folder / "model.tflite")


@pytest.mark.parametrize("quantized_variables", [True, False])
@pytest.mark.parametrize("filled", [True, False])
def test_networks_that_keep_their_state_are_exact(filled, quantized_variables, build, tmp_path):
    network = build(saved_model_file(Streaming(filled=filled), tmp_path, quantized_variables=quantized_variables))
    dtypes = {network.graph.tensors[state.input].dtype for state in network.graph.states}
    assert dtypes == {"int8" if quantized_variables else "float32"}
    network.assert_exact(network.random_calls(24))


def lstm(units: int, depth: int, *, time_major: bool = False, seed: int = 1) -> Callable[[Any], Any]:
    """An LSTM that the converter makes one operator, as it does with Keras 2; gives the last and all outputs."""
    kernel, back = variable(depth, 4 * units, seed=seed), variable(units, 4 * units, seed=seed + 1)
    biases = variable(4 * units, seed=seed + 2)

    def layer(x: Any, h: Any, c: Any, *weights: Any) -> Any:
        (kernel, back, biases), outputs = weights, []
        for row in tf.unstack(x, axis=0 if time_major else 1):
            i, f, g, o = tf.split(row @ kernel + h @ back + biases, 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
            outputs.append(h)
        return h, tf.stack(outputs, 0 if time_major else 1), h, c, tf.constant(1.0)

    attributes = {"api_implements": f"lstm_{seed}", "time_major": time_major, "go_backwards": False}
    function = tf.function(layer, experimental_attributes=attributes, autograph=False)

    def apply(x: Any) -> Any:
        start = tf.zeros((x.shape[1 if time_major else 0], units))
        return function(x, start, start, *map(tf.constant, (kernel, back, biases)))[:2]

    return apply


class Recurrent(tf.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        first, second = lstm(7, 5, time_major=kind == "time_major"), lstm(4, 7, seed=9)
        functions: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
            "sequence": ((1, 6, 5), lambda x: first(x)[1]),
            "last": ((1, 6, 5), lambda x: tf.nn.softmax(first(x)[0] @ variable(7, 3))),
            "stacked": ((2, 6, 5), lambda x: second(first(x)[1])[0]),
            "time_major": ((6, 2, 5), lambda x: first(x)[1]),
        }
        shape, function = functions[kind]
        self.__call__ = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)])


@pytest.mark.parametrize("kind", ["sequence", "last", "stacked", "time_major"])
def test_recurrent_networks_are_exact(kind, build, tmp_path):
    network = build(saved_model_file(Recurrent(kind), tmp_path))
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in {operator.kind for operator in network.graph.operators}
    network.assert_exact(network.random_calls(24))
