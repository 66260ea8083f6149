"""`host transcribe`, and what `host replay` says of transcripts: text, times, slots, domains, and bad files."""

import io
import json
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
from domain_store import small_domain
from talking_board import TalkingBoard

from host import replay_command, transcribe
from host.cli import main
from host.subtitles import srt
from host.transcript import Transcript

RATE = 16_000


def bursts(*peaks: int, rate: int = RATE) -> np.ndarray:
    """A second of each peak, with a second of silence before each."""
    silence = np.zeros(rate // 512 * 512, np.int16)
    return np.concatenate([part for peak in peaks for part in (silence, np.full_like(silence, peak))])


@pytest.fixture
def board(monkeypatch):
    """The talking board in the native one's place."""
    made: list[TalkingBoard] = []

    @contextmanager
    def opened(name, rate=None):
        made.append(TalkingBoard(rate or RATE))
        yield made[-1]

    monkeypatch.setattr(transcribe, "open_sim_board", opened)
    monkeypatch.setattr(replay_command, "open_sim_board", opened)
    return made


@pytest.fixture
def talk(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, bursts(3000, 9000), RATE)
    return path


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs `host ...` here: exit code, stdout, stderr."""

    def called(*arguments) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["host", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return called


def test_a_file_is_a_line_of_text(board, talk, run):
    assert run("transcribe", talk) == (0, "loud 3 loud 9\n", "")


def test_several_files_are_named_in_their_order_and_done_side_by_side(board, talk, tmp_path, run):
    quiet = tmp_path / "quiet.flac"
    soundfile.write(quiet, np.zeros(RATE, np.int16), RATE)
    files = [talk, quiet, talk, quiet]
    expected = "".join(f"{file}: {'loud 3 loud 9' if file == talk else ''}\n" for file in files)
    for jobs in (1, 3):
        assert run("transcribe", *files, "--jobs", jobs) == (0, expected, "")


def test_bad_files_are_named_and_the_others_go_on(board, talk, tmp_path, run):
    empty = tmp_path / "empty.wav"
    empty.touch()
    code, out, err = run("transcribe", talk, empty, tmp_path / "missing.wav", talk)
    assert code == 2
    assert out == f"{talk}: loud 3 loud 9\n" * 2
    assert err.splitlines() == [
        f"{empty}: is empty (0 bytes). Record or copy it again.",
        f"{tmp_path / 'missing.wav'}: there is no such file. Check the name.",
        f"host: 2 of 4 files could not be transcribed: {empty}, {tmp_path / 'missing.wav'}.",
    ]


def test_one_bad_file_gets_one_sentence(board, tmp_path, run):
    path = tmp_path / "missing.wav"
    assert run("transcribe", path) == (2, "", f"host: {path}: there is no such file. Check the name.\n")


def test_json_has_times_confidence_and_slots(board, talk, tmp_path, run):
    code, out, _ = run("transcribe", talk, tmp_path / "missing.wav", "--json")
    assert code == 2
    first, second = map(json.loads, out.splitlines())
    assert first["text"] == "loud 3 loud 9"
    assert first["duration_s"] == pytest.approx(4 * 31 * 512 / RATE)
    assert first["transcripts"][1] == {
        "id": 2,
        "start_s": pytest.approx(3 * 31 * 512 / RATE),
        "end_s": pytest.approx(4 * 31 * 512 / RATE),
        "confidence": 0.75,
        "text": "loud 9",
        "slots": {"peak": "9"},
    }
    assert second == {"file": str(tmp_path / "missing.wav"), "error": "there is no such file. Check the name."}


def test_timestamps_and_subtitles(board, talk, run):
    assert run("transcribe", talk, "--timestamps")[1] == (
        "[0:00:01.0 - 0:00:02.0] loud 3\n[0:00:03.0 - 0:00:04.0] loud 9\n"
    )
    assert run("transcribe", talk, "--srt")[1] == (
        "1\n00:00:00,992 --> 00:00:01,984\nloud 3\n\n2\n00:00:02,976 --> 00:00:03,968\nloud 9\n\n"
    )
    day = Transcript("b", 0, 0, 1, 90_061_999, 90_062_000, 1000, 0, "x")
    assert srt([day]) == "1\n25:01:01,999 --> 25:01:02,000\nx\n\n"


def test_stdin_is_a_recording_too(board, talk, run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(talk.read_bytes())))
    assert run("transcribe", "-") == (0, "loud 3 loud 9\n", "")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run("transcribe", "-") == (2, "", "host: stdin: is empty (0 bytes). Record or copy it again.\n")


def test_the_rate_is_that_of_the_board(board, talk, run):
    code, out, err = run("transcribe", talk, "--rate", 15_625)
    assert (code, err) == (0, "")
    assert out.startswith("loud 3 ")
    assert board[-1].rate == 15_625


@pytest.mark.parametrize("command", ["transcribe", "replay"])
def test_a_domain_is_in_force_before_the_recording_and_costs_it_no_time(board, talk, tmp_path, run, command):
    path = tmp_path / "hotel.domain"
    path.write_bytes(small_domain("hotel", 100))
    last = [json.loads(run(command, talk, "--json", *more)[1].splitlines()[-1]) for more in ((), ("--domain", path))]
    assert last[0]["transcripts"] == last[1]["transcripts"] != []
    assert board[-1].domains.state.name == "hotel"
    if command == "replay":
        assert run(command, talk)[1].splitlines()[:3] == run(command, talk, "--domain", path)[1].splitlines()[:3]
        assert [one["domain"] for one in last] == ["travel", "hotel"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{talk}", "--json", "--srt"], "choose one"),
        (["{talk}", "{talk}", "--srt"], "one recording at a time"),
        (["-", "-"], "give it once"),
        (["{talk}", "--rate", "8000"], "native hears at 16000 or 15625 Hz"),
        (["{talk}", "--domain", "/nowhere.domain"], "/nowhere.domain: cannot be read: No such file"),
        (["{talk}", "--domain", "{talk}"], "is no domain. Compile one"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(board, talk, run, arguments, said):
    code, out, err = run("transcribe", *(argument.format(talk=talk) for argument in arguments))
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_an_image_without_recognition_says_so(monkeypatch, talk, run):
    @contextmanager
    def opened(name, rate=None):
        yield TalkingBoard(asr="")

    monkeypatch.setattr(transcribe, "open_sim_board", opened)
    code, out, err = run("transcribe", talk)
    assert (code, out) == (2, "")
    assert "it has no speech recognition network" in err


def test_replay_shows_each_transcript_beside_its_segment(board, tmp_path, run):
    path = tmp_path / "talk.wav"
    soundfile.write(path, bursts(3000, 500), RATE)
    _, out, _ = run("replay", path)
    lines = out.splitlines()
    assert lines[0].split() == ["start", "s", "end", "s", "peak", "conf", "transcript"]
    assert lines[1].split() == ["0.992", "1.984", "0.977", "0.750", "loud", "3", "peak=3"]
    assert lines[2].endswith("0.750  (not understood)")
    assert "2 segments, 1 transcript," in lines[3]


def test_replay_prints_json_lines_as_frames_come(board, talk, run):
    _, out, _ = run("replay", talk, "--json")
    found = [json.loads(line) for line in out.splitlines()]
    kinds = [one["type"] for one in found]
    assert kinds[:3] == ["hello", "state", "config"]
    assert kinds.index("partial") < kinds.index("final") < kinds.index("summary") == len(kinds) - 1
    assert found[-1]["transcripts"][0]["slots"] == {"peak": "3"}
