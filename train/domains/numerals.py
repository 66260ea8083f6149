"""Numbers in digits: how 7, 747, 1999 or 21st may be said."""

from train.numerals import cardinal

SPELLED_MAX = 8
"""Digits that are said one by one at most: more would not fit a pronunciation."""


def readings(digits: str) -> list[list[str]]:
    """How a row of digits may be said, the likeliest first; none if it is too long to be one word."""
    spelled = [cardinal(int(digit)) for digit in digits]
    if digits[0] == "0" or len(digits) > 4:
        with_oh = ["oh" if word == "zero" else word for word in spelled]
        return [
            row for i, row in enumerate((spelled, with_oh)) if len(digits) <= SPELLED_MAX and (i == 0 or row != spelled)
        ]
    number = int(digits)
    found = [cardinal(number).split()]
    if len(digits) > 2:
        head, tail = number // 100, number % 100
        if tail >= 10:
            found.append([*cardinal(head).split(), *cardinal(tail).split()])
        elif tail:
            found.append([*cardinal(head).split(), "oh", cardinal(tail)])
        elif len(digits) == 4 and head % 10:
            found.append([*cardinal(head).split(), "hundred"])
        found.append(spelled)
    return found
