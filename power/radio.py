"""What a Bluetooth LE radio draws: connection events, advertising events, packets; on arrays of n variants.

An event is a sum of charges over its stages: it prepares (processor), ramps up and listens for the other side's packet
(earlier by the window widening: the time since the last event x what the two sleep clocks may differ by), turns round
in the inter-frame space, sends, and ends (processor). On LE 1M a byte takes 8 us, an empty packet has 10 bytes
(preamble 1, access address 4, header 2, CRC 3; Bluetooth Core 5.4, volume 6, part B, section 2.1). A packet of data has
7 bytes of L2CAP and ATT before the payload and, as a paired phone's link is encrypted, 4 of MIC after it.

Hand-checked against Texas Instruments' CC2340R5: see power/VALIDATION.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from power.values import Values

Array = NDArray[np.float64]
Amount = Array | float
"""Of each variant, shape (n,), or of all."""

EMPTY_BYTES = 10
DATA_BYTES = EMPTY_BYTES + 7 + 4
"""A packet of data without its payload."""
ADVERTISING_BYTES = EMPTY_BYTES + 6
"""An advertising packet without its payload: the advertiser's address is in it."""
ADVERTISING_CHANNELS = 3
ADVERTISING_DELAY_S = 0.005
"""Mean of the random 0 to 10 ms that the standard adds to each advertising interval."""
ANSWER_S = 0.1e-3
"""How long an advertiser listens for the start of a request, once the inter-frame space is over: an assumption."""


@dataclass(frozen=True)
class RadioFigures:
    """A radio's figures in n variants, each (n,): currents in A, times in s, clocks as a fraction."""

    tx: Array
    rx: Array
    cpu: Array
    prepare: Array
    ramp: Array
    interframe: Array
    finish: Array
    idle: Array
    sleep_clock: Array
    bit_rate: Array


NAMES = ("tx", "rx", "cpu", "prepare", "ramp", "interframe", "finish", "idle", "sleep_clock", "bit_rate")
"""The figures' names in a component of the kind radio."""


def figures_of(values: Values) -> RadioFigures:
    """The figures of a board's radio, its currents at the voltage that they are given at."""
    return RadioFigures(**{name: values[f"{values.parts.radio}.{name}"] for name in NAMES})


@dataclass(frozen=True)
class Event:
    """Seconds at each of an event's three currents, shape (n,)."""

    cpu_s: Array
    rx_s: Array
    tx_s: Array

    def charge(self, radio: RadioFigures) -> Array:
        """Coulomb of one event, without what the radio draws asleep."""
        return self.cpu_s * radio.cpu + self.rx_s * radio.rx + self.tx_s * radio.tx

    @property
    def seconds(self) -> Array:
        """How long the event lasts."""
        return self.cpu_s + self.rx_s + self.tx_s

    def __add__(self, other: Event) -> Event:
        return Event(self.cpu_s + other.cpu_s, self.rx_s + other.rx_s, self.tx_s + other.tx_s)

    def times(self, count: Amount) -> Event:
        """That many such events, one after the other."""
        return Event(self.cpu_s * count, self.rx_s * count, self.tx_s * count)


def packet_s(radio: RadioFigures, size: Amount) -> Array:
    """Time of a packet of `size` bytes on the air."""
    return size * 8.0 / radio.bit_rate


def widening_s(radio: RadioFigures, since_last_s: Amount) -> Array:
    """How much earlier a peripheral listens, `since_last_s` after the last event: interval x (1 + latency)."""
    return since_last_s * radio.sleep_clock


def idle_event(radio: RadioFigures, since_last_s: Amount) -> Event:
    """A connection event in which both sides send an empty packet."""
    empty = packet_s(radio, EMPTY_BYTES)
    return Event(
        cpu_s=radio.prepare + radio.finish,
        rx_s=radio.ramp + widening_s(radio, since_last_s) + empty,
        tx_s=radio.interframe + empty,
    )


def sent(radio: RadioFigures, payload: Amount) -> Event:
    """A further exchange in an event, for a packet of `payload` bytes from us: the other side sends an empty one.

    The receiver waits through the inter-frame space before the other side's packet, the transmitter through the one
    before ours.
    """
    return Event(
        cpu_s=np.zeros(1),
        rx_s=radio.interframe + packet_s(radio, EMPTY_BYTES),
        tx_s=radio.interframe + packet_s(radio, payload + DATA_BYTES),
    )


def received(radio: RadioFigures, payload: Amount) -> Event:
    """A further exchange in an event, for a packet of `payload` bytes to us, which we acknowledge."""
    return Event(
        cpu_s=np.zeros(1),
        rx_s=radio.interframe + packet_s(radio, payload + DATA_BYTES),
        tx_s=radio.interframe + packet_s(radio, EMPTY_BYTES),
    )


def packets(size: Amount, payload: Amount) -> Array:
    """How many packets `size` bytes take."""
    return np.ceil(np.asarray(np.divide(size, payload)) - 1e-9)


def sendings(retry_rate: Amount) -> Array:
    """How often a packet is sent on average, if each sending is lost with probability `retry_rate`."""
    return np.asarray(np.divide(1.0, 1.0 - retry_rate))


def advertising_event(radio: RadioFigures, payload: Amount) -> Event:
    """A connectable advertising event: on each of three channels a packet, and a look for a request."""
    per_channel = Event(
        cpu_s=np.zeros(1),
        rx_s=radio.interframe + ANSWER_S,
        tx_s=radio.ramp + packet_s(radio, payload + ADVERTISING_BYTES),
    )
    ends = Event(radio.prepare + radio.finish, np.zeros(1), np.zeros(1))
    return per_channel.times(ADVERTISING_CHANNELS) + ends


def air_share(radio: RadioFigures, payload: Amount, bytes_a_second: Amount, interval_s: Amount) -> Array:
    """The share of a connection interval that a stream of received bytes takes; above 1 it cannot be carried."""
    exchange = received(radio, payload).seconds * bytes_a_second / payload
    return exchange + idle_event(radio, interval_s).seconds / interval_s
