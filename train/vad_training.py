"""Training of the voice detector on mixtures made on the fly, with checkpoints, resume and a progress bar.

Worker processes mix and run the front end (the native library, the same C as on the board). Each step takes a fixed
number of new mixtures from them in turn into a pool, and a batch from the pool, so a mixture is seen a few times
under different levels and band gains.
"""

import contextlib
import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from firmware import native
from train import corpora
from train.metrics import auc
from train.mixing import Conditions, Mixer, Mixture
from train.rooms import Impulse, impulse_responses
from train.runs import UNREADABLE, warmed_cosine
from train.vad_network import FEATURES, FRAMES, VadNetwork, VadShape, shipped_parameters

LARGEST_PARAMETERS = 10_500
WARM_UP = 0.1
CERTAINTY_SNR_DB = (-8.0, 18.0)
CERTAINTY = (0.6, 1.0)

SPEECH_WEIGHT = {
    "speechocean762": 4.0,
    "an4": 1.0,
    "kathleen": 1.0,
    "librispeech251": 3.0,
    "commonvoice53": 3.0,
    "speech_commands7": 1.0,
    "fsdd": 0.3,
}
NOISE_WEIGHT = {"ambience": 3.0, "esc10": 2.0, "music": 2.0}
DEV_SPEECH = ("speechocean762", "an4")
DEV_CONDITIONS = Conditions(snr_db=(-5.0, 20.0), noise=1.0, synthetic_noise=0.0, level_dbfs=(-50.0, -15.0))


@dataclass(frozen=True)
class VadTraining:
    """How to train: steps and batch in mixtures of eight seconds, learning rate at its peak, processes that mix."""

    steps: int = 8000
    batch: int = 48
    fresh: int = 6
    pool: int = 1536
    learning_rate: float = 4e-3
    weight_decay: float = 1e-3
    average: float = 0.998
    workers: int = 2
    rooms: int = 300
    dev_mixtures: int = 120
    seed: int = 1
    every: int = 250


@dataclass
class Example:
    """A recording as the network sees it.

    logmel_q8: int16[chunks, 80]
    speech: the share of speech in each chunk, float32[chunks] (0, 0.5 or 1)
    target: what the network should say, float32[chunks]
    """

    logmel_q8: npt.NDArray[np.int16]
    speech: npt.NDArray[np.float32]
    target: npt.NDArray[np.float32]


def certainty(snr_db: float) -> float:
    """The probability that speech at a signal-to-noise ratio is to be given.

    Faint speech is rarely meant for the listener: it should still pass the gate, but rank below a near talker's.
    """
    return float(np.interp(snr_db, CERTAINTY_SNR_DB, CERTAINTY))


def example(mixture: Mixture) -> Example:
    """Runs a mixture through the front end at 16 kHz."""
    frames = native.logmel(mixture.pcm, corpora.RATE_HZ)
    chunks = len(frames) // FRAMES
    speech = mixture.speech[: chunks * FRAMES].reshape(chunks, FRAMES).mean(axis=1, dtype=np.float32)
    target = speech * np.float32(certainty(mixture.snr_db))
    return Example(frames[: chunks * FRAMES].reshape(chunks, FEATURES), speech, target)


def training_mixer(rooms: list[Impulse], seed: int) -> Mixer:
    """Mixer over the training split of all corpora."""
    return Mixer(
        speech=[corpora.clips(name, ["train"]) for name in SPEECH_WEIGHT],
        speech_weight=list(SPEECH_WEIGHT.values()),
        noise=[corpora.clips(name, ["train"]) for name in NOISE_WEIGHT],
        noise_weight=list(NOISE_WEIGHT.values()),
        rooms=rooms,
        seed=seed,
    )


def dev_examples(count: int, rooms: list[Impulse], seed: int = 977) -> list[Example]:
    """Fixed mixtures of the dev split's speakers with training noise, for choosing between checkpoints."""
    mixer = Mixer(
        speech=[corpora.clips(name, ["dev"]) for name in DEV_SPEECH],
        speech_weight=[3.0, 1.0],
        noise=[corpora.clips(name, ["train"]) for name in NOISE_WEIGHT],
        noise_weight=list(NOISE_WEIGHT.values()),
        rooms=rooms,
        seed=seed,
        conditions=DEV_CONDITIONS,
    )
    return [example(mixer.mixture()) for _ in range(count)]


def _mix(connection: "multiprocessing.connection.Connection", rooms: list[Impulse], seed: int) -> None:
    torch.set_num_threads(1)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        try:
            mixer = training_mixer(rooms, seed)
            while True:
                connection.send(example(mixer.mixture()))
        except corpora.CorpusError as error:
            connection.send(error)


def _received(connection: "multiprocessing.connection.Connection") -> Example:
    try:
        received: Example | corpora.CorpusError = connection.recv()
    except EOFError as error:
        raise ValueError("a process that mixes has died, perhaps for want of memory; go on with --resume") from error
    if isinstance(received, corpora.CorpusError):
        raise received
    return received


@contextlib.contextmanager
def _mixing_workers(training: VadTraining, rooms: list[Impulse], first_seed: int) -> Iterator[Iterator[Example]]:
    context = multiprocessing.get_context("spawn")
    ends, processes = [], []
    for i in range(training.workers):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_mix, args=(sender, rooms, first_seed + i), daemon=True)
        process.start()
        sender.close()
        ends.append(receiver)
        processes.append(process)

    def in_turn() -> Iterator[Example]:
        while True:
            for end in ends:
                yield _received(end)

    try:
        yield in_turn()
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _batch(pool: list[Example], count: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    chosen = [pool[int(i)] for i in rng.integers(len(pool), size=count)]
    logmel = np.stack([e.logmel_q8 for e in chosen]).astype(np.float32) / 256
    level = rng.normal(0, 1.0, (count, 1, 1))
    knots = rng.normal(0, 0.7, (count, 6))
    band_gain = np.stack([np.interp(np.linspace(0, 5, FEATURES // FRAMES), np.arange(6), k) for k in knots])
    gain = (level + np.tile(band_gain, FRAMES)[:, None, :]).astype(np.float32)
    features = np.maximum(logmel + gain, 0)
    return torch.from_numpy(features), torch.from_numpy(np.stack([e.target for e in chosen]))


def dev_auc(network: VadNetwork, examples: list[Example]) -> float:
    """AUC of the float network over chunks that are speech or not as a whole."""
    network.eval()
    with torch.no_grad():
        features = torch.from_numpy(np.stack([e.logmel_q8 for e in examples]).astype(np.float32) / 256)
        scores = network(features).numpy().ravel()
    truth = np.concatenate([e.speech for e in examples])
    whole = truth != 0.5
    return auc(scores[whole], truth[whole] > 0.5)


def learning_rate(training: VadTraining, step: int) -> float:
    """Linear warm-up over a tenth of the steps, then half a cosine to a hundredth of the peak."""
    return warmed_cosine(training.learning_rate, step / training.steps, WARM_UP)


def train_vad(out: Path, shape: VadShape, training: VadTraining, resume: bool) -> Path:
    """Trains and writes out/vad.pt (averaged weights and shape); out/checkpoint.pt lets a later call go on.

    Raises:
        ValueError: the network would ship more parameters than the limit, or the checkpoint cannot be resumed.
        corpora.CorpusError: data are missing or damaged.
    """
    parameters = shipped_parameters(shape)
    if parameters > LARGEST_PARAMETERS:
        raise ValueError(f"the network would have {parameters} parameters; the limit is {LARGEST_PARAMETERS}")
    corpora.data_folder()
    checkpoint, step = out / "checkpoint.pt", 0
    if resume and not checkpoint.is_file():
        raise ValueError(f"{checkpoint} is missing: nothing to go on from; start without --resume")
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(training.seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(training.seed)
    rooms = impulse_responses(training.rooms, training.seed)
    network = VadNetwork(shape)
    optimizer = torch.optim.AdamW(network.parameters(), training.learning_rate, weight_decay=training.weight_decay)
    averaged = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(training.average), use_buffers=True
    )
    shipped = averaged.module
    assert isinstance(shipped, VadNetwork)
    if resume:
        try:
            saved = torch.load(checkpoint, weights_only=True)
            for part, name in ((network, "network"), (averaged, "averaged"), (optimizer, "optimizer")):
                part.load_state_dict(saved[name])
            step = saved["step"]
        except UNREADABLE as error:
            raise ValueError(
                f"{checkpoint} is damaged or of a network of another shape; give the --channels that it was started "
                "with, or start anew in another --run"
            ) from error
    examples = dev_examples(training.dev_mixtures, rooms)
    log = (out / "log.jsonl").open("a" if resume else "w")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}"),
    )
    with Progress(*columns) as progress, _mixing_workers(training, rooms, 1000 + 10 * step) as fresh, log:
        task = progress.add_task("mixing", total=training.batch * 4, now="")
        pool: list[Example] = []
        while len(pool) < training.batch * 4:
            pool.append(next(fresh))
            progress.update(task, completed=len(pool))
        if step == 0:
            _normalise(network, pool)
            shipped.load_state_dict(network.state_dict())
        progress.update(task, description="training", total=training.steps, completed=step)
        oldest, losses = 0, []
        while step < training.steps:
            for _ in range(training.fresh):
                if len(pool) < training.pool:
                    pool.append(next(fresh))
                else:
                    pool[oldest] = next(fresh)
                    oldest = (oldest + 1) % training.pool
            features, target = _batch(pool, training.batch, rng)
            network.train()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(features), target)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(training, step)
            optimizer.step()
            averaged.update_parameters(network)
            losses.append(loss.item())
            step += 1
            progress.update(task, completed=step)
            if step % training.every == 0 or step == training.steps:
                score = dev_auc(shipped, examples)
                entry = {"step": step, "loss": round(float(np.mean(losses)), 5), "dev_auc": round(score, 5)}
                losses = []
                log.write(json.dumps(entry) + "\n")
                log.flush()
                progress.update(task, now=f"loss {entry['loss']:.4f}  dev AUC {score:.4f}")
                torch.save(
                    {
                        "network": network.state_dict(),
                        "averaged": averaged.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "step": step,
                    },
                    checkpoint,
                )
                save(shipped, out / "vad.pt")
    return out / "vad.pt"


def _normalise(network: VadNetwork, pool: list[Example]) -> None:
    frames = np.concatenate([e.logmel_q8 for e in pool]).astype(np.float64) / 256
    bands = frames.reshape(-1, FEATURES // FRAMES)
    network.mean.copy_(torch.from_numpy(np.tile(bands.mean(axis=0), FRAMES)))
    network.deviation.copy_(torch.from_numpy(np.tile(bands.std(axis=0), FRAMES)))


def save(network: VadNetwork, path: Path) -> None:
    """Writes weights and shape."""
    torch.save({"shape": asdict(network.shape), "weights": network.state_dict()}, path)


def load(path: Path) -> VadNetwork:
    """Reads a network that `save` wrote.

    Raises:
        ValueError: the file holds none.
    """
    if not path.is_file():
        raise ValueError(f"there is no {path}: no trained voice detector; make one with `train vad`, or name its --run")
    try:
        saved = torch.load(path, weights_only=True)
        network = VadNetwork(VadShape(**saved["shape"]))
        network.load_state_dict(saved["weights"])
    except UNREADABLE as error:
        raise ValueError(
            f"{path} holds no trained voice detector of this version (it is damaged, or its weights are of another "
            "shape); make one with `train vad`"
        ) from error
    network.eval()
    return network
