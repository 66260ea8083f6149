"""`host record`: the file holds what the microphone gave, in its place, whatever was lost on the way."""

import json
import signal
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from board_on_a_line import NativeOnLine, ScriptedBoard, hello_of, loud_and_quiet, run_host
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.link import Audio, AudioFormat
from host.adpcm import decode
from host.errors import HostError
from host.exchange import Exchange, quiet_endpoint
from host.record_command import Gap, Recorded, chosen_format, record

RATE = 16_000


def audio(sample: int, pcm: np.ndarray, dropped: int = 0) -> Audio:
    return Audio(sample, dropped, AudioFormat.PCM, 0, 0, pcm.astype("<i2").tobytes())


def pieces(pcm: np.ndarray) -> list[Audio]:
    return [audio(at, pcm[at : at + 64]) for at in range(0, len(pcm), 64)]


def test_nothing_lost_is_the_signal_itself():
    pcm = np.arange(640, dtype=np.int16)
    recorded = Recorded(RATE, AudioFormat.PCM)
    out = np.concatenate([part for frame in pieces(pcm) for part in recorded.take(frame)])
    assert (out == pcm).all()
    assert (recorded.gaps, recorded.samples) == ([], 640)


@given(lost=st.sets(st.integers(1, 8)), late=st.sets(st.integers(1, 9)))
@settings(max_examples=100, deadline=None)
def test_what_is_lost_is_silence_of_its_length_and_all_else_is_in_place(lost, late):
    """Frames lost on the line, and 512 samples that the board dropped before some of the others."""
    pcm = np.arange(1, 641, dtype=np.int16)
    recorded = Recorded(RATE, AudioFormat.PCM)
    out, true, dropped = [], [], 0
    for number, frame in enumerate(pieces(pcm)):
        if number in late:
            dropped += 512
            true.append(np.zeros(512, np.int16))
        kept = number not in lost
        true.append(np.frombuffer(frame.data, "<i2") if kept else np.zeros(64, np.int16))
        if kept:
            out += recorded.take(replace(frame, dropped=dropped))
    heard, expected = np.concatenate(out), np.concatenate(true)[: recorded.samples]
    # Within a gap the order of the two kinds cannot be told; both are silence.
    assert np.array_equal(heard, expected)
    assert sum(gap.samples for gap in recorded.gaps if gap.why == "line") == 64 * len([n for n in lost if n < 9])
    assert len(heard) == recorded.samples


def test_a_board_that_starts_again_ends_the_recording():
    recorded = Recorded(RATE, AudioFormat.PCM)
    recorded.take(audio(10_000, np.zeros(64, np.int16)))
    with pytest.raises(HostError, match="started again while it was recorded"):
        recorded.take(audio(0, np.zeros(64, np.int16)))


def test_an_hour_that_is_missing_is_not_written():
    recorded = Recorded(RATE, AudioFormat.PCM)
    recorded.take(audio(0, np.zeros(64, np.int16)))
    with pytest.raises(HostError, match="3600 s are missing at once"):
        recorded.take(audio(64 + 3600 * RATE, np.zeros(64, np.int16)))


@given(st.binary(max_size=128), st.integers(-32768, 32767), st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_any_adpcm_is_decoded(data, predictor, step):
    assert len(decode(data, predictor, step)) == 2 * len(data)


@pytest.mark.parametrize(
    ("port", "baud", "rate", "wanted", "kind"),
    [
        ("/dev/ttyUSB0", 115_200, 15_625, "auto", AudioFormat.ADPCM),
        ("/dev/ttyUSB0", 115_200, 16_000, "auto", AudioFormat.ADPCM),
        ("/dev/ttyUSB0", 921_600, 15_625, "auto", AudioFormat.PCM),
        ("/dev/ttyUSB0", 921_600, 15_625, "adpcm", AudioFormat.ADPCM),
        ("socket://localhost:1", 115_200, 15_625, "auto", AudioFormat.PCM),
        ("sim:artemis", 115_200, 15_625, "auto", AudioFormat.ADPCM),
    ],
)
def test_the_port_decides_on_the_format(port, baud, rate, wanted, kind):
    assert chosen_format(wanted, hello_of(rate=rate), port, baud) is kind


@pytest.mark.parametrize(("wanted", "baud"), [("pcm", 115_200), ("adpcm", 57_600), ("auto", 57_600)])
def test_a_port_that_is_too_slow_is_said_with_figures(wanted, baud):
    with pytest.raises(HostError, match=rf"takes \d+ baud, and /dev/x has {baud}\."):
        chosen_format(wanted, hello_of(), "/dev/x", baud)


@pytest.mark.parametrize("kind", ["adpcm", "pcm"])
def test_a_board_on_a_line_is_recorded(serial_line, tmp_path, kind):
    pcm = loud_and_quiet(4, RATE)
    board = NativeOnLine(serial_line, pcm, pace_s=0.002)
    with Exchange(quiet_endpoint(serial_line.port, 115_200)) as link:
        recorded = record(
            link, tmp_path / "out.wav", kind=lambda _: AudioFormat[kind.upper()], seconds=3.0, stopped=lambda: False
        )
    board.stop()
    assert recorded.gaps == []
    heard, rate = soundfile.read(tmp_path / "out.wav", dtype="int16")
    assert (rate, len(heard)) == (RATE, 48_000)
    assert error_db(heard, pcm) < (-10 if kind == "adpcm" else -300)


def error_db(heard: np.ndarray, pcm: np.ndarray) -> float:
    """Of the best place in the loop, in whole chunks, that the recording may have begun at."""
    loop = np.tile(pcm[: len(pcm) // 512 * 512], 3).astype(float)
    errors = [np.mean((loop[at : at + len(heard)] - heard) ** 2) for at in range(0, len(pcm) // 512 * 512, 512)]
    return float(10 * np.log10(min(errors) / np.mean(heard.astype(float) ** 2) + 1e-31))


@pytest.mark.parametrize("board", ["artemis", "mps2_an386", "native"])
def test_a_virtual_board_records_what_it_is_played(board, tmp_path):
    wav = tmp_path / "in.wav"
    rate = 15_625 if board == "artemis" else RATE
    pcm = loud_and_quiet(2, rate)
    soundfile.write(wav, pcm, rate)
    out = tmp_path / "out.wav"
    done = run_host("record", str(out), "--port", f"sim:{board}", "--wav", str(wav), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["gaps"] == []
    assert said["format"] == ("pcm" if board == "native" else "adpcm")
    heard, _ = soundfile.read(out, dtype="int16")
    # What it heard before it was asked is silence, and not in the file.
    first = int(np.argmax(np.abs(heard) > 0))
    assert error_of(heard, pcm, first) < (-300 if board == "native" else -10)


def error_of(heard: np.ndarray, pcm: np.ndarray, first: int) -> float:
    loud = int(np.argmax(np.abs(pcm) > 0))
    errors = []
    for shift in range(-2, 3):
        at = first - loud + shift
        part = heard[max(at, 0) :][: len(pcm)].astype(float)
        original = pcm[max(-at, 0) :][: len(part)].astype(float)
        part = part[: len(original)]
        errors.append(np.mean((part - original) ** 2) / np.mean(original**2))
    return float(10 * np.log10(min(errors) + 1e-31))


def test_gaps_are_reported_and_the_file_is_whole(serial_line, tmp_path):
    class Lossy(ScriptedBoard):
        def _step(self) -> None:
            super()._step()

    board = Lossy(serial_line)
    pcm = np.arange(4096, dtype=np.int16)
    frames = pieces(pcm)
    del frames[10:14]
    sent: list[int] = []

    def stopped() -> bool:
        if not sent and board.questions:
            sent.append(1)
            board.send(*frames)
        return False

    with Exchange(quiet_endpoint(serial_line.port, 115_200)) as link:
        recorded = record(
            link, tmp_path / "out.wav", kind=lambda _: AudioFormat.PCM, seconds=4096 / 15_625, stopped=stopped
        )
    board.stop()
    assert recorded.gaps == [Gap(640, 256, "line")]
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (15_625, 4096)


def test_a_board_that_falls_silent_ends_it_and_the_file_is_whole(serial_line, tmp_path, monkeypatch):
    monkeypatch.setattr("host.record_command._SILENT_S", 0.3)
    board = ScriptedBoard(serial_line)
    with (
        Exchange(quiet_endpoint(serial_line.port, 115_200)) as link,
        pytest.raises(HostError, match="sends no audio any more"),
    ):
        record(link, tmp_path / "out.wav", kind=lambda _: AudioFormat.PCM, seconds=None, stopped=lambda: False)
    board.stop()
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert file.getnframes() == 0


def test_ctrl_c_ends_it_with_a_summary(serial_line, listening, tmp_path):
    board = NativeOnLine(serial_line, loud_and_quiet(4, RATE), pace_s=0.002)
    out = tmp_path / "out.wav"
    host = listening("record", str(out), "--port", serial_line.port, "--format", "adpcm")
    wait_for_size(out, 20_000)
    code, stderr = host.stop(signal.SIGINT)
    board.stop()
    assert (code, stderr) == (0, "")
    assert "no gap" in host.lines[-1]


def wait_for_size(path: Path, size: int) -> None:
    import time

    ends = time.monotonic() + 20
    while not path.exists() or path.stat().st_size < size:
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "sim:native"], "a virtual board that hears nothing records silence for ever"),
        (["--port", "/dev/x", "--wav", "a.wav"], "--wav feeds a virtual board"),
        (["--port", "sim:native", "--seconds", "1", "--format", "mp3"], "--format mp3 is none"),
        (["--port", "sim:artemis", "--seconds", "1", "--format", "pcm"], "takes 375000 baud"),
    ],
)
def test_what_makes_no_recording_is_refused(arguments, sentence, tmp_path):
    done = run_host("record", str(tmp_path / "out.wav"), *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr


def test_a_folder_that_is_not_there_is_said():
    done = run_host("record", "/nowhere/out.wav", "--port", "sim:native", "--seconds", "1")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
