"""The commands of the recogniser: train asr, train eval asr, train eval confidence, train bench asr."""

import json
import multiprocessing
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

RUNS = Path("runs")
MODELS = Path(__file__).parent.parent / "firmware" / "models"


class Preset(StrEnum):
    """Sizes of network."""

    STUDENT = "student"
    TEACHER = "teacher"


def _fill(bank: Path, variants: list[int], synthetic: Path | None) -> None:
    from train.asr_corpora import fillings

    for _ in fillings(bank, variants, synthetic):
        pass


def train(  # noqa: PLR0917 - typer calls it
    run: Annotated[Path, typer.Option("--run", help="Folder of the training run: checkpoint, log, weights.")] = RUNS
    / "asr",
    preset: Annotated[
        Preset, typer.Option(help="student: the one that ships. teacher: larger, not streaming.")
    ] = Preset.STUDENT,
    teacher: Annotated[Path | None, typer.Option(help="Distil from this asr.pt, a teacher's.")] = None,
    alpha: Annotated[
        float, typer.Option(min=0, max=1, help="Share of CTC in the loss; the rest is the teacher's.")
    ] = 0.5,
    temperature: Annotated[float, typer.Option("--temperature", "-T", min=0.1, help="Of the distillation.")] = 2.0,
    lag: Annotated[
        int, typer.Option(min=0, max=16, help="Frames of 32 ms that the network may tell later than its teacher.")
    ] = 4,
    steps: Annotated[int, typer.Option(min=1, help="12000 take about 90 minutes on two cores (student).")] = 12000,
    variants: Annotated[int, typer.Option(min=1, help="Speeds and rooms that each recording is heard in.")] = 3,
    bank: Annotated[Path, typer.Option(help="Folder of log-mel, made once, shared between runs.")] = RUNS / "bank",
    synthetic: Annotated[
        Path | None, typer.Option(help="Folder that `train synthesize` wrote; it may still be growing.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and batches.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
) -> None:
    """Train the recogniser: phonemes from log-mel, by CTC, with or without a teacher.

    First the bank of features is filled (a few minutes; what is there is kept), the later variants while the training
    runs. Writes asr.pt (averaged weights), checkpoint.pt (--resume takes it up) and log.jsonl into the run's folder.

    In order: train synthesize, train asr --preset teacher --run runs/teacher, train asr --teacher
    runs/teacher/asr.pt, train quantize asr, train eval asr
    """
    from train import asr_corpora, asr_network
    from train.asr_training import AsrTraining, checkpoint_of, load, train_asr

    if run.exists() and not run.is_dir():
        raise ValueError(f"{run} is no folder; name one with --run")
    # What is wrong is said before the bank is filled, which takes minutes.
    if checkpoint_of(run, resume).exists() and not resume:
        raise ValueError(f"{run} holds a run already: go on with it by --resume, or name another folder with --run")
    if synthetic is not None and not (synthetic / f"{asr_corpora.SYNTHETIC}.jsonl").is_file():
        raise ValueError(f"{synthetic} holds no synthesised speech; make some: train synthesize --out {synthetic}")
    distilled = load(teacher) if teacher else None
    console = Console(stderr=True)
    with console.status("filling the bank") as status:
        for what in asr_corpora.fillings(bank, [0], synthetic):
            status.update(f"filling the bank: {what}")
        status.update("hearing noises")
        noises = asr_corpora.noises()
        dev = asr_corpora.dev_sets()
    filler = multiprocessing.get_context("spawn").Process(
        target=_fill, args=(bank, list(range(1, variants)), synthetic), daemon=True
    )
    filler.start()
    shape = asr_network.TEACHER if preset == Preset.TEACHER else asr_network.STUDENT
    training = replace(AsrTraining(), steps=steps, alpha=alpha, temperature=temperature, lag=lag, seed=seed)
    pool = asr_corpora.GrowingPool(bank, asr_corpora.WEIGHTS, noises)
    try:
        print(train_asr(run, shape, training, pool, dev, resume, distilled))
    finally:
        filler.terminate()
        filler.join()


def evaluate(  # noqa: PLR0917 - typer calls it
    run: Annotated[
        Path | None,
        typer.Option(help="Folder with another float network, asr.pt; by default the one beside the model."),
    ] = None,
    model: Annotated[Path, typer.Option(help="The .tflite; the C is the one compiled into the library.")] = MODELS
    / "asr.tflite",
    most: Annotated[int, typer.Option(min=1, help="Utterances of each corpus, at most.")] = 150,
    rate: Annotated[int, typer.Option(help="The microphone's: 16000, or 15625 as on the Apollo3.")] = 16000,
    clean: Annotated[bool, typer.Option("--clean", help="The recordings as they are only, no noise.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Phoneme error rate by corpus, word error rate in a domain: float, .tflite and C, as recorded and in noise.

    Speakers and noises are none that training hears. The interval behind a rate is the bootstrap's at 95 %. The C is
    always of firmware/models/asr.tflite; a --model other than that is refused. Without its .pt, which train quantize
    writes beside it, or a --run, the float network is left out, and said to be.
    """
    from train import asr_judged

    console = Console(stderr=True)
    with console.status("reading recordings") as status:
        measures = asr_judged.measures(run, model, most, rate, clean, status.update)
    if all(m.recogniser != "float" for m in measures):
        print(f"no {model.with_suffix('.pt')}: the float network is left out (name its --run)", file=sys.stderr)
    if as_json:
        print(json.dumps([m.as_json() for m in measures], indent=1))
        return
    names = list(dict.fromkeys(m.recogniser for m in measures))
    for unit in ("phoneme", "word"):
        table = Table("corpus", "domain", "noise", *names, title=f"{unit} error rate at {rate} Hz")
        rows = dict.fromkeys((m.corpus, m.domain, m.snr_db) for m in measures if m.unit == unit)
        for corpus, domain, snr_db in rows:
            of = {m.recogniser: str(m.rate) for m in measures if (m.corpus, m.unit, m.snr_db) == (corpus, unit, snr_db)}
            noise = "as recorded" if snr_db is None else f"{snr_db:g} dB"
            table.add_row(corpus, domain, noise, *(of.get(name, "-") for name in names))
        if rows:
            Console(width=140).print(table)


def bench(
    most: Annotated[int, typer.Option(min=1, help="Utterances of AN4's test set, at most.")] = 130,
    snr: Annotated[list[float] | None, typer.Option(help="Also in noise, at so many dB; several may be given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Word error rate on AN4's test set: the C of the image beside PocketSphinx, with n-grams of AN4's transcripts.

    PocketSphinx has its bundled US English model and dictionary and, as in its own recipe for AN4, a bigram.
    """
    from train import asr_bench

    console = Console(stderr=True)
    with console.status("reading recordings") as status:
        measures = asr_bench.measures(most, snr or [], status.update)
    if as_json:
        print(json.dumps([m.as_json() for m in measures], indent=1))
        return
    table = Table("recogniser", "domain", "noise", "word error rate", title="AN4 test, 95 % interval")
    for m in measures:
        noise = "as recorded" if m.snr_db is None else f"{m.snr_db:g} dB"
        table.add_row(m.recogniser, m.domain, noise, str(m.rate))
    Console(width=120).print(table)


def confidence(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """What the confidence's threshold costs: right phrases rejected against speech outside the domain let through.

    For the shipped settings, and for those fitted to the same recordings: development speakers, as recorded and in
    training noise, heard by the C in domains of theirs and of others. The settings stand in
    firmware/pipeline/decoder_calibration.c; those fitted are to be rounded and written there by hand.
    """
    from firmware.native.decoding import DecoderConfig
    from train import asr_confidence

    with Console(stderr=True).status("reading recordings") as status:
        heard = asr_confidence.listen(status.update)
    found = asr_confidence.fitted(heard)
    now = DecoderConfig.shipped()
    shipped = {name: int(getattr(now, name)) for name in found.settings()}
    traded = {
        "shipped": asr_confidence.trade(heard, [h.confidence for h in heard]),
        "fitted": asr_confidence.trade(heard, [h.confidence_by(found) for h in heard]),
    }
    if as_json:
        settings = {"shipped": {**shipped, "reject_below_q8": now.reject_below_q8}, "fitted": found.settings()}
        print(json.dumps({"settings": settings, "trade": traded}, indent=1))
        return
    settings_table = Table("setting", "shipped", "fitted")
    for name, value in found.settings().items():
        settings_table.add_row(name, str(shipped[name]), str(value))
    settings_table.add_row("reject_below_q8", str(now.reject_below_q8), "")
    table = Table("confidence below", title="right phrases rejected, others outside let through")
    for name in traded:
        table.add_column(f"{name}: rejected", justify="right")
        table.add_column("let through", justify="right")
    for rows in zip(*traded.values(), strict=True):
        table.add_row(f"{rows[0][0]:.1f}", *(f"{share:.1%}" for _, *shares in rows for share in shares))
    for one in (settings_table, table):
        Console(width=100).print(one)
