"""What a transcript's confidence is reckoned from, fitted on recordings: phrases heard rightly against all else.

All else is speech outside the domain, and sentences heard wrongly. The margins and the doubt are the decoder's
(firmware/pipeline/decoder_calibration.h); logistic regression weighs them, with both kinds of equal weight.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from firmware.native.decoding import Decoder, DecoderConfig
from firmware.native.recognition import Asr
from train import asr_bank, asr_domains, asr_testsets, corpora
from train.asr_testsets import SpeechSet
from train.domains.build import build_text

SNRS_DB = (None, 10.0)
MOST = 100
"""Recordings of a corpus."""
STEPS = 60
"""Of Newton's method."""
RIDGE = 1e-3
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)

Rows = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Heard:
    """What a domain made of recordings.

    evidence: float [n, 3], average margin, worst margin and doubt, in octaves; confidence: float [n], as the board
    tells it; phrase: bool [n], whether there was a phrase at all, without which evidence and confidence are 0;
    right: bool [n], word for word; inside: whether the recordings are of the domain.
    """

    domain: str
    corpus: str
    inside: bool
    evidence: Rows
    confidence: npt.NDArray[np.float64]
    phrase: Truth
    right: Truth

    def confidence_by(self, found: "Fit") -> npt.NDArray[np.float64]:
        """Float [n], as the board would tell it with another fit."""
        return np.where(self.phrase, found.confidence(self.evidence), 0.0)


@dataclass(frozen=True)
class Fit:
    """Logistic of offset + average * average margin + worst * worst margin - doubt * doubt, margins in octaves."""

    offset: float
    average: float
    worst: float
    doubt: float

    def confidence(self, evidence: Rows) -> npt.NDArray[np.float64]:
        """Float [n] of float [n, 3]."""
        weights = np.array([self.average, self.worst, -self.doubt])
        return np.asarray(1 / (1 + np.exp(-(self.offset + evidence @ weights))))

    def settings(self) -> dict[str, int]:
        """As decoder_calibration.c has them."""
        parts = {"offset": self.offset, "by_average": self.average, "by_worst": self.worst, "by_doubt": self.doubt}
        return {f"{name}_q8": round(256 * value) for name, value in parts.items()}


def fit(evidence: Rows, right: Truth) -> Fit:
    """By Newton's method, with a little ridge; a weight that would turn its evidence round is held at zero.

    Raises:
        ValueError: all are right, or all wrong.
    """
    if right.all() or not right.any():
        raise ValueError("there must be phrases heard rightly, and others")
    signed = evidence * np.array([1.0, 1.0, -1.0])
    columns = np.concatenate([np.ones((len(signed), 1)), signed], axis=1)
    share = np.where(right, 0.5 / right.sum(), 0.5 / (~right).sum())
    held = np.ones(4, bool)
    while True:
        weights = _newton(columns[:, held], right, share)
        found = np.zeros(4)
        found[held] = weights
        wrong_way = (found < 0) & (np.arange(4) > 0)
        if not wrong_way.any():
            return Fit(*(float(w) for w in found))
        held &= ~wrong_way


def _newton(columns: Rows, right: Truth, share: Rows) -> Rows:
    weights = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (share * (right - likely)) - RIDGE * weights
        curve = (columns * (share * likely * (1 - likely))[:, None]).T @ columns + RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(curve, slope)
    return np.asarray(weights)


def _sentences(name: str, texts: Sequence[str]) -> bytes:
    return build_text(name, f"{name}.txt", "\n".join(sorted(set(texts))).encode()).binary


def _pairs() -> Iterator[tuple[str, bytes, SpeechSet, bool]]:
    """Domains, and development recordings inside and outside of them."""
    spoken = {name: asr_testsets.recorded(name, MOST, "dev") for name in ("an4", "speechocean762", "speech_commands7")}
    spoken["commonvoice53"] = asr_testsets.recorded("commonvoice53", MOST, "train")
    sentences = {
        name: _sentences(name, [one.text for one in spoken[name].spoken])
        for name in ("an4", "speechocean762", "speech_commands7")
    }
    for name, domain in sentences.items():
        for other, speech in spoken.items():
            if other != "speech_commands7" or name == other:
                yield f"sentences of {name}", domain, speech, name == other
    yield "trigrams of an4", asr_domains.ngrams("an4"), spoken["an4"], True
    for name in ("travel", "commands"):
        for other in ("an4", "speechocean762", "commonvoice53"):
            yield name, asr_domains.shipped(name), spoken[other], False


def listen(advance: Callable[[str], None]) -> list[Heard]:
    """Runs the C over all pairs, as recorded and in training noise; nothing is rejected.

    Args:
        advance: told what is being heard

    Raises:
        CorpusError: a corpus is missing or damaged.
    """
    asr = Asr()
    noises = [clip.pcm() for name in asr_testsets.NOISES for clip in corpora.clips(name, ["train"])]
    settings = DecoderConfig.shipped(reject_below_q8=0)
    found = []
    for name, domain, clean, inside in _pairs():
        decoder = Decoder(domain, settings)
        for snr_db in SNRS_DB:
            speech = clean if snr_db is None else asr_testsets.noisy(clean, snr_db, noises)
            advance(f"{name}: {speech.corpus}")
            results = [
                decoder.decode(asr.log2_posteriors(asr.logits(asr_bank.frames(one.pcm)))) for one in speech.spoken
            ]
            evidence = np.array([(r.average_q8, r.worst_q8, r.doubt_q8) for r in results], float) / 256
            phrase = np.array([bool(r.text) for r in results])
            confidence = np.array([r.confidence_q8 / 256 if r.text else 0.0 for r in results])
            pairs = zip(speech.spoken, results, strict=True)
            # What is said by chance in another domain, such as "yes", is right there, too.
            right = np.array([bool(one.text) and one.text == r.text for one, r in pairs])
            found.append(Heard(name, speech.corpus, inside, evidence, confidence, phrase, right))
    return found


def fitted(heard: Sequence[Heard]) -> Fit:
    """The fit to all phrases: where there is none, nothing is to be decided, and no evidence.

    Raises:
        ValueError: all are right, or all wrong.
    """
    return fit(
        np.concatenate([h.evidence[h.phrase] for h in heard]), np.concatenate([h.right[h.phrase] for h in heard])
    )


def trade(heard: Sequence[Heard], confidences: Sequence[npt.NDArray[np.float64]]) -> list[tuple[float, float, float]]:
    """For each threshold: itself, and the shares of right phrases that it rejects and of speech outside let through.

    A phrase of the domain that is heard wrongly counts for neither share.

    Args:
        heard: what was heard
        confidences: float [n] of each of them, 0 to 1; 0 where nothing was heard
    """
    right = np.concatenate([c[h.right] for h, c in zip(heard, confidences, strict=True)])
    outside = np.concatenate([c[~h.right] for h, c in zip(heard, confidences, strict=True) if not h.inside])
    return [(t, float(np.mean(right < t)), float(np.mean(outside >= t))) for t in THRESHOLDS]
