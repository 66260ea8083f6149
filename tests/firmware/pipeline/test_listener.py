"""The duty-cycle machine: when it sleeps, what wakes it, and what it counts."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from firmware.domain.binary import encode
from firmware.domain.graph import Arc, Graph, Kind, Network, Word
from firmware.link import Config, ListenerState
from firmware.native import BANDS, CHUNK, HOP, Vad, logmel, segments
from firmware.native.library import aligned, load

FFI, LIBRARY = load()
SLEEP_AFTER = 5


class Listener:
    """listener.c with the shipped network, or one that a test brings."""

    def __init__(self, model: Any = None, arena_bytes: int | None = None, **settings: int) -> None:
        network = LIBRARY.vad_model if model is None else model
        room = LIBRARY.vad_model.arena_bytes
        vad_owner, vad_arena = aligned(FFI, room)
        asr_owner, asr_arena = aligned(FFI, LIBRARY.asr_model.arena_bytes)
        self.c = FFI.new("struct listener *")
        parts = FFI.new("struct listener_parts *")
        parts.tables = FFI.addressof(LIBRARY.frontend_tables_16000)
        parts.vad, parts.vad_arena = FFI.addressof(network), vad_arena
        parts.vad_arena_bytes = room if arena_bytes is None else arena_bytes
        parts.asr, parts.asr_arena = FFI.addressof(LIBRARY.asr_model), asr_arena
        parts.asr_arena_bytes = LIBRARY.asr_model.arena_bytes
        # The listener keeps pointers to these; their owners must outlive it.
        self._kept = (network, parts, vad_owner, asr_owner)
        LIBRARY.listener_init(self.c, parts, config(**settings))
        self.kept: Any = None
        self.work: Any = None
        """What the last chunk's work brought."""

    def use(self, domain: bytes) -> None:
        """What it writes down from now on."""
        self._bytes = FFI.new("uint8_t[]", domain)
        self._domain = FFI.new("struct domain *")
        assert LIBRARY.domain_load(self._domain, self._bytes, len(domain)) == LIBRARY.DOMAIN_SOUND
        LIBRARY.listener_use(self.c, self._domain)

    def hear(self, pcm: np.ndarray, cycles: int = 0, dropped: int = 0) -> Any:
        assert pcm.dtype == np.int16
        assert len(pcm) == CHUNK
        report = LIBRARY.listener_hear(self.c, FFI.from_buffer("int16_t[]", pcm), cycles, dropped)
        self.work = LIBRARY.listener_work(self.c)
        return report

    def row(self, state: ListenerState) -> Any:
        return self.c.ledger.row[state]


def config(**settings: int) -> Any:
    known = Config(**{"sleep_after_chunks": SLEEP_AFTER} | settings)
    out = FFI.new("struct listener_config *")
    for name in ("sleep_floor", "sleep_after_chunks"):
        setattr(out, name, getattr(known, name))
    for name, _ in FFI.typeof("struct gate_config").fields:
        setattr(out.gate, name, getattr(known, name))
    return out


def level(peak: int) -> np.ndarray:
    return np.tile(np.array([peak, -peak], np.int16), CHUNK // 2)


def noise(chunks: int, scale: float = 2000, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((chunks, CHUNK)) * scale
    return np.clip(drawn, -32768, 32767).astype(np.int16)


QUIET = level(4)
LOUD = level(5)


def asleep() -> Listener:
    listener = Listener()
    for _ in range(SLEEP_AFTER + 1):
        listener.hear(QUIET)
    assert listener.c.state == LIBRARY.LISTENER_SLEEP
    return listener


def test_it_starts_hearing() -> None:
    assert Listener().c.state == LIBRARY.LISTENER_HEAR


def test_it_sleeps_after_enough_quiet_chunks_and_says_so_once() -> None:
    listener = Listener()
    reports = [listener.hear(QUIET) for _ in range(SLEEP_AFTER + 3)]
    assert [r.state_changed for r in reports] == [False] * SLEEP_AFTER + [True, False, False]
    assert listener.row(ListenerState.HEAR).samples == SLEEP_AFTER * CHUNK
    assert listener.row(ListenerState.SLEEP).samples == 3 * CHUNK
    assert listener.row(ListenerState.SLEEP).entries == 1


def test_a_loud_chunk_starts_the_count_again() -> None:
    listener = Listener()
    for pcm in [QUIET] * SLEEP_AFTER + [LOUD] + [QUIET] * SLEEP_AFTER:
        listener.hear(pcm)
    assert listener.c.state == LIBRARY.LISTENER_HEAR


@pytest.mark.parametrize("sample", [5, -5, 32767, -32768])
@pytest.mark.parametrize("place", [0, CHUNK - 1])
def test_one_sample_above_the_floor_wakes_it(sample: int, place: int) -> None:
    listener = asleep()
    pcm = QUIET.copy()
    pcm[place] = sample
    assert listener.hear(pcm).state_changed
    assert listener.c.state == LIBRARY.LISTENER_HEAR


def test_the_network_does_not_run_in_sleep() -> None:
    listener = asleep()
    before = listener.c.ledger.inferences, listener.c.ledger.frames
    assert listener.hear(QUIET).probability_q8 == 0
    assert (listener.c.ledger.inferences, listener.c.ledger.frames) == before


def test_awake_it_counts_a_chunk_as_one_inference_and_its_hops_as_frames() -> None:
    listener = Listener()
    for pcm in noise(7):
        listener.hear(pcm)
    assert (listener.c.ledger.inferences, listener.c.ledger.frames) == (7, 7 * CHUNK // HOP)


def test_the_chunk_that_wakes_it_is_heard_from_the_networks_start_with_a_whole_window() -> None:
    listener = asleep()
    before = level(3)
    listener.hear(before)
    pcm = noise(20)
    heard = [listener.hear(chunk).probability_q8 for chunk in pcm]
    # The front end's window reaches back into the chunk that nobody looked at.
    features = logmel(np.concatenate([before, *pcm]), 16000)[CHUNK // HOP :]
    assert features.shape == (20 * CHUNK // HOP, BANDS)
    assert heard == Vad(16000).features(features).tolist()


def test_zero_patience_never_sleeps() -> None:
    listener = Listener(sleep_after_chunks=0)
    for _ in range(200):
        listener.hear(QUIET)
    assert listener.c.state == LIBRARY.LISTENER_HEAR


def test_a_floor_of_zero_sleeps_in_digital_silence_only() -> None:
    listener = Listener(sleep_floor=0)
    for _ in range(20):
        listener.hear(level(1))
    assert listener.c.state == LIBRARY.LISTENER_HEAR
    for _ in range(SLEEP_AFTER + 1):
        listener.hear(level(0))
    assert listener.c.state == LIBRARY.LISTENER_SLEEP


def test_an_open_gate_keeps_it_awake() -> None:
    listener = Listener(on_q8=1, off_q8=1)
    listener.c.gate.open = True
    listener.c.gate.config.hangover_chunks = 1000
    for _ in range(3 * SLEEP_AFTER):
        listener.hear(QUIET)
    assert listener.c.state == LIBRARY.LISTENER_HEAR


class Ears:
    """A voice detector that says what a test told it to, chunk by chunk."""

    def __init__(self, probabilities: list[int]) -> None:
        self._left = list(probabilities)
        self._input, self._output = FFI.new("int8_t[]", 2 * BANDS), FFI.new("int8_t *")
        self.model = FFI.new("struct nn_model *", LIBRARY.vad_model)
        self._kept = (
            FFI.callback("bool(void *)", lambda _: True),
            FFI.callback("bool(void *)", self._invoke),
            FFI.callback("int8_t *(void *, uint32_t)", lambda _, __: self._input),
            FFI.callback("int8_t *(void *, uint32_t)", lambda _, __: self._output),
        )
        self.model.init, self.model.invoke, self.model.input_data = self._kept[:3]
        self.model.output_data = FFI.cast("int8_t const *(*)(void const *, uint32_t)", self._kept[3])

    def _invoke(self, _: Any) -> bool:
        self._output[0] = self._left.pop(0) - 128
        return True


def states(probabilities: list[int], domain: bytes | None, **more: int) -> tuple[Listener, list[int]]:
    """The state after each chunk of noise, of a listener whose gate has `probabilities`."""
    ears = Ears(probabilities)
    settings = {"min_speech_chunks": 1, "hangover_chunks": 2, "hangover_complete_chunks": 2, "sleep_after_chunks": 0}
    listener = Listener(model=ears.model[0], **settings | more)
    listener.kept = ears
    if domain is not None:
        listener.use(domain)
    seen = []
    for pcm in noise(len(probabilities)):
        listener.hear(pcm)
        seen.append(listener.c.state)
    return listener, seen


SLEEP, HEAR, LISTEN, SEND = range(4)
DOMAIN = encode(
    Graph("words", (Word("yes", (("Y", "EH", "S"),)),), (Network("root", 2, {1: 0.0}, (Arc(0, 1, Kind.WORD),)),))
)


def test_it_listens_while_the_gate_is_open_and_sends_in_the_chunk_that_closed_it() -> None:
    listener, seen = states([0, 200, 200, 200, 200, 0, 0, 0, 0], DOMAIN)
    assert seen == [HEAR, LISTEN, LISTEN, LISTEN, LISTEN, LISTEN, SEND, HEAR, HEAR]
    rows = [(row.samples // CHUNK, row.entries) for row in listener.c.ledger.row]
    assert rows == [(0, 0), (3, 2), (5, 1), (1, 1), (0, 0), (0, 0)]
    assert listener.c.ledger.decoder_frames == 4 * listener.c.ledger.asr_calls > 0


def test_speech_right_after_a_transcript_is_listened_to_at_once() -> None:
    _, seen = states([200, 0, 0, 200, 200, 0, 0, 0], DOMAIN)
    assert seen == [LISTEN, LISTEN, SEND, LISTEN, LISTEN, LISTEN, SEND, HEAR]


def test_without_a_domain_it_hears_and_writes_nothing_down() -> None:
    listener, seen = states([0, 200, 200, 200, 0, 0, 0], None)
    assert seen == [HEAR] * 7
    assert listener.c.ledger.segments == 1
    assert listener.c.ledger.asr_calls == 0


def test_each_segment_has_one_transcript() -> None:
    ears = Ears([0, 200, 200, 0, 0, 0, 200, 200, 0, 0])
    listener = Listener(
        model=ears.model[0], min_speech_chunks=1, hangover_chunks=2, hangover_complete_chunks=2, sleep_after_chunks=0
    )
    listener.use(DOMAIN)
    finals = []
    for pcm in noise(10):
        report = listener.hear(pcm)
        assert listener.work.final == (report.gate == LIBRARY.GATE_CLOSED)
        finals.append(bool(listener.work.final))
        if listener.work.final:
            final = listener.c.recognizer.final
            assert report.segment.start <= final.start <= final.end
    assert finals.count(True) == 2


def test_more_patience_does_not_wake_it() -> None:
    listener = asleep()
    LIBRARY.listener_configure(listener.c, config(sleep_after_chunks=100))
    for _ in range(3):
        assert not listener.hear(QUIET).state_changed
    assert listener.c.state == LIBRARY.LISTENER_SLEEP


def test_its_scores_are_the_networks_and_its_segments_the_gates(vowels: Callable, eager: Callable) -> None:
    sound = vowels(6)
    settings = eager(sound, 16000)
    scores = Vad(16000).pcm(sound)
    listener = Listener(**dataclasses.asdict(settings))
    reports = [listener.hear(chunk) for chunk in sound[: len(scores) * CHUNK].reshape(-1, CHUNK)]
    assert [r.probability_q8 for r in reports] == scores.tolist()
    closed = [(r.segment.start, r.segment.end, r.segment.peak_q8) for r in reports if r.gate == LIBRARY.GATE_CLOSED]
    found = [(s.start, s.end, s.peak_q8) for s in segments(scores, settings)]
    assert len(closed) >= 3
    assert closed == (found[:-1] if listener.c.gate.open else found)
    assert listener.c.ledger.segments == len(closed)
    assert listener.c.ledger.speech_samples == sum(end - start for start, end, _ in closed)


def test_cycles_between_two_chunks_belong_to_the_earlier_ones_state() -> None:
    listener = Listener()
    for i in range(SLEEP_AFTER + 3):
        listener.hear(QUIET, cycles=100 * (i + 1))
    assert listener.row(ListenerState.HEAR).cycles == 100 * (SLEEP_AFTER + 1)
    assert listener.row(ListenerState.SLEEP).cycles == 200


def test_the_boards_dropped_samples_stand_in_the_ledger() -> None:
    listener = Listener()
    listener.hear(QUIET, dropped=77)
    assert listener.c.ledger.dropped == 77


def test_an_arena_too_small_for_the_network_is_a_fault() -> None:
    listener = Listener(arena_bytes=LIBRARY.vad_model.arena_bytes - 1)
    assert listener.c.state == LIBRARY.LISTENER_FAULT
    report = listener.hear(noise(1)[0])
    assert (report.state_changed, report.probability_q8) == (False, 0)
    assert listener.row(ListenerState.FAULT).samples == CHUNK


def test_a_network_of_another_shape_is_a_fault() -> None:
    other = FFI.new("struct nn_model *", LIBRARY.vad_model)
    other.outputs = 2
    assert Listener(model=other[0]).c.state == LIBRARY.LISTENER_FAULT


def test_a_network_that_gives_no_probability_is_a_fault() -> None:
    tensor = FFI.new("struct nn_tensor *", LIBRARY.vad_model.output[0])
    tensor.zero_point = 0
    other = FFI.new("struct nn_model *", LIBRARY.vad_model)
    other.output = tensor
    assert Listener(model=other[0]).c.state == LIBRARY.LISTENER_FAULT


def test_a_network_of_floats_is_a_fault() -> None:
    tensor = FFI.new("struct nn_tensor *", LIBRARY.vad_model.output[0])
    tensor.type = LIBRARY.NN_FLOAT32
    other = FFI.new("struct nn_model *", LIBRARY.vad_model)
    other.output = tensor
    assert Listener(model=other[0]).c.state == LIBRARY.LISTENER_FAULT


def test_an_engine_that_fails_is_a_fault_and_closes_the_gate() -> None:
    failing = FFI.new("struct nn_model *", LIBRARY.vad_model)
    fails = FFI.callback("bool(void *)", lambda _: False)
    failing.invoke = fails
    listener = Listener(model=failing[0], hangover_chunks=1, min_speech_chunks=1)
    listener.c.gate.open = True
    report = listener.hear(noise(1)[0])
    assert report.state_changed
    assert listener.c.state == LIBRARY.LISTENER_FAULT
    assert report.gate == LIBRARY.GATE_CLOSED
