"""MEAN over any axes, against TFLite Micro's reference kernels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import ZEROS, examples, scale, sizes

from firmware.modelc import ModelError, compile_model
from firmware.modelc.tflite_file import TfliteFile


def mean(model: TfliteFile, source: int, axes: list[int], scale: float, zero: int, *, keep: bool) -> int:
    shape = model.tensors[source]["shape"]
    over = {axis % len(shape) for axis in axes}
    kept = tuple(1 if axis in over else size for axis, size in enumerate(shape) if keep or axis not in over)
    result = model.tensor(kept, scale, zero)
    model.operator("MEAN", [source, model.integers(axes)], [result], KeepDims=keep)
    return result


@examples(24)
@given(st.data())
def test_any_axes_kept_or_not(check, data):
    draw, model = data.draw, TfliteFile()
    shape = tuple(draw(sizes(1, 6)) for _ in range(draw(sizes(1, 4))))
    axes = draw(st.lists(sizes(-len(shape), len(shape) - 1), min_size=1, max_size=len(shape)))
    step = scale(draw)
    source = model.tensor(shape, step, draw(ZEROS))
    result = mean(model, source, axes, step * draw(st.floats(0.02, 3)), draw(ZEROS), keep=draw(st.booleans()))
    check(model, [source], [result])


@pytest.mark.parametrize("shape", [(1, 25, 5, 64), (2, 7, 9, 3), (1, 300, 11, 1)])
def test_global_pooling(check, shape):
    model = TfliteFile()
    source = model.tensor(shape, 0.05, -128)
    check(model, [source], [mean(model, source, [1, 2], 0.012, -128, keep=False)])


def test_axes_that_do_not_lie_together(check):
    model = TfliteFile()
    source = model.tensor((3, 2, 4, 3, 5), 0.05, 7)
    check(model, [source], [mean(model, source, [0, 2, 4], 0.021, -1, keep=True)])


def test_a_shape_that_does_not_follow_from_the_axes_is_refused(tmp_path):
    model = TfliteFile()
    source = model.tensor((1, 4, 6), 0.05, 0)
    result = mean(model, source, [1], 0.05, 0, keep=False)
    model.tensors[result]["shape"] = (1, 4)
    (tmp_path / "model.tflite").write_bytes(model.bytes([source], [result]))
    with pytest.raises(ModelError, match=r"operator 0 MEAN over axes \[1\] of \[1, 4, 6\] cannot give \[1, 4\]"):
        compile_model(tmp_path / "model.tflite", tmp_path)
