"""What is kept from one call to the next."""

import numpy as np

from .sketch import MOST_VALUES, Quantization, Sketch, values_of
from .table import entry


@entry("CONCATENATION", "STRIDED_SLICE", weight=1.5)
def stream(sketch: Sketch) -> bool:
    """A state: the last rows of the data are kept for the next call, which finds them before its own."""
    data = sketch.find(lambda value: len(value.shape) >= 3)
    if data is None or sketch.states == 3:
        return False
    rows = sketch.integer(1, 8)
    shape = (data.shape[0], rows, *data.shape[2:])
    if values_of(shape) + values_of(data.shape) > MOST_VALUES:
        return False
    state = sketch.add_input(shape, data.quantization, name=f"state{sketch.states}")
    whole = np.concatenate([state.real, data.real], axis=1)
    joined = sketch.apply("CONCATENATION", [state.tensor, data.tensor], whole, data.quantization, Axis=1)
    count = whole.shape[1]
    begins, ends = [0] * len(shape), list(joined.shape)
    begins[1] = count - rows if sketch.chance(0.5) else -rows
    # Through the masks or in numbers, with one end of the cut negative or not.
    masks = {"BeginMask": 0b1101, "EndMask": 0b1111} if sketch.chance(0.5) else {}
    indices = [sketch.file.integers(values) for values in (begins, ends, [1] * len(shape))]
    kept = sketch.apply(
        "STRIDED_SLICE",
        [joined.tensor, *indices],
        whole[:, count - rows :],
        data.quantization,
        name=f"state{sketch.states}_out",
        **masks,
    )
    sketch.outputs.append(kept.tensor)
    sketch.values.remove(kept)  # so that the newest value is the joined frames, for what comes next
    sketch.states += 1
    return True


@entry("ADD")
def running_sum(sketch: Sketch) -> bool:
    """A state that every call adds to."""
    data = sketch.find()
    if data is None or sketch.states == 3:
        return False
    quantization = Quantization(data.quantization.scale * 3, sketch.zero())
    state = sketch.add_input(data.shape, quantization, name=f"state{sketch.states}")
    tensors = [state.tensor, data.tensor]
    total = sketch.apply(
        "ADD",
        tensors if sketch.chance(0.5) else tensors[::-1],
        state.real + data.real,
        quantization,
        name=f"state{sketch.states}_out",
        FusedActivationFunction=0,
    )
    sketch.outputs.append(total.tensor)
    sketch.states += 1
    return True


@entry("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE", "ADD", weight=1.5)
def variable(sketch: Sketch) -> bool:
    """A variable of the model that every call reads and assigns anew, with or without a first value."""
    data = sketch.find()
    if data is None or sketch.states == 3:
        return False
    model, name = sketch.file, f"variable{sketch.states}"
    shape, quantization = data.shape, Quantization(data.quantization.scale * 2, sketch.zero())
    if sketch.chance(0.5):
        if not model.subgraphs:
            model.subgraphs.append(type(model)())
            model.operators.insert(0, ("CALL_ONCE", [], [], {"InitSubgraphIndex": 1}))
        first = model.subgraphs[0]
        values = sketch.random.integers(-128, 128, shape).astype(np.int8)
        value = first.tensor(shape, quantization.scale, quantization.zero, values)
        first.operator("ASSIGN_VARIABLE", [first.handle(name), value], [])
    handle = model.handle(name)
    past = sketch.apply("READ_VARIABLE", [handle], sketch.random.normal(0, np.std(data.real), shape), quantization)
    total = sketch.apply(
        "ADD", [past.tensor, data.tensor], past.real + data.real, quantization, FusedActivationFunction=0
    )
    model.operator("ASSIGN_VARIABLE", [handle, total.tensor], [])
    sketch.states += 1
    return True
