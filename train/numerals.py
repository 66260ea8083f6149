"""Whole numbers as English words."""

ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int, conjunction: bool = False) -> str:
    """A number from 0 to below 10**12 in words, blanks between: 342 is "three hundred forty two".

    Args:
        number: what to say.
        conjunction: with the "and" of "three hundred and forty two".

    Raises:
        ValueError: it is negative or too large.
    """
    if not 0 <= number < 10**12:
        raise ValueError(f"{number} is no number from 0 to 999999999999")
    if number < 20:
        return ONES[number]
    if number < 100:
        return " ".join([TENS[number // 10], *([ONES[number % 10]] if number % 10 else [])])
    scale, name = next(entry for entry in SCALES if number >= entry[0])
    above, below = divmod(number, scale)
    parts = [cardinal(above, conjunction), name]
    if below:
        parts += (["and"] if conjunction and below < 100 else []) + [cardinal(below, conjunction)]
    return " ".join(parts)


def ordinal(number: int) -> str:
    """The ordinal of a number from 1: 21 is "twenty first"; raises ValueError as `cardinal` does."""
    *head, last = cardinal(number).split()
    return " ".join([*head, ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")])
