"""What draws in one regime of a phase: core, microphone, serial link, radio, playback, each with its expectation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from power import playback, radio
from power.errors import PowerError
from power.loads import Loads, Name
from power.scenario import Day, Phase
from power.values import Values
from power.work import UART_BITS_A_BYTE, Awake, Work, kept_banks

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Regime:
    """A part of a phase in which the same things go on."""

    state: str
    """Of the listener: "hear", ..., or "false_accept"."""
    share: Array
    """Of the phase."""
    playing: bool
    core: Awake
    keys: tuple[str, ...]
    """Of the scenario, that the share rests on."""


@dataclass
class Draws:
    """On one rail in one regime, in A: the steady current, short draws beyond it with their share of the time, peak."""

    steady: Array
    peak: Array
    brief: list[tuple[Array, Array]] = field(default_factory=list)

    def mean(self) -> Array:
        """The mean current."""
        return self.steady + sum((amps * share for amps, share in self.brief), np.zeros_like(self.steady))


class Consumers:
    """The parts of a board at work."""

    def __init__(self, done: Work, values: Values, day: Day, loads: Loads) -> None:
        self._work, self._values, self._day, self._loads = done, values, day, loads
        self._parts = values.parts

    def draws(self, phase: Phase | None, regime: Regime, weight: Array) -> dict[str, Draws]:
        """What each rail carries in a regime that is `weight` of the day; the loads are added to. None: as recorded."""
        n = self._values.n
        draws = {rail: Draws(np.zeros(n), np.zeros(n)) for rail in self._parts.rails}
        self._mcu(regime, weight, draws)
        self._microphone(weight, draws)
        if phase is None:
            self._uart(weight, draws)
        else:
            self._radio(phase, regime, weight, draws)
            self._playback(phase, regime, weight, draws)
        return draws

    def _mcu(self, regime: Regime, weight: Array, draws: dict[str, Draws]) -> None:
        values, part, loads = self._values, self._parts.mcu, self._loads
        rail = self._parts.rail_of("mcu")
        base = loads.converted(values[f"{part}.run"] * values[f"{part}.clock"], part, rail)
        at_work = loads.converted(regime.core.amps, part, rail)
        waking = np.minimum(self._work.wakes_per_s * values[f"{part}.wake"], 1.0)
        settling = np.minimum(self._work.wakes_per_s * values[f"{part}.settle"], 1.0)
        asleep_share = np.maximum(1.0 - regime.core.share - waking - settling, 0.0)
        # Playing needs a clock: the core cannot sleep deeply, and all RAM is on.
        light = regime.playing and values.has(f"{part}.sleep")
        asleep_key = f"{part}.sleep" if light else f"{part}.deep_sleep"
        asleep = values[asleep_key]
        name = "core, false accepts" if regime.state == "false_accept" else "core, awake"
        keys = (*regime.core.rests_on, *regime.keys)
        loads.draw(Name(name, part, rail, regime.state), at_work, weight * regime.core.share, keys)
        for name, share in (("wake", waking), ("settle", settling)):
            keys = (f"{part}.{name}", f"{part}.run", f"{part}.clock")
            title = {"wake": "core, waking", "settle": "core, settling"}[name]
            loads.draw(Name(title, part, rail, "always"), base, weight * share, keys)
        loads.draw(Name("core, asleep", part, rail, "always"), asleep, weight * asleep_share, (asleep_key,))
        if not light:
            retention = values[f"{part}.retention"] * kept_banks(values)
            keys = (f"{part}.retention", f"{part}.bank")
            loads.draw(Name("retained RAM", part, rail, "always"), retention, weight * asleep_share, keys)
            asleep = asleep + retention
        pdm = values[f"{part}.pdm"]
        loads.draw(Name("microphone interface", part, rail, "always"), pdm, weight, (f"{part}.pdm",))
        draw = draws[rail]
        draw.steady += pdm + asleep
        draw.brief.append((np.maximum(at_work - asleep, 0.0), regime.core.share))
        draw.brief.append((np.maximum(base - asleep, 0.0), waking + settling))
        draw.peak += pdm + np.maximum(at_work, base)

    def _microphone(self, weight: Array, draws: dict[str, Draws]) -> None:
        part, rail = self._parts.microphone, self._parts.rail_of("microphone")
        amps = self._values[f"{part}.listening"]
        self._loads.draw(Name("microphone", part, rail, "always"), amps, weight, (f"{part}.listening",))
        draws[rail].steady += amps
        draws[rail].peak += amps

    def _uart(self, weight: Array, draws: dict[str, Draws]) -> None:
        sent = self._work.link_bytes_per_s
        if not sent:
            return
        part, rail = self._parts.mcu, self._parts.rail_of("mcu")
        share = np.full(self._values.n, min(1.0, sent * UART_BITS_A_BYTE / self._parts.link_baud))
        amps = self._values[f"{part}.uart"]
        self._loads.draw(Name("serial link", part, rail, "always"), amps, weight * share, (f"{part}.uart",))
        draws[rail].brief.append((amps, share))
        draws[rail].peak += amps

    def _radio(self, phase: Phase, regime: Regime, weight: Array, draws: dict[str, Draws]) -> None:
        if phase.radio == "off":
            return
        part = self._parts.radio
        if part is None:
            raise PowerError(
                f"scenario {self._day.scenario.name}, phase {phase.name}, uses a radio, and board {self._parts.name} "
                'has none; name one in its file, or have the phase say radio = "off"'
            )
        values, loads, rail = self._values, self._loads, self._parts.rail_of("radio")
        figures = radio.figures_of(values)
        loads.draw(Name("radio, asleep", part, rail, "radio"), figures.idle, weight, (f"{part}.idle",))
        draw = draws[rail]
        draw.steady += figures.idle
        levels = {name: loads.converted(values[f"{part}.{name}"], part, rail) for name in _STAGE_KEYS}
        shares = {name: np.zeros(values.n) for name in levels}
        for name, per_s, event, keys in radio_events(phase, self._day, figures, regime.playing):
            for level, seconds in (("cpu", event.cpu_s), ("rx", event.rx_s), ("tx", event.tx_s)):
                rests_on = (*(f"{part}.{key}" for key in _STAGE_KEYS[level]), *keys)
                loads.draw(Name(name, part, rail, "radio"), levels[level], weight * seconds * per_s, rests_on)
                shares[level] = shares[level] + seconds * per_s
        for level, share in shares.items():
            draw.brief.append((np.maximum(levels[level] - figures.idle, 0.0), np.minimum(share, 1.0)))
        draw.peak += np.maximum(levels["rx"], levels["tx"])

    def _playback(self, phase: Phase, regime: Regime, weight: Array, draws: dict[str, Draws]) -> None:
        day, values, parts, loads = self._day, self._values, self._parts, self._loads
        share = day[f"phases.{phase.name}.playback"]
        if not share.any():
            return
        if parts.speaker is None or (parts.amplifier is None and parts.codec is None):
            raise PowerError(
                f"scenario {day.scenario.name}, phase {phase.name}, plays, and board {parts.name} has no "
                "speaker with a codec or an amplifier; name them in its file, or have the phase say playback = 0"
            )
        keys = (f"scenario.phases.{phase.name}.playback",)
        gated = day.scenario.playback.gated
        sounds_per_s = share / day["playback.seconds"] / np.maximum(1 - share, 1e-9)
        for role, part, on, off in playback.stages(parts):
            rail = parts.rail_of(role)
            playing, idle, draw = values[f"{part}.{on}"], values[f"{part}.{off}"], draws[rail]
            if regime.playing or not gated:
                loads.draw(Name(f"{role}, on", part, rail, "playback"), playing, weight, (f"{part}.{on}", *keys))
                draw.steady += playing
                draw.peak += playing
                continue
            starting = np.minimum(sounds_per_s * values[f"{part}.start"], 1.0)
            start_keys = (f"{part}.{on}", f"{part}.start", "scenario.playback.seconds", *keys)
            loads.draw(Name(f"{role}, starting", part, rail, "playback"), playing, weight * starting, start_keys)
            loads.draw(Name(f"{role}, off", part, rail, "playback"), idle, weight * (1 - starting), (f"{part}.{off}",))
            draw.steady += idle
            draw.brief.append((np.maximum(playing - idle, 0.0), starting))
            draw.peak += idle
        if regime.playing:
            self._sound(phase, weight, draws, keys)

    def _sound(self, phase: Phase, weight: Array, draws: dict[str, Draws], keys: tuple[str, ...]) -> None:
        """What goes to the speaker, and the interface that brings it."""
        values, parts, loads = self._values, self._parts, self._loads
        level = f"phases.{phase.name}.level_vrms"
        drive = playback.drive_of(values, self._day[level])
        role = playback.driver(parts)
        rail, part = parts.rail_of(role), parts.part(role)
        rests_on = (f"{parts.speaker}.impedance", f"scenario.{level}", *keys)
        if role == "amplifier":
            rests_on = (f"{part}.efficiency", *rests_on)
        loads.take(Name("sound", str(part), rail, "playback"), drive * weight, rests_on)
        amps = drive / loads.volts(rail)
        draws[rail].steady += amps
        draws[rail].peak += amps * playback.SPEECH_CREST**2
        mcu = parts.mcu
        if values.has(f"{mcu}.i2s"):
            i2s, mcu_rail = values[f"{mcu}.i2s"], parts.rail_of("mcu")
            loads.draw(Name("sound interface", mcu, mcu_rail, "playback"), i2s, weight, (f"{mcu}.i2s", *keys))
            draws[mcu_rail].steady += i2s
            draws[mcu_rail].peak += i2s


_STAGE_KEYS = {
    "cpu": ("cpu", "prepare", "finish"),
    "rx": ("rx", "ramp", "interframe", "sleep_clock", "bit_rate"),
    "tx": ("tx", "ramp", "interframe", "bit_rate"),
}
"""The figures that the energy of an event's stages rests on."""


def radio_events(
    phase: Phase, day: Day, figures: radio.RadioFigures, playing: bool
) -> Iterator[tuple[str, Array, radio.Event, tuple[str, ...]]]:
    """What the radio does in a phase: name, events a second, stages of one, and keys of the scenario.

    PowerError if the voice does not fit into the connection interval.
    """
    again = radio.sendings(day["radio.retry_rate"])
    if phase.radio == "away":
        period = day["radio.advertising_s"] + radio.ADVERTISING_DELAY_S
        event = radio.advertising_event(figures, day["radio.advertising_bytes"])
        yield "advertising", 1 / period, event, ("scenario.radio.advertising_s", "scenario.radio.advertising_bytes")
        return
    interval, latency, payload = (day[f"radio.{name}"] for name in ("interval_s", "latency", "payload_bytes"))
    common = ("scenario.radio.interval_s", "scenario.radio.latency", "scenario.radio.retry_rate")
    streams = day["playback.bytes_a_second"] if playing else np.zeros(day.n)
    # While the phone has something to send, no event may be left out.
    period = np.where(streams > 0, interval, interval * (1 + latency))
    yield "connection events", again / period, radio.idle_event(figures, period), common
    if streams.any():
        full = radio.air_share(figures, payload, streams * again, interval)
        if day.n == 1 and full[0] > 1:
            raise PowerError(
                f"scenario {day.scenario.name}, phase {phase.name}: {streams[0]:g} bytes a second of voice need "
                f"{100 * full[0]:.0f} % of a connection interval of {1000 * interval[0]:g} ms; raise "
                "radio.payload_bytes or lower playback.bytes_a_second"
            )
        keys = ("scenario.playback.bytes_a_second", "scenario.radio.payload_bytes", *common)
        yield "voice from the phone", streams / payload * again, radio.received(figures, payload), keys
    per_s = day[f"phases.{phase.name}.transcripts_per_hour"] / 3600
    if per_s.any():
        size = day["radio.bytes_a_transcript"]
        count = radio.packets(size, payload)
        busy = per_s * count * again * radio.sent(figures, size / count).seconds
        if day.n == 1 and busy[0] > 1:
            raise PowerError(
                f"scenario {day.scenario.name}, phase {phase.name}: its transcripts need {100 * busy[0]:.0f} % of the "
                "time on the air; lower radio.bytes_a_transcript or transcripts_per_hour"
            )
        # The last packet is shorter: on average each has this much.
        one = radio.sent(figures, size / count)
        out_of_turn = np.where(streams > 0, 0.0, latency / (1 + latency))
        extra = radio.idle_event(figures, interval * (1 + latency) / 2).times(out_of_turn)
        rate_key = f"scenario.phases.{phase.name}.transcripts_per_hour"
        sizes = ("scenario.radio.bytes_a_transcript", "scenario.radio.payload_bytes")
        yield "transcripts", per_s, one.times(count * again) + extra, (*sizes, rate_key, *common)
