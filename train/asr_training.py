"""Trains the recogniser, or its teacher: CTC over phonemes, batches drawn from the bank, the weights averaged.

CTC after A. Graves et al., "Connectionist Temporal Classification" (2006). With a teacher the loss is
alpha * CTC + (1 - alpha) * T^2 * KL(teacher at temperature T || network at T), frame by frame, the network's by `lag`
frames later, after G. Hinton et al., "Distilling the Knowledge in a Neural Network" (2015), section 2; the teacher
hears the same augmented audio, without the masks.
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn

from firmware.domain.phonemes import BLANK
from train.asr_augment import Batch, Drawer, Pool
from train.asr_bank import Banked
from train.asr_network import BANDS, AsrNetwork, AsrShape
from train.runs import UNREADABLE, warmed_cosine

WARM_UP = 0.08
QUEUE = 4
SKIPPED_MAX = 20
"""Batches without a finite gradient in a run."""

TAIL = 16
"""Frames after a recording's end in which the network is still asked: on a board the hangover is heard there."""


@dataclass(frozen=True)
class AsrTraining:
    """How a network is trained; `frames` of 32 ms a window, `batch` windows a step.

    `lag`: frames that the network may tell later than its teacher, which has heard all that follows: it puts a phoneme
    near its start, and a streaming network that is left alone waits for what comes after.
    """

    steps: int = 20000
    batch: int = 20
    frames: int = 400
    learning_rate: float = 2.5e-3
    weight_decay: float = 2e-3
    average: float = 0.9993
    dropout: float = 0.05
    easy_steps: int = 1500
    every: int = 500
    seed: int = 1
    alpha: float = 0.5
    temperature: float = 2.0
    lag: int = 4
    threads: int = 2


@dataclass(frozen=True)
class DevScore:
    """Phoneme error rate by corpus, of the averaged weights."""

    rates: dict[str, float]

    @property
    def mean(self) -> float:
        """Over the corpora."""
        return float(np.mean(list(self.rates.values())))


def errors(said: Sequence[int], heard: Sequence[int]) -> int:
    """Levenshtein distance of two sequences."""
    row = np.arange(len(heard) + 1)
    target = np.asarray(heard)
    for number, phoneme in enumerate(said, start=1):
        straight = np.concatenate(([number], np.minimum(row[:-1] + (target != phoneme), row[1:] + 1)))
        # An insertion costs one more than its left neighbour: a running minimum of cost less position.
        row = np.minimum.accumulate(straight - np.arange(len(straight))) + np.arange(len(straight))
    return int(row[-1])


def greedy(logits: torch.Tensor) -> list[int]:
    """Best class of each frame of float[frames, CLASSES], repeats and blanks taken out."""
    best = logits.argmax(dim=-1).tolist()
    return [c for i, c in enumerate(best) if c != BLANK and (i == 0 or best[i - 1] != c)]


def phoneme_error_rate(network: AsrNetwork, utterances: Sequence[Banked]) -> float:
    """Of the greedy path, over all utterances, each followed by half a second in which the network may tell its end."""
    network.eval()
    wrong = total = 0
    ordered = sorted(utterances, key=lambda b: len(b.features))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(ordered), 16):
            some = ordered[start : start + 16]
            longest = max(len(b.features) for b in some) + TAIL
            features = np.zeros((len(some), longest, 80), np.float32)
            for row, banked in zip(features, some, strict=True):
                row[: len(banked.features)] = banked.features.astype(np.float32) / 256
                row[len(banked.features) :] = row[len(banked.features) - 1]
            logits = network(torch.from_numpy(features).reshape(len(some), -1, BANDS))
            for one, banked in zip(logits, some, strict=True):
                heard = greedy(one[: len(banked.features) + TAIL])
                wrong += errors(banked.labels.tolist(), heard)
                total += len(banked.labels)
    return wrong / max(1, total)


def learning_rate(training: AsrTraining, step: int) -> float:
    """Linear warm-up, then half a cosine to a hundredth of the peak."""
    return warmed_cosine(training.learning_rate, step / training.steps, WARM_UP)


def _share(training: AsrTraining, averaged: torch.Tensor | int) -> float:
    """What a step's weights add to their average: much at first, so that the start is soon forgotten."""
    return max(1 - training.average, 9 / (10 + int(averaged)))


def loss_of(network: AsrNetwork, batch: Batch, teacher: AsrNetwork | None, training: AsrTraining) -> torch.Tensor:
    """The loss of one batch, for each phoneme said in it."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(batch.features)
    scores = nn.functional.log_softmax(logits.float(), dim=-1)
    frames = torch.full((len(batch.counts),), scores.shape[1], dtype=torch.long)
    ctc = nn.functional.ctc_loss(
        scores.transpose(0, 1), batch.labels, frames, batch.counts, blank=BLANK, reduction="sum", zero_infinity=True
    ) / max(1, int(batch.counts.sum()))
    if teacher is None:
        return ctc
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        target = teacher(batch.unmasked)
    hot = training.temperature
    divergence = nn.functional.kl_div(
        nn.functional.log_softmax(logits.float()[:, training.lag :] / hot, dim=-1),
        nn.functional.log_softmax(target.float()[:, : target.shape[1] - training.lag] / hot, dim=-1),
        reduction="sum",
        log_target=True,
    ) / max(1, int(batch.counts.sum()))
    return training.alpha * ctc + (1 - training.alpha) * hot**2 * divergence


class Feed:
    """Batches drawn ahead in a thread, in the drawer's order."""

    def __init__(self, drawer: Drawer, step: int, easy_steps: int) -> None:
        self.waiting: queue.Queue[Batch] = queue.Queue(QUEUE)
        self.drawer, self.step, self.easy_steps = drawer, step, easy_steps
        self.lock = threading.Lock()
        threading.Thread(target=self._draw, daemon=True).start()

    def _draw(self) -> None:
        while True:
            with self.lock:
                batch = self.drawer.draw(min(1.0, self.step / max(1, self.easy_steps)))
            self.step += 1
            self.waiting.put(batch)

    def next(self) -> Batch:
        """The next batch."""
        return self.waiting.get()

    def replace(self, pool: Pool) -> None:
        """Later batches come from another pool."""
        with self.lock:
            self.drawer.pool = pool


def checkpoint_of(run: Path, resume: bool) -> Path:
    """Where the run's checkpoint is.

    Raises:
        ValueError: to go on, it must be there, and is not.
    """
    checkpoint = run / "checkpoint.pt"
    if resume and not checkpoint.is_file():
        raise ValueError(f"{checkpoint} is missing: nothing to go on from; start without --resume")
    return checkpoint


def train_asr(  # noqa: PLR0917 - a run is all of this
    out: Path,
    shape: AsrShape,
    training: AsrTraining,
    pool: Callable[[], Pool],
    dev: Mapping[str, Sequence[Banked]],
    resume: bool,
    teacher: AsrNetwork | None = None,
) -> Path:
    """Trains and writes out/asr.pt (averaged weights and shape); out/checkpoint.pt lets a later call go on.

    Args:
        out: the run's folder
        shape: of the network
        training: how
        pool: what is drawn from, asked again now and then: a bank may grow
        dev: utterances to choose checkpoints by, by corpus
        resume: go on from the checkpoint
        teacher: distil from it

    Raises:
        ValueError: the checkpoint cannot be resumed.
    """
    checkpoint, step = checkpoint_of(out, resume), 0
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(training.seed)
    torch.set_num_threads(training.threads)
    network = AsrNetwork(shape, training.dropout).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": training.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, training.learning_rate)
    averaged = torch.optim.swa_utils.AveragedModel(
        network, avg_fn=lambda mean, now, count: mean + (now - mean) * _share(training, count), use_buffers=True
    )
    shipped = averaged.module
    assert isinstance(shipped, AsrNetwork)
    if resume:
        try:
            saved = torch.load(checkpoint, weights_only=True)
            network.load_state_dict(saved["network"])
            averaged.load_state_dict(saved["averaged"])
            optimizer.load_state_dict(saved["optimizer"])
            step = int(saved["step"])
        except UNREADABLE as error:
            raise ValueError(
                f"{checkpoint} cannot be resumed (it is damaged, or of another shape); start anew in another folder"
            ) from error
    drawer = Drawer(pool(), training.seed * 1_000_000 + step, training.frames, training.batch)
    feed = Feed(drawer, step, training.easy_steps)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}"),
    )
    with Progress(*columns) as progress, (out / "log.jsonl").open("a") as log:
        task = progress.add_task("training", total=training.steps, completed=step, now="")
        losses: list[float] = []
        skipped = 0
        began = time.monotonic()
        while step < training.steps:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(training, step)
            network.train()
            loss = loss_of(network, feed.next(), teacher, training)
            optimizer.zero_grad()
            loss.backward()
            size = nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            if not (torch.isfinite(loss) and torch.isfinite(size)):
                skipped += 1
                if skipped > SKIPPED_MAX:
                    raise ValueError(f"{skipped} batches without a finite gradient: lower the learning rate")
                continue
            optimizer.step()
            averaged.update_parameters(network)
            losses.append(loss.item())
            step += 1
            progress.update(task, completed=step)
            if step % training.every == 0 or step == training.steps:
                score = DevScore({name: phoneme_error_rate(shipped, some) for name, some in dev.items()})
                seconds = (time.monotonic() - began) / len(losses)
                entry = {
                    "step": step,
                    "loss": round(float(np.mean(losses)), 5),
                    "per": {name: round(rate, 4) for name, rate in score.rates.items()},
                    "seconds_a_step": round(seconds, 3),
                    "skipped": skipped,
                    "hours": round(feed.drawer.pool.hours(), 1),
                }
                log.write(json.dumps(entry) + "\n")
                log.flush()
                progress.update(task, now=f"loss {entry['loss']:.3f}  dev PER {score.mean:.1%}")
                _save_atomically(
                    {
                        "network": network.state_dict(),
                        "averaged": averaged.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "step": step,
                    },
                    checkpoint,
                )
                save(shipped, out / "asr.pt")
                feed.replace(pool())
                losses, began = [], time.monotonic()
    return out / "asr.pt"


def _save_atomically(what: dict[str, object], path: Path) -> None:
    part = path.with_suffix(".part")
    torch.save(what, part)
    part.replace(path)


def save(network: AsrNetwork, path: Path) -> None:
    """Writes weights and shape."""
    _save_atomically({"shape": asdict(network.shape), "weights": network.state_dict()}, path)


def load(path: Path) -> AsrNetwork:
    """Reads a network that `save` wrote.

    Raises:
        ValueError: the file holds none.
    """
    if not path.is_file():
        raise ValueError(f"there is no {path}: no trained recogniser; make one with `train asr`, or name its --run")
    try:
        saved = torch.load(path, weights_only=True)
        network = AsrNetwork(AsrShape(**{**saved["shape"], "ahead": tuple(saved["shape"]["ahead"])}))
        network.load_state_dict(saved["weights"])
    except UNREADABLE as error:
        raise ValueError(f"{path} holds no trained recogniser of this version; make one with `train asr`") from error
    network.eval()
    return network
