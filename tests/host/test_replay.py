"""`host replay`: what the firmware hears in a recording, the same however it is read, fast and in constant memory."""

import json
import math
import resource
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pexpect
import pytest
import soundfile
from board_on_a_line import CHUNK, HOST, loud_and_quiet, run_host

from firmware.link import Config, Damage, Decoder, Hello, Ledger, Score, Segment, encode
from firmware.native import NativeBoard
from host.lockstep import CHUNK_SAMPLES, LEDGER_PERIOD_SAMPLES, lockstep_blocks, padded_samples
from host.recording import Recording
from host.replay import replay

RATE = 16_000


@pytest.fixture
def talk(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, loud_and_quiet(20, RATE), RATE)
    return path


def direct(pcm: np.ndarray, rate: int = RATE) -> list:
    """What a native board says to all of `pcm` and its silence, given a ledger period at a time."""
    whole = np.zeros(padded_samples(len(pcm), rate), np.int16)
    whole[: len(pcm)] = pcm
    board, decoder, items = NativeBoard(rate), Decoder(), []
    board.send(encode(Config(scores=1)))
    for at in range(0, len(whole), LEDGER_PERIOD_SAMPLES):
        items += decoder.feed(board.hear(whole[at : at + LEDGER_PERIOD_SAMPLES]))
    return items


def test_segments_are_those_of_the_image(talk):
    items = direct(soundfile.read(talk, dtype="int16")[0])
    expected = {item.id: item for item in items if isinstance(item, Segment)}
    assert expected
    result = run_host("replay", str(talk))
    assert result.returncode == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0].split()[:5] == ["start", "s", "end", "s", "peak"]
    rows = [[float(value) for value in line.split()[:3]] for line in lines[1 : 1 + len(expected)]]
    assert rows == [
        pytest.approx([one.start / RATE, one.end / RATE, one.peak_q8 / 256], abs=6e-4) for one in expected.values()
    ]
    assert lines[-3].startswith(f"heard    20.000 s: {len(expected)} segment")
    assert "x real time" in lines[-2]
    assert lines[-1].startswith("ledger   ")


def test_vad_scores_are_one_line_a_decision_and_nothing_else(talk):
    scores = [item for item in direct(soundfile.read(talk, dtype="int16")[0]) if isinstance(item, Score)]
    result = run_host("replay", str(talk), "--vad-scores")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert len(scores) == padded_samples(20 * RATE, RATE) // CHUNK
    assert len(lines) == 20 * RATE // CHUNK  # none for the silence after the end
    assert lines[0].split()[0] == "0.0320"
    for line, score in zip(lines, scores, strict=False):
        seconds, probability = line.split()
        assert float(seconds) == pytest.approx(score.sample / RATE, abs=6e-5)
        assert probability == f"{score.probability_q8 / 256:.4f}"


def test_the_last_line_of_json_has_all_of_it(talk):
    items = direct(soundfile.read(talk, dtype="int16")[0])
    result = run_host("replay", str(talk), "--json")
    document = json.loads(result.stdout.splitlines()[-1])
    assert document["board"] == {"name": "native", "rate": RATE}
    assert document["recording"]["samples"] == 20 * RATE
    assert document["recording"]["conversion"] is None
    expected = {item.id: item for item in items if isinstance(item, Segment)}
    assert [(one["id"], one["start"], one["end"], one["peak_q8"]) for one in document["segments"]] == [
        (one.id, one.start, one.end, one.peak_q8) for one in expected.values()
    ]
    ledger = [item for item in items if isinstance(item, Ledger)][-1]
    assert document["ledger"]["sample"] == ledger.sample == padded_samples(20 * RATE, RATE)
    assert document["ledger"]["inferences"] == ledger.inferences
    assert document["ledger"]["segments"] == len(expected)
    assert document["hello"]["chunk"] == CHUNK_SAMPLES
    assert document["states"][0]["sample"] == 0
    changes = [(one["state"], one["speaking"]) for one in document["states"]]
    assert all(a != b for a, b in pairwise(changes))
    assert document["damaged"] == []
    assert document["duplicates"] == 0
    assert 0 < document["speech_share"] < 1


def test_the_last_run_is_kept_for_the_power_report(talk, tmp_path):
    assert run_host("replay", str(talk), "--rate", "15625").returncode == 0
    run = json.loads((tmp_path / "state/earshot/last_run.json").read_text())
    assert run["board"] == "native"
    assert run["rate"] == 15_625
    assert run["cycles_are"] == "nothing"
    assert run["ledger"]["sample"] == padded_samples(20 * 15_625, 15_625)
    assert run["recording"] == str(talk)
    assert run["link_bytes"]["sent"] > 0


def test_a_state_folder_that_cannot_be_written_costs_no_result(talk, tmp_path):
    (tmp_path / "state").write_text("in the way")
    result = run_host("replay", str(talk))
    assert result.returncode == 0
    assert "the ledger is not kept for `power report`" in result.stderr
    assert "x real time" in result.stdout


@pytest.mark.parametrize("source_rate", [16_000, 44_100])
def test_reading_in_blocks_changes_nothing(tmp_path, monkeypatch, source_rate):
    path = tmp_path / "talk.flac"
    soundfile.write(path, np.stack([loud_and_quiet(8, source_rate)] * 2, 1), source_rate)
    sent = []
    for values in (1 << 22, 10_007):
        monkeypatch.setattr("host.recording._BLOCK_VALUES", values)
        with Recording(path, RATE) as recording:
            board, items = NativeBoard(RATE), []
            replay(recording, board, scores=True, taken=items.append)
            sent.append(items)
    assert sent[0] == sent[1]
    assert any(isinstance(item, Segment) for item in sent[0])


@pytest.mark.parametrize("samples", [1, 511, 512, 16_384, 16_385, 100_000])
def test_silence_follows_to_whole_ledger_periods_and_lasts_a_second_and_a_half(tmp_path, samples):
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.full(samples, 1000, np.int16), RATE)
    for block in (CHUNK_SAMPLES, LEDGER_PERIOD_SAMPLES):
        with Recording(path, RATE) as recording:
            blocks = list(lockstep_blocks(recording, block))
        assert {len(one) for one in blocks} == {block}
        whole = np.concatenate(blocks)
        assert len(whole) % LEDGER_PERIOD_SAMPLES == 0
        assert len(whole) - LEDGER_PERIOD_SAMPLES < samples + math.ceil(1.5 * RATE) <= len(whole)
        assert (whole[:samples] == 1000).all()
        assert not whole[samples:].any()


def test_the_chunk_here_is_the_chunk_of_the_image():
    board = NativeBoard(RATE)
    (hello,) = [i for i in Decoder().feed(board.hear(np.zeros(CHUNK_SAMPLES, np.int16))) if isinstance(i, Hello)]
    assert hello.chunk == CHUNK_SAMPLES


class DamagingBoard:
    """A native board whose link damages a byte in every n-th piece."""

    name = "native"
    rate = RATE

    def __init__(self, every: int) -> None:
        self._board = NativeBoard(RATE)
        self._every = every
        self._pieces = 0

    def hear(self, pcm: np.ndarray) -> bytes:
        sent = bytearray(self._board.hear(pcm))
        self._pieces += 1
        if self._pieces % self._every == 0 and len(sent) > 4:
            sent[len(sent) // 2] ^= 0x10
        return bytes(sent)

    def send(self, data: bytes) -> None:
        self._board.send(data)

    def close(self) -> None:
        self._board.close()


def test_a_segment_that_the_line_damages_comes_again(talk):
    with Recording(talk, RATE) as recording:
        clean = replay(recording, NativeBoard(RATE))
    with Recording(talk, RATE) as recording:
        hurt = replay(recording, DamagingBoard(2))
    assert hurt.damages
    assert all(isinstance(damage, Damage) for damage in hurt.damages)
    # The last one has no time to come again.
    assert {one.id for one in clean.segments[:-1]} <= {one.id for one in hurt.segments}


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_CHILDREN"), reason="needs getrusage")
def test_a_long_recording_takes_no_more_memory_than_a_short_one(tmp_path):
    minute = loud_and_quiet(60, RATE)
    peaks = []
    for name, count in (("short.wav", 1), ("long.wav", 20)):
        path = tmp_path / name
        with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
            for _ in range(count):
                file.write(minute)
        script = "import resource, sys\nsys.argv[0] = 'host'\nfrom host.cli import main\nmain_exit = 0\n"
        script += "try:\n    main()\nexcept SystemExit as end:\n    main_exit = end.code or 0\n"
        script += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\nsys.exit(main_exit)"
        command = [sys.executable, "-c", script, "replay", str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(result.stdout.splitlines()[-1]))
    assert peaks[1] - peaks[0] < 20_000, f"KiB: {peaks}"


def test_stdout_is_stdout_where_a_terminal_shows_progress(talk, tmp_path):
    out = tmp_path / "out.txt"
    command = f"{shlex.join(HOST)} replay {talk} > {out}"
    terminal = pexpect.spawn("bash", ["-c", command], dimensions=(24, 80), encoding="utf-8")
    terminal.expect(pexpect.EOF, timeout=30)
    terminal.close()
    assert terminal.exitstatus == 0
    lines = out.read_text().splitlines()
    assert lines[0].split()[:2] == ["start", "s"]
    assert any(line.startswith("ledger") for line in lines)


def test_spoken_words_are_heard(tmp_path):
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    path = tmp_path / "spoken.wav"
    words = "The weather is fine today, and we will walk along the river until the evening comes."
    subprocess.run(["espeak-ng", "-w", str(path), words], check=True)
    result = run_host("replay", str(path), "--json")
    document = json.loads(result.stdout.splitlines()[-1])
    assert "resampled to 16 kHz" in result.stderr
    assert document["segments"]
    assert document["speech_share"] > 0.5


def test_real_meetings_are_heard(data):
    paths = sorted((data / "ami_excerpts").rglob("*.flac"))[:3]
    assert paths
    for path in paths:
        document = json.loads(run_host("replay", str(path), "--json").stdout.splitlines()[-1])
        assert document["segments"], path
        assert document["ledger"]["sample"] == padded_samples(document["recording"]["samples"], RATE)


def test_conversion_is_said_in_one_line(tmp_path):
    path = tmp_path / "studio.flac"
    soundfile.write(path, np.stack([loud_and_quiet(2, 44_100) / 32768] * 2, 1), 44_100, subtype="PCM_24")
    result = run_host("replay", str(path), "--rate", "15625")
    said = "stereo 44.1 kHz 24 bit: mixed to mono, resampled to 15.625 kHz, rounded to 16 bit"
    assert result.stderr == f"{path}: {said}\n"
    assert result.returncode == 0


def test_loud_floats_are_limited_and_said(tmp_path):
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.full(RATE, 2.0, np.float32), RATE, subtype="FLOAT")
    result = run_host("replay", str(path))
    assert f"{path}: 16000 samples louder than full scale, limited to it" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{folder}/missing.wav"], "there is no such file"),
        (["{folder}"], "is a folder"),
        (["{folder}/empty.wav"], "is empty (0 bytes)"),
        (["{folder}/text.wav"], "is not audio"),
        (["{folder}/cut.wav"], "truncated"),
        (["{folder}/good.wav", "--board", "toaster"], "there is no board 'toaster'. Virtual boards: artemis, "),
        (["{folder}/good.wav", "--rate", "8000"], "native hears at 16000 or 15625 Hz, not at 8000 Hz"),
        (["{folder}/good.wav", "--board", "artemis", "--rate", "16000"], "artemis hears at 15625 Hz"),
        (["{folder}/good.wav", "--json", "--vad-scores"], "choose one"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(tmp_path, monkeypatch, capsys, arguments, said):
    from host.cli import main

    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no sound at all")
    soundfile.write(tmp_path / "good.wav", loud_and_quiet(1, RATE), RATE)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "good.wav").read_bytes()[:9000])
    monkeypatch.setattr(sys, "argv", ["host", "replay", *(part.format(folder=tmp_path) for part in arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert said in err
    assert len(err.splitlines()) == 1
    assert err.startswith("host: ")
    assert out == ""


def test_output_into_a_closed_pipe_is_no_traceback(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, loud_and_quiet(60, RATE), RATE)
    command = [*HOST, "replay", str(path), "--vad-scores"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
        assert process.wait(60) != 0


def test_recordings_heard_side_by_side_are_heard_as_alone(tmp_path):
    """`host transcribe` runs native boards in threads."""
    paths = []
    for seed in range(4):
        paths.append(tmp_path / f"{seed}.wav")
        soundfile.write(paths[-1], loud_and_quiet(10, RATE, seed), RATE)

    def heard(path):
        items = []
        with Recording(path, RATE) as recording:
            replay(recording, NativeBoard(RATE), scores=True, taken=items.append)
        return items

    alone = [heard(path) for path in paths]
    with ThreadPoolExecutor(len(paths)) as pool:
        assert list(pool.map(heard, paths)) == alone
    assert len({str(items) for items in alone}) == len(paths)
