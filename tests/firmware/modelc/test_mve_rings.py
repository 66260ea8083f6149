"""Helium kernels that read their image from a ring, on QEMU's Cortex-M55: the same bytes as TFLite Micro's."""

import m55
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from judge import judge
from streams import SAME, Stream, streams

from firmware.modelc import compile_model, planner
from tests.firmware.modelc.network import REPOSITORY

CALLS = 200
CHANNELS = (1, 2, 2, 3, 4, 4, 8, 8, 13, 16, 17, 32, 40, 64)  # tails, and lanes that are filled in every way
VAD = REPOSITORY / "firmware/models/vad.tflite"


@pytest.fixture
def always_rings(monkeypatch):
    """Rings wherever they can be, however much memory they take."""
    monkeypatch.setattr(planner, "_WORTH_CARRYING", 0.0)


def assert_exact(networks: list[Stream], folder) -> None:
    paths = [folder / f"stream{number}.tflite" for number in range(len(networks))]
    for path, network in zip(paths, networks, strict=True):
        path.write_bytes(network.bytes())
    graphs = m55.build(paths, folder)
    random = np.random.default_rng(len(networks))
    inputs = [random.integers(-128, 128, (CALLS, m55.sizes(graph)[0])).astype(np.int8) for graph in graphs]
    results = m55.run(graphs, inputs, folder)
    different = [
        f"{path.name}: {network}"
        for path, graph, calls, result, network in zip(paths, graphs, inputs, results, networks, strict=True)
        if not np.array_equal(result.outputs, judge(path, graph, calls))
    ]
    assert different == []


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # to shrink an image of many networks would take hours
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(streams(st.sampled_from(CHANNELS)), min_size=24, max_size=24))
def test_random_streams_are_exact_over_hundreds_of_calls(always_rings, tmp_path_factory, networks):
    assert_exact(networks, tmp_path_factory.mktemp("image"))


def layer(channels: int, rows: tuple[int, int], kernel: int, *, width: int = 0, **options: int) -> Stream:
    """One convolution on a window of a state and new rows; without a width, rows are columns of an image of one row."""
    net = Stream(1 if width else 2, width or 1, channels, seed=sum(rows) + channels)
    net.output(net.conv(net.window(rows[0], net.input(rows[1])), kernel, **options))
    return net


def test_every_way_to_go_round_is_exact(always_rings, tmp_path):
    networks = [
        # Few taps and many, blocks that overlap, strides: the ring's end comes between any two outputs.
        *(layer(channels, (8, 7), kernel) for channels in (16, 17, 32, 48) for kernel in (3, 5, 7, 9)),
        *(layer(channels, (9, 6), 4, dilation=2, stride=stride) for channels in (3, 16, 21) for stride in (1, 2, 3)),
        *(layer(6, (7, 5), 3, outputs=12, stride=stride) for stride in (1, 2)),
        # Outputs side by side, sixteen bytes that the ring's end cuts.
        *(
            layer(channels, (6, new), 5, dilation=dilation)
            for channels in (2, 4, 8)
            for new in (7, 11)
            for dilation in (1, 2)
        ),
        *(layer(channels, (6, 4), 5, width=9) for channels in (2, 4, 8)),
        # Lines between margins, cut in two or not, and lines too long to be copied.
        *(layer(channels, (6, 5), 5, padding=SAME) for channels in (4, 20, 32)),
        *(layer(channels, (6, 4), 5, width=3, padding=SAME) for channels in (4, 20, 32)),
        *(layer(channels, (6, 4), 5, width=1, padding=SAME) for channels in (2, 3, 16, 20, 32)),
        *(layer(channels, (17, 4), 5, width=3, dilation=4, padding=SAME) for channels in (40, 64, 70)),
        # Convolutions whose taps lie in one piece, or never do.
        *(
            layer(channels, (6, 5), 4, dilation=dilation, depthwise=False)
            for channels in (3, 16)
            for dilation in (1, 2)
        ),
        *(
            layer(5, (6, 3), 4, width=width, dilation=dilation, depthwise=False)
            for width in (1, 2, 4)
            for dilation in (1, 2)
        ),
        *(layer(channels, (6, 2), 3, width=3, depthwise=False, padding=SAME) for channels in (1, 16)),
    ]
    assert_exact(networks, tmp_path)
    sources = [(tmp_path / f"net{number}.c").read_text() for number in range(len(networks))]
    assert all("_ring(&" in source and "nn_carry" not in source for source in sources)


def test_the_shipped_voice_detector_moves_nothing(tmp_path):
    compile_model(VAD, tmp_path, "mve", "vad")
    source = (tmp_path / "vad.c").read_text()
    assert source.count("nn_mve_depthwise_ring(") == 6
    for function in ("memcpy", "memmove", "nn_carry", "nn_copy"):
        assert function not in source
