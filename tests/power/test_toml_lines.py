"""Lines of keys in TOML: nested tables, arrays of tables, inline tables, strings that look like keys."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from power.toml_lines import line_of, lines

DOCUMENT = '''# a comment [not.a.table]
name = "x" # name = 2
"quoted key" = 1
a.b.c = 3

[figures.run]
min = 1.0
source = { document = "d = 1, }", where.page = 4, list = [1, 2] }

[[phases]]
name = "one"

[phases.deep]
x = 1

[[phases]]
name = """
several = 1
[lines]
"""
points = [
    [1, 2], # [3,
    [3,
     4],
]

[[phases.inner]]
y = 1
[[phases.inner]]
y = 2

[ "odd . name" . 'literal' ]
z = 1979-05-27T07:32:00Z
'''

PLACES = {
    ("name",): 2,
    ("quoted key",): 3,
    ("a",): 4,
    ("a", "b", "c"): 4,
    ("figures",): 6,
    ("figures", "run"): 6,
    ("figures", "run", "min"): 7,
    ("figures", "run", "source"): 8,
    ("figures", "run", "source", "document"): 8,
    ("figures", "run", "source", "where", "page"): 8,
    ("figures", "run", "source", "list", 1): 8,
    ("phases",): 10,
    ("phases", 0): 10,
    ("phases", 0, "name"): 11,
    ("phases", 0, "deep", "x"): 14,
    ("phases", 1): 16,
    ("phases", 1, "name"): 17,
    ("phases", 1, "points"): 21,
    ("phases", 1, "points", 0): 22,
    ("phases", 1, "points", 0, 1): 22,
    ("phases", 1, "points", 1): 23,
    ("phases", 1, "points", 1, 1): 24,
    ("phases", 1, "inner", 0, "y"): 28,
    ("phases", 1, "inner", 1, "y"): 30,
    ("odd . name", "literal", "z"): 33,
}


def _places(value, place=()):
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from _places(each, (*place, key))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_key_has_its_line(ending):
    text = DOCUMENT.replace("\n", ending)
    found = lines(text)
    assert {place: found[place] for place in PLACES} == PLACES
    assert set(found) == set(_places(tomllib.loads(text)))


def test_what_is_missing_is_missed_where_its_table_begins():
    found = lines(DOCUMENT)
    assert line_of(found, ("figures", "run", "unit")) == 6
    assert line_of(found, ("phases", 0, "deep", "y")) == 13
    assert line_of(found, ("nowhere", 3)) == 1


def test_quotes_within_long_strings_end_nothing():
    text = 'a = """x"""""\nb = \'\'\'it\'s\'\'\'\nc = "\\"]"\nd = []\ne = """\\"""\n"""\nf = 1\n'
    assert tomllib.loads(text)["f"] == 1
    found = lines(text)
    assert [found[key,] for key in "abcdef"] == [1, 2, 3, 4, 5, 7]


KEY = st.sampled_from(["a", "b", "c", '"d e"', "'f.g'"])
VALUE = st.recursive(
    st.sampled_from(["1", "-2.5e3", '"x#,]"', "'y}'", "true", "1979-05-27", '"""\n]\n"""', "inf"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: "[" + ",\n".join(each) + "]")
        | st.lists(inner, max_size=2).map(lambda each: "{" + ", ".join(f"k{i} = {v}" for i, v in enumerate(each)) + "}")
    ),
    max_leaves=5,
)
LINE = (
    st.tuples(KEY, VALUE).map(lambda pair: f"{pair[0]} = {pair[1]}")
    | st.tuples(KEY, KEY, VALUE).map(lambda pair: f"{pair[0]} . {pair[1]} = {pair[2]} # z = 1")
    | st.lists(KEY, min_size=1, max_size=3).map(lambda keys: f"[{'.'.join(keys)}]")
    | st.lists(KEY, min_size=1, max_size=2).map(lambda keys: f"[[{'.'.join(keys)}]]")
    | st.just("# comment = 3")
)


@given(st.lists(LINE, max_size=8))
def test_whatever_tomllib_reads_has_a_line_for_every_key(parts):
    text = "\n".join(parts)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found = lines(text)
    assert set(found) == set(_places(document))
    count = text.count("\n") + 1
    assert all(1 <= line <= count for line in found.values())
