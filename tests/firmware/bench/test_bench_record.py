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


def test_counts_are_within_a_hundredth_of_the_recorded_ones_and_results_equal(emulator):
    try:
        others = models_folder()
    except BenchError:
        others = None
    recorded, measured = load(), record(others, full=False)
    sentences = drift(recorded, measured)
    assert not sentences, "\n".join(sentences)
    for name, boards in measured["models"].items():
        for board, figures in boards.items():
            assert figures["crc32_all"] == recorded["models"][name][board]["crc32_all"], f"{name} on {board}"
    for board, paths in measured["front_end"].items():
        assert {each["crc32"] for each in paths.values()} == {recorded["front_end"][board]["portable"]["crc32"]}


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
