"""Recordings to text through the native image: several at a time, each as fast as it goes."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from host.domain_file import DomainWish
from host.errors import HostError
from host.recording import Recording, RecordingError
from host.replay import replay
from host.sim_boards import open_sim_board
from host.transcript import Transcript

BOARD = "native"
STDIN = Path("-")


@dataclass(frozen=True)
class Transcription:
    """What a file says, or why it cannot be told."""

    file: Path
    duration_s: float = 0.0
    transcripts: tuple[Transcript, ...] = ()
    """Those with words, in their order."""
    remarks: tuple[str, ...] = ()
    """What may cost words: doubts about the file, clipping."""
    error: str = ""

    @property
    def text(self) -> str:
        """All of it on one line."""
        return " ".join(one.text for one in self.transcripts)


@dataclass(frozen=True)
class Transcriber:
    """Transcribes at `rate` Hz with `domain`, the built-in one unless given."""

    rate: int
    domain: DomainWish | None = None

    def file(self, file: Path, progress: Callable[[float], None] = lambda _share: None) -> Transcription:
        """The words in `file`; what is wrong with the file stands in `error`. `progress` gets 0..1.

        Raises HostError for what no other file would be better with: no native image, a refused domain.
        """
        with open_sim_board(BOARD, self.rate) as board, _there(file) as path:
            try:
                with Recording(path, board.rate) as recording:
                    total = max(1.0, recording.duration_s * board.rate)
                    result = replay(
                        recording,
                        board,
                        domain=self.domain,
                        progress=lambda samples: progress(min(1.0, samples / total)),
                    )
                    remarks = (recording.doubt(), recording.limited())
            except RecordingError as error:
                return Transcription(file, error=str(error).removeprefix(f"{path}: "))
        if (hello := result.status.hello) is None or not hello.asr:
            raise HostError("this image writes nothing down: it has no speech recognition network. Build one with it.")
        if not result.status.domain_name:
            raise HostError("this image has no domain of its own. Name one: --domain FILE.domain")
        said = tuple(one for one in result.transcripts if one.text)
        return Transcription(file, result.duration_s, said, tuple(one for one in remarks if one is not None))

    def files(
        self, files: Sequence[Path], jobs: int, progress: Callable[[float], None] = lambda _files: None
    ) -> Iterator[Transcription]:
        """Each of `files` in their order, `jobs` at a time; `progress` gets the number of files done, parts counted."""
        shares = [0.0] * len(files)
        stopped = Event()

        def work(number: int) -> Transcription:
            def tell(share: float) -> None:
                if stopped.is_set():
                    raise CancelledError
                shares[number] = share
                progress(sum(shares))

            transcription = self.file(files[number], tell)
            tell(1.0)
            return transcription

        # The image's memory is each board's own, and Python's lock is free while it runs.
        with ThreadPoolExecutor(min(jobs, len(files))) as pool:
            futures = [pool.submit(work, number) for number in range(len(files))]
            try:
                for future in futures:
                    yield future.result()
            finally:
                stopped.set()
                pool.shutdown(cancel_futures=True)


@contextmanager
def _there(file: Path) -> Iterator[Path]:
    """The file itself; for `-` what stdin brings, in a file that can be read twice."""
    if file != STDIN:
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdin.wav"
        with path.open("wb") as out:
            shutil.copyfileobj(sys.stdin.buffer, out)
        yield path
