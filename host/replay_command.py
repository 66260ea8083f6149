"""`host replay`: a recording through a board, printed as a table, as scores, or as JSON lines."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from firmware.link import Damage, Final, Frame, Hello, Partial, Score, Segment
from host.domain_file import domain_wish
from host.errors import printable
from host.event_lines import JsonLines
from host.lockstep import CHUNK_SAMPLES, padded_samples
from host.recording import Recording
from host.replay import replay, replay_document, replay_summary
from host.run_record import RunRecord
from host.sim_boards import open_sim_board, sim_rate
from host.status import BoardStatus
from host.transcript import slots_text


def run_replay(
    file: Path, board_name: str, rate: int | None, *, domain: str | None, as_json: bool, vad_scores: bool
) -> None:
    """Replays `file` and prints; HostError for what the user can put right."""
    wish = domain_wish(domain)
    with (
        Recording(file, sim_rate(board_name, rate)) as recording,
        open_sim_board(board_name, rate) as board,
    ):
        for remark in (recording.conversion(), recording.doubt()):
            if remark is not None:
                _say(f"{file}: {remark}")
        status = BoardStatus(board.name, virtual=True)
        table = _Table(board.rate)
        lines = JsonLines(status, print)
        scores = _Scores(recording, board.rate)
        out = lines.item if as_json else scores.take if vad_scores else table.take
        record = RunRecord(status, virtual=True, recording=file, power_states=getattr(board, "residency", lambda: None))
        with _progress(recording) as (progress, growing):

            def take(item: Frame | Damage) -> None:
                out(item)
                record.take(item)
                if isinstance(item, Partial | Final):
                    growing(item.text if isinstance(item, Partial) else "")

            result = replay(
                recording, board, status=status, scores=vad_scores, domain=wish, taken=take, progress=progress
            )
        if (limited := recording.limited()) is not None:
            _say(f"{file}: {limited}")
        for damage in result.damages:
            _say(f"damaged frame skipped: {damage.reason}")
        if (unkept := record.keep()) is not None:
            _say(unkept)
        if as_json:
            print(json.dumps({"type": "summary", **replay_document(result, recording, board)}, ensure_ascii=False))
        elif not vad_scores:
            table.close()
            print("\n".join(replay_summary(result)))


class _Table:
    """A row for each segment, with its transcript where the board writes down what it hears."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._recognizes = False
        self._headed = False
        self._segments: dict[int, Segment] = {}
        self._finals: dict[int, Final] = {}

    def take(self, item: Frame | Damage) -> None:
        """Prints the row that `item` completes."""
        match item:
            case Hello():
                self._recognizes = bool(item.asr)
            case Segment():
                self._segments[item.id] = item
            case Final():
                self._finals[item.id] = item
            case _:
                return
        for number in sorted(self._segments):
            if not self._recognizes or number in self._finals:
                self._row(self._segments.pop(number), self._finals.pop(number, None))

    def close(self) -> None:
        """Prints the segments whose transcript never came."""
        for number in sorted(self._segments):
            self._row(self._segments.pop(number), None)

    def _row(self, segment: Segment, final: Final | None) -> None:
        if not self._headed:
            self._headed = True
            print(f"{'start s':>10} {'end s':>10} {'peak':>6}" + ("   conf  transcript" if self._recognizes else ""))
        row = f"{segment.start / self._rate:10.3f} {segment.end / self._rate:10.3f} {segment.peak_q8 / 256:6.3f}"
        if final is not None:
            said = [printable(part) for part in (final.text, slots_text(final.slots)) if part]
            row += f" {final.confidence_q8 / 256:6.3f}  {'  '.join(said) or '(not understood)'}"
        print(row)


class _Scores:
    """A line for each decision."""

    def __init__(self, recording: Recording, rate: int) -> None:
        self._recording = recording
        self._rate = rate

    def take(self, item: Frame | Damage) -> None:
        """Prints a score, unless all that it rests on is silence after the end."""
        if isinstance(item, Score) and item.sample - CHUNK_SAMPLES < self._recording.read_samples:
            sys.stdout.write(f"{item.sample / self._rate:.4f} {item.probability_q8 / 256:.4f}\n")


@contextmanager
def _progress(recording: Recording) -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    """What takes the samples so far, and what takes the words that are being said."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _samples: None, lambda _words: None
        return
    total = padded_samples(round(recording.duration_s * recording.rate), recording.rate)
    growing = TextColumn("[dim italic]{task.fields[words]}", markup=True, table_column=Column(no_wrap=True, ratio=1))
    columns = (BarColumn(20), TextColumn("{task.percentage:3.0f} %"), TimeRemainingColumn(), growing)
    # rich would send what goes to a stdout that is no terminal to stderr too.
    shared = sys.stdout.isatty()
    with Progress(*columns, console=console, transient=True, redirect_stdout=shared, expand=True) as progress:
        task = progress.add_task("", total=total, words="")

        def update(samples: int) -> None:
            progress.update(task, completed=samples)

        def grow(words: str) -> None:
            progress.update(task, words=printable(words).replace("[", "("))

        yield update, grow


def _say(text: str) -> None:
    print(text, file=sys.stderr)
