"""What outlasts a reset: the newest whole record counts, whenever the power fails."""

from typing import Any

from flash import FFI, LIBRARY, PAGE, PAGES, Flash
from hypothesis import given, settings
from hypothesis import strategies as st

RECORD = 48
ROOM = (PAGES - 2) // 2 * PAGE


def opened(flash: Flash) -> Any:
    store = FFI.new("struct store *")
    LIBRARY.store_open(store, flash.device)
    return store


def choose(store: Any, place: int, name: bytes, size: int = 100, crc32: int = 7) -> bool:
    choice = FFI.new("struct store_choice *", {"source": 2, "place": place, "bytes": size, "crc32": crc32})
    choice.name = name
    return bool(LIBRARY.store_choose(store, choice))


def chosen(store: Any) -> tuple[int, int, bytes, int, int]:
    choice = store.choice
    return choice.source, choice.place, FFI.string(choice.name), choice.bytes, choice.crc32


def test_a_new_store_has_chosen_nothing_and_counts_from_one() -> None:
    flash = Flash()
    assert chosen(opened(flash)) == (0, 0, b"", 0, 0)
    assert [LIBRARY.store_count_boot(opened(flash)) for _ in range(5)] == [1, 2, 3, 4, 5]


def test_a_choice_and_the_count_outlast_resets() -> None:
    flash = Flash()
    store = opened(flash)
    LIBRARY.store_count_boot(store)
    assert choose(store, 1, b"sixteen letters!")
    store = opened(flash)
    assert chosen(store) == (2, 1, b"sixteen letters!", 100, 7)
    assert LIBRARY.store_count_boot(store) == 2
    assert chosen(opened(flash)) == (2, 1, b"sixteen letters!", 100, 7)


def test_its_places_do_not_touch_its_records() -> None:
    flash = Flash()
    store = opened(flash)
    assert LIBRARY.store_room(store) == ROOM
    assert [LIBRARY.store_place_offset(store, place) for place in (0, 1)] == [0, ROOM]
    for _ in range(200):
        LIBRARY.store_count_boot(store)
    assert flash[slice(0, 2 * ROOM)] == b"\xff" * 2 * ROOM


def test_the_two_pages_of_records_wear_alike_and_rarely() -> None:
    flash = Flash()
    store = opened(flash)
    resets = 40 * (PAGE // RECORD)
    for _ in range(resets):
        store = opened(flash)
        LIBRARY.store_count_boot(store)
    assert store.boot == resets
    assert flash.erased[:-2] == [0] * (PAGES - 2)
    assert max(flash.erased[-2:]) <= 20


@given(st.data(), st.integers(0, 60), st.booleans())
@settings(max_examples=60, deadline=None)
def test_power_may_fail_at_any_word(data: st.DataObject, before: int, choosing: bool) -> None:
    flash = Flash()
    store = opened(flash)
    choose(store, 1, b"old")
    for _ in range(before):
        LIBRARY.store_count_boot(store)
    old_boot = store.boot
    flash.power = data.draw(st.integers(0, 40))
    kept = choose(store, 0, b"new") if choosing else LIBRARY.store_count_boot(store) > 0
    flash.revive()
    store = opened(flash)
    names = {b"new", b"old"} if choosing else {b"old"}
    assert FFI.string(store.choice.name) in ({b"new"} if kept and choosing else names)
    assert store.boot in ({old_boot + 1} if kept and not choosing else {old_boot, old_boot + 1})
    # And it goes on.
    boot = store.boot
    assert LIBRARY.store_count_boot(store) == boot + 1
    assert opened(flash).boot == boot + 1


@given(st.lists(st.integers(0, 60), max_size=12))
@settings(max_examples=40, deadline=None)
def test_power_that_fails_again_and_again_never_sets_the_count_back(failures: list[int]) -> None:
    flash = Flash()
    last = 0
    for power in failures:
        flash.power = power
        told = LIBRARY.store_count_boot(opened(flash))
        flash.revive()
        boot = opened(flash).boot
        assert boot >= max(last, told)
        last = max(last, told)
    assert LIBRARY.store_count_boot(opened(flash)) > last


def test_a_spoilt_record_leaves_the_one_before_in_force() -> None:
    flash = Flash()
    store = opened(flash)
    choose(store, 0, b"first")
    choose(store, 1, b"second")
    flash.spoil(2 * ROOM + RECORD + 30)
    assert chosen(opened(flash))[2] == b"first"


def test_memory_that_keeps_nothing_is_no_success() -> None:
    flash = Flash()
    flash.broken = True
    store = opened(flash)
    assert LIBRARY.store_count_boot(store) == 0
    assert not choose(store, 0, b"x")
    assert chosen(store)[0] == 0


def test_a_memory_that_does_not_last_counts_no_resets_but_keeps_a_choice() -> None:
    flash = Flash(lasting=False)
    store = opened(flash)
    assert LIBRARY.store_count_boot(store) == 0
    assert choose(store, 0, b"x")
    assert chosen(store)[2] == b"x"


def test_without_a_memory_there_is_no_room() -> None:
    store = FFI.new("struct store *")
    LIBRARY.store_open(store, FFI.NULL)
    assert LIBRARY.store_room(store) == 0
    assert LIBRARY.store_count_boot(store) == 0
    assert not choose(store, 0, b"x")


@given(st.binary(min_size=2 * PAGE, max_size=2 * PAGE))
@settings(max_examples=20, deadline=None)
def test_any_bytes_at_all_are_read_without_harm(noise: bytes) -> None:
    flash = Flash()
    flash.fill(2 * ROOM, noise)
    store = opened(flash)
    assert chosen(store) == (0, 0, b"", 0, 0)
    assert LIBRARY.store_count_boot(store) == 1
    assert opened(flash).boot == 1
