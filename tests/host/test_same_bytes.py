"""One pipeline, many cores: a recording gives the same payloads on the desk and on every virtual board."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware import boards
from firmware.link import Damage, Final, Ledger, ListenerState, Partial, Score, Segment
from firmware.native import NativeBoard
from host.recording import Recording
from host.replay import replay
from host.sim import open_board
from host.sim.virtual_board import VirtualBoard

EMULATED = [name for name in boards.names() if name != "native" and boards.load(name).simulator]


@pytest.fixture(scope="module")
def recording(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real speech of a meeting, then silence long enough to sleep, then the speech again."""
    pcm, rate = soundfile.read(data / "ami_excerpts" / "test" / "dev00.flac", dtype="int16", start=0, stop=16000 * 3)
    path = tmp_path_factory.mktemp("same") / "talk.wav"
    soundfile.write(path, np.concatenate([pcm, np.zeros(round(2.6 * rate), np.int16), pcm[:8000]]), rate)
    return path


def payloads(board: VirtualBoard, path: Path) -> Iterator[tuple[object, ...]]:
    """Every segment, transcript, score and ledger in order; the ledger's cycles left out."""
    taken: list[object] = []
    with closing(board):
        replay(Recording(path, board.rate), board, scores=True, taken=taken.append)
        assert not any(isinstance(item, Damage) for item in taken)
    for frame in taken:
        if isinstance(frame, Segment | Partial | Final | Score):
            yield type(frame).__name__, frame
        elif isinstance(frame, Ledger):
            rows = [(row.samples, row.entries) for row in frame.rows]
            counts = (frame.frames, frame.inferences, frame.segments, frame.speech_samples, frame.dropped)
            yield "Ledger", frame.sample, rows, counts, frame.segments_lost


@pytest.mark.parametrize("name", EMULATED)
def test_segments_transcripts_scores_and_ledger_are_those_of_the_desk(name, recording):
    rate = boards.load(name).rates[0]
    expected = list(payloads(NativeBoard(rate), recording))
    kinds = [kind for kind, *_ in expected]
    assert kinds.count("Segment") == kinds.count("Final") >= 1
    assert any(kind == "Ledger" and rest[1][ListenerState.SLEEP][0] > 0 for kind, *rest in expected)
    assert list(payloads(open_board(name), recording)) == expected
