"""How the words of a domain are said: its own lines, the dictionary, and guesses that are shown."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from firmware.domain.graph import PHONEMES_MAX
from train.domains.grammar import Place, Pronunciation, Said, Source
from train.domains.numerals import readings
from train.numerals import ordinal

VARIANTS_MAX = 4
"""Pronunciations of a word that are kept: each costs the decoder work."""

Guess = Callable[[Sequence[str]], Mapping[str, Pronunciation]]
"""How words that no dictionary has may be said; a ValueError if one cannot."""

_PIECES = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+|[^\W\d_]+(?:'[^\W\d_]+)*'?|&|'[^\W\d_]+")
_HISSING = ("S", "Z", "SH", "ZH", "CH", "JH")
_VOICELESS = ("P", "T", "K", "F", "TH")


@dataclass(frozen=True)
class Guessed:
    """A word whose pronunciation is a guess: where it first stands, and what was guessed."""

    word: str
    place: Place
    pronunciations: tuple[Pronunciation, ...]

    def __str__(self) -> str:
        shown = " | ".join(" ".join(p) for p in self.pronunciations)
        return (
            f"{self.place}: warning: {self.word!r} is in no dictionary; guessed, and yours to mend by a line\n"
            f"  {self.word} : {shown}"
        )


class Lexicon:
    """Pronunciations for one domain. A word's own file goes before the user's, and that before the dictionary."""

    def __init__(self, own: Source, known: Mapping[str, tuple[Pronunciation, ...]], guess: Guess) -> None:
        self._own = own
        self._known = known
        self._guess = guess
        self._found: dict[tuple[str, int], tuple[Pronunciation, ...]] = {}
        self.guesses: dict[str, Guessed] = {}

    def pronunciations(self, said: Said) -> tuple[Pronunciation, ...]:
        """Of a word, 1 to VARIANTS_MAX of them, or as many as the file gives.

        Raises:
            TextError: it cannot be said as one word.
        """
        key = (said.text, id(said.place.source))
        if key not in self._found:
            self._found[key] = self._look_up(said)
        return self._found[key]

    def prepare(self, words: Iterable[str]) -> None:
        """Guesses at once what would be guessed one by one: the guesser takes as long for one as for all."""
        plain = [word for word in words if word.isalpha() and word not in self._own.lexicon]
        unknown = [word for word in plain if word not in self._known]
        # What it cannot guess is said where the word stands.
        with contextlib.suppress(ValueError):
            self._guess(unknown)

    def _look_up(self, said: Said) -> tuple[Pronunciation, ...]:
        for lexicon in (said.place.source.lexicon, self._own.lexicon):
            if said.text in lexicon:
                return tuple(lexicon[said.text])
        found, sure = self._say(said.text, said.place)
        kept = tuple(dict.fromkeys(p for p in found if 1 <= len(p) <= PHONEMES_MAX))[:VARIANTS_MAX]
        if not kept:
            raise said.place.error(
                f"{said.text!r} has more than {PHONEMES_MAX} phonemes, or none; write it as several words, "
                f"or give it a line {said.text} : ..."
            )
        if not sure and said.text not in self.guesses:
            self.guesses[said.text] = Guessed(said.text, said.place, kept)
        return kept

    def _say(self, word: str, place: Place) -> tuple[list[Pronunciation], bool]:
        """Pronunciations, and whether they are more than a guess."""
        for lexicon in (place.source.lexicon, self._own.lexicon):
            if word in lexicon:
                return lexicon[word], True
        for spelled in (word, word.strip("'")):
            if known := self._known.get(spelled):
                return list(known), True
        if word.endswith(("'s", "s'")) and len(word) > 2:
            stem, sure = self._say(word[:-2] if word.endswith("'s") else word[:-1], place)
            if sure and word.endswith("'s"):
                return [(*p, *_ending(p[-1])) for p in stem], True
            if sure:
                return stem, True
        if match := re.fullmatch(r"([1-9]\d{0,3})(?:st|nd|rd|th)", word):
            return self._row(ordinal(int(match[1])).split(), place)[0], False
        if word.isascii() and word.isdigit():
            rows = [p for words in readings(word) for p in self._row(words, place)[0][:2]]
            return rows, False
        pieces = _PIECES.findall(word)
        if len(pieces) > 1:
            if all(len(piece) == 1 for piece in pieces):  # a.t.m.
                pieces = [f"{piece}." if piece.isalpha() else piece for piece in pieces]
            return self._row(["and" if piece == "&" else piece for piece in pieces], place)
        plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
        if plain != word and (known := self._known.get(plain)):
            return list(known), False
        try:
            return [self._guess([word])[word]], False
        except ValueError as error:
            raise place.error(f"how {word!r} is said is not known ({error}); give it a line {word} : ...") from error

    def _row(self, words: list[str], place: Place) -> tuple[list[Pronunciation], bool]:
        """Words said one behind the other, as one."""
        found = [self._say(word, place) for word in words]
        rows = product(*(pronunciations[:2] for pronunciations, _ in found))
        joined = [
            tuple(sound for part in row for sound in part) for row, _ in zip(rows, range(VARIANTS_MAX), strict=False)
        ]
        return joined, all(sure for _, sure in found)


def _ending(last: str) -> Pronunciation:
    """Of the possessive, behind a phoneme."""
    if last in _HISSING:
        return ("IH", "Z")
    return ("S",) if last in _VOICELESS else ("Z",)
