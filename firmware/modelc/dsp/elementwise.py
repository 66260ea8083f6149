"""ADD, SUB, MUL, MEAN, pools and tables, where firmware/nn/dsp has kernels for them."""

from dataclasses import replace
from typing import Any

from ..step import Step
from .packing import GROUP, scale

_HEADROOM = 20  # as in add.c


def _is_halved(addend: dict[str, Any]) -> bool:
    return bool(addend["multiplier"] == 1 << 30 and addend["shift"] == 0)


def _pair(layer: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any] | None:
    """Struct nn_dsp_pair; None for steps that it does not provide for."""
    if {first["step"][-1], second["step"][-1]} not in ({1}, {0, 1}):
        return None
    *lines, count = layer["shape"]
    return {
        "side_by_side": count if lines == [1] * 3 and first["step"][-1] == second["step"][-1] else 0,
        "shape": layer["shape"],
        "first_step": first["step"],
        "second_step": second["step"],
    }


def _sum(step: Step, *, subtract: bool) -> Step | None:
    """At least one input has the larger scale, which is halved; the kernels want that one first."""
    layer: dict[str, Any] = step.parameters
    (data0, data1, output), (first, second) = step.arguments, (layer["first"], layer["second"])
    swapped = not _is_halved(first)
    larger, smaller = (second, first) if swapped else (first, second)
    same = _is_halved(smaller)
    final = scale(layer["multiplier"], layer["shift"])
    factor = scale(smaller["multiplier"], min(smaller["shift"], -1))
    pair = _pair(layer, larger, smaller)
    if final is None or factor is None or pair is None or not _is_halved(larger):
        return None
    sign = 1 if subtract and swapped else -1
    larger_offset = sign * larger["zero"] << (_HEADROOM - 1)
    smaller_offset = -smaller["zero"] << _HEADROOM
    if same:
        # The kernel subtracts by adding ~value, which is one too little.
        larger_offset += (1 + smaller["zero"] if subtract else -smaller["zero"]) << (_HEADROOM - 1)
    parameters = {
        "pair": pair,
        "larger_offset": larger_offset,
        "smaller_offset": smaller_offset,
        "smaller_scale": factor,
        "output_scale": final,
        "output": layer["output"],
    }
    form = "sub" if subtract else "add"
    suffix = "_same" if same else "_reversed" if subtract and swapped else ""
    arguments = [data1, data0, output] if swapped else [data0, data1, output]
    return replace(step, kernel=f"dsp_{form}{suffix}", arguments=arguments, parameters=parameters)


def add(step: Step) -> Step | None:
    """nn_add to nn_dsp_add and its kin."""
    return _sum(step, subtract=False)


def sub(step: Step) -> Step | None:
    """nn_sub to nn_dsp_sub and its kin."""
    return _sum(step, subtract=True)


def _in_both_halves(value: int) -> int:
    return (value & 0xFFFF) * 0x10001


def mul(step: Step) -> Step | None:
    """nn_mul to nn_dsp_mul."""
    layer: dict[str, Any] = step.parameters
    first, second = layer["first"], layer["second"]
    factor = scale(layer["multiplier"], layer["shift"])
    pair = _pair(layer, first, second)
    if factor is None or pair is None:
        return None
    parameters = {
        "pair": pair,
        "first_less_zero": _in_both_halves(-first["zero"]),
        "second_less_zero": _in_both_halves(-second["zero"]),
        "scale": factor,
        "output": layer["output"],
    }
    return replace(step, kernel="dsp_mul", parameters=parameters)


def mean(step: Step) -> Step | None:
    """nn_mean to the kernel for neighbours that are kept, or for neighbours that one mean goes over."""
    layer: dict[str, Any] = step.parameters
    if layer["kept_step"][-1] == 1 and layer["kept"][-1] >= GROUP:
        return replace(step, kernel="dsp_mean")
    return replace(step, kernel="dsp_mean_of_neighbours") if layer["reduced_step"][-1] == 1 else None


def lookup(step: Step) -> Step:
    """nn_lookup to nn_dsp_lookup."""
    return replace(step, kernel="dsp_lookup")


def pool(step: Step) -> Step | None:
    """A pool of at least four channels to its namesake."""
    window: dict[str, Any] = step.parameters["window"]
    return replace(step, kernel=f"dsp_{step.kernel}") if window["channels"] >= GROUP else None
