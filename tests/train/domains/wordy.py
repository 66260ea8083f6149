"""Texts with many words of the dictionary, the same ones every time."""

import random

from train.pronunciation import dictionary


def words(count):
    plain = [word for word in sorted(dictionary()) if word.isalpha() and 3 <= len(word) <= 9]
    return random.Random(1).sample(plain, count)


def pairs(count):
    """A domain of one list, whose alternatives have little in common."""
    rng = random.Random(2)
    known = words(1800)
    return "go {pair}\n<pair> = " + "\n | ".join(f"{rng.choice(known)} {rng.choice(known)}" for _ in range(count))


def phrases(count, vocabulary):
    """Phrases of two to five words with alternatives, optionals and slots; every word of the vocabulary is there."""
    rng = random.Random(3)
    known = words(vocabulary)
    lists = {name: known[50 * i : 50 * i + 50] for i, name in enumerate(("thing", "place", "person", "act"))}
    rest = known[200:]
    lines = [f"<{name}> = " + " | ".join(row) for name, row in lists.items()]
    for i in range(count):
        row = [rest[(2 * i + j) % len(rest)] for j in range(2)] + rng.sample(rest, rng.randint(0, 3))
        slot = f"{{{rng.choice([*lists])}}}"
        lines.append(" ".join([*row, rng.choice(["", "[please]", f"({row[1]} | {row[0]})", slot])]))
    return "\n".join(lines)
