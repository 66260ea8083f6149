"""UNIDIRECTIONAL_SEQUENCE_LSTM, int8 with an int16 cell state, as TFLite's converter makes it of an LSTM layer."""

from math import exp, floor, log2

import numpy as np

from ..errors import ModelError
from ..fixedpoint import INT32_MAX, quantize_multiplier
from ..graph import Graph, Operator, Tensor
from ..schema import ACTIVATIONS
from ..step import Operand, Step
from .registry import lowering

# Positions of the inputs, in the order forget, input, content, output gate.
_INPUT_WEIGHTS = (2, 1, 3, 4)
_HIDDEN_WEIGHTS = (6, 5, 7, 8)
_BIASES = (13, 12, 14, 15)
_HIDDEN, _CELL = 18, 19
_UNKNOWN = {
    **dict.fromkeys((9, 10, 11), "peepholes"),
    **dict.fromkeys((16, 17), "a projection"),
    **dict.fromkeys((20, 21, 22, 23), "layer normalization"),
}
_GATE_SCALE = 2.0**-12
_ACTIVATED_SCALE = 2.0**-15


def sigmoid_table() -> np.ndarray:
    """sigmoid(i / 24) for i from 0 to 255, in Q16, uint16.

    Each entry is raised by half of what a chord between neighbours lies below the curve, a sixteenth of the curvature,
    so that the interpolation errs to both sides alike; the last is the end of the range.
    """
    entries = []
    for i in range(255):
        value = 1 / (1 + exp(-i / 24))
        curvature = value * (1 - value) * (1 - 2 * value) / 24**2
        entries.append(floor(65536 * (value - curvature / 16) + 0.5))
    return np.array([*entries, 65535], np.uint16)


def sigmoid_curve() -> np.ndarray:
    """sigmoid(i / 24) - 1/2 for i from -256 to 256 in Q16, int16 [513]: the table and its mirror image, with flat ends.

    It begins at one half exactly, and so is 0 in the middle.
    """
    right = sigmoid_table().astype(np.int64) - (1 << 15)
    right = np.append(right, right[-1])
    return np.concatenate([-right[:0:-1], right]).astype(np.int16)


def _state(graph: Graph, operator: Operator, position: int, dtype: str, count: int) -> Tensor:
    tensor = graph.tensors[graph.input(operator, position)]
    if not tensor.variable or tensor.dtype != dtype or tensor.count != count:
        raise ModelError(f"{tensor} of {operator} must be a variable of {count} {dtype} values")
    users = [other for other in graph.operators if tensor.index in other.inputs]
    if len(users) > 1 or operator.inputs.count(tensor.index) > 1:
        raise ModelError(f"{tensor} is the state of {users[0]} and of {users[-1]}")
    return tensor


def _weights(graph: Graph, operator: Operator, position: int, shape: tuple[int, int]) -> Tensor:
    weights = graph.constant(operator, position, ("int8",))
    if weights.shape != shape or weights.zero_point:
        raise ModelError(f"{weights} of {operator} must be {list(shape)} with a zero point of 0")
    return weights


def _bias(graph: Graph, operator: Operator, position: int, units: int) -> np.ndarray:
    bias = graph.constant(operator, position, ("int32",))
    if bias.shape != (units,):
        raise ModelError(f"{bias} of {operator} must hold {units} biases")
    assert bias.data is not None
    return bias.data.astype(np.int64)


def _product(
    operator: Operator, seen: Tensor, gates: list[Tensor], biases: list[np.ndarray]
) -> dict[str, list[int] | np.ndarray]:
    """Members of struct nn_lstm_product: the gates' weights side by side, value by value."""
    stacked = np.stack([weights.data for weights in gates if weights.data is not None], axis=-1)
    wide, bias = stacked.astype(np.int64), np.stack(biases, axis=-1)
    folded = bias - seen.zero_point * wide.sum(axis=1)
    if (np.maximum(np.abs(folded), np.abs(bias)) + 128 * np.abs(wide).sum(axis=1) > INT32_MAX).any():
        raise ModelError(f"{operator} can overflow 32 bits in {gates[0]} or its like; a bias is too large")
    pairs = [quantize_multiplier(float(seen.scale) * float(weights.scale) / _GATE_SCALE) for weights in gates]
    if any(shift > 30 for _, shift in pairs):
        raise ModelError(f"{seen} of {operator} has a scale of {seen.scale}: too large")
    return {
        "weights": stacked,
        "bias": folded.astype(np.int32),
        "multiplier": [multiplier for multiplier, _ in pairs],
        "shift": [shift for _, shift in pairs],
    }


def _scale(operator: Operator, state: Tensor, factor: float) -> dict[str, int]:
    multiplier, shift = quantize_multiplier(factor)
    if shift > 30:
        raise ModelError(f"{state} of {operator} has a scale of {state.scale}: too small")
    return {"multiplier": multiplier, "shift": shift}


@lowering("UNIDIRECTIONAL_SEQUENCE_LSTM", tflm="AddUnidirectionalSequenceLSTM")
def lstm(graph: Graph, operator: Operator) -> list[Step]:
    """Input [batch, time, depth] or, time first, [time, batch, depth]; hidden and cell state stay in the arena."""
    data, output = graph.activation(graph.input(operator, 0)), graph.output(operator)
    options = operator.options
    if len(operator.inputs) != 24 or len(data.shape) != 3 or len(output.shape) != 3:
        raise ModelError(f"{operator} has {len(operator.inputs)} inputs and {data} of shape {list(data.shape)}")
    for position, what in _UNKNOWN.items():
        if operator.inputs[position] >= 0:
            raise ModelError(
                f"{operator} has {what} ({graph.tensors[operator.inputs[position]]}), which is not supported"
            )
    if ACTIVATIONS.get(int(options["FusedActivationFunction"])) != "TANH":
        raise ModelError(f"{operator} must have TANH as its activation")
    rows, steps, depth, units = data.shape[0], data.shape[1], data.shape[2], output.shape[2]
    batches, steps = (steps, rows) if options["TimeMajor"] else (rows, steps)
    if output.shape[:2] != data.shape[:2] or not units or not depth:
        raise ModelError(f"{operator} cannot make {list(output.shape)} of {data}, which is {list(data.shape)}")
    hidden = _state(graph, operator, _HIDDEN, "int8", batches * units)
    cell = _state(graph, operator, _CELL, "int16", batches * units)
    if cell.scale <= 0 or not np.isfinite(cell.scale):
        raise ModelError(f"{cell} of {operator} has a scale of {cell.scale}")
    across = [_weights(graph, operator, position, (units, depth)) for position in _INPUT_WEIGHTS]
    back = [_weights(graph, operator, position, (units, units)) for position in _HIDDEN_WEIGHTS]
    biases = [_bias(graph, operator, position, units) for position in _BIASES]
    none = [np.zeros(units, np.int64)] * len(biases)
    tanh_multiplier, tanh_shift = _tanh_of_cell(operator, cell)
    scale, clip = float(cell.scale), float(np.float32(options["CellClip"]))
    return [
        Step(
            operator.index,
            "lstm",
            [Operand(data.index), Operand(hidden.index), Operand(cell.index), Operand(output.index)],
            (data.index, hidden.index, cell.index),
            output.index,
            {
                "batches": batches,
                "steps": steps,
                "batch_stride": 1 if options["TimeMajor"] else steps,
                "step_stride": batches if options["TimeMajor"] else 1,
                "depth": depth,
                "units": units,
                "across": _product(operator, data, across, biases),
                "back": _product(operator, hidden, back, none),
                "kept": _scale(operator, cell, _ACTIVATED_SCALE),
                "gained": _scale(operator, cell, _ACTIVATED_SCALE**2 / scale),
                "shown": _scale(operator, hidden, _ACTIVATED_SCALE**2 / float(hidden.scale)),
                "hidden_zero": hidden.zero_point,
                "cell_clip": int(min(clip / scale, 32767.0)) if clip > 0 else -1,
                "tanh_multiplier": tanh_multiplier,
                "tanh_shift": tanh_shift,
                "sigmoid_q16": sigmoid_table(),
            },
            macs=batches * steps * 4 * units * (depth + units),
        )
    ]


def _tanh_of_cell(operator: Operator, cell: Tensor) -> tuple[int, int]:
    """Multiplier and shift to the right from the cell to the table's places; the scale counts as a power of two."""
    power = floor(log2(float(cell.scale)) + 0.5)
    left = 12 + power
    if abs(left) > 14:
        raise ModelError(f"{cell} of {operator} has a scale of {cell.scale}, too far from 2^-12")
    return (3 << left, 0) if left >= 0 else (3, -left)
