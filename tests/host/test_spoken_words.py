"""`host transcribe` and `host replay` with the shipped network and real recordings: mostly the right words."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import soundfile

from firmware import boards
from host.cli import main

ALPHANUMERIC = str(boards.FIRMWARE / "models" / "domains" / "alphanumeric.domain")
MOST_WRONG = 0.4
"""Of the words."""


@pytest.fixture(scope="module")
def spelled(data: Path) -> dict[Path, str]:
    """Three recordings of three people, and what they say."""
    said = [json.loads(line) for line in (data / "an4.jsonl").read_text().splitlines()]
    test = [line for line in said if line["split"] == "test" and len(line["text"].split()) >= 4]
    of_speaker = {line["speaker"]: line for line in test}
    return {data / line["audio_filepath"]: line["text"] for line in list(of_speaker.values())[:3]}


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs `host ...` here: stdout; it must end well."""

    def called(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["host", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert not ended.value.code, err
        return out

    return called


def wrong_words(said: str, heard: str) -> int:
    """Words to change, leave out or put in (Levenshtein)."""
    expected, found = said.split(), heard.split()
    row = list(range(len(found) + 1))
    for count, word in enumerate(expected, 1):
        above, row = row, [count]
        for at, other in enumerate(found):
            row.append(min(above[at + 1] + 1, row[at] + 1, above[at] + (word != other)))
    return row[-1]


def assert_mostly_right(said: list[str], heard: list[str]) -> None:
    wrong = sum(map(wrong_words, said, heard))
    assert wrong < MOST_WRONG * len(" ".join(said).split()), list(zip(said, heard, strict=True))


def test_words_are_told_from_words():
    assert wrong_words("a b c", "a b c") == 0
    assert wrong_words("a b c", "") == 3
    assert wrong_words("a b c", "x b d c") == 2


@pytest.mark.parametrize("rate", boards.load("native").rates)
def test_transcribe_prints_mostly_right_words(rate, spelled, run):
    lines = run("transcribe", *spelled, "--domain", ALPHANUMERIC, "--rate", rate).splitlines()
    assert [line.split(": ")[0] for line in lines] == list(map(str, spelled))
    assert_mostly_right(list(spelled.values()), [line.partition(": ")[2] for line in lines])


def test_transcribe_tells_times_and_confidence_as_json(spelled, run):
    found = [json.loads(line) for line in run("transcribe", *spelled, "--domain", ALPHANUMERIC, "--json").splitlines()]
    assert_mostly_right(list(spelled.values()), [one["text"] for one in found])
    for one in found:
        assert one["transcripts"]
        for transcript in one["transcripts"]:
            assert 0 <= transcript["start_s"] < transcript["end_s"] <= one["duration_s"] + 1
            assert 0 < transcript["confidence"] <= 1
            assert isinstance(transcript["slots"], dict)


def test_transcribe_fills_slots(travellers, tmp_path, run):
    path = tmp_path / "travellers.wav"
    soundfile.write(path, travellers, 16000)
    transcripts = json.loads(run("transcribe", path, "--json"))["transcripts"]
    assert any(one["slots"] for one in transcripts)


@pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs Debian's gcc-arm-none-eabi")
def test_the_virtual_artemis_prints_what_the_desk_does(spelled, run):
    path, said = next(iter(spelled.items()))
    replayed = [
        json.loads(run("replay", path, "--board", board, "--domain", ALPHANUMERIC, "--json", *more).splitlines()[-1])
        for board, more in (("artemis", ()), ("native", ("--rate", boards.load("artemis").rate)))
    ]
    artemis, desk = (one["transcripts"] for one in replayed)
    assert_mostly_right([said], [" ".join(one["text"] for one in artemis)])
    told = ("start_s", "end_s", "confidence", "text", "slots")
    assert [[one[key] for key in told] for one in artemis] == [[one[key] for key in told] for one in desk]
