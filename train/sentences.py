"""Sentences to synthesise: words at random, the corpora's texts, spelling and numbers, and phrases by templates.

Every word is in the pronouncing dictionary, so that its pronunciation there is the label. Drawn from a seed.
"""

import json
import math
import os
import random
import re
import string
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

import wordfreq

from train import pronunciation
from train.numerals import ONES, cardinal, ordinal

PHRASES = Path(__file__).parent / "phrases.toml"
TEXT_CORPORA = ("speechocean762", "kathleen", "an4")

SHARES = {
    "random words": 0.34,
    "corpora": 0.16,
    "phrases": 0.32,
    "single words": 0.08,
    "numbers": 0.05,
    "spelling": 0.05,
}
"""Share of the sentences; numbers and spelling also stand within the phrases."""

COMMON_WORDS = 30000
FLATTENING = 0.5
"""Words are drawn by their frequency to this power: rare phonemes and clusters come up, yet "the" is still common."""
LONGEST_WORDS = 16
"""A sentence of more words than this is cut, to keep utterances short."""


@dataclass(frozen=True)
class Sentence:
    """Words in the dictionary's spelling, blanks between."""

    text: str

    def spoken(self) -> str:
        """As an engine must read it: the letter A by its name, where it would read the article."""
        names = zip(self.text.split(), pronunciation.letter_names(self.text.split()), strict=True)
        return " ".join("eigh" if word == "a" and is_name else word for word, is_name in names)


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    common = [
        word
        for word in wordfreq.top_n_list("en", COMMON_WORDS)
        if pronunciation.in_dictionary(word)
        and re.fullmatch(r"[a-z]+('[a-z]+)?", word)
        and (len(word) > 1 or word in "ai")
    ]
    return common, list(accumulate(wordfreq.word_frequency(word, "en") ** FLATTENING for word in common))


def corpus_texts() -> list[str]:
    """The different texts of the corpora's training clips, for EARSHOT_DATA's folder; none where it is not set."""
    folder = os.environ.get("EARSHOT_DATA", "")
    texts: dict[str, None] = {}
    for name in TEXT_CORPORA if folder else ():
        manifest = Path(folder) / f"{name}.jsonl"
        if not manifest.is_file():
            continue
        for line in manifest.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry.get("split") == "train" and entry.get("text"):
                texts[entry["text"]] = None
    return list(texts)


def _weighted(random_: random.Random, shares: dict[str, float]) -> str:
    return random_.choices(list(shares), list(shares.values()))[0]


def _digits(random_: random.Random, count: int) -> str:
    zero = random_.choice(["zero", "zero", "oh"])
    return " ".join(zero if (digit := random_.randrange(10)) == 0 else ONES[digit] for _ in range(count))


def _number(random_: random.Random) -> str:
    """Up to 9 999, each number of digits alike, now and then with the British "and" or by hundreds."""
    number = min(9999, int(math.exp(random_.uniform(0, math.log(10000)))))
    if 1100 <= number < 10000 and number // 100 % 10 and random_.random() < 0.25:
        below = f" {cardinal(number % 100)}" if number % 100 else ""
        return f"{cardinal(number // 100)} hundred{below}"
    return cardinal(number, conjunction=random_.random() < 0.25)


def _year(random_: random.Random) -> str:
    century, rest = random_.choice([(19, 100), (19, 100), (20, 30), (18, 100)])
    year = random_.randrange(rest)
    if century == 20 and year < 10:
        return f"two thousand {cardinal(year)}" if year else "two thousand"
    return f"{cardinal(century)} {'hundred' if year == 0 else ('oh ' if year < 10 else '') + cardinal(year)}"


def _time(random_: random.Random) -> str:
    hour, minute = cardinal(random_.randint(1, 12)), random_.randrange(60)
    half_of_day = random_.choice(["", "", " a m", " p m", " in the morning", " in the evening", " at night"])
    match random_.randrange(5):
        case 0:
            return f"{hour}{random_.choice([' o' + chr(39) + 'clock', ''])}{half_of_day}"
        case 1:
            past = random_.choice(["a quarter past", "half past", "a quarter to", "ten past", "five to", "twenty past"])
            return f"{past} {hour}{half_of_day}"
        case 2:
            return random_.choice(["noon", "midnight", f"{hour} fifteen", f"{hour} thirty", f"{hour} forty five"])
        case _:
            minutes = ("oh " if 0 < minute < 10 else "") + cardinal(minute) if minute else "o'clock"
            return f"{hour} {minutes}{half_of_day}"


def _date(random_: random.Random) -> str:
    month, day = random_.choice(_lists()["month"]), random_.randint(1, 31)
    year = random_.choice(["", f" {_year(random_)}"])
    if random_.random() < 0.25:
        return f"{ordinal(day)} of {month}{year}"
    return f"{month} {random_.choice([ordinal(day), ordinal(day), cardinal(day)])}{year}"


def _price(random_: random.Random) -> str:
    unit, cent = random_.choice([("dollars", "cents"), ("euros", "cents"), ("pounds", "pence")])
    match random_.randrange(4):
        case 0:
            return f"{_number(random_)} {unit}"
        case 1:
            return f"{cardinal(random_.randint(2, 99))} {cent}"
        case 2:
            return f"{cardinal(random_.randint(2, 99))} {cardinal(random_.randint(10, 99))}"
        case _:
            return f"{cardinal(random_.randint(2, 99))} {unit} and {cardinal(random_.randint(2, 99))} {cent}"


def _phone(random_: random.Random) -> str:
    groups = random_.choice([(3, 4), (3, 3, 4), (3, 4), (2, 2, 2), (4, 4)])
    pairs = random_.random() < 0.15
    return " ".join(
        cardinal(random_.randint(10, 99)) + " " + cardinal(random_.randint(10, 99))
        if pairs and n == 4
        else _digits(random_, n)
        for n in groups
    )


def _address(random_: random.Random) -> str:
    number = random_.choice([_digits(random_, random_.randint(2, 4)), _number(random_)])
    return f"{number} {_street(random_)}"


def _street(random_: random.Random) -> str:
    return f"{random_.choice(_lists()['streetname'])} {random_.choice(_lists()['streetkind'])}"


def _spelled(random_: random.Random) -> str:
    """A name or a word by its letters."""
    word = random_.choice([random_.choice(_lists()[random_.choice(["name", "city", "streetname"])]), _word(random_)])
    return " ".join(c for c in word[:10] if c in string.ascii_lowercase)


def _word(random_: random.Random) -> str:
    words, cumulative = _vocabulary()
    return random_.choices(words, cum_weights=cumulative)[0]


MADE: dict[str, Callable[[random.Random], str]] = {
    "number": _number,
    "small": lambda random_: cardinal(random_.choice([random_.randint(1, 12), random_.randint(1, 99)])),
    "ordinal": lambda random_: ordinal(random_.choice([random_.randint(1, 12), random_.randint(1, 99)])),
    "roomnumber": lambda random_: random_.choice([_digits(random_, 3), _number(random_)]),
    "digits": lambda random_: _digits(random_, random_.randint(1, 7)),
    "letters": lambda random_: " ".join(random_.choices(string.ascii_lowercase, k=random_.randint(1, 6))),
    "spelled": _spelled,
    "year": _year,
    "time": _time,
    "date": _date,
    "price": _price,
    "phone": _phone,
    "zip": lambda random_: _digits(random_, 5),
    "street": _street,
    "address": _address,
}


@cache
def _phrases() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(PHRASES.read_text(encoding="utf-8"))


def _lists() -> dict[str, list[str]]:
    return _phrases()["lists"]


def expanded(template: str, random_: random.Random) -> str:
    """A template with its (a|b), [a|b] and {slots} drawn, innermost first."""
    while bracket := re.search(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]", template):
        optional = bracket[2] is not None
        choice = (
            "" if optional and random_.random() < 0.5 else random_.choice((bracket[2] or bracket[1] or "").split("|"))
        )
        template = template[: bracket.start()] + choice + template[bracket.end() :]

    def fill(slot: re.Match[str]) -> str:
        return MADE[slot[1]](random_) if slot[1] in MADE else random_.choice(_lists()[slot[1]])

    return re.sub(r"\{(\w+)\}", fill, template)


class Sentences:
    """A source of sentences; `texts` are the corpora's, and their share goes to the others where there are none."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._shares = {name: share for name, share in SHARES.items() if texts or name != "corpora"}

    def draw(self, random_: random.Random) -> Sentence:
        """A sentence of one to `LONGEST_WORDS` words, all of them in the dictionary."""
        while True:
            words = pronunciation.words(self._raw(_weighted(random_, self._shares), random_))[:LONGEST_WORDS]
            if words and all(pronunciation.in_dictionary(word) for word in words):
                return Sentence(" ".join(words))

    def _raw(self, kind: str, random_: random.Random) -> str:
        templates = _phrases()["templates"]
        match kind:
            case "random words":
                return " ".join(_word(random_) for _ in range(random_.randint(2, 10)))
            case "single words":
                return random_.choice([_word(random_), expanded(random_.choice(templates["commands"]), random_)])
            case "corpora":
                return random_.choice(self._texts)
            case "phrases":
                group = random_.choice([name for name in templates if name not in ("numbers", "spelling")])
                return expanded(random_.choice(templates[group]), random_)
            case _:
                return expanded(random_.choice(templates[kind]), random_)
