"""Streaming networks for the tests: windows of a state and new rows, and convolutions on them."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from firmware.modelc.tflite_file import TfliteFile

SAME, VALID = 0, 1
SCALE, ZERO = 0.05, -7


@dataclass
class Stream:
    """A streaming network of tensors that have `rows` along `axis`, `width` pixels a row, `channels` values a pixel."""

    axis: int = 1
    width: int = 1
    channels: int = 4
    file: TfliteFile = field(default_factory=TfliteFile)
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    seed: int = 0

    def shape(self, rows: int, channels: int = 0, width: int = 0) -> tuple[int, ...]:
        pixels = (rows, width or self.width) if self.axis == 1 else (1, rows)
        return (1, *pixels, channels or self.channels)

    def rows(self, index: int) -> int:
        return self.file.tensors[index]["shape"][self.axis]

    def tensor(self, rows: int) -> int:
        return self.file.tensor(self.shape(rows), SCALE, ZERO)

    def input(self, rows: int) -> int:
        index = self.tensor(rows)
        self.inputs[f"x{len(self.inputs)}"] = index
        return index

    def output(self, index: int) -> None:
        self.outputs[f"y{len(self.outputs)}"] = index

    def relu(self, source: int) -> int:
        result = self.tensor(self.rows(source))
        self.file.operator("RELU", [source], [result])
        return result

    def concat(self, *parts: int) -> int:
        result = self.tensor(sum(self.rows(part) for part in parts))
        self.file.operator("CONCATENATION", list(parts), [result], Axis=self.axis)
        return result

    def slice(self, source: int, begin: int, rows: int) -> int:
        result = self.tensor(rows)
        begins = [0, 0, 0, 0]
        begins[self.axis] = begin
        indices = [self.file.integers(begins), self.file.integers(self.shape(rows))]
        self.file.operator("SLICE", [source, *indices], [result])
        return result

    def window(self, state: int, *new: int) -> int:
        """A state of `state` rows and the new ones; the state of the next call is the end of that."""
        name = f"s{len(self.inputs)}"
        self.inputs[name] = self.tensor(state)
        window = self.concat(self.inputs[name], *new)
        self.outputs[f"{name}_out"] = self.slice(window, self.rows(window) - state, state)
        return window

    def shifted(self, state: int, *new: int) -> int:
        """A state of `state` rows, whose oldest make room for the new ones: the window is the next state."""
        name = f"s{len(self.inputs)}"
        self.inputs[name] = self.tensor(state)
        rows = sum(map(self.rows, new))
        window = self.concat(self.slice(self.inputs[name], rows, state - rows), *new)
        self.outputs[f"{name}_out"] = window
        return window

    def conv(
        self,
        image: int,
        kernel: int,
        dilation: int = 1,
        stride: int = 1,
        padding: int = VALID,
        *,
        depthwise: bool = True,
        outputs: int = 0,
    ) -> int:
        outputs = outputs or self.channels
        across = min(2, self.width)
        self.seed += 1
        random = np.random.default_rng(self.seed)
        size = (kernel, across) if self.axis == 1 else (1, kernel)
        shape = (1, *size, outputs) if depthwise else (outputs, *size, self.channels)
        values = random.integers(-127, 128, shape).astype(np.int8)
        weights = self.file.tensor(shape, 0.01, 0, values, axis=3 if depthwise else 0)
        reach = (kernel - 1) * dilation + 1
        size = self.rows(image)
        rows = -(-size // stride) if padding == SAME else (size - reach) // stride + 1
        width = self.width if padding == SAME else self.width - across + 1
        scale = 0.0005 * 40 * float(np.prod(shape) / outputs) ** 0.5
        result = self.file.tensor(self.shape(rows, outputs, width), scale, 3)
        strides = {"StrideH": stride, "StrideW": 1} if self.axis == 1 else {"StrideH": 1, "StrideW": stride}
        dilations = {"DilationHFactor": dilation if self.axis == 1 else 1}
        dilations["DilationWFactor"] = 1 if self.axis == 1 else dilation
        extra = {"DepthMultiplier": outputs // self.channels} if depthwise else {}
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        self.file.operator(kind, [image, weights], [result], Padding=padding, **strides, **dilations, **extra)
        return result

    def bytes(self) -> bytes:
        ends = (self.inputs, self.outputs)
        return self.file.bytes(*(list(end.values()) for end in ends), tuple(list(end) for end in ends))


@st.composite
def streams(draw: st.DrawFn, channels: st.SearchStrategy[int]) -> Stream:
    """One to three layers, each a window with one or two convolutions on it, in every layout."""
    axis = draw(st.sampled_from([1, 1, 2]))
    width = draw(st.sampled_from([1, 1, 3])) if axis == 1 else 1
    net = Stream(axis, width, draw(channels), seed=draw(st.integers(0, 1 << 20)))
    new = draw(st.integers(1, 4))
    fresh = [net.input(new)]
    if draw(st.booleans()):
        fresh = [net.relu(fresh[0])]
    if draw(st.booleans()):
        fresh.append(net.input(draw(st.integers(1, 2))))
    for _ in range(draw(st.integers(1, 3))):
        new = sum(map(net.rows, fresh))
        kernel, dilation = draw(st.integers(2, 5)), draw(st.integers(1, 4))
        reach = (kernel - 1) * dilation + 1
        state = max(1, reach - draw(st.sampled_from([1, 1, new]))) + draw(st.sampled_from([0, 0, 1, 5]))
        window = net.shifted(state + new, *fresh) if draw(st.sampled_from([0, 0, 1])) else net.window(state, *fresh)
        for _ in range(draw(st.sampled_from([1, 1, 2]))):
            depthwise = draw(st.booleans())
            outputs = net.channels * draw(st.integers(1, 2)) if depthwise else draw(st.integers(1, 5))
            padding = VALID if net.rows(window) >= reach and draw(st.booleans()) else SAME
            result = net.conv(
                window, kernel, dilation, draw(st.integers(1, 3)), padding, depthwise=depthwise, outputs=outputs
            )
            net.output(result)
        if draw(st.booleans()):
            net.output(net.relu(fresh[0]))
        fresh = draw(st.sampled_from([fresh, [net.relu(part) for part in fresh]]))
    return net
