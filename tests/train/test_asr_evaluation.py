"""Error rates, on recognisers whose answers are known."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.domain.phonemes import CLASSES
from train import asr_domains, asr_testsets
from train.asr_corpora import labels_of
from train.asr_evaluation import (
    evaluate,
    features_at,
    greedy_classes,
    heard_by_image,
    image_text,
    pcm_at,
    rate_of,
    word_errors,
)
from train.asr_testsets import SpeechSet, Spoken
from train.domains.build import build_text


def spoken(text: str, chunks: int) -> Spoken:
    """Silence of a length that tells it apart."""
    return Spoken(np.zeros(512 * chunks, np.int16), text, labels_of(text), "nobody")


def certain(labels, frames):
    """Logits float32 [frames, 40] that are sure of these phonemes, a blank behind each, and of silence after."""
    best = np.zeros(frames, int)
    best[: 2 * len(labels) : 2] = labels
    return np.where(np.arange(CLASSES) == best[:, None], 20.0, 0.0).astype(np.float32)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 10)), min_size=1, max_size=40))
def test_the_interval_holds_the_rate_and_is_the_same_each_time(counts):
    wrong, said = zip(*counts, strict=True)
    rate = rate_of(wrong, said)
    assert (rate.errors, rate.total) == (sum(wrong), sum(said))
    assert rate.rate == pytest.approx(sum(wrong) / sum(said))
    assert rate.low - 1e-12 <= rate.rate <= rate.high + 1e-12
    assert rate_of(wrong, said) == rate


def test_the_interval_narrows_with_more_utterances_as_their_root():
    rng = np.random.default_rng(1)
    few, many = (rate_of(rng.binomial(10, 0.2, n).tolist(), [10] * n) for n in (50, 5000))
    assert 0.05 < (many.high - many.low) / (few.high - few.low) < 0.2


def test_the_interval_is_the_normal_one_where_theory_knows_it():
    rate = rate_of([1] * 200 + [0] * 800, [1] * 1000)
    half = 1.96 * np.sqrt(0.2 * 0.8 / 1000)
    assert (rate.low, rate.high) == (pytest.approx(0.2 - half, abs=0.003), pytest.approx(0.2 + half, abs=0.003))
    assert str(rate).startswith("20.0% (")


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="an utterance at least"):
        rate_of([], [])


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("turn the light on", "turn the light on", 0),
        ("turn the light on", "turn a light on", 1),
        ("turn the light on", "turn light on", 1),
        ("turn the light on", "please turn the light on", 1),
        ("turn the light on", "", 4),
        ("", "yes yes", 2),
        ("one two three", "two three one", 2),
    ],
)
def test_words_are_counted_as_substituted_left_out_and_put_in(said, heard, errors):
    assert word_errors(said, heard) == errors


def test_every_recogniser_is_measured_on_every_set_and_words_where_there_is_a_domain():
    texts = {20: "yes", 21: "no", 22: "seven"}
    some = tuple(spoken(text, chunks) for chunks, text in texts.items())
    sets = [SpeechSet("with", None, some), SpeechSet("with", 5.0, some), SpeechSet("without", None, some[:1])]
    right = {len(one.pcm) // 512: certain(one.labels, len(one.pcm) // 512) for one in some}

    def perfect(features):
        return right[len(features)]

    def deaf(features):
        return certain([], len(features))

    names = {greedy: text for text in texts.values() for greedy in [tuple(labels_of(text).tolist())]}
    domains = {"with": ("the three words", lambda logits: names.get(tuple(greedy_classes(logits)), ""))}
    told = []
    found = evaluate({"perfect": perfect, "deaf": deaf}, sets, domains, 16000, told.append)
    assert told[:3] == ["perfect: with as recorded", "deaf: with as recorded", "perfect: with at 5 dB"]
    by = {(m.corpus, m.snr_db, m.recogniser, m.unit): m for m in found}
    assert len(by) == len(found) == 2 * (2 * 2 + 1)
    phonemes = sum(len(one.labels) for one in some)
    for corpus, snr_db in (("with", None), ("with", 5.0)):
        for unit, total in (("phoneme", phonemes), ("word", 3)):
            assert by[corpus, snr_db, "perfect", unit].rate.errors == 0
            assert by[corpus, snr_db, "deaf", unit].rate.errors == total == by[corpus, snr_db, "deaf", unit].rate.total
    assert by["with", 5.0, "deaf", "word"].domain == "the three words"
    assert ("without", None, "deaf", "word") not in by
    assert json.loads(json.dumps(found[0].as_json()))["rate"]["total"] == phonemes


def test_a_recording_is_resampled_to_the_rate_of_a_board():
    one = spoken("yes", 20)
    assert pcm_at(one, 16000) is one.pcm
    assert len(pcm_at(one, 15625)) == pytest.approx(512 * 20 * 15625 / 16000, abs=1)
    assert features_at(one, 15625).shape == (20, 80)


def test_an_image_says_nothing_of_silence():
    domain = build_text("some", "some.txt", b"yes\nno\n").binary
    assert image_text(np.zeros(16000, np.int16), domain, 16000) == ""


@pytest.mark.parametrize("rate_hz", [16000, 15625])
def test_an_image_hears_words_through_its_gate(data, rate_hz):
    speech = asr_testsets.recorded("speech_commands7", 8)
    measure = heard_by_image(speech, "words", asr_domains.phrases("speech_commands7"), rate_hz)
    assert (measure.recogniser, measure.unit, measure.domain) == ("image", "word", "words")
    assert measure.rate.total == 8
    assert measure.rate.rate <= 0.5
