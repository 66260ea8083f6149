"""Networks as TensorFlow's converter writes them, against TFLite Micro's reference kernels."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
tf = pytest.importorskip("tensorflow")


def variable(*shape: int) -> Any:
    return tf.constant(np.random.default_rng(sum(shape)).normal(0, 0.5, shape).astype(np.float32))


def conv_stack(x: Any) -> Any:
    x = tf.nn.relu(tf.nn.conv2d(x, variable(3, 3, 3, 8), 2, "SAME") + variable(8))
    x = tf.nn.relu6(tf.nn.depthwise_conv2d(x, variable(3, 3, 8, 2), [1, 1, 1, 1], "SAME") + variable(16))
    x = tf.nn.conv2d(x, variable(1, 1, 16, 10), 1, "VALID")
    return tf.nn.softmax(tf.reshape(tf.nn.avg_pool2d(x, 4, 4, "VALID"), [1, 10]))


def dilated(x: Any) -> Any:
    x = tf.nn.conv2d(x, variable(3, 3, 3, 5), 1, "SAME", dilations=2)
    return tf.nn.max_pool2d(tf.nn.relu(x), 3, 2, "SAME")


def joined(x: Any) -> Any:
    # The two branches have scales of their own: the converter puts QUANTIZE between them and the CONCATENATION.
    narrow = tf.nn.sigmoid(tf.nn.conv2d(x, variable(1, 1, 3, 4), 1, "VALID"))
    wide = tf.nn.conv2d(x, 9.0 * variable(1, 1, 3, 4), 1, "VALID") + variable(4)
    return tf.concat([narrow, wide], axis=-1)


def cut(x: Any) -> Any:
    left, right = tf.split(x, 2, axis=2)
    padded = tf.pad(left[:, 1:-1:2], [[0, 0], [1, 2], [0, 1], [0, 0]])
    return padded, right[:, ::-1, 0] + tf.slice(left, [0, 0, 1, 0], [1, 8, 1, 3])[:, :, 0]


def dense_stack(x: Any) -> Any:
    x = tf.reshape(x, [1, 8 * 8 * 3])
    x = tf.nn.relu(x @ variable(192, 24) + variable(24))
    return tf.sigmoid(x @ variable(24, 3))


def residual(x: Any) -> Any:
    y = tf.nn.relu(tf.nn.conv2d(x, variable(3, 3, 3, 3), 1, "SAME"))
    return tf.nn.relu(x + y) + variable(1, 8, 1, 3)


@pytest.mark.parametrize("function", [conv_stack, dilated, joined, cut, dense_stack, residual])
def test_converted_networks_are_exact(function: Callable[[Any], Any], build, tmp_path):
    shape = (1, 8, 8, 3)
    concrete = tf.function(function).get_concrete_function(tf.TensorSpec(shape, tf.float32, name="image"))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    random = np.random.default_rng(3)
    # A check of arithmetic, not of a trained network: any inputs will do to set the scales.
    converter.representative_dataset = lambda: ([random.normal(0, 1, shape).astype(np.float32)] for _ in range(20))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    path = tmp_path / "model.tflite"
    path.write_bytes(converter.convert())
    network = build(path)
    network.assert_exact(network.random_calls(32))
