"""ARPA files: n-gram models as text, read and written."""

from __future__ import annotations

import math
import re

from train.domains.errors import TextError
from train.domains.ngram import BEGIN, END, ORDER_MAX, UNKNOWN, Ngram, NgramModel
from train.domains.parser import read_source
from train.domains.tokens import spelling

SIZE_MAX = 200_000_000
"""Bytes of a file."""

NEVER = -99.0
"""What stands for log10 of zero."""

LN_10 = math.log(10)

_COUNT = re.compile(r"ngram\s+(\d{1,9})\s*=\s*(\d{1,12})")
_SECTION = re.compile(r"\\(\d{1,9})-grams:")


def read(name: str, data: bytes) -> tuple[NgramModel, list[str]]:
    """An ARPA file of order 1 to 3. Words come out in lower case.

    Returns:
        The model, and the words that cannot be said (such as [noise]), whose n-grams were left out.

    Raises:
        TextError: a line is none that the format has, is there twice, or its numbers make no sense.
    """
    source = read_source(name, data, SIZE_MAX)
    counts: dict[int, tuple[int, int]] = {}
    found: dict[int, int] = {}
    probabilities: dict[Ngram, float] = {}
    backoffs: dict[Ngram, float] = {}
    dropped: dict[str, None] = {}
    spelled: dict[str, str | None] = {mark: mark for mark in (BEGIN, END, UNKNOWN)}
    section: int | None = None
    number = 0

    def error(message: str, line: int | None = None) -> TextError:
        at = line or number
        return TextError(name, at, 1, message, source.lines[at - 1])

    for number, line in enumerate(source.lines, start=1):
        text = line.strip()
        if not text:
            continue
        if section is None:  # before \data\
            if text == "\\data\\":
                section = 0
            continue
        if text == "\\end\\":
            break
        if match := _SECTION.fullmatch(text):
            section = int(match[1])
            if section not in counts:
                raise error(f"\\data\\ gives no number of {section}-grams; add the line ngram {section}=...")
            if section in found:
                raise error(f"there are {section}-grams above already; put the sections together")
            found[section] = 0
        elif section == 0:
            if not (match := _COUNT.fullmatch(text)):
                raise error("this should be a line such as ngram 1=120, or \\1-grams:")
            if int(match[1]) > ORDER_MAX:
                raise error(f"the model is of order {match[1]}; 1 to {ORDER_MAX} are possible: make it anew")
            counts[int(match[1])] = (int(match[2]), number)
        else:
            fields = text.split()
            if not section + 1 <= len(fields) <= section + 2:
                raise error(f"a {section}-gram is a log10 of its probability, {section} words, and at most a back-off")
            try:
                log_p, log_backoff = (float(f) for f in (fields[0], (*fields, "0")[section + 1]))
            except ValueError:
                raise error("probability and back-off are numbers, log10; words stand between them") from None
            if math.isnan(log_p) or math.isnan(log_backoff) or log_p > 0 or abs(log_backoff) > 200:
                raise error("log10 of a probability is at most 0, and of a back-off weight between -200 and 200")
            found[section] += 1
            for word in fields[1 : section + 1]:
                if word not in spelled:
                    mark = word.lower()
                    spelled[word] = mark if mark in (BEGIN, END, UNKNOWN) else spelling(word) or None
                    if spelled[word] is None:
                        dropped[word] = None
            words = [spelled[word] for word in fields[1 : section + 1]]
            ngram = tuple(word for word in words if word is not None)
            if len(ngram) < section:
                continue
            if ngram in probabilities:
                raise error(f"{' '.join(ngram)!r} is there already (case does not count); take one away")
            probabilities[ngram] = -math.inf if log_p <= NEVER else log_p * LN_10
            if log_backoff:
                backoffs[ngram] = log_backoff * LN_10
    else:
        what = "\\data\\" if section is None else "\\end\\"
        raise error(f"there is no line {what}: the file is no ARPA model, or was cut off; make it anew")
    for size, (count, declared) in counts.items():
        if found.get(size, 0) != count:
            raise error(f"there are {found.get(size, 0)} {size}-grams; mend the count, or make the file anew", declared)
    if not counts:
        raise error("the model has no n-grams; give ngram 1=... and a section \\1-grams:")
    return NgramModel(max(counts), probabilities, backoffs), list(dropped)


def write(model: NgramModel) -> str:
    """The model as the text of an ARPA file."""
    by_size: list[list[str]] = [[] for _ in range(model.order)]
    for ngram, p in sorted(model.log_probabilities.items()):
        shown = max(NEVER, p / LN_10)
        backoff = f"\t{model.log_backoffs[ngram] / LN_10:.6f}" if ngram in model.log_backoffs else ""
        by_size[len(ngram) - 1].append(f"{shown:.6f}\t{' '.join(ngram)}{backoff}")
    lines = ["\\data\\", *(f"ngram {size}={len(rows)}" for size, rows in enumerate(by_size, start=1)), ""]
    for size, rows in enumerate(by_size, start=1):
        lines += [f"\\{size}-grams:", *rows, ""]
    return "\n".join([*lines, "\\end\\", ""])
