"""Slots behind a FINAL: whole pairs or nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.link import Final
from firmware.native.library import load

FFI, LIBRARY = load()
ROOM = 200


def new_final() -> Any:
    return FFI.new("struct link_final *")


def slots(final: Any) -> tuple[tuple[str, str], ...]:
    payload = FFI.new("uint8_t[]", LIBRARY.NATIVE_PAYLOAD_MAX)
    count = LIBRARY.link_final_pack(final, payload, LIBRARY.NATIVE_PAYLOAD_MAX)
    assert count > 0
    return Final.unpack(bytes(FFI.buffer(payload, count))).slots


def add(final: Any, name: str, value: str) -> bool:
    return bool(LIBRARY.transcripts_add_slot(final, name.encode(), value.encode()))


def test_slots_stand_in_their_order() -> None:
    final = new_final()
    assert add(final, "from", "new york")
    assert add(final, "to", "rome")
    assert add(final, "note", "")
    assert slots(final) == (("from", "new york"), ("to", "rome"), ("note", ""))


@pytest.mark.parametrize(("name", "value"), [("", "x"), ("a\x1f", "x"), ("a", "x\x1e"), ("a", "\n"), ("a", "x" * 199)])
def test_what_cannot_be_sent_changes_nothing(name: str, value: str) -> None:
    final = new_final()
    assert add(final, "kept", "yes")
    assert not add(final, name, value)
    assert slots(final) == (("kept", "yes"),)


def test_there_are_eight_at_most() -> None:
    final = new_final()
    assert [add(final, "s", str(i)) for i in range(9)] == [True] * 8 + [False]


def test_the_last_byte_is_used() -> None:
    final = new_final()
    assert add(final, "n", "x" * (ROOM - 2))
    assert final.slots_length == ROOM
    assert not add(new_final(), "n", "x" * (ROOM - 1))


TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=60)


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=10))
def test_the_host_reads_what_fitted(pairs: list[tuple[str, str]]) -> None:
    final = new_final()
    fitted = tuple(pair for pair in pairs if add(final, *pair))
    assert slots(final) == fitted
    assert sum(len((name + value).encode()) + 2 for name, value in fitted) - bool(fitted) <= ROOM
