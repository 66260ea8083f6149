"""What a trained network writes down of real speech: words, in time, and none where nobody speaks.

Nothing here knows which network it is: any decent one holds it.
"""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from firmware import boards
from firmware.link import Config, Decoder, Final, ListenerState, Segment, State, encode
from firmware.native import CHUNK, NativeBoard

Sound = NDArray[np.int16]
DOMAINS = boards.FIRMWARE / "models" / "domains"
RATES = boards.load("native").rates
IN_TIME_S = 0.3
"""From the end of speech to FINAL, of audio, for a whole phrase."""


@dataclass(frozen=True)
class Said:
    """A transcript, its segment, and how much audio the board had heard when FINAL came."""

    final: Final
    segment: Segment
    heard: int

    def late_s(self, rate: int) -> float:
        """From the end of speech to FINAL."""
        return (self.heard - self.segment.end) / rate


def compiled(domain: str) -> bytes:
    return (DOMAINS / f"{domain}.domain").read_bytes()


def written_down(sound: Sound, domain: str = "travel", rate: int = 16000) -> list[Said]:
    """What a board makes of a sound and two seconds of silence behind it, each transcript as it first came."""
    board = NativeBoard(rate)
    board.use(compiled(domain))
    board.send(encode(Config(scores=0)))
    quiet = np.zeros(2 * rate, np.int16)
    pcm = np.concatenate([quiet[: rate // 2], sound, quiet])
    decoder = Decoder()
    segments: dict[int, Segment] = {}
    said: dict[int, Said] = {}
    for at in range(0, len(pcm) - CHUNK + 1, CHUNK):
        for frame in decoder.feed(board.hear(pcm[at : at + CHUNK])):
            if isinstance(frame, State):
                assert frame.state is not ListenerState.FAULT
            elif isinstance(frame, Segment):
                segments[frame.id] = frame
            elif isinstance(frame, Final) and frame.id not in said:
                said[frame.id] = Said(frame, segments[frame.id], at + CHUNK)
    return list(said.values())


def text(said: list[Said]) -> str:
    return " ".join(one.final.text for one in said if one.final.text)


def recording(path: Path, rate: int = 16000, seconds: float = 60) -> Sound:
    pcm, source = soundfile.read(path, dtype="int16", frames=round(seconds * 16000))
    return pcm if source == rate else soxr.resample(pcm, source, rate)


def listed(data: Path, corpus: str) -> list[dict]:
    """The corpus's test clips that fill a file, in the manifest's order."""
    lines = [json.loads(line) for line in (data / f"{corpus}.jsonl").read_text().splitlines()]
    return [line for line in lines if line["split"] == "test" and line["offset"] == 0]


@pytest.fixture(scope="module")
def spelled(data: Path) -> list[tuple[Path, str]]:
    """A dozen recordings of people who spell, count and command, and what they say."""
    clips = listed(data, "an4")
    return [(data / clip["audio_filepath"], clip["text"]) for clip in clips[:: len(clips) // 12][:12]]


@pytest.mark.parametrize("rate", RATES)
def test_a_whole_phrase_is_written_down_in_time(rate: int, spelled: list[tuple[Path, str]]) -> None:
    late = []
    for path, _ in spelled:
        said = written_down(recording(path, rate), "alphanumeric", rate)
        late += [one.late_s(rate) for one in said if one.final.text]
    assert len(late) >= len(spelled) // 2
    in_time = sum(seconds <= IN_TIME_S for seconds in late)
    assert in_time >= 0.9 * len(late), f"median {median(late):.3f} s, worst {max(late):.3f} s"


@pytest.mark.parametrize("rate", RATES)
def test_no_transcript_waits_longer_than_the_long_hangover_and_a_chunk(
    rate: int, spelled: list[tuple[Path, str]]
) -> None:
    longest = (Config().hangover_chunks + 1) * CHUNK / rate
    for path, _ in spelled:
        for one in written_down(recording(path, rate), "alphanumeric", rate):
            assert one.late_s(rate) <= longest


def test_a_transcript_lies_where_the_speech_is(spelled: list[tuple[Path, str]]) -> None:
    for path, _ in spelled[:4]:
        said = written_down(recording(path), "alphanumeric")
        assert said
        for one in said:
            assert one.segment.start <= one.final.start < one.final.end <= one.heard
        assert all(before.segment.end <= after.segment.start for before, after in itertools.pairwise(said))


def test_slots_are_filled_from_what_was_said(travellers: Sound) -> None:
    slots = [dict(one.final.slots) for one in written_down(travellers)]
    assert {"place": "train station"} in slots or any(one.get("nights") == "3" for one in slots)


def no_speech(kind: str) -> Sound:
    """Six seconds in which nobody speaks."""
    time = np.arange(6 * 16000) / 16000
    noise = np.random.default_rng(4).standard_normal(len(time))
    match kind:
        case "silence":
            sound = 0 * time
        case "faint noise":
            sound = 300 * noise
        case "loud noise":
            sound = 6000 * noise
        case "bursts of noise":
            sound = 8000 * noise * (time % 1 < 0.5)
        case "clicks":
            sound = 30000.0 * (np.arange(len(time)) % 4000 == 0)
        case "a tone":
            sound = 8000 * np.sin(2 * np.pi * 440 * time)
        case _:
            sound = 8000 * np.sign(np.sin(2 * np.pi * 50 * time))
    return sound.round().clip(-32768, 32767).astype(np.int16)


@pytest.mark.parametrize("domain", ["travel", "alphanumeric", "commands"])
@pytest.mark.parametrize(
    "kind", ["silence", "faint noise", "loud noise", "bursts of noise", "clicks", "a tone", "mains hum"]
)
def test_where_nobody_speaks_nothing_is_written_down(kind: str, domain: str) -> None:
    assert text(written_down(no_speech(kind), domain)) == ""


@pytest.mark.parametrize(("corpus", "most"), [("ambience", 0.0), ("esc10", 0.05)])
def test_recordings_without_speech_give_hardly_a_word(corpus: str, most: float, data: Path) -> None:
    """`most`: the share of recordings that may be taken for a word."""
    clips = [clip for clip in listed(data, corpus) if not clip.get("human")]
    texts = [text(written_down(recording(data / clip["audio_filepath"], seconds=10))) for clip in clips]
    assert sum(map(bool, texts)) <= most * len(texts), texts


def spoilt(kind: str, sound: Sound) -> Sound:
    """What a line, an amplifier or a microphone makes of it."""
    match kind:
        case "telephone":
            return soxr.resample(soxr.resample(sound, 16000, 8000), 8000, 16000)
        case "clipped":
            return (sound.astype(np.int32) * 30).clip(-16000, 16000).astype(np.int16)
        case "direct current":
            return (sound.astype(np.int32) + 6000).clip(-32768, 32767).astype(np.int16)
        case _:
            return (sound / 30).round().astype(np.int16)


@pytest.mark.parametrize("kind", ["telephone", "clipped", "direct current", "faint"])
def test_of_spoilt_speech_some_words_are_written_down(kind: str, spelled: list[tuple[Path, str]]) -> None:
    expected = " ".join(words for _, words in spelled[::2])
    found = [text(written_down(spoilt(kind, recording(path)), "alphanumeric")) for path, _ in spelled[::2]]
    assert len(set(" ".join(found).split()) & set(expected.split())) >= 5, found
    assert sum(map(bool, found)) >= len(found) // 2


@pytest.mark.parametrize("kind", ["telephone", "clipped", "direct current", "faint"])
def test_of_spoilt_phrases_some_words_are_written_down(kind: str, travellers: Sound) -> None:
    clean = set(text(written_down(travellers)).split())
    assert len(clean) >= 8
    assert len(clean & set(text(written_down(spoilt(kind, travellers))).split())) >= 4
