"""The recogniser beside PocketSphinx on AN4's test set: the same recordings, the same n-grams.

PocketSphinx runs with its bundled US English acoustic model and dictionary and a bigram of AN4's training transcripts,
as in its own tutorial for that corpus; ours runs as the C of the image.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from train import asr_domains, asr_testsets, corpora
from train.asr_evaluation import Measure, features_at, image_text, rate_of, word_errors
from train.asr_scoring import Recogniser, c_recogniser
from train.domains import arpa
from train.domains.ngram import estimate
from train.domains.transcripts import spelled

CORPUS = "an4"
Transcribe = Callable[[asr_testsets.Spoken], str]


def pocketsphinx(order: int) -> Transcribe:
    """PocketSphinx over n-grams of the training transcripts."""
    import pocketsphinx as sphinx

    rows = [spelled(clip.text, CORPUS) for clip in corpora.clips(CORPUS, ["train"])]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "an4.lm"
        model.write_text(arpa.write(estimate(rows, order)), encoding="utf-8")
        decoder = sphinx.Decoder(lm=str(model), samprate=corpora.RATE_HZ, loglevel="FATAL")

    def transcribe(spoken: asr_testsets.Spoken) -> str:
        decoder.start_utt()
        decoder.process_raw(spoken.pcm.tobytes(), no_search=False, full_utt=True)
        decoder.end_utt()
        said = decoder.hyp()
        return said.hypstr if said else ""

    return transcribe


def ours(recogniser: Recogniser, domain: bytes) -> Transcribe:
    """A recogniser and the board's decoder."""
    decode = asr_domains.decode_in(domain)
    return lambda spoken: decode(recogniser(features_at(spoken, corpora.RATE_HZ)))


def image(domain: bytes) -> Transcribe:
    """The whole image, its gate included."""
    return lambda spoken: image_text(spoken.pcm, domain, corpora.RATE_HZ)


def measures(most: int, snrs_db: Sequence[float], advance: Callable[[str], None]) -> list[Measure]:
    """Word error rate of each contender, as recorded and in noise."""
    bigram, trigram = (asr_domains.ngrams(CORPUS, order) for order in (2, 3))
    heard = c_recogniser()
    contenders = {
        ("PocketSphinx", "bigram"): pocketsphinx(2),
        ("Earshot, C", "bigram"): ours(heard, bigram),
        ("Earshot, C", "trigram"): ours(heard, trigram),
        ("Earshot, C", "alphanumeric"): ours(heard, asr_domains.shipped("alphanumeric")),
        ("Earshot, image", "trigram"): image(trigram),
    }
    clean = asr_testsets.recorded(CORPUS, most)
    noises = asr_testsets.noises() if snrs_db else []
    found = []
    for speech in [clean, *(asr_testsets.noisy(clean, snr_db, noises) for snr_db in snrs_db)]:
        for (name, domain), transcribe in contenders.items():
            advance(f"{name}, {domain}")
            wrong = [word_errors(one.text, transcribe(one)) for one in speech.spoken]
            rate = rate_of(wrong, [len(one.text.split()) for one in speech.spoken])
            found.append(Measure(CORPUS, speech.snr_db, name, "word", domain, rate))
    return found
