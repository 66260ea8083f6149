"""Synthesised speech: every voice speaks, alike for the same seed, trimmed, with the phonemes that it spoke."""

import random
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from train import pronunciation, synthesis
from train.corpora import RATE_HZ
from train.synthesis import Delivery, SynthesisError, Voice, aligned, speak

TEXT = "please tell me where the station is"
FLITE = [voice for voice in synthesis.VOICES if voice.engine == "flite"]
ACCENTS = [next(v for v in synthesis.VOICES if v.name.startswith(f"{name}+")) for name in synthesis.ESPEAK_LANGUAGES]


def plainly(voice, peak=0.5):
    middle = {"flite": (1.0, 1.0, 15.0), "espeak-ng": (165.0, 50.0, 50.0)}[voice.engine]
    return Delivery(voice, *middle, 1.0, peak)


def duration(text, delivery):
    return len(speak(text, delivery).pcm) / RATE_HZ


@pytest.mark.parametrize("voice", [*FLITE, *ACCENTS], ids=lambda voice: voice.name)
def test_each_voice_says_the_words_that_the_dictionary_has(voice):
    utterance = speak(TEXT, plainly(voice))
    assert utterance.pcm.dtype == np.int16
    assert 1.2 < len(utterance.pcm) / RATE_HZ < 3.5
    _, distance = aligned(utterance.phonemes, pronunciation.sentence(TEXT))
    assert distance <= 0.15 * len(utterance.phonemes)


def test_every_variant_is_a_file_that_espeak_has():
    """It speaks with the plain voice, and no complaint, when it finds none."""
    listed = subprocess.run(["espeak-ng", "--voices=variant"], capture_output=True, text=True, check=True).stdout
    files = {line.rpartition("!v/")[2].split()[0] for line in listed.splitlines()[1:]}
    assert set(synthesis.ESPEAK_VARIANTS) <= files
    plain, variant = (plainly(replace(ACCENTS[0], name=name)) for name in ("en-us", "en-us+steph"))
    assert not np.array_equal(speak("hello", plain).pcm, speak("hello", variant).pcm)


def test_flite_has_the_voices():
    listed = subprocess.run(["flite", "-lv"], capture_output=True, text=True, check=True).stdout
    assert {voice.name for voice in FLITE} <= set(listed.split())


def test_the_same_delivery_gives_the_same_samples():
    for voice in (FLITE[0], ACCENTS[0]):
        assert np.array_equal(speak(TEXT, plainly(voice)).pcm, speak(TEXT, plainly(voice)).pcm)
    assert [synthesis.draw(random.Random(5)) for _ in range(3)] == [synthesis.draw(random.Random(5))] * 3


def test_draws_stay_within_the_ranges_and_reach_many_voices():
    random_ = random.Random(1)
    drawn = [synthesis.draw(random_) for _ in range(2000)]
    for delivery in drawn:
        voice = delivery.voice
        for value, (low, high) in [(delivery.rate, voice.rate), (delivery.formants, voice.formants)]:
            assert low <= value <= high
    assert len({delivery.voice.name for delivery in drawn}) > 250
    people = sum(delivery.voice.engine == "flite" for delivery in drawn)
    assert 0.55 < people / len(drawn) < 0.65


@pytest.mark.parametrize("voice", [FLITE[0], FLITE[3], ACCENTS[0]], ids=lambda voice: voice.name)
def test_the_rate_changes_the_duration_and_the_formants_do_not(voice):
    plain = plainly(voice)
    as_usual = duration(TEXT, plain)
    slower = replace(plain, rate=plain.rate * 1.3 if voice.engine == "flite" else plain.rate / 1.3)
    assert duration(TEXT, slower) > 1.15 * as_usual
    for formants in (0.85, 1.18):
        assert duration(TEXT, replace(plain, formants=formants)) == pytest.approx(as_usual, rel=0.12)


def fundamental(pcm):
    """Hz of the strongest period between 60 and 400 Hz, the median of the loud frames."""
    found = []
    for start in range(0, len(pcm) - 1024, 512):
        frame = pcm[start : start + 1024].astype(np.float64)
        if np.abs(frame).max() < 4000:
            continue
        spectrum = np.abs(np.fft.rfft(frame * np.hanning(1024), 4096)) ** 2
        correlation = np.fft.irfft(spectrum)[: RATE_HZ // 60]
        low = RATE_HZ // 400
        found.append(RATE_HZ / (low + int(correlation[low:].argmax())))
    return float(np.median(found))


MOVED = [voice for voice in [*FLITE, ACCENTS[0]] if voice.pitch[0] < voice.pitch[1]]


@pytest.mark.parametrize("voice", MOVED, ids=lambda voice: voice.name)
def test_the_pitch_rises(voice):
    plain = plainly(voice)
    low, high = (0.8, 1.25) if voice.engine == "flite" else (25, 75)
    lower, higher = (fundamental(speak(TEXT, replace(plain, pitch=pitch)).pcm) for pitch in (low, high))
    assert higher > 1.2 * lower


@pytest.mark.parametrize("voice", [FLITE[0], FLITE[4], ACCENTS[0]], ids=lambda voice: voice.name)
def test_a_tenth_of_a_second_of_silence_is_left_and_the_peak_is_as_asked(voice):
    pcm = speak(TEXT, plainly(voice, peak=0.3)).pcm.astype(np.int64)
    assert np.abs(pcm).max() == pytest.approx(0.3 * 32767, rel=0.01)
    loud = np.flatnonzero(np.abs(pcm) > 0.02 * np.abs(pcm).max())
    for silence in (loud[0], len(pcm) - loud[-1]):
        assert 0.07 < silence / RATE_HZ < 0.2


def test_neither_an_offset_nor_a_click_counts_as_speech():
    tone = np.sin(np.arange(RATE_HZ) * 0.2).astype(np.float32)
    silence = np.zeros(RATE_HZ, np.float32)
    spoken = np.concatenate([silence, tone, silence]) + np.float32(0.05)
    spoken[100:110] = 0.9
    assert len(synthesis.trimmed(spoken)) == pytest.approx(1.2 * RATE_HZ, abs=0.03 * RATE_HZ)


def test_silence_has_nothing_to_trim_to():
    assert len(synthesis.trimmed(np.zeros(RATE_HZ, np.float32))) == 0
    assert len(synthesis.trimmed(np.zeros(10, np.float32))) == 0
    with pytest.raises(SynthesisError, match="is silent on"):
        speak("", plainly(ACCENTS[0]))


@pytest.mark.parametrize("voice", [FLITE[0], ACCENTS[0]], ids=lambda voice: voice.engine)
def test_a_missing_engine_is_said_with_its_package(voice, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SynthesisError, match=f"apt-get install {voice.engine}"):
        speak(TEXT, plainly(voice))


def test_an_unknown_voice_is_refused():
    nobody = Voice("espeak-ng", "xx-nowhere+Nobody", 1, (100, 100), (50, 50), (50, 50))
    with pytest.raises(SynthesisError, match="xx-nowhere"):
        speak(TEXT, plainly(nobody))


def test_the_variant_that_was_spoken_is_the_label():
    spoken = ("DH", "IY", "R", "IY", "D", "Y", "UW")
    chosen, distance = aligned(spoken, pronunciation.sentence("the read you"))
    assert chosen == [("DH", "IY"), ("R", "IY", "D"), ("Y", "UW")]
    assert distance == 0


def test_what_an_accent_leaves_out_stays_in_the_label():
    chosen, distance = aligned(("K", "AA", "P", "AA", "K"), pronunciation.sentence("car park"))
    assert chosen == [("K", "AA", "R"), ("P", "AA", "R", "K")]
    assert distance == 2


def test_the_alignment_is_the_best_of_all_choices():
    """Against every combination of variants, by a plain edit distance."""
    from itertools import product

    def edit(a, b):
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, start=1):
            row, before = [i], row
            for j, y in enumerate(b, start=1):
                row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
        return row[-1]

    random_ = random.Random(6)
    for _ in range(100):
        words = [
            [tuple(random_.choices("ABC", k=random_.randint(1, 3))) for _ in range(random_.randint(1, 3))]
            for _ in range(random_.randint(1, 3))
        ]
        spoken = tuple(random_.choices("ABC", k=random_.randint(0, 7)))
        chosen, distance = aligned(spoken, words)
        assert all(choice in word for choice, word in zip(chosen, words, strict=True))
        assert distance == edit([p for word in chosen for p in word], spoken)
        assert distance == min(edit([p for w in way for p in w], spoken) for way in product(*words))
