"""The geometry that convolutions and pools share, as struct nn_window has it."""

from math import ceil

import tflite

from ..errors import ModelError
from ..fixedpoint import INT32_MAX
from ..graph import Operator, Tensor

_MAX_REACH = 1 << 24


def window(operator: Operator, image: Tensor, output: Tensor, kernel: tuple[int, int]) -> dict[str, int]:
    """Members of struct nn_window for a kernel of (height, width); raises ModelError unless the shapes fit."""
    if len(image.shape) != 4 or len(output.shape) != 4:
        raise ModelError(f"{operator} has {image} of shape {list(image.shape)}; four axes are needed")
    options = operator.options
    strides = (int(options["StrideH"]), int(options["StrideW"]))
    dilations = (int(options.get("DilationHFactor", 1)), int(options.get("DilationWFactor", 1)))
    if min(*strides, *dilations, *kernel) < 1 or max(*strides, *dilations, *kernel) > _MAX_REACH:
        raise ModelError(f"{operator} has kernel {kernel}, strides {strides}, dilations {dilations}: out of range")
    # One tap has no neighbour: kernels are quickest without dilation.
    dilations = (dilations[0] if kernel[0] > 1 else 1, dilations[1] if kernel[1] > 1 else 1)
    steps = (
        dilations[0] * image.shape[2] * image.shape[3],
        dilations[1] * image.shape[3],
    )  # from tap to tap, in values
    if max(*steps, *(size * dilation for size, dilation in zip(kernel, dilations, strict=True))) > INT32_MAX:
        raise ModelError(f"{operator} has kernel {kernel} and dilations {dilations}: its taps are too far apart")
    padding = int(options["Padding"])
    if padding not in (tflite.Padding.SAME, tflite.Padding.VALID):
        raise ModelError(f"{operator} has an unknown padding {padding}; the file is damaged")
    sizes, pads = [], []
    for axis in range(2):
        size = image.shape[1 + axis]
        reach = (kernel[axis] - 1) * dilations[axis] + 1
        if padding == tflite.Padding.SAME:
            sizes.append(ceil(size / strides[axis]))
        else:
            sizes.append((size - reach + strides[axis]) // strides[axis])
        pads.append(max(0, (sizes[axis] - 1) * strides[axis] + reach - size) // 2)
    if output.shape[:3] != (image.shape[0], *sizes) or min(sizes) < 1:
        raise ModelError(f"{operator} would give {[image.shape[0], *sizes]}, but {output} is {list(output.shape)}")
    # A column of pixels is walked as a row: kernels are quickest along the width.
    vertical = image.shape[2] == 1 and kernel[1] == 1
    names = ("width", "height") if vertical else ("height", "width")
    sides = ("left", "top") if vertical else ("top", "left")
    members = {"batches": image.shape[0], "channels": image.shape[3]}
    for axis in range(2):
        members[f"input_{names[axis]}"] = image.shape[1 + axis]
        members[f"kernel_{names[axis]}"] = kernel[axis]
        members[f"stride_{names[axis]}"] = strides[axis]
        members[f"dilation_{names[axis]}"] = dilations[axis]
        members[f"pad_{sides[axis]}"] = pads[axis]
        members[f"output_{names[axis]}"] = sizes[axis]
    return members


def hangs_over(members: dict[str, int]) -> bool:
    """True if the kernel leaves the image anywhere."""

    def past(axis: str, pad: str) -> bool:
        last = (members[f"output_{axis}"] - 1) * members[f"stride_{axis}"] - members[pad]
        reach = (members[f"kernel_{axis}"] - 1) * members[f"dilation_{axis}"]
        return members[pad] > 0 or last + reach >= members[f"input_{axis}"]

    return past("height", "pad_top") or past("width", "pad_left")
