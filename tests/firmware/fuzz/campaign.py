"""Many random graphs, in batches, on two processes."""

import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np

from firmware.modelc.reader import parse

from .case import Case, input_calls, judge
from .check import Report, check
from .graphs import part_of, random_case, sketched

PROCESSES = 2
_BATCH = 50  # networks in one image; a machine's memory takes several hundred


def check_seeds(seeds: Sequence[int], targets: Sequence[str], libraries: Path, folder: Path) -> Report:
    """The graphs of these seeds, in one image a target."""
    report = check([random_case(seed) for seed in seeds], targets, libraries, folder)
    shutil.rmtree(folder)
    return report


def run(
    seeds: Sequence[int], targets: Sequence[str], libraries: Path, progress: Callable[[int], None] | None = None
) -> Report:
    """All seeds on all targets; progress is told how many graphs more are done. Works below `libraries`.

    A graph that TFLite Micro's interpreter does not survive is left out, and is in the report's `unjudged`.
    """
    whole = Report()
    left = tuple(seeds)
    while left:
        left = _run(left, targets, libraries, whole, progress)
        if left:
            crashing = _who_crashes(left)
            whole.unjudged.append(crashing)
            left = tuple(seed for seed in left if seed != crashing)
    return whole


def _run(
    seeds: Sequence[int],
    targets: Sequence[str],
    libraries: Path,
    whole: Report,
    progress: Callable[[int], None] | None,
) -> tuple[int, ...]:
    """Adds what it can to the report; returns the seeds that are left when a process has died."""
    left = set(seeds)
    # Not forked: whoever calls may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        batches: dict[Future[Report], tuple[int, ...]] = {}
        for start in range(0, len(seeds), _BATCH):
            batch = tuple(seeds[start : start + _BATCH])
            folder = libraries / f"batch{batch[0]}"
            shutil.rmtree(folder, ignore_errors=True)  # of a process that has died
            batches[pool.submit(check_seeds, batch, targets, libraries, folder)] = batch
        for done in as_completed(batches):
            try:
                whole.add(done.result())
            except BrokenProcessPool:
                continue
            left -= set(batches[done])
            if progress is not None:
                progress(len(batches[done]))
    return tuple(sorted(left))


def _who_crashes(seeds: Sequence[int]) -> int:
    """The first graph that TFLite Micro's interpreter does not survive; RuntimeError if it survives all."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for seed in seeds:
            try:
                pool.submit(_judged, seed).result()
            except BrokenProcessPool:
                return seed
    raise RuntimeError(
        f"a process died at once with one of the graphs {seeds[0]} to {seeds[-1]}, which TFLite Micro's interpreter "
        "survives: memory may be short"
    )


def _judged(seed: int) -> None:
    judge(random_case(seed))


def shrink(seed: int, target: str, libraries: Path, folder: Path) -> Report | None:
    """The fewest neighbouring operators of a seed's graph that still fail on the target; None if no part does."""
    sketch = sketched(seed)
    count = len(sketch.file.operators)

    def trial(first: int, last: int) -> Report:
        return check([part_of(seed, sketch, first, last)], [target], libraries, folder)

    for last in range(1, count + 1):
        if (report := trial(0, last)).failures:
            break
    else:
        return None
    for first in range(last - 1, 0, -1):
        if (smaller := trial(first, last)).failures:
            return smaller
    return report


def model_case(model: bytes, name: str, calls: int, seed: int = 1) -> Case:
    """Any model, half of its inputs uniform and half near their zero points; states start over once more midway."""
    random = np.random.default_rng(seed)
    inputs = input_calls(parse(model), random, calls // 2, calls - calls // 2)
    inputs = inputs[random.permutation(calls)]
    return Case(name, model, inputs, tuple(number in (0, calls // 2) for number in range(calls)))
