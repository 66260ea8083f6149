"""The radio's events, stage by stage, by hand: round currents, so that a charge can be added up on paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from power import radio

FIGURES = {
    "tx": 5e-3,
    "rx": 6e-3,
    "cpu": 2e-3,
    "prepare": 1e-3,
    "ramp": 0.1e-3,
    "interframe": 0.15e-3,
    "finish": 0.5e-3,
    "idle": 1e-6,
    "sleep_clock": 100e-6,
    "bit_rate": 1e6,
}
RADIO = radio.RadioFigures(**{name: np.array([value]) for name, value in FIGURES.items()})


def test_an_empty_connection_event_by_hand():
    event = radio.idle_event(RADIO, 1.0)

    assert event.cpu_s == pytest.approx(1.5e-3)
    # Ramp, 1 s x 100 ppm, 10 bytes of 8 us.
    assert event.rx_s == pytest.approx(0.1e-3 + 0.1e-3 + 0.08e-3)
    assert event.tx_s == pytest.approx(0.15e-3 + 0.08e-3)
    assert event.charge(RADIO) == pytest.approx(1.5e-3 * 2e-3 + 0.28e-3 * 6e-3 + 0.23e-3 * 5e-3)


def test_a_byte_takes_8_us_on_le_1m():
    assert radio.packet_s(RADIO, 1) == pytest.approx(8e-6)
    assert radio.packet_s(RADIO, radio.EMPTY_BYTES) == pytest.approx(80e-6)


def test_the_window_widens_with_the_time_since_the_last_event():
    # DevZone 118509: 180 ms, latency 29 and 120 ppm give 0.648 ms.
    clocks = radio.RadioFigures(**{**vars(RADIO), "sleep_clock": np.array([120e-6])})
    assert radio.widening_s(clocks, 0.18 * 30) == pytest.approx(0.648e-3)


def test_a_packet_of_data_and_its_acknowledgement_by_hand():
    ours = radio.sent(RADIO, 29)
    assert ours.tx_s == pytest.approx(0.15e-3 + (29 + 21) * 8e-6)
    assert ours.rx_s == pytest.approx(0.15e-3 + 0.08e-3)
    theirs = radio.received(RADIO, 29)
    assert (theirs.rx_s, theirs.tx_s) == (ours.tx_s, ours.rx_s)


@pytest.mark.parametrize(("size", "payload", "count"), [(1, 20, 1), (20, 20, 1), (21, 20, 2), (100, 20, 5), (0, 20, 0)])
def test_a_payload_is_split_into_packets(size, payload, count):
    assert radio.packets(size, payload) == count


def test_half_lost_is_twice_sent():
    assert radio.sendings(0.0) == 1
    assert radio.sendings(0.5) == 2


def test_advertising_sends_on_three_channels_and_looks_for_an_answer_on_each():
    event = radio.advertising_event(RADIO, 20)
    assert event.cpu_s == pytest.approx(1.5e-3)
    assert event.tx_s == pytest.approx(3 * (0.1e-3 + (20 + 16) * 8e-6))
    assert event.rx_s == pytest.approx(3 * (0.15e-3 + radio.ANSWER_S))


def test_a_stream_that_does_not_fit_is_above_one():
    assert radio.air_share(RADIO, 244, 4000, 0.05) < 1
    assert radio.air_share(RADIO, 20, 40_000, 0.0075) > 1


@given(st.floats(0.0075, 4.0), st.floats(0, 244))
def test_longer_waits_and_larger_packets_never_cost_less(wait, payload):
    assert radio.idle_event(RADIO, wait).charge(RADIO) <= radio.idle_event(RADIO, 2 * wait).charge(RADIO)
    assert radio.sent(RADIO, payload).charge(RADIO) <= radio.sent(RADIO, payload + 1).charge(RADIO)


def test_many_variants_at_once_are_the_variants_one_by_one():
    many = radio.RadioFigures(**{name: np.array([value, 2 * value]) for name, value in FIGURES.items()})
    charges = radio.idle_event(many, 1.0).charge(many)
    doubled = radio.RadioFigures(**{name: np.array([2 * value]) for name, value in FIGURES.items()})
    assert charges[0] == radio.idle_event(RADIO, 1.0).charge(RADIO)
    assert charges[1] == radio.idle_event(doubled, 1.0).charge(doubled)
