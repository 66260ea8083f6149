"""Any frame that can be sent, for hypothesis."""

from dataclasses import replace
from enum import IntEnum

from hypothesis import strategies as st

from firmware.link import FRAMES, VERSION, Frame, Hello
from firmware.link.layout import (
    BETWEEN_NAME_AND_VALUE,
    BETWEEN_PAIRS,
    Bytes,
    Chars,
    Choice,
    Field,
    Flag,
    Integer,
    Nested,
    Pairs,
    Record,
    Repeated,
    Text,
)

ASCII = st.characters(min_codepoint=1, max_codepoint=127)


def values(field: Field) -> st.SearchStrategy:
    match field:
        case Integer(width=width, signed=signed):
            low = -(1 << (8 * width - 1)) if signed else 0
            edges = st.sampled_from([low, low + 1, low + 255, low + (1 << 8 * width) - 1])
            return edges | st.integers(low, low + (1 << 8 * width) - 1)
        case Choice(enum=enum):
            return st.sampled_from(list[IntEnum](enum))
        case Flag():
            return st.booleans()
        case Chars(width=width):
            return st.text(ASCII, max_size=width)
        case Text(most=most):
            return st.text(max_size=most).filter(lambda text: len(text.encode()) <= most)
        case Bytes(most=most):
            return st.binary(max_size=most)
        case Pairs(most=most):
            return pairs(most)
        case Nested(record=record):
            return records(record)
        case Repeated(item=item, count=count):
            return st.tuples(*[values(item)] * count)


def pairs(most: int) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    letters = st.characters(exclude_characters=BETWEEN_NAME_AND_VALUE + BETWEEN_PAIRS, exclude_categories=["Cs"])
    pair = st.tuples(st.text(letters, min_size=1, max_size=20), st.text(letters, max_size=20))
    return st.lists(pair, max_size=8).map(tuple).filter(lambda made: bytes_of_pairs(made) <= most)


def bytes_of_pairs(made: tuple[tuple[str, str], ...]) -> int:
    return sum(len(name.encode()) + len(value.encode()) + 2 for name, value in made) - bool(made)


def records(kind: type[Record]) -> st.SearchStrategy:
    return st.builds(kind, *(values(field) for field in kind.LAYOUT))


def frames(*kinds: type[Frame]) -> st.SearchStrategy[Frame]:
    """Of the kinds given, else of all."""
    return st.one_of(*(records(kind).map(_understood) for kind in kinds or FRAMES.values()))


def _understood(frame: Frame) -> Frame:
    return replace(frame, version=VERSION) if isinstance(frame, Hello) else frame


def noise() -> st.SearchStrategy[bytes]:
    """Bytes as a bad line gives them: zeros and runs are likelier than by chance."""
    return st.lists(st.just(0) | st.integers(0, 255), max_size=60).map(bytes)
