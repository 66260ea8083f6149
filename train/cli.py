"""The `train` command: recordings in, INT8 .tflite out, and how good it is."""

import json
import sys
import zlib
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from train import asr_commands
from train.domains.cli import domain, ngram

app = typer.Typer(
    help="""Train, quantize and evaluate Earshot's networks.

    From recordings to the image, in order: train vad, train quantize vad, train eval vad; train synthesize, train asr,
    train quantize asr, train eval asr. What the board understands: train domain, which needs no training.
    EARSHOT_DATA names the folder of recordings and of the manifests that list them (train/corpora.py says what stands
    in one).
    """,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
evaluation_app = typer.Typer(help="Measure a network: float, .tflite and C side by side.", no_args_is_help=True)
app.add_typer(evaluation_app, name="eval")
bench_app = typer.Typer(help="Measure beside what others have made, on the same audio.", no_args_is_help=True)
app.add_typer(bench_app, name="bench")
app.command("asr")(asr_commands.train)
evaluation_app.command("asr")(asr_commands.evaluate)
evaluation_app.command("confidence")(asr_commands.confidence)
bench_app.command("asr")(asr_commands.bench)
app.command()(domain)
app.command()(ngram)

MODELS = Path(__file__).parent.parent / "firmware" / "models"
RUNS = Path("runs")

RunFolder = Annotated[Path, typer.Option("--run", help="Folder of the training run: checkpoint, log, weights.")]


@app.command()
def vad(
    run: RunFolder = RUNS / "vad",
    steps: Annotated[int, typer.Option(min=1, help="Training steps; 8000 take about 40 minutes on two cores.")] = 8000,
    channels: Annotated[int, typer.Option(min=1, help="Width of the network.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, rooms and mixtures.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
) -> None:
    """Train the voice detector on mixtures made on the fly.

    Writes vad.pt (averaged weights), checkpoint.pt (--resume takes it up) and log.jsonl into the run's folder. Then:
    train quantize --run runs/vad
    """
    from train.vad_network import VadShape
    from train.vad_training import VadTraining, train_vad

    if run.exists() and not run.is_dir():
        raise ValueError(f"{run} is no folder; name one with --run")
    if (run / "checkpoint.pt").exists() and not resume:
        raise ValueError(f"{run} holds a run already: go on with it by --resume, or name another folder with --run")
    training = replace(VadTraining(), steps=steps, seed=seed)
    print(train_vad(run, VadShape(channels=channels), training, resume))


class Network(StrEnum):
    """What can be quantized."""

    VAD = "vad"
    ASR = "asr"


@app.command()
def quantize(
    network: Annotated[Network, typer.Argument(help="The voice detector, or the recogniser.")] = Network.VAD,
    run: Annotated[
        Path | None, typer.Option("--run", help="Folder of the training run; by default runs/NETWORK.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The .tflite to write, by default the shipped one; float weights go beside it.")
    ] = None,
    clips: Annotated[int, typer.Option(min=100, max=500, help="Real clips to calibrate on.")] = 300,
    bank: Annotated[Path, typer.Option(help="The recogniser's training speech, as train asr has filled it.")] = RUNS
    / "bank",
) -> None:
    """Make the INT8 .tflite of a trained network, calibrated on real recordings. Then: train eval vad, or eval asr

    The clips are mixtures of the training split's speech and noise; states are those that the network reaches on them.
    """
    folder, model = run or RUNS / network, out or MODELS / f"{network}.tflite"
    with Console(stderr=True).status("quantizing") as status:
        if network == Network.ASR:
            from train.asr_calibration import quantize_asr

            count, parameters = quantize_asr(folder, model, bank, clips, status.update)
        else:
            from train.vad_calibration import quantize_vad

            count, parameters = quantize_vad(folder, model, clips, status.update)
    print(f"{model}: {count} bytes, {parameters} parameters, calibrated on {clips} clips")


@app.command()
def synthesize(
    hours: Annotated[float, typer.Option(min=0.001, max=1000, help="Of speech, in all.")] = 20.0,
    out: Annotated[Path, typer.Option(help="Folder of the corpus; its manifest there is synthetic.jsonl.")] = RUNS
    / "synthetic",
    seed: Annotated[int, typer.Option(min=0, help="Of sentences, voices and deliveries.")] = 1,
) -> None:
    """Speak sentences with espeak-ng and flite, to train the recogniser on.

    An hour of speech takes about a minute of one core. A second run goes on where the first one ended. The corpora's
    texts are spoken too where EARSHOT_DATA names their folder.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from train import synthetic_corpus
    from train.sentences import Sentences, corpus_texts

    texts = corpus_texts()
    if not texts:
        print("EARSHOT_DATA names no folder with texts of corpora: speaking made-up sentences only", file=sys.stderr)
    columns = (TextColumn("{task.fields[done]}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("speaking", total=hours * 3600, done="")
        manifest = synthetic_corpus.synthesize(
            out,
            hours,
            seed,
            Sentences(texts),
            lambda p: bar.update(task, completed=p.seconds, done=f"{p.seconds / 3600:.2f} of {hours:g} h"),
        )
    print(manifest)


@evaluation_app.command("vad")
def evaluate_vad(
    run: Annotated[
        Path | None,
        typer.Option(help="Folder with another float network, vad.pt; by default the .pt beside the model."),
    ] = None,
    model: Annotated[Path, typer.Option(help="The .tflite; the C is the one compiled into the library.")] = MODELS
    / "vad.tflite",
    mixtures: Annotated[int, typer.Option(min=1, help="Test mixtures of eight seconds at each SNR.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """AUC, TPR at 5 % and 31.5 % FPR, false alarms per hour, onset delay: float, .tflite, C, and WebRTC beside them.

    The C is always of firmware/models/vad.tflite; a --model other than that is refused. Without its .pt, which train
    quantize writes beside it, or a --run, the float network is left out, and said to be.
    """
    from train import vad_scoring, vad_testsets
    from train.vad_evaluation import evaluate
    from train.vad_training import load

    tflite = vad_scoring.tflite_scorer(model)
    vad_scoring.require_compiled(model)
    detectors = {
        "tflite": tflite,
        "C": vad_scoring.c_scorer(),
        "WebRTC": vad_scoring.webrtc_scorer(),
    }
    trained = run / "vad.pt" if run else model.with_suffix(".pt")
    if run or trained.is_file():
        detectors = {"float": vad_scoring.float_scorer(load(trained)), **detectors}
    else:
        print(f"no {trained}: the float network is left out (name its --run)", file=sys.stderr)
    console = Console(stderr=True)
    with console.status("reading recordings") as status:
        mixed = [vad_testsets.mixtures(snr, mixtures) for snr in vad_testsets.SNRS_DB]
        speech_sets = [vad_testsets.meetings(), *mixed]
        noise_sets = vad_testsets.without_speech()
        result = evaluate(detectors, speech_sets, noise_sets, mixed[2:], status.update)
    if as_json:
        crc32 = f"{zlib.crc32(model.read_bytes()):08x}"
        of = {"model": str(model), "crc32": crc32, "float": str(trained) if "float" in detectors else None}
        print(json.dumps({**of, **result.as_json()}, indent=1))
        return
    names = [test_set.name for test_set in (*speech_sets, *noise_sets)]
    roc = Table("test set", "detector", "AUC", "TPR at 5 % FPR", "TPR at 31.5 % FPR", title="10 ms frames")
    for r in sorted(result.roc, key=lambda r: names.index(r.test_set)):
        roc.add_row(r.test_set, r.detector, f"{r.auc:.4f}", f"{r.tpr_at_5:.3f}", f"{r.tpr_at_31_5:.3f}")
    alarms = Table("no speech in", "detector", "hours", "segments", "false alarms per hour")
    for a in sorted(result.false_alarms, key=lambda a: names.index(a.test_set)):
        alarms.add_row(a.test_set, a.detector, f"{a.hours:.3f}", str(a.segments), f"{a.per_hour:.0f}")
    delays = Table("onsets in", "detector", "onsets", "missed", "median ms", "99th percentile ms", "start covered")
    for d in sorted(result.onsets, key=lambda d: names.index(d.test_set)):
        times = ("-" if t is None else f"{t:.0f}" for t in (d.median_ms, d.percentile_99_ms))
        covered = "-" if d.start_covered is None else f"{d.start_covered:.1%}"
        delays.add_row(d.test_set, d.detector, str(d.onsets), str(d.missed), *times, covered)
    for table in (roc, alarms, delays):
        Console(width=120).print(table)


@evaluation_app.command("gate")
def evaluate_gate(
    mixtures: Annotated[int, typer.Option(min=1, help="Development mixtures of eight seconds at each SNR.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """What the gate's thresholds cost: false alarms an hour against speech missed, for several settings.

    On training noise and development speakers, never on the test's, with the network that is compiled in. The shipped
    settings are marked; they stand in firmware/link/protocol.toml.
    """
    from firmware.link import Config
    from train import gate_settings

    with Console(stderr=True).status("hearing recordings"):
        found = gate_settings.costs(gate_settings.noise(), gate_settings.speech(mixtures))
    if as_json:
        print(json.dumps([asdict(cost) for cost in found], indent=1))
        return
    table = Table("", "on", "off", "to open", "to close", title="gate settings (probabilities; chunks)")
    for name in found[0].false_alarms_per_hour:
        table.add_column(f"{name}: alarms/h", justify="right")
    for snr_db in found[0].missed:
        table.add_column(f"missed {snr_db} dB", justify="right")
    for cost in found:
        config = cost.config
        table.add_row(
            "shipped" if config == Config() else "",
            f"{config.on_q8 / 256:.3f}",
            f"{config.off_q8 / 256:.3f}",
            str(config.min_speech_chunks),
            str(config.hangover_chunks),
            *(f"{rate:.0f}" for rate in cost.false_alarms_per_hour.values()),
            *(f"{share:.1%}" for share in cost.missed.values()),
        )
    Console(width=140).print(table)


def main() -> None:
    """Run the command; wrong data, files or options end in one sentence and exit code 2."""
    from firmware.modelc import ModelError
    from firmware.native import NativeBuildError
    from train.corpora import CorpusError
    from train.domains.errors import TextError

    try:
        app(prog_name="train")
    except ModuleNotFoundError as error:
        print(f"train: {error.name} is not installed; pip install -e '.[train]' in Earshot's folder", file=sys.stderr)
    except OSError as error:
        print(f"train: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
    except TextError as error:
        print(error, file=sys.stderr)  # it begins with the place, which editors look for at the start of a line
    except (CorpusError, ModelError, NativeBuildError, ValueError) as error:
        print(f"train: {error}", file=sys.stderr)
    else:
        return
    sys.exit(2)
