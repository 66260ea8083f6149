"""The ledger: whose samples, cycles and entries they are."""

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firmware.link import ListenerState
from firmware.native.library import load

FFI, LIBRARY = load()
STATES = len(ListenerState)


def fresh(state: int = ListenerState.HEAR) -> Any:
    ledger = FFI.new("struct ledger *")
    LIBRARY.ledger_init(ledger, state)
    return ledger


def test_it_has_a_row_for_each_state_that_the_link_knows() -> None:
    assert len(fresh().row) == STATES


def test_it_starts_with_one_entry_into_the_first_state() -> None:
    rows = fresh(ListenerState.FAULT).row
    assert [row.entries for row in rows] == [0, 0, 0, 0, 0, 1]
    assert all(row.samples == row.cycles == 0 for row in rows)


def test_entering_the_state_in_force_is_no_entry() -> None:
    ledger = fresh()
    LIBRARY.ledger_enter(ledger, ListenerState.HEAR)
    assert ledger.row[ListenerState.HEAR].entries == 1


def test_cycles_belong_to_the_state_that_caused_them() -> None:
    ledger = fresh()
    LIBRARY.ledger_cycles(ledger, 1000)
    LIBRARY.ledger_enter(ledger, ListenerState.SLEEP)
    LIBRARY.ledger_cycles(ledger, 1010)
    assert ledger.row[ListenerState.HEAR].cycles == 1000
    assert ledger.row[ListenerState.SLEEP].cycles == 10


def test_a_wrapping_cycle_counter_loses_nothing() -> None:
    ledger = fresh()
    for now in (0xFFFFFFF0, 0x10, 0xFFFFFFFF, 0):
        LIBRARY.ledger_cycles(ledger, now)
    assert ledger.row[ListenerState.HEAR].cycles == 2 << 32


@given(
    st.lists(
        st.tuples(st.integers(0, STATES - 1), st.integers(0, 4096), st.integers(0, (1 << 32) - 1)),
        max_size=50,
    )
)
def test_nothing_is_counted_twice_or_lost(steps: list[tuple[int, int, int]]) -> None:
    ledger = fresh()
    now = 0
    for state, samples, cycles in steps:
        now += cycles
        LIBRARY.ledger_cycles(ledger, now & 0xFFFFFFFF)
        LIBRARY.ledger_enter(ledger, state)
        LIBRARY.ledger_samples(ledger, samples)
    assert sum(row.samples for row in ledger.row) == sum(samples for _, samples, _ in steps)
    assert sum(row.cycles for row in ledger.row) == now
    states = [ListenerState.HEAR, *(state for state, _, _ in steps)]
    changes = sum(a != b for a, b in itertools.pairwise(states))
    assert sum(row.entries for row in ledger.row) == 1 + changes
