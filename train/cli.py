"""The `train` command: recordings in, INT8 .tflite out, and how good it is."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from train import asr_commands, vad_commands
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
app.command("vad")(vad_commands.train)
evaluation_app.command("vad")(vad_commands.evaluate)
evaluation_app.command("gate")(vad_commands.gate)
bench_app.command("vad")(vad_commands.bench)
app.command("asr")(asr_commands.train)
evaluation_app.command("asr")(asr_commands.evaluate)
evaluation_app.command("confidence")(asr_commands.confidence)
bench_app.command("asr")(asr_commands.bench)
app.command()(domain)
app.command()(ngram)

MODELS = Path(__file__).parent.parent / "firmware" / "models"
RUNS = Path("runs")

RunFolder = Annotated[Path, typer.Option("--run", help="Folder of the training run: checkpoint, log, weights.")]


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
