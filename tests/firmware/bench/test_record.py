"""The recorded figures still hold, and PERFORMANCE.md is what they render to."""

import copy

import pytest

from firmware.bench.errors import BenchError
from firmware.bench.page import page, plot
from firmware.bench.record import drift, load, models_folder, record
from firmware.bench.report import PAGE, PLOT


def test_the_page_is_what_the_recorded_figures_render_to():
    hint = "write it anew with: python -m firmware.bench.report --render"
    assert page(load()) == PAGE.read_text(encoding="utf-8"), hint
    assert plot(load()) == PLOT.read_text(encoding="utf-8"), hint


def test_no_count_has_grown_by_more_than_a_hundredth_without_its_record(emulator):
    try:
        others = models_folder()
    except BenchError:
        others = None
    sentences = drift(load(), record(others, full=False))
    assert not sentences, "\n".join(sentences)


@pytest.fixture
def recorded():
    return load()


def test_counts_that_drift_are_told_with_the_way_to_record_them(recorded):
    changed = copy.deepcopy(recorded)
    vad = changed["models"]["vad"]["mps2_an386"]
    was = vad["instructions"]
    vad["instructions"] = round(was * 1.005)
    assert drift(recorded, changed) == []
    vad["instructions"] = was * 2
    (sentence,) = drift(recorded, changed)
    assert f"vad on mps2_an386 takes {2 * was:,} instructions, 100.0 % more" in sentence
    assert "python -m firmware.bench.report" in sentence
    vad["instructions"] = was // 2
    (sentence,) = drift(recorded, changed)
    assert "fewer" in sentence
    del recorded["models"]["vad"]
    assert len(drift(recorded, changed)) == 2


def test_what_is_recorded_but_not_measured_is_let_be(recorded):
    measured = copy.deepcopy(recorded)
    del measured["models"]["kws_ref_model"]
    assert drift(recorded, measured) == []
