"""The domains of an evaluation: the board's decoder takes them, and they hold what their corpora say."""

import numpy as np
import pytest

from firmware.domain.phonemes import CLASSES
from firmware.native.decoding import Decoder, log2_posteriors
from train import asr_domains, corpora
from train.asr_corpora import labels_of
from train.asr_testsets import SPLITS


def clear(text: str) -> np.ndarray:
    """Float logits of a text said clearly: each phoneme for three frames, a blank before and behind."""
    best = np.repeat(np.stack([np.zeros_like(labels_of(text)), labels_of(text)], axis=1).ravel(), 3)
    best = np.concatenate([best, np.zeros(6, best.dtype)])
    return np.where(np.arange(CLASSES) == best[:, None], 12.0, 0.0).astype(np.float32)


def said(corpus: str, split: str) -> list[str]:
    return sorted({clip.text for clip in corpora.clips(corpus, [split])})


def test_n_grams_load_and_hear_sentences_that_were_counted(data):
    decode = asr_domains.decode_in(asr_domains.ngrams("an4", 2))
    for text in said("an4", "train")[::200]:
        assert decode(clear(text)) == text


@pytest.mark.parametrize("corpus", ["speechocean762", "speech_commands7"])
def test_phrases_load_and_hear_the_sentences_of_the_test(data, corpus):
    decode = asr_domains.decode_in(asr_domains.phrases(corpus))
    texts = said(corpus, SPLITS[corpus])
    for text in texts[:: max(1, len(texts) // 7)]:
        assert decode(clear(text)) == text


def test_a_shipped_domain_is_the_file_in_the_tree():
    assert asr_domains.decode_in(asr_domains.shipped("alphanumeric"))(clear("seven")) == "seven"
    with pytest.raises(FileNotFoundError):
        asr_domains.shipped("nowhere")


def test_every_corpus_of_the_evaluation_has_a_domain_that_the_board_takes(data):
    found = asr_domains.domains()
    assert set(found) == set(SPLITS)
    for name, binary in found.values():
        assert name
        Decoder(binary)


def test_posteriors_of_float_logits_are_log2_and_what_the_c_makes_of_int8():
    logits = np.random.default_rng(1).integers(-128, 128, (50, CLASSES)).astype(np.int8)
    found = asr_domains.posteriors(logits.astype(np.float32) * np.float32(0.125))
    assert found.dtype == np.int16
    assert np.abs(np.exp2(found / 256).sum(axis=1) - 1).max() < 0.01
    assert np.abs(found.astype(int) - log2_posteriors(logits, 0.125)).max() <= 16


def test_posteriors_below_what_int16_holds_stop_at_its_end():
    logits = np.zeros((1, CLASSES), np.float32)
    logits[0, 0] = 500
    assert asr_domains.posteriors(logits)[0].tolist() == [0] + [-32768] * (CLASSES - 1)
