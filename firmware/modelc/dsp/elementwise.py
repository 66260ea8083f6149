"""Pools and sums as pool.h and add.h take them."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..step import Step
from .packing import GROUP, scales


def pool(step: Step) -> Step | None:
    """A pool of at least four channels to its namesake."""
    window: dict[str, Any] = step.parameters["window"]
    return replace(step, kernel=f"dsp_{step.kernel}") if window["channels"] >= GROUP else None


def _is_halved(addend: dict[str, Any]) -> bool:
    return bool(addend["multiplier"] == 1 << 30 and addend["shift"] == 0)


def add(step: Step) -> Step | None:
    """Inputs of the output's shape; at least one has the larger scale, which is halved."""
    layer: dict[str, Any] = step.parameters
    (data0, data1, output), (first, second) = step.arguments, (layer["first"], layer["second"])
    if [*layer["shape"][:3], first["step"][3], second["step"][3]] != [1] * 5:
        return None
    if not _is_halved(first):
        data0, data1, first, second = data1, data0, second, first
    same = _is_halved(second)
    final = scales(np.array([layer["multiplier"]]), np.array([layer["shift"]]))
    smaller = scales(np.array([second["multiplier"]]), np.array([min(second["shift"], -1)]))
    if final is None or smaller is None or not _is_halved(first):
        return None
    parameters = {
        "count": layer["shape"][3],
        "larger_offset": -first["zero"] << 19,
        "smaller_offset": -second["zero"] << (19 if same else 20),
        "smaller_scale": smaller[0].tolist(),
        "output_scale": final[0].tolist(),
        "output": layer["output"],
    }
    return replace(
        step,
        kernel="dsp_add_same" if same else "dsp_add",
        arguments=[data0, data1, output],
        parameters=parameters,
    )
