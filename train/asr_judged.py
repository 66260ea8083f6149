"""All that `train eval asr` measures: the recogniser as float, .tflite and C, and the image's own transcripts."""

from collections.abc import Callable
from pathlib import Path

from firmware.native import NativeBoard
from firmware.native.recognition import Asr
from train import asr_domains, asr_testsets
from train.asr_evaluation import Measure, evaluate, heard_by_image
from train.asr_scoring import Recogniser, c_recogniser, float_recogniser, require_compiled, tflite_recogniser
from train.asr_testsets import SPLITS, SpeechSet
from train.asr_training import load


def recognisers(run: Path | None, model: Path) -> dict[str, Recogniser]:
    """The three forms of one network; float is left out where its weights are not.

    Raises:
        ModelError: `model` is no recogniser.
        ValueError: it is not the network in the C, or `run` holds no float network.
        OSError: it cannot be read.
    """
    found = {"tflite": tflite_recogniser(model, Asr().look_ahead), "C": c_recogniser()}
    require_compiled(model)
    weights = run / "asr.pt" if run else model.with_suffix(".pt")
    if run or weights.is_file():
        found = {"float": float_recogniser(load(weights)), **found}
    return found


def sets(most: int, clean: bool) -> list[SpeechSet]:
    """Every corpus as recorded and, unless `clean`, in noise."""
    noises = asr_testsets.noises()
    found = []
    for corpus in SPLITS:
        recorded = asr_testsets.recorded(corpus, most)
        for snr_db in asr_testsets.SNRS_DB[: 1 if clean else None]:
            found.append(recorded if snr_db is None else asr_testsets.noisy(recorded, snr_db, noises))
    return found


def measures(  # noqa: PLR0917 - the options of a command
    run: Path | None, model: Path, most: int, rate_hz: int, clean: bool, advance: Callable[[str], None]
) -> list[Measure]:
    """Error rates of each form of the recogniser, and of the image, gate and all.

    Args:
        run: folder of another float network than the one beside the model, or None
        model: the .tflite
        most: utterances of a corpus, at most
        rate_hz: the microphone's, 16000 or 15625
        clean: as recorded only
        advance: told what is being measured

    Raises:
        ModelError, ValueError, OSError: as from `recognisers`; ValueError, too, if the front end has no tables for
            the rate. Both before any recording is read.
    """
    forms = recognisers(run, model)
    NativeBoard(rate_hz)  # refuses a rate that it has no tables for
    domains = asr_domains.domains()
    decoders = {corpus: (name, asr_domains.decode_in(domain)) for corpus, (name, domain) in domains.items()}
    speech = sets(most, clean)
    found = evaluate(forms, speech, decoders, rate_hz, advance)
    for one in speech:
        name, domain = domains[one.corpus]
        advance(f"image: {one.corpus} {one.noise}")
        found.append(heard_by_image(one, name, domain, rate_hz))
    return found
