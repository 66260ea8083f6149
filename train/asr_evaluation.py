"""How well the recogniser hears: phoneme and word error rates with confidence intervals, for float, .tflite and C."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import soxr

from firmware.link import Final
from firmware.link.codec import Decoder
from firmware.native import CHUNK, NativeBoard
from train import asr_bank
from train.asr_scoring import Logits, Recogniser
from train.asr_testsets import SpeechSet, Spoken
from train.asr_training import errors, greedy
from train.corpora import RATE_HZ, Pcm

RESAMPLES = 2000
QUIET_S = 1.0
"""Before and after a recording, in whole chunks: the gate closes in it."""
CONFIDENCE = 0.95

Decode = Callable[[Logits], str]
Advance = Callable[[str], None]


@dataclass(frozen=True)
class Rate:
    """Errors over what was said, and the bounds of the confidence interval (percentile bootstrap over utterances)."""

    rate: float
    low: float
    high: float
    errors: int
    total: int

    def __str__(self) -> str:
        return f"{self.rate:.1%} ({self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True)
class Measure:
    """One figure of one recogniser on one set; `unit` is phoneme or word, `domain` the one that words were heard in."""

    corpus: str
    snr_db: float | None
    recogniser: str
    unit: str
    domain: str
    rate: Rate

    def as_json(self) -> dict[str, object]:
        """For scripts."""
        return asdict(self)


def rate_of(wrong: Sequence[int], said: Sequence[int], seed: int = 0) -> Rate:
    """Errors a unit said, with an interval (B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", ch. 13).

    Args:
        wrong: errors of each utterance
        said: phonemes or words of each utterance
        seed: of the resampling

    Raises:
        ValueError: there is no utterance.
    """
    if not len(said):
        raise ValueError("an error rate needs an utterance at least")
    counts: npt.NDArray[np.int64] = np.array([wrong, said], np.int64)
    drawn = np.random.default_rng(seed).integers(counts.shape[1], size=(RESAMPLES, counts.shape[1]))
    sums = counts[:, drawn].sum(axis=2)
    rates = sums[0] / np.maximum(1, sums[1])
    low, high = np.quantile(rates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    total = int(counts[1].sum())
    return Rate(float(counts[0].sum() / max(1, total)), float(low), float(high), int(counts[0].sum()), total)


def word_errors(said: str, heard: str) -> int:
    """Words substituted, left out and put in, at least; case counts."""
    numbers: dict[str, int] = {}
    first, second = ([numbers.setdefault(w, len(numbers)) for w in text.split()] for text in (said, heard))
    return errors(first, second)


def greedy_classes(logits: Logits) -> list[int]:
    """Best class of each frame, repeats and blanks taken out."""
    import torch

    return greedy(torch.from_numpy(logits))


def features_at(one: Spoken, rate_hz: int) -> asr_bank.Features:
    """The front end's log-mel at a board's rate."""
    return asr_bank.frames(pcm_at(one, rate_hz), rate_hz)


def pcm_at(one: Spoken, rate_hz: int) -> Pcm:
    """The recording as a board's microphone has it, int16."""
    if rate_hz == RATE_HZ:
        return one.pcm
    pcm = soxr.resample(one.pcm.astype(np.float32), RATE_HZ, rate_hz)
    return np.clip(np.rint(pcm), -32768, 32767).astype(np.int16)


def heard_by_image(speech: SpeechSet, name: str, domain: bytes, rate_hz: int) -> Measure:
    """Word error rate of the whole image, its gate included: a board hears each recording.

    Args:
        speech: what is heard
        name: of the domain, for the measure
        domain: bytes of a .domain
        rate_hz: the board's, 16000 or 15625

    Raises:
        DomainError: the domain is unsound.
        ValueError: the front end has no tables for the rate.
    """
    wrong = [word_errors(one.text, image_text(pcm_at(one, rate_hz), domain, rate_hz)) for one in speech.spoken]
    rate = rate_of(wrong, [len(one.text.split()) for one in speech.spoken])
    return Measure(speech.corpus, speech.snr_db, "image", "word", name, rate)


def image_text(pcm: Pcm, domain: bytes, rate_hz: int) -> str:
    """The transcripts that an image sends of a recording between quiet, joined by blanks; int16[n] at rate_hz."""
    board = NativeBoard(rate_hz)
    board.use(domain)
    link = Decoder()
    quiet = np.zeros(round(QUIET_S * rate_hz / CHUNK) * CHUNK, np.int16)
    finals = [f for f in link.feed(board.hear(np.concatenate([quiet, pcm, quiet]))) if isinstance(f, Final)]
    return " ".join(final.text for final in {f.id: f for f in finals}.values() if final.text)


def evaluate(
    recognisers: Mapping[str, Recogniser],
    sets: Sequence[SpeechSet],
    domains: Mapping[str, tuple[str, Decode]],
    rate_hz: int,
    advance: Advance,
) -> list[Measure]:
    """Phoneme error rate of each recogniser on each set, and word error rate where the corpus has a domain.

    Args:
        recognisers: by name
        sets: what is heard
        domains: name of the domain and its decoder, by corpus
        rate_hz: the microphone's, 16000 or 15625
        advance: told what is being measured
    """
    found = []
    for speech in sets:
        for name, recogniser in recognisers.items():
            advance(f"{name}: {speech.corpus} {speech.noise}")
            heard = [recogniser(features_at(one, rate_hz)) for one in speech.spoken]
            pairs = list(zip(speech.spoken, heard, strict=True))
            wrong = [errors(one.labels.tolist(), greedy_classes(logits)) for one, logits in pairs]
            rate = rate_of(wrong, [len(one.labels) for one in speech.spoken])
            found.append(Measure(speech.corpus, speech.snr_db, name, "phoneme", "", rate))
            if speech.corpus in domains:
                domain, decode = domains[speech.corpus]
                wrong = [word_errors(one.text, decode(logits)) for one, logits in pairs]
                rate = rate_of(wrong, [len(one.text.split()) for one in speech.spoken])
                found.append(Measure(speech.corpus, speech.snr_db, name, "word", domain, rate))
    return found
