"""`host replay`: a recording through a board, printed as text, as scores, or as one JSON document."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from firmware.link import Damage, Frame, Score, Segment
from host.lockstep import CHUNK_SAMPLES, padded_samples
from host.recording import Recording
from host.replay import replay, replay_document, replay_summary
from host.run_record import keep_run
from host.sim_boards import open_sim_board, sim_rate
from power.last_run import LinkBytes

_PROGRESS_FROM_S = 60.0


def run_replay(file: Path, board_name: str, rate: int | None, *, as_json: bool, vad_scores: bool) -> None:
    """Replays `file` and prints; HostError for what the user can put right."""
    with (
        Recording(file, sim_rate(board_name, rate)) as recording,
        open_sim_board(board_name, rate) as board,
    ):
        for remark in (recording.conversion(), recording.doubt()):
            if remark is not None:
                _say(f"{file}: {remark}")
        out = _Printer(recording, board.rate, segments=not (as_json or vad_scores), scores=vad_scores)
        with _progress(recording) as progress:
            result = replay(recording, board, scores=vad_scores, taken=out.take, progress=progress)
        if (limited := recording.limited()) is not None:
            _say(f"{file}: {limited}")
        for damage in result.damages:
            _say(f"damaged frame skipped: {damage.reason}")
        heard = LinkBytes(sent=result.status.bytes_in, received=result.received_bytes)
        if (unkept := keep_run(result.status, virtual=True, recording=file, link_bytes=heard)) is not None:
            _say(unkept)
        if as_json:
            print(json.dumps(replay_document(result, recording, board), indent=2))
        elif not vad_scores:
            print("\n".join(replay_summary(result)))


class _Printer:
    """Prints segments or scores as they come."""

    def __init__(self, recording: Recording, rate: int, *, segments: bool, scores: bool) -> None:
        self._recording = recording
        self._rate = rate
        self._segments = segments
        self._scores = scores
        self._headed = False

    def take(self, item: Frame | Damage) -> None:
        if self._scores and isinstance(item, Score):
            if item.sample - CHUNK_SAMPLES >= self._recording.read_samples:
                return  # all of it is silence after the end
            sys.stdout.write(f"{item.sample / self._rate:.4f} {item.probability_q8 / 256:.4f}\n")
        elif self._segments and isinstance(item, Segment):
            if not self._headed:
                self._headed = True
                print(f"{'start s':>10} {'end s':>10} {'peak':>6}")
            print(f"{item.start / self._rate:10.3f} {item.end / self._rate:10.3f} {item.peak_q8 / 256:6.3f}")


@contextmanager
def _progress(recording: Recording) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    if not console.is_terminal or recording.duration_s < _PROGRESS_FROM_S:
        yield lambda _samples: None
        return
    total = padded_samples(round(recording.duration_s * recording.rate), recording.rate)
    percent = TextColumn("{task.percentage:3.0f} %")
    columns = (TextColumn("{task.description}"), BarColumn(), percent, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(recording.path.name, total=total)

        def update(samples: int) -> None:
            progress.update(task, completed=samples)

        yield update


def _say(text: str) -> None:
    print(text, file=sys.stderr)
