"""The text language: what DOMAINS.md says of it holds, and what is wrong in it is shown where it stands."""

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordy import pairs

import train
from firmware.domain.graph import DomainError
from train.domains.build import build_text
from train.domains.errors import TextError
from train.domains.parser import parse
from train.domains.sampling import accepted

MANUAL = (Path(train.__file__).parent / "DOMAINS.md").read_text()
BLOCKS = re.findall(r"```(domain|accepts|refuses)\n(.*?)```", MANUAL, re.DOTALL)


def examples():
    text = ""
    for kind, block in BLOCKS:
        text = block if kind == "domain" else text
        if kind != "domain":
            yield from ((text, kind, line) for line in block.splitlines())


@cache
def graph(text):
    return build_text("some", "some.txt", text.encode()).graph


@pytest.mark.parametrize(("text", "kind", "line"), list(examples()), ids=lambda value: value[:40].splitlines()[0])
def test_the_manual_tells_the_truth(text, kind, line):
    sentence, _, slots = line.partition(" :: ")
    found = accepted(graph(text), sentence)
    if kind == "refuses":
        assert found is None
    else:
        assert found is not None
        assert " ".join(f"{name}={value}" for name, value in found.slots) == slots


WRONG = {
    "an undefined list": ("go to <citty>\n<city> = x", (1, 7), "no list <citty>; did you mean <city>?"),
    "a built-in list without use": ("room {number}", (1, 6), "add the line @use numbers"),
    "a list twice": ("<a> = x\nhello\n<a> = y", (3, 1), "is in line 1 already"),
    "a built-in name again": ("@use numbers\n<digit> = x\nhello", (2, 1), "comes with @use numbers"),
    "recursion": ("hello <a>\n<a> = x <b>\n<b> = y [<a>]", (3, 10), "<a> -> <b> -> <a> goes round"),
    "recursion in an unused list": ("hello\n<a> = x <a>", (2, 9), "<a> -> <a> goes round"),
    "an empty phrase": ("hello\n[please]", (2, 1), "may be empty"),
    "an empty alternative": ("say (a | )", (1, 10), "nothing here"),
    "an empty list": ("say <a>\n<a> =", (2, 6), "nothing here"),
    "a line without a word": ("hello\n!?", (2, 1), "no word in this line"),
    "no phrase": ("# nothing\n<a> = b", (1, 1), "no phrase"),
    "an open bracket": ("say (a | b\nbye", (1, 5), "( is never closed; put )"),
    "the wrong bracket": ("say (a | b] c", (1, 11), "] closes no bracket here; ) is open"),
    "a closing bracket": ("say a) c", (1, 6), ") closes no bracket"),
    "an unclosed slot": ("say {x = a | b", (1, 5), "{ is never closed"),
    "an unclosed list": ("say <x", (1, 5), "<name>"),
    "an unknown phoneme": ("gyros : Y IH QX\ngyros", (1, 14), "'QX' is no phoneme"),
    "no phoneme": ("gyros :\ngyros", (1, 8), "1 to 32 phonemes"),
    "a colon in a word": ("at 5:30", (1, 4), "is no word"),
    "a repetition of nothing": ("say (+ a)", (1, 6), "follows what it repeats"),
    "a repetition of an optional": ("say [a]+", (1, 8), "[(a | b)+]"),
    "a repetition of what may be empty": ("say <a>+\n<a> = [x]", (1, 8), "may be empty"),
    "a repetition turned round": ("say a{6,2}", (1, 6), "{least,most}"),
    "a weight without number": ("say a *", (1, 7), "* needs a number"),
    "a weight of zero": ("say (a *0 | b)", (1, 8), "a weight is"),
    "a weight in the middle": ("say *3 a", (1, 8), "end an alternative"),
    "a value of a phrase": ("two => 2", (1, 1), "this is no slot"),
    "a value of a list": ("say {x}\n<x> = <y> => 3\n<y> = a", (2, 11), "cannot follow a list"),
    "a slot within a slot": ("say {x}\n<x> = a {y}\n<y> = b", (1, 5), "would hold slot y"),
    "a sign that has no sound": ("it costs 5$", (1, 10), "'$' has no sound"),
    "unknown built-in lists": ("@use numbers, colours\nhello", (1, 15), "no built-in lists 'colours'"),
    "a control character": ("hel\x07lo", (1, 4), "U+0007"),
    "brackets too deep": ("(" * 30 + "a" + ")" * 30, (1, 12), "more than 12 deep"),
    "too many lists in lists": (
        "say <a0>\n" + "".join(f"<a{i}> = x <a{i + 1}>\n" for i in range(30)) + "<a30> = y",
        (13, 11),
        "more than 12 deep",
    ),
}


@pytest.mark.parametrize(("text", "place", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_shown_where_it_stands(text, place, message):
    with pytest.raises(TextError) as caught:
        graph(text)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == place
    assert str(caught.value).startswith(f"some.txt:{place[0]}:{place[1]}: ")


def test_the_caret_stands_under_the_mistake_behind_tabs():
    with pytest.raises(TextError) as caught:
        graph("hello\n\tsay\t(a")
    assert str(caught.value).splitlines()[1:] == ["  \tsay\t(a", "  \t   \t^"]


def test_not_utf_8_names_the_byte():
    with pytest.raises(TextError, match=r"^some.txt:2:4: byte 0xe9 is not UTF-8; save") as caught:
        parse("some.txt", b"hello\ncaf\xe9")
    assert caught.value.line == 2
    with pytest.raises(TextError, match="byte 0xff is not UTF-8"):
        parse("some.txt", "hello".encode("utf-16"))


def test_byte_order_mark_line_ends_and_tabs_do_not_matter():
    plain = graph("say {x}\n<x> = a\n  b\n")
    for data in (b"\xef\xbb\xbfsay {x}\r\n<x> = a\r\n\tb\r\n", b"say {x}\r<x> = a\r | b", b"\tsay\t{x}\n<x> = a |\n b"):
        assert build_text("some", "some.txt", data).graph == plain


def test_a_domain_that_is_too_large_says_which_part():
    with pytest.raises(DomainError, match=r"some.txt: .* bytes; at most 65536 fit.*arcs.*most arcs: pair \d+"):
        graph(pairs(5000))
    with pytest.raises(DomainError, match="the phrases of domain 'some' have more than 100000 arcs"):
        graph("go " + " ".join(["((a | b | c | d | e){100}){100}"] * 20))


SIGNS = """a two city <city> {city} {from:city} {x= } ( ) [ ] | + {2,3} {,} * *2 *0 =>2 =>+20 =>*100 => =>"x = < > : .
    ' 5 é $ <number> {number} @use #"""
LINES = ["<city> = ", "city : S IH T IY", "@use numbers", "\n", "\n  ", "\n| ", "\t", " ", "\r", "\u2028"]
PIECES = st.sampled_from([*SIGNS.split(), *LINES])


@settings(max_examples=250, deadline=None)
@given(st.lists(PIECES, max_size=25).map(" ".join))
def test_no_text_ends_in_anything_but_a_domain_or_a_sentence(text):
    try:
        built = build_text("some", "some.txt", ("hello\n" + text).encode())
    except (TextError, DomainError) as error:
        assert str(error).strip()
    else:
        assert accepted(built.graph, "hello")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_end_in_anything_but_a_domain_or_a_sentence(data):
    try:
        parse("some.txt", data)
    except TextError as error:
        assert str(error).startswith("some.txt:")
