"""LSTM as mve/lstm.h takes it."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..operators.lstm import sigmoid_curve
from ..step import Step
from .dense import GROUP, LANES


def _scale(multiplier: int, shift: int) -> dict[str, int]:
    """struct nn_mve_lstm_scale."""
    right = min(shift, 0)
    return {"left": max(shift, 0), "multiplier": multiplier, "shift": right, "shifted": int(right < 0)}


def _product(product: dict[str, Any]) -> dict[str, Any]:
    """struct nn_mve_lstm_product."""
    weights, bias = product["weights"], product["bias"]  # [units, depth, gates], [units, gates]
    units, depth, gates = weights.shape
    fours, blocks = -(-units // GROUP), -(-depth // LANES)
    padded = np.zeros((fours * GROUP, blocks * LANES, gates), np.int8)
    padded[:units, :depth] = weights
    lanes = padded.reshape(fours, GROUP, blocks, LANES, gates).transpose(0, 4, 2, 1, 3)
    words = np.ascontiguousarray(lanes).reshape(fours, gates, -1).view(np.int32)
    biases = np.zeros((fours * GROUP, gates), np.int32)
    biases[:units] = bias
    stream = np.concatenate([biases.reshape(fours, GROUP, gates).transpose(0, 2, 1), words], axis=2)
    pairs = zip(product["multiplier"], product["shift"], strict=True)
    return {"stream": stream.reshape(-1), "scale": [_scale(multiplier, shift) for multiplier, shift in pairs]}


def lstm(step: Step) -> Step | None:
    """nn_lstm to nn_mve_lstm."""
    layer: dict[str, Any] = step.parameters
    after = {name: _scale(**layer[name]) for name in ("kept", "gained", "shown")}
    if any(scale["left"] for scale in after.values()):
        return None
    clip, range16 = layer["cell_clip"], np.iinfo(np.int16)
    same = ("batches", "steps", "batch_stride", "step_stride", "depth", "units")
    parameters = {
        **{name: layer[name] for name in same},
        "across": _product(layer["across"]),
        "back": _product(layer["back"]),
        **after,
        "output": {"zero": layer["hidden_zero"], "min": -128, "max": 127},
        "cell_min": -clip if clip >= 0 else range16.min,
        "cell_max": clip if clip >= 0 else range16.max,
        "tanh_multiplier": layer["tanh_multiplier"],
        "tanh_shift": layer["tanh_shift"],
        "curve_q16": sigmoid_curve(),
    }
    return replace(step, kernel="mve_lstm", parameters=parameters)
