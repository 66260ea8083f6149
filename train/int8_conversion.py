"""From a TensorFlow function to a full INT8 .tflite: what every exported network goes through."""

import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

CALIBRATING = range(100, 501)
"""Recordings that a network may be calibrated on."""

Inputs = dict[str, npt.NDArray[np.float32]]
"""What enters a call, by the names of the function's signature."""


def tensorflow() -> Any:
    """TensorFlow, on the CPU and without its chatter."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    return tf


def check_recordings(count: int) -> None:
    """ValueError unless so many recordings are enough to calibrate on, and not too many."""
    if count not in CALIBRATING:
        first, last = CALIBRATING[0], CALIBRATING[-1]
        raise ValueError(f"{count} recordings to calibrate on; use {first} to {last}")


def converted(function: Any, calibration: Callable[[], Iterator[Inputs]]) -> bytes:
    """The .tflite of a concrete function: INT8 inside and at both ends, its scales from what `calibration` yields."""
    tf = tensorflow()
    module = tf.Module()
    module.function = function
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=function)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())
