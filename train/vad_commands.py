"""The commands of the voice detector: train vad, train eval vad, train eval gate, train bench vad."""

import json
import sys
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

RUNS = Path("runs")
MODELS = Path(__file__).parent.parent / "firmware" / "models"


def train(
    run: Annotated[Path, typer.Option("--run", help="Folder of the training run: checkpoint, log, weights.")] = RUNS
    / "vad",
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


def evaluate(
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
    from train import vad_evaluation, vad_scoring, vad_testsets
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
        result = vad_evaluation.evaluate(detectors, speech_sets, noise_sets, mixed[2:], status.update)
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


def gate(
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


def bench(
    model: Annotated[Path, typer.Option(help="The .tflite; its .pt beside it is the float network.")] = MODELS
    / "vad.tflite",
    mixtures: Annotated[int, typer.Option(min=1, help="Test mixtures of eight seconds at each SNR.")] = 60,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the ROC curves into this file (.svg, .png, .pdf).", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """AUC and TPR at 5 % FPR beside Silero, TEN, pymicro-vad and WebRTC: same audio, same 10 ms frames, same labels.

    Meetings (human turns), mixtures of held-out speakers with held-out noise, and those of 10 dB from a microphone
    that is 30 dB quieter. The others come from PyPI; --no-deps spares silero-vad's torchaudio, which is not needed:
    pip install --no-deps silero-vad ten-vad pymicro-vad webrtcvad-wheels (ten-vad needs Debian's libc++1). What is
    not installed is named.
    """
    from train import vad_bench, vad_peers, vad_scoring, vad_testsets
    from train.vad_training import load

    if plot is not None and plot.suffix not in (".svg", ".png", ".pdf"):
        raise ValueError(f"{plot} is to be a .svg, .png or .pdf file")
    vad_scoring.require_compiled(model)
    detectors = {"tflite": vad_scoring.tflite_scorer(model), "C": vad_scoring.c_scorer()}
    if model.with_suffix(".pt").is_file():
        detectors = {"float": vad_scoring.float_scorer(load(model.with_suffix(".pt"))), **detectors}
    peers = vad_peers.found()
    with Console(stderr=True).status("reading recordings") as status:
        mixed = {snr: vad_testsets.mixtures(snr, mixtures) for snr in vad_testsets.SNRS_DB}
        sets = [vad_testsets.meetings(), *mixed.values(), vad_bench.quieter(mixed[10])]
        found = vad_bench.curves({**detectors, **peers.scorers}, sets, status.update)
    if plot is not None:
        vad_bench.picture(found, plot)
    if as_json:
        rows = [{k: v for k, v in asdict(c).items() if k not in ("false", "true")} for c in found]
        print(json.dumps({"measures": rows, "missing": peers.missing}, indent=1))
        return
    names = list(dict.fromkeys(curve.detector for curve in found))
    table = Table("test set", *names, title="AUC (TPR at 5 % FPR), 10 ms frames")
    for test_set in dict.fromkeys(curve.test_set for curve in found):
        here = {curve.detector: curve for curve in found if curve.test_set == test_set}
        table.add_row(test_set, *(f"{here[name].auc:.3f} ({here[name].tpr_at_5:.2f})" for name in names))
    Console(width=150).print(table)
    for name, why in peers.missing.items():
        print(f"{name} is not in this table: {why}")
