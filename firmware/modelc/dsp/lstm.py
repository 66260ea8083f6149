"""LSTM as lstm.h takes it."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..operators.lstm import sigmoid_curve
from ..step import Scratch, Step
from .packing import blocks_in, dense_stream, scales, wrapped

_SUMS_BYTES = 4 * 2 * 4 * 4  # of both products, for the gates of four units


def _gate_scale(multiplier: int, shift: int) -> dict[str, int]:
    """struct nn_dsp_lstm_scale."""
    right = max(-shift, 0)
    power = -(1 << (32 - right)) if right and multiplier else 0
    return {
        "left": max(shift, 0),
        "twice_less_one": int(wrapped(np.array([2 * multiplier - (1 << 32)]))[0]),
        "once": -1 if multiplier and not right else 0,
        "minus_power": int(wrapped(np.array([power]))[0]),
    }


def _product(product: dict[str, Any]) -> dict[str, Any]:
    """struct nn_dsp_lstm_product."""
    weights = product["weights"]  # [units, depth, gates]
    channels = weights.transpose(0, 2, 1).reshape(-1, weights.shape[1])
    pairs = zip(product["multiplier"], product["shift"], strict=True)
    return {
        "stream": dense_stream(channels, product["bias"].reshape(-1)),
        "scale": [_gate_scale(multiplier, shift) for multiplier, shift in pairs],
    }


def lstm(step: Step) -> Step | None:
    """nn_lstm to nn_dsp_lstm, or to nn_dsp_lstm_any for factors of one half and above."""
    layer: dict[str, Any] = step.parameters
    after = [layer[name] for name in ("kept", "gained", "shown")]
    scale = scales(np.array([one["multiplier"] for one in after]), np.array([one["shift"] for one in after]))
    if scale is None:
        return None
    data, hidden, cell, output = step.arguments
    same = ("batches", "steps", "batch_stride", "step_stride", "depth", "units")
    members = {name: layer[name] for name in same}
    members |= {"across": _product(layer["across"]), "back": _product(layer["back"])}
    members |= dict(zip(("kept", "gained", "shown"), scale.tolist(), strict=True))
    members |= {name: layer[name] for name in ("hidden_zero", "cell_clip", "tanh_multiplier", "tanh_shift")}
    members["curve_q16"] = sigmoid_curve()
    products = (layer["across"], layer["back"])
    below_half = all(
        scales(np.array(product["multiplier"]), np.array(product["shift"])) is not None for product in products
    )
    return replace(
        step,
        kernel="dsp_lstm" if below_half else "dsp_lstm_any",
        arguments=[data, hidden, cell, Scratch("uint32_t"), output],
        parameters=members,
        scratch=_SUMS_BYTES + 8 * (blocks_in(layer["depth"]) + blocks_in(layer["units"])),
    )
