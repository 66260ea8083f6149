"""The course of a day, second by second: which state the listener is in when, what plays, when the radio has an event.

Either drawn from a scenario's phases with a seed (talk of random lengths, false accepts as a Poisson process,
transcripts, sounds, packets lost and sent again), or as a run's ledgers tell it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from power import radio
from power.last_run import LastRun, LedgerRow
from power.scenario import Day
from power.work import Work, state

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

TALK_S = 6.0
"""Mean length of one stretch of talk in a drawn day; its spread is that of a gamma distribution of shape 2."""
DAYS = 6
"""Days that are drawn, each anew; a longer discharge goes through them again."""
MOST_EVENTS = 120_000
"""Radio events of a kind that are followed one by one, spread over days and phases; beyond, every k-th stands for k."""
MOST_ROUNDS = 5000
"""Into which a ledger's stretch is cut, at most: a round for each entry into a state."""


@dataclass(frozen=True)
class Course:
    """Pieces of days in which the state, and whether something plays, stay the same; arrays of shape (pieces,)."""

    length_s: float
    days: int
    """In length_s."""
    start: Array
    end: Array
    state: Indices
    """Index into `states`."""
    states: tuple[str, ...]
    per_s: Array
    """Cycles or instructions a second."""
    phase: Indices
    """Index into the scenario's phases; 0 of a ledger's only one."""
    playing: NDArray[np.bool_]
    sounds: Array
    """Start of each sound that plays, shape (sounds,)."""
    events: Events


@dataclass(frozen=True)
class Events:
    """The radio's events; arrays of shape (events,). Each stands for `weight` like it."""

    at: Array
    weight: Array
    prepare_s: Array
    rx_s: Array
    tx_s: Array
    finish_s: Array
    data_rx_s: Array
    """Of rx_s and tx_s: what packets of data take."""
    data_tx_s: Array
    name: Indices
    """Index into EVENT_NAMES: whose data."""


EVENT_NAMES = ("connection events", "voice from the phone", "transcripts", "advertising")


def no_events() -> Events:
    """A silent radio."""
    none = np.zeros(0)
    return Events(none, none, none, none, none, none, none, none, np.zeros(0, dtype=np.int64))


def recorded(run: LastRun) -> Course:
    """The course of a run, from its timeline of ledgers; from the last ledger alone, if there is no timeline.

    Between two ledgers the order of states is not known: each entry into a state begins a round through them.
    """
    snapshots = [(item.sample, item.rows) for item in run.timeline] or [(run.ledger.sample, run.ledger.rows)]
    states = tuple(name for name, row in run.ledger.rows.items() if row.samples)
    none = LedgerRow(samples=0, cycles=0, entries=0)
    table = np.array(
        [
            [(row.samples, row.cycles, row.entries) for row in (rows.get(name, none) for name in states)]
            for _, rows in snapshots
        ],
        dtype=np.float64,
    )
    grown = np.diff(table, axis=0, prepend=0)
    samples, cycles, entries = grown[..., 0], grown[..., 1], grown[..., 2]
    rounds = np.clip(entries.max(axis=1), 1, MOST_ROUNDS).astype(np.int64)
    seconds = np.repeat(samples / rounds[:, None] / run.rate, rounds, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_s = np.repeat(np.where(samples > 0, cycles / samples * run.rate, 0.0), rounds, axis=0)
    which = np.broadcast_to(np.arange(len(states)), seconds.shape)
    there = seconds.ravel() > 0
    lengths = seconds.ravel()[there]
    end = np.cumsum(lengths)
    pieces = len(lengths)
    return Course(
        length_s=float(end[-1]),
        days=1,
        start=end - lengths,
        end=end,
        state=which.ravel()[there],
        states=states,
        per_s=per_s.ravel()[there],
        phase=np.zeros(pieces, dtype=np.int64),
        playing=np.zeros(pieces, dtype=bool),
        sounds=np.zeros(0),
        events=no_events(),
    )


DRAWN_STATES = ("hear", "listen", "false_accept", "send")


def drawn(done: Work, day: Day, figures: radio.RadioFigures | None, seed: int, days: int = DAYS) -> Course:
    """Days drawn from the phases of `day`'s scenario, whose numbers' first variant holds.

    `figures`: the radio's; None of a board without one.
    """
    rng = np.random.default_rng([seed, 0x0DA7])
    parts: list[Course] = []
    begin = 0.0
    phases = day.scenario.phases
    most = max(MOST_EVENTS // (days * len(phases)), 500)
    for index in [*range(len(phases))] * days:
        seconds = float(day[f"phases.{phases[index].name}.hours"][0]) * 3600
        parts.append(_phase(done, day, index, _Window(begin, begin + seconds, rng, most), figures))
        begin += seconds
    return Course(
        length_s=begin,
        days=days,
        start=np.concatenate([part.start for part in parts]),
        end=np.concatenate([part.end for part in parts]),
        state=np.concatenate([part.state for part in parts]),
        states=DRAWN_STATES,
        per_s=np.concatenate([part.per_s for part in parts]),
        phase=np.concatenate([part.phase for part in parts]),
        playing=np.concatenate([part.playing for part in parts]),
        sounds=np.concatenate([part.sounds for part in parts]),
        events=_joined([part.events for part in parts]),
    )


def _joined(events: list[Events]) -> Events:
    fields = ("at", "weight", "prepare_s", "rx_s", "tx_s", "finish_s", "data_rx_s", "data_tx_s", "name")
    return Events(**{name: np.concatenate([getattr(each, name) for each in events]) for name in fields})


@dataclass(frozen=True)
class _Window:
    """A phase's place in the days, where its chance comes from, and how many radio events of a kind it may have."""

    begin: float
    end: float
    rng: np.random.Generator
    most_events: int


def _phase(done: Work, day: Day, index: int, window: _Window, figures: radio.RadioFigures | None) -> Course:
    phase = day.scenario.phases[index]
    begin, end, rng = window.begin, window.end, window.rng
    title = f"scenario {day.scenario.name}, phase {phase.name},"
    prefix = f"phases.{phase.name}"
    number = {name: float(day[f"{prefix}.{name}"][0]) for name in ("speech", "transcripts_per_hour", "playback")}
    hours = (end - begin) / 3600
    talk = _stretches(number["speech"], begin, end, rng)
    # What lies between talk, as one line: on it false accepts and sendings are placed.
    edges = np.concatenate([[begin], talk.ravel(), [end]])
    quiet = np.concatenate([[0.0], np.cumsum(np.where(np.arange(len(edges) - 1) % 2 == 0, np.diff(edges), 0.0))])
    false_rate = float(day.false_accepts_per_hour(phase)[0])
    false = rng.poisson(false_rate * quiet[-1] / 3600) if false_rate else 0
    transcripts = int(number["transcripts_per_hour"] * hours + rng.random())
    send_s = state(done, "send", title).entry_s if transcripts else 0.0
    kinds = rng.permutation(np.repeat([2, 3], [false, transcripts]))
    lengths = np.where(kinds == 2, float(day["false_accepts.seconds"][0]), send_s)
    spot = _placed(lengths, quiet[-1], rng)
    # Of a line with standstills, the moment after each.
    from_quiet = np.interp(spot.ravel(), quiet + np.arange(len(quiet)) * 1e-9, edges).reshape(spot.shape)
    sound_s = float(day["playback.seconds"][0])
    sounds = _sounds(number["playback"], sound_s, begin, end, rng)
    cuts = np.unique(np.concatenate([[begin, end], talk.ravel(), from_quiet.ravel(), sounds.ravel()]))
    cuts = cuts[(cuts >= begin) & (cuts <= end)]
    middle = (cuts[1:] + cuts[:-1]) / 2
    found = np.zeros(len(middle), dtype=np.int64)
    inside, which = _inside(from_quiet, middle)
    found[inside] = kinds[which[inside]]
    found[_inside(talk, middle)[0]] = 1
    playing = _inside(sounds, middle)[0]
    per_s = np.array(
        [
            state(done, "listen" if name == "false_accept" else name, title).per_s if (found == at).any() else 0.0
            for at, name in enumerate(DRAWN_STATES)
        ]
    )
    events = no_events()
    if figures is not None and phase.radio == "away":
        events = _advertising(day, window, figures)
    elif figures is not None and phase.radio == "connected":
        times = from_quiet[kinds == 3, 0] if transcripts else np.zeros(0)
        events = _connection(day, window, sounds, np.sort(times), figures)
    return Course(
        length_s=end - begin,
        days=1,
        start=cuts[:-1],
        end=cuts[1:],
        state=found,
        states=DRAWN_STATES,
        per_s=per_s[found],
        phase=np.full(len(middle), index, dtype=np.int64),
        playing=playing,
        sounds=sounds[:, 0],
        events=events,
    )


def _stretches(share: float, begin: float, end: float, rng: np.random.Generator) -> Array:
    """Starts and ends of talk, shape (stretches, 2), that take `share` of the time, with random lengths and gaps."""
    total = share * (end - begin)
    if total <= 0:
        return np.zeros((0, 2))
    count = max(1, round(total / TALK_S))
    lengths = rng.gamma(2.0, size=count)
    return begin + _placed(lengths * total / lengths.sum(), end - begin, rng)


def _placed(lengths: Array, room: float, rng: np.random.Generator) -> Array:
    """Starts and ends of intervals of `lengths`, shape (n, 2), placed at random from 0 to `room` without overlap."""
    if len(lengths) == 0:
        return np.zeros((0, 2))
    gaps = rng.exponential(size=len(lengths) + 1)
    gaps *= max(room - lengths.sum(), 0.0) / gaps.sum()
    starts = np.cumsum(gaps[:-1]) + np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    return np.minimum(np.stack([starts, starts + lengths], axis=1), room)


def _sounds(share: float, seconds: float, begin: float, end: float, rng: np.random.Generator) -> Array:
    """Starts and ends of sounds of alike length that take `share` of the time; shape (sounds, 2)."""
    total = share * (end - begin)
    if total <= 0:
        return np.zeros((0, 2))
    count = max(1, round(total / seconds))
    return begin + _placed(np.full(count, total / count), end - begin, rng)


def _inside(intervals: Array, at: Array) -> tuple[NDArray[np.bool_], Indices]:
    """Whether each time lies in one of the sorted intervals, and in which."""
    if len(intervals) == 0:
        return np.zeros(len(at), dtype=bool), np.zeros(len(at), dtype=np.int64)
    which = np.searchsorted(intervals[:, 0], at, side="right") - 1
    inside = (which >= 0) & (at < intervals[np.maximum(which, 0), 1])
    return inside, which


def _advertising(day: Day, window: _Window, figures: radio.RadioFigures) -> Events:
    begin, end, rng = window.begin, window.end, window.rng
    interval = float(day["radio.advertising_s"][0])
    count = int((end - begin) / interval) + 1
    at = begin + np.cumsum(interval + rng.uniform(0, 2 * radio.ADVERTISING_DELAY_S, count))
    at = at[at < end]
    event = radio.advertising_event(figures, day["radio.advertising_bytes"])
    many = np.ones(len(at))
    prepare, finish = float(figures.prepare[0]), float(figures.finish[0])
    name = np.full(len(at), EVENT_NAMES.index("advertising"), dtype=np.int64)
    none = np.zeros(len(at))
    rx, tx = event.rx_s * many, event.tx_s * many
    events = Events(at, many, prepare * many, rx, tx, finish * many, none, none, name)
    return _thinned(events, window.most_events)


def _connection(day: Day, window: _Window, sounds: Array, transcripts: Array, figures: radio.RadioFigures) -> Events:
    """Connection events: in turn, each interval while the phone sends a voice, and out of turn for a transcript."""
    begin, end, rng = window.begin, window.end, window.rng
    interval = float(day["radio.interval_s"][0])
    latency = float(day["radio.latency"][0])
    payload = float(day["radio.payload_bytes"][0])
    lost = float(day["radio.retry_rate"][0])
    stream = float(day["playback.bytes_a_second"][0])
    if stream <= 0:
        sounds = sounds[:0]
    in_turn = np.arange(0.0, (end - begin) / interval, 1 + latency)
    in_turn = in_turn[~_inside(sounds, begin + in_turn * interval)[0]]
    first = np.ceil((sounds[:, 0] - begin) / interval)
    counts = np.maximum(np.ceil((sounds[:, 1] - begin) / interval) - first, 0).astype(np.int64)
    voiced = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
    for_transcripts = np.ceil((transcripts - begin) / interval)
    slots = np.unique(np.concatenate([in_turn, voiced, for_transcripts]))
    since = np.diff(slots, prepend=slots[0] - 1 - latency if len(slots) else 0.0) * interval
    event = radio.idle_event(figures, since)
    rx, tx = event.rx_s + np.zeros(len(slots)), event.tx_s + np.zeros(len(slots))
    name = np.zeros(len(slots), dtype=np.int64)
    # Whole packets: what a sound leaves over goes with the next one.
    for_voice = np.isin(slots, voiced)
    brought = np.floor(np.cumsum(np.where(for_voice, stream * interval / payload, 0.0)) + 1e-9)
    arrived = np.diff(brought, prepend=0.0)
    one = radio.received(figures, payload)
    arrived = arrived + _again(arrived, lost, rng)
    data_rx, data_tx = arrived * one.rx_s, arrived * one.tx_s
    name[for_voice] = EVENT_NAMES.index("voice from the phone")
    size = float(day["radio.bytes_a_transcript"][0])
    each = float(radio.packets(size, payload))
    sent = np.zeros(len(slots))
    np.add.at(sent, np.searchsorted(slots, for_transcripts), each)
    sent = sent + _again(sent, lost, rng)
    one = radio.sent(figures, size / each)
    data_rx, data_tx = data_rx + sent * one.rx_s, data_tx + sent * one.tx_s
    name[sent > 0] = EVENT_NAMES.index("transcripts")
    many = np.ones(len(slots))
    prepare, finish = float(figures.prepare[0]), float(figures.finish[0])
    rx, tx = rx + data_rx, tx + data_tx
    events = Events(begin + slots * interval, many, prepare * many, rx, tx, finish * many, data_rx, data_tx, name)
    # An event in which the other side is not heard is followed by another, an interval later.
    extra = _again(many, lost, rng)
    again = extra > 0
    repeat = radio.idle_event(figures, interval)
    some = extra[again]
    repeated = Events(
        events.at[again] + interval,
        some,
        np.full(len(some), prepare),
        np.full(len(some), float(repeat.rx_s[0])),
        np.full(len(some), float(repeat.tx_s[0])),
        np.full(len(some), finish),
        np.zeros(len(some)),
        np.zeros(len(some)),
        np.zeros(len(some), dtype=np.int64),
    )
    return _thinned(_joined([events, repeated]), window.most_events)


def _again(sent: Array, lost: float, rng: np.random.Generator) -> Array:
    """How often packets are sent again, for each event's number of them."""
    if lost <= 0 or len(sent) == 0:
        return np.zeros(len(sent))
    return np.where(sent > 0, rng.negative_binomial(np.maximum(sent, 1), 1 - lost), 0).astype(np.float64)


def _thinned(events: Events, most: int) -> Events:
    """At most `most` of each kind."""
    kept = []
    for name in range(len(EVENT_NAMES)):
        these = np.flatnonzero(events.name == name)
        stride = max(-(-len(these) // most), 1)
        some = these[(stride - 1) // 2 :: stride]
        weight = events.weight[some] * (events.weight[these].sum() / max(events.weight[some].sum(), 1e-12))
        fields = ("at", "prepare_s", "rx_s", "tx_s", "finish_s", "data_rx_s", "data_tx_s", "name")
        kept.append(Events(weight=weight, **{field: getattr(events, field)[some] for field in fields}))
    return _joined(kept)
