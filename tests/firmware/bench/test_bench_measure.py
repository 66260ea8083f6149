"""The figures of whole models, on both boards."""

import pytest

from firmware.bench.measure import measure
from firmware.bench.page import baseline
from firmware.bench.record import OTHERS, VAD
from firmware.modelc import compile_model


@pytest.mark.parametrize("name", OTHERS)
def test_other_models_give_the_published_checksums(builder, other_models, name):
    figures = measure(builder, other_models / f"{name}.tflite")
    published = baseline()["models"][name]
    assert (figures.crc32_first, figures.crc32_all) == (published["crc32_first"], published["crc32_all"])
    assert figures.judged
    assert figures.macs == published["macs"]


def test_layers_are_the_whole_call(builder, other_models):
    figures = measure(builder, other_models / "kws_ref_model.tflite", layers=True, judge=False)
    assert [layer.kind for layer in figures.layers][:3] == ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D"]
    assert sum(layer.macs for layer in figures.layers) == figures.macs
    assert sum(layer.instructions for layer in figures.layers) + figures.outside == figures.instructions
    # No state to carry: what is left is the function's own, which the traced one may do in another order.
    assert abs(figures.outside) <= 8
    alike = [layer.instructions for layer in figures.layers if layer.kind == "DEPTHWISE_CONV_2D"]
    assert max(alike) - min(alike) < max(alike) / 100


def test_a_streaming_model_is_judged_with_its_state_carried(builder):
    figures = measure(builder, VAD, layers=True)
    published = baseline()["models"]["vad"]
    assert (figures.crc32_first, figures.crc32_all) == (published["crc32_first"], published["crc32_all"])
    assert figures.judged
    assert figures.macs == published["macs"] == 9696
    assert 0 < figures.instructions < 200_000
    assert 0 < figures.stack_bytes < 4096
    assert figures.code_bytes > 500
    assert figures.constant_bytes > 9696


def test_the_estimate_counts_the_instructions_that_qemu_counts(m4):
    figures = measure(m4, VAD, cycles=True, judge=False)
    assert figures.cycles.instructions == figures.instructions
    assert figures.instructions < figures.cycles.cycles < 4 * figures.instructions


def test_hooks_are_there_only_when_asked_for(tmp_path):
    plain, traced = (compile_model(VAD, tmp_path / str(trace), trace=trace) for trace in (False, True))
    sources = [compiled.files[0].read_text() for compiled in (plain, traced)]
    assert plain.trace_calls == 0
    assert "nn_trace" not in sources[0]
    assert sources[1].count("nn_trace(") == traced.trace_calls + 1  # and its declaration
    lines = [line for line in sources[1].splitlines() if "nn_trace" not in line]
    assert [line for line in lines if line] == [line for line in sources[0].splitlines() if line]
