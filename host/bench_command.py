"""`host bench`: what each stage costs on the board, as the board itself counts it."""

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from firmware import boards
from firmware.link import Config, Frame, Hello, Ledger, ListenerState, TrialSubject
from firmware.pipeline import recognizer_facts
from host.errors import HostError
from host.exchange import Exchange
from host.run_record import CyclesAre, cycles_are
from host.trials import TrialAbsent, TrialInterrupted, Trials
from host.vectors import Series, all_series

_MOST_INTERRUPTIONS = 5
_LEDGER_S = 20.0
_STAGES = {
    TrialSubject.FRONTEND: "front end",
    TrialSubject.VAD: "voice detection",
    TrialSubject.ASR: "recognition",
    TrialSubject.DECODER: "decoder",
}


@dataclass(frozen=True)
class Stage:
    """Core cycles of a stage, a run of which is `chunks` chunks; share of real time at `clock_hz` (0: unknown)."""

    name: str
    runs: int
    chunks: int
    least: int
    mean: float
    most: int
    clock_hz: int
    share: float


@dataclass(frozen=True)
class BenchReport:
    """All stages of a board, and what its cycles are."""

    board: str
    build: str
    cycles_are: CyclesAre
    stages: list[Stage]
    left_out: dict[str, str]


def bench(link: Exchange, *, virtual: bool) -> BenchReport:
    """Measures a board. HostError where it counts no cycles, or does not answer."""
    hello = link.greet()
    kind = cycles_are(hello.board, virtual)
    if kind == "nothing":
        raise HostError(
            f"{hello.board} counts no cycles. `python -m firmware.bench` counts instructions; boards do too."
        )
    stages, left_out = [_whole(link, hello)], {}
    for series in all_series():
        if series.subject not in _STAGES:
            continue
        name = _STAGES[series.subject]
        if series.subject is TrialSubject.DECODER and not hello.domain:
            left_out[name] = "no domain is in force"
            continue
        try:
            stages.append(_stage(hello, series, _cycles(link, series)))
        except TrialAbsent:
            left_out[name] = "this image lacks it"
    build = f"{hello.build:016x}" if hello.build else ""
    return BenchReport(hello.board, build, kind, stages, left_out)


def _cycles(link: Exchange, series: Series) -> list[int]:
    for _ in range(_MOST_INTERRUPTIONS):
        try:
            return [Trials(link).run(series.subject, run, data).cycles for run, data in enumerate(series.inputs)]
        except TrialInterrupted:
            continue
    raise HostError("talk interrupted the measurement again and again. Try again where it is quiet.")


def _stage(hello: Hello, series: Series, cycles: list[int]) -> Stage:
    chunks = (
        recognizer_facts.read(recognizer_facts.SHIPPED).frames_per_call if series.subject is TrialSubject.ASR else 1
    )
    burst = series.subject in (TrialSubject.ASR, TrialSubject.DECODER)
    return _reckoned(hello, _STAGES[series.subject], chunks, cycles, burst=burst)


def _reckoned(hello: Hello, name: str, chunks: int, cycles: list[int], *, burst: bool) -> Stage:
    clock_hz = 0
    if hello.board in boards.names():
        board = boards.load(hello.board)
        clock_hz = board.burst_hz if burst and board.burst_hz else board.clock_hz
    mean = statistics.fmean(cycles)
    share = mean / (chunks * hello.chunk / hello.rate * clock_hz) if clock_hz else 0.0
    return Stage(name, len(cycles), chunks, min(cycles), mean, max(cycles), clock_hz, share)


def _whole(link: Exchange, hello: Hello) -> Stage:
    """All that a chunk costs while nobody speaks: the difference between two LEDGERs."""
    config = link.config
    assert config is not None
    awake = replace(config, sleep_after_chunks=0, ledger_period_chunks=Config().ledger_period_chunks)
    link.ask(awake, _same(awake), "for its settings")
    try:
        link.wait(_ledger, _LEDGER_S)  # the one period in which the setting changed
        before, after = link.wait(_ledger, _LEDGER_S), link.wait(_ledger, _LEDGER_S)
    finally:
        link.ask(config, _same(config), "for its settings")
    if before is None or after is None:
        raise HostError("the board sends no LEDGER. Reset it and try again.")
    one, other = before.rows[ListenerState.HEAR], after.rows[ListenerState.HEAR]
    samples = other.samples - one.samples
    if samples < after.sample - before.sample or samples <= 0:
        raise HostError("somebody spoke while the board was measured. Try again where it is quiet.")
    return _reckoned(
        hello, "all of a chunk in HEAR", 1, [(other.cycles - one.cycles) * hello.chunk // samples], burst=False
    )


def _same(config: Config) -> Callable[[Frame], Config | None]:
    return lambda frame: frame if frame == config and isinstance(frame, Config) else None


def _ledger(frame: Frame) -> Ledger | None:
    return frame if isinstance(frame, Ledger) else None


def print_report(report: BenchReport, *, as_json: bool) -> None:
    """A table, or JSON."""
    if as_json:
        print(json.dumps(asdict(report), indent=2))
        return
    print(f"{report.board}, build {report.build or 'unknown'}: {report.cycles_are} awake, as the board counts them")
    print(f"{'stage':28}{'runs':>5}{'chunks':>7}{'least':>10}{'mean':>10}{'most':>10}  of real time")
    for stage in report.stages:
        share = f"{100 * stage.share:.2f} % at {stage.clock_hz / 1e6:g} MHz" if stage.clock_hz else ""
        print(
            f"{stage.name:28}{stage.runs:5}{stage.chunks:7}{stage.least:10}{stage.mean:10.0f}{stage.most:10}  {share}"
        )
    for name, why in report.left_out.items():
        print(f"{name:28}not measured: {why}")
