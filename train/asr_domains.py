"""The domains that word error rates are measured in: each corpus has the words that its speakers were given."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from firmware.domain.phonemes import CLASSES
from firmware.native.decoding import Decoder
from train import corpora
from train.asr_scoring import Logits
from train.asr_testsets import SPLITS
from train.domains import arpa
from train.domains.build import build_ngrams, build_text
from train.domains.ngram import estimate
from train.domains.transcripts import spelled

SHIPPED = Path(__file__).parent.parent / "firmware" / "models" / "domains"
ORDER = 3

Decode = Callable[[Logits], str]


def ngrams(corpus: str, order: int = ORDER) -> bytes:
    """A .domain of the n-grams of a corpus's training transcripts."""
    rows = [spelled(clip.text, corpus) for clip in corpora.clips(corpus, ["train"])]
    text = arpa.write(estimate(rows, order))
    return build_ngrams(corpus, f"{corpus}.arpa", text.encode(), words=None, prune=True).binary


def phrases(corpus: str) -> bytes:
    """A .domain of the sentences that are said in a corpus's test split, as a user writes one for a device."""
    said = sorted({clip.text for clip in corpora.clips(corpus, [SPLITS[corpus]])})
    return build_text(corpus, f"{corpus}.txt", "\n".join(said).encode()).binary


def shipped(name: str) -> bytes:
    """A .domain that ships."""
    return (SHIPPED / f"{name}.domain").read_bytes()


def domains() -> dict[str, tuple[str, bytes]]:
    """By corpus: what the domain is, and its bytes."""
    return {
        "an4": ("trigrams of an4 train", ngrams("an4")),
        "speechocean762": ("the test's sentences", phrases("speechocean762")),
        "speech_commands7": ("the seven words", phrases("speech_commands7")),
        "fsdd": ("alphanumeric", shipped("alphanumeric")),
    }


def decode_in(domain: bytes) -> Decode:
    """The text that the board's decoder hears in float or INT8 logits, "" if it rejects them."""
    decoder = Decoder(domain)

    def text(logits: Logits) -> str:
        return decoder.decode(posteriors(logits)).text

    return text


def posteriors(logits: Logits) -> np.ndarray:
    """Log2-posteriors in Q8, int16 [frames, 40], of float logits."""
    assert logits.shape[1] == CLASSES
    octaves = (logits - logits.max(axis=1, keepdims=True)).astype(np.float64) / np.log(2)
    octaves -= np.log2(np.exp2(octaves).sum(axis=1, keepdims=True))
    return np.maximum(np.rint(octaves * 256), -32768).astype(np.int16)
