"""Speech by espeak-ng and flite for training: which voices, how they vary, one utterance at a time.

Both are Debian packages, run as processes. flite's CMU Arctic voices are statistical models of people and sound like
them; espeak-ng's formant voices bring many timbres and accents. Resampling an utterance moves its formants as another
length of vocal tract does, which makes more speakers of few (N. Jaitly and G. E. Hinton, "Vocal Tract Length
Perturbation", 2013, do so in the spectrum).
"""

import random
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

from train.corpora import RATE_HZ, Pcm
from train.pronunciation import Pronunciation, from_espeak


class SynthesisError(ValueError):
    """An engine is missing or failed; the message says which and what to do."""


Range = tuple[float, float]


@dataclass(frozen=True)
class Voice:
    """One voice of an engine, and the ranges it is drawn from.

    Attributes:
        engine: `espeak-ng` or `flite`.
        name: as the engine calls it; espeak-ng's language, or several of its languages' variant behind a +.
        weight: share of the utterances among the engine's voices.
        rate: espeak-ng's words a minute; flite's stretch of durations (above 1 is slower).
        pitch: espeak-ng's 0 to 99; flite's factor on the voice's own fundamental.
        pitch_range: espeak-ng's 0 to 99 by its SSML; flite's standard deviation of the fundamental in Hz.
        formants: factor on all frequencies by resampling; durations are kept.
    """

    engine: str
    name: str
    weight: float
    rate: Range
    pitch: Range
    pitch_range: Range
    formants: Range = (0.85, 1.18)


ESPEAK_LANGUAGES = {
    "en-us": 5.0,
    "en-us-nyc": 1.0,
    "en-gb": 2.0,
    "en-gb-x-rp": 1.0,
    "en-gb-scotland": 1.0,
    "en-gb-x-gbclan": 0.7,
    "en-gb-x-gbcwmd": 0.7,
    "en-029": 0.5,
}
"""Accents and their weights: America, New York, Britain, Received Pronunciation, Scotland, Lancaster, the West
Midlands, the Caribbean."""

ESPEAK_VARIANTS = [
    *("Alex", "Alicia", "Andrea", "Andy", "Annie", "AnxiousAndy", "Denis", "Diogo", "Gene", "Gene2"),
    *("Henrique", "Hugo", "Jacky", "Lee", "Marco", "Mario", "Michael", "Mike", "Nguyen", "RicishayMax"),
    *("RicishayMax2", "RicishayMax3", "adam", "anika", "antonio", "aunty", "belinda", "benjamin", "boris"),
    *("david", "ed", "edward", "edward2", "f1", "f2", "f3", "f4", "f5", "grandma", "grandpa"),
    *("gustave", "iven", "iven2", "iven3", "iven4", "john", "klatt", "klatt2", "klatt3", "linda", "m1"),
    *("m2", "m3", "m4", "m5", "m6", "m7", "m8", "marcelo", "max", "michel", "miguel", "norbert", "pablo"),
    *("paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "steph2", "steph3"),
    *("travis", "victor", "zac"),
]
"""Files of the variants that are named as people are: no robots, demons, loudspeakers, whispers or croaks. The names
that espeak-ng lists will not do: it speaks with the plain voice when it finds no such file."""

ESPEAK_RANGES: tuple[Range, Range, Range] = ((115, 215), (20, 80), (20, 80))

VOICES = [
    *(
        Voice("espeak-ng", f"{language}+{variant}", weight / len(ESPEAK_VARIANTS), *ESPEAK_RANGES)
        for language, weight in ESPEAK_LANGUAGES.items()
        for variant in ESPEAK_VARIANTS
    ),
    Voice("flite", "slt", 3.0, (0.75, 1.45), (0.75, 1.3), (8, 30)),
    # Its fundamental follows its own model whatever is set: it moves with the formants.
    Voice("flite", "rms", 3.0, (0.75, 1.45), (1.0, 1.0), (8, 30), (0.82, 1.25)),
    Voice("flite", "awb", 3.0, (0.75, 1.45), (0.75, 1.4), (8, 30)),
    Voice("flite", "kal16", 1.2, (0.8, 1.5), (0.75, 1.6), (8, 30)),
    Voice("flite", "kal", 0.4, (0.8, 1.5), (0.75, 1.6), (8, 30)),
]

ENGINE_SHARES = {"flite": 0.6, "espeak-ng": 0.4}
"""Share of the utterances."""

FLITE_PITCH_HZ = {"kal": 95.0, "kal16": 95.0}
"""Mean fundamental of the voices that take a target in Hz instead of a factor."""

PEAK_LEVELS: Range = (0.2, 0.9)
"""Peak of an utterance, of full scale."""

EDGE_S = 0.1
"""Silence left at both ends."""
SILENCE_DB = 40.0
"""Below the loudest frame by this much is silence."""
TRIM_FRAME = 160


@dataclass(frozen=True)
class Delivery:
    """How a voice speaks one utterance: values within its ranges, and the peak level of full scale."""

    voice: Voice
    rate: float
    pitch: float
    pitch_range: float
    formants: float
    peak: float


@dataclass(frozen=True)
class Utterance:
    """int16[n] at 16 kHz mono, and what the engine says that it spoke, in ARPAbet."""

    pcm: Pcm
    phonemes: Pronunciation


@cache
def _cast(engine: str) -> tuple[list[Voice], list[float]]:
    voices = [voice for voice in VOICES if voice.engine == engine]
    return voices, [voice.weight for voice in voices]


def draw(random_: random.Random) -> Delivery:
    """A voice by the weights, and a delivery uniformly within its ranges."""
    engine = random_.choices(list(ENGINE_SHARES), list(ENGINE_SHARES.values()))[0]
    voice = random_.choices(*_cast(engine))[0]
    within = (random_.uniform(*r) for r in (voice.rate, voice.pitch, voice.pitch_range, voice.formants, PEAK_LEVELS))
    return Delivery(voice, *within)


def speak(text: str, delivery: Delivery) -> Utterance:
    """One utterance, trimmed to a tenth of a second of silence at both ends. The same arguments give the same samples.

    Raises:
        SynthesisError: the engine is not installed, or says nothing for the text.
        train.pronunciation.PronunciationError: it spoke phonemes that are not English, of a word it took for foreign.
    """
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "utterance.wav"
        command = (_flite if delivery.voice.engine == "flite" else _espeak)(text, delivery, wav)
        try:
            done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, stdin=subprocess.DEVNULL)
            samples, rate = soundfile.read(wav, dtype="float32")
        except FileNotFoundError as error:
            engine = delivery.voice.engine
            raise SynthesisError(f"{engine} is not installed: apt-get install {engine}") from error
        except subprocess.CalledProcessError as error:
            raise SynthesisError(f"{' '.join(command)} failed: {error.stderr.strip()}") from error
        except soundfile.LibsndfileError as error:
            raise SynthesisError(f"{' '.join(command)} wrote no sound: {error}") from error
    # Played faster by the factor, all frequencies rise by it.
    moved = soxr.resample(samples, rate * delivery.formants, RATE_HZ)
    spoken = trimmed(moved)
    if not len(spoken):
        raise SynthesisError(f"{delivery.voice.engine}'s voice {delivery.voice.name} is silent on {text!r}")
    pcm = np.rint(spoken * (delivery.peak * 32767 / np.abs(spoken).max())).astype(np.int16)
    return Utterance(pcm, _spoken_phonemes(done.stdout, delivery.voice.engine))


def _flite(text: str, delivery: Delivery, wav: Path) -> list[str]:
    voice = delivery.voice.name
    pitch = delivery.pitch / delivery.formants
    settings = {
        # Resampling shortens by the factor; the engine makes it longer by as much.
        "duration_stretch": delivery.rate * delivery.formants,
        "int_f0_target_stddev": delivery.pitch_range,
        **({"int_f0_target_mean": FLITE_PITCH_HZ[voice] * pitch} if voice in FLITE_PITCH_HZ else {"f0_shift": pitch}),
    }
    options = [part for name, value in settings.items() for part in ("--setf", f"{name}={value:.4f}")]
    return ["flite", "-voice", voice, *options, "-ps", "-t", text, "-o", str(wav)]


def _espeak(text: str, delivery: Delivery, wav: Path) -> list[str]:
    pitch_range = f"{round(delivery.pitch_range * 2)}%"
    speed, pitch = round(delivery.rate / delivery.formants), round(delivery.pitch)
    return [
        *("espeak-ng", "-v", delivery.voice.name, "-s", str(max(80, speed)), "-p", str(pitch)),
        *("-x", "--sep=_", "-m", "-w", str(wav), f'<prosody range="{pitch_range}">{text}</prosody>'),
    ]


def _spoken_phonemes(printed: str, engine: str) -> Pronunciation:
    if engine == "espeak-ng":
        return from_espeak(printed)
    reduced = {"ax": "AH", "axr": "ER"}
    return tuple(reduced.get(phone, phone.upper()) for phone in printed.split() if phone != "pau")


def trimmed(samples: np.ndarray) -> np.ndarray:
    """float32[n] at 16 kHz from `EDGE_S` before the first frame that is no silence to as long after the last."""
    frames = samples[: len(samples) // TRIM_FRAME * TRIM_FRAME].reshape(-1, TRIM_FRAME)
    if not len(frames):
        return samples[:0]
    # The variance of each frame leaves out its offset; the median of five passes over a click.
    around = np.pad(frames.var(axis=1), 2)
    energy = np.median(np.lib.stride_tricks.sliding_window_view(around, 5), axis=1)
    loud = np.flatnonzero(energy > max(float(energy.max()) * 10 ** (-SILENCE_DB / 10), 1e-10))
    if not len(loud):
        return samples[:0]
    edge = round(EDGE_S * RATE_HZ)
    start, end = int(loud[0]) * TRIM_FRAME - edge, (int(loud[-1]) + 1) * TRIM_FRAME + edge
    inside = samples[max(start, 0) : end]
    return np.pad(inside, (max(-start, 0), max(end - len(samples), 0)))


def aligned(spoken: Pronunciation, variants: Sequence[Sequence[Pronunciation]]) -> tuple[list[Pronunciation], int]:
    """The dictionary's variants of each word that come nearest to what was spoken.

    Args:
        spoken: phonemes of the utterance.
        variants: of each word in order, at least one.

    Returns:
        One variant a word, and the edit distance of all of them together to `spoken`; of equal ones the first.
    """
    # A row of the edit distance over positions in `spoken`, carried through each variant; the words' rows meet in a
    # minimum, which remembers where its word began.
    row = list(range(len(spoken) + 1))
    trace: list[list[tuple[int, int]]] = []
    for word in variants:
        best: list[tuple[int, int, int]] = []
        for number, variant in enumerate(word):
            cost = [(c, start) for start, c in enumerate(row)]
            for phoneme in variant:
                after = [(cost[0][0] + 1, cost[0][1])]
                for j, heard in enumerate(spoken):
                    swap = (cost[j][0] + (phoneme != heard), cost[j][1])
                    after.append(min(swap, (cost[j + 1][0] + 1, cost[j + 1][1]), (after[j][0] + 1, after[j][1])))
                cost = after
            candidates = [(c, number, start) for c, start in cost]
            best = candidates if not best else [min(a, b) for a, b in zip(best, candidates, strict=True)]
        row = [c for c, _, _ in best]
        trace.append([(number, start) for _, number, start in best])
    position, chosen = len(spoken), []
    for word, choices in zip(reversed(variants), reversed(trace), strict=True):
        number, position = choices[position]
        chosen.append(word[number])
    return chosen[::-1], row[-1]
