"""`host listen` on real lines: pseudo-terminals and sockets, with the native image or a scripted board behind them."""

import json
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import soundfile
from board_on_a_line import (
    CHUNK,
    HOST,
    NativeOnLine,
    ScriptedBoard,
    SerialLine,
    hello_of,
    ledger_of,
    loud_and_quiet,
    run_host,
)
from domain_store import small_domain

from firmware.link import Ledger, LedgerRow, ListenerState, Log, LogLevel, Score, Segment, State, encode, question
from firmware.link.codec import encode_body
from host.cli import main

RATE = 15_625


def state(sample: int, speaking: bool = False, name: ListenerState = ListenerState.HEAR) -> State:
    return State(sample, name, speaking=speaking, probability_q8=64, dropped=0)


def ledger(sample: int) -> Ledger:
    rows = [LedgerRow(0, 0, 0)] * 6
    rows[0], rows[1] = LedgerRow(sample // 4, 1_000, 2), LedgerRow(sample - sample // 4, 2_000_000, 3)
    return ledger_of(sample, rows, frames=20, inferences=10, segments=1, speech_samples=512)


@pytest.mark.parametrize("kind", ["serial", "socket"])
def test_a_board_on_a_line_is_greeted_configured_and_shown(serial_line, socket_line, kind, listening):
    line = serial_line if kind == "serial" else socket_line
    board = ScriptedBoard(line)
    host = listening("listen", "--port", line.port, "--plain", "--scores")
    hello = host.wait_for("hello")
    assert "board=artemis firmware=0.1.0 model=vad asr=asr domain=travel rate=15625" in hello
    assert (
        "model_crc32=cafef00d asr_crc32=0000beef domain_crc32=000000d0 build=0123456789abcdef unit=f00d00000000beef"
        in hello
    )
    host.wait_for("config", 2)
    assert [config.scores for config in board.configs] == [1]

    board.send(Score(512, 200), state(1024, speaking=True), Segment(1, 0, 15_625, 240), ledger(31_250))
    board.send(Log(LogLevel.WARNING, 'it is "hot"'))
    assert host.wait_for("score") == "score t=0.033 probability=0.781"
    assert host.wait_for("state", 2) == "state t=0.066 state=hear speaking=yes probability=0.250 dropped=0"
    assert host.wait_for("segment") == "segment id=1 start=0.000 end=1.000 length=1.000 peak=0.938"
    assert "sleep=0.250 hear=0.750" in host.wait_for("ledger")
    assert host.wait_for("log") == r'log level=warning text="it is \"hot\""'
    code, stderr = host.stop(signal.SIGINT)
    assert (code, stderr) == (0, "")
    assert host.lines[-1].startswith("summary heard 2.0 s, 1 segment, 1.0 s of speech (50 %)")
    assert board.acked == [1]
    board.stop()


def test_a_repeated_segment_is_acknowledged_again_and_shown_once(serial_line, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--plain")
    host.wait_for("config")
    for _ in range(3):
        board.send(Segment(1, 0, 5_000, 240))
    board.send(Segment(2, 9_000, 12_000, 200))
    host.wait_for("segment id=2")
    code, _ = host.stop(signal.SIGTERM)
    assert code == 0
    assert sum(line.startswith("segment id=1") for line in host.lines) == 1
    assert board.acked == [1, 1, 1, 2]
    board.stop()


def test_segments_of_a_board_that_restarted_are_new_though_their_ids_repeat(serial_line, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--plain")
    host.wait_for("config")
    board.send(Segment(1, 0, 5_000, 240))
    board.hello = hello_of(boot=8)  # the watchdog bit
    board.send(board.hello, state(0), board.config)
    board.send(Segment(1, 0, 5_000, 240))
    host.wait_for("segment id=1", 2)
    host.stop(signal.SIGINT)
    board.stop()


def test_damaged_bytes_cost_the_frame_they_hit(serial_line, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--plain")
    host.wait_for("config")
    hurt = bytearray(encode(Segment(1, 0, 5_000, 240)))
    hurt[-2] ^= 0x40  # in the checksum
    serial_line.write(bytes(hurt))
    serial_line.write(b"\0noise on the line\0")
    board.send(Segment(2, 9_000, 12_000, 200))
    host.wait_for("segment id=2")
    assert host.wait_for("damaged") == 'damaged count=1 reason="checksum is wrong"'
    assert host.wait_for("damaged", 2).startswith("damaged count=2 reason=")
    code, _ = host.stop(signal.SIGINT)
    assert code == 0
    assert "damaged 2" in host.lines[-1]
    assert board.acked == [2]
    board.stop()


def test_an_unplugged_board_is_waited_for_and_taken_up_again(serial_line, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--plain", "--scores")
    host.wait_for("config", 2)
    serial_line.unplug()
    lost = host.wait_for("lost")
    assert f"{serial_line.port} was unplugged; waiting for it" in lost
    time.sleep(0.3)
    board.config = type(board.config)()
    serial_line.plug()
    assert "is back" in host.wait_for("back")
    host.wait_for("hello", 2)
    host.wait_for("config", 4)
    board.send(Segment(1, 0, 5_000, 240))
    host.wait_for("segment id=1")
    code, _ = host.stop(signal.SIGINT)
    assert code == 0
    assert [config.scores for config in board.configs] == [1, 1]
    board.stop()


def test_ctrl_c_ends_while_a_board_is_away(serial_line, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--plain")
    host.wait_for("config")
    serial_line.unplug()
    host.wait_for("lost")
    code, stderr = host.stop(signal.SIGINT)
    assert (code, stderr) == (0, "")
    assert host.lines[-1].startswith("summary")
    board.stop()


def test_a_socket_that_breaks_off_is_connected_again(socket_line, listening):
    board = ScriptedBoard(socket_line)
    host = listening("listen", "--port", socket_line.port, "--plain")
    host.wait_for("config")
    socket_line.unplug()
    host.wait_for("lost")
    host.wait_for("hello", 2)
    code, _ = host.stop(signal.SIGINT)
    assert code == 0
    board.stop()


def test_with_wait_a_device_may_come_later(tmp_path, listening):
    link = tmp_path / "ttyLATER"
    host = listening("listen", "--port", str(link), "--plain", "--wait")
    assert "waiting for" in host.wait_for("waiting")
    line = SerialLine(link)
    board = ScriptedBoard(line)
    host.wait_for("hello")
    code, _ = host.stop(signal.SIGINT)
    assert code == 0
    board.stop()
    line.unplug()


def test_another_protocol_version_is_said_and_ends(serial_line, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--plain")
    host.wait_for("config")
    serial_line.write(encode_body(b"\x01\x07newer fields"))
    code, stderr = host.finish()
    assert code == 2
    assert "the board speaks protocol 7, this host protocol 3. Update earshot on this computer." in stderr
    board.stop()


def test_json_is_one_object_a_line(serial_line, listening):
    board = ScriptedBoard(serial_line)
    host = listening("listen", "--port", serial_line.port, "--json")
    host.wait_for('{"type": "config"', 2)
    board.send(Segment(1, 0, 15_625, 128), ledger(31_250))
    serial_line.write(b"\0\1\2\3\0")
    host.wait_for('{"type": "damaged"')
    host.wait_for('{"type": "ledger"')
    code, _ = host.stop(signal.SIGINT)
    assert code == 0
    entries = [json.loads(line) for line in host.lines]
    assert {"type": "segment", "id": 1, "start": 0, "start_s": 0.0, "end": 15_625, "end_s": 1.0} | {
        "peak_q8": 128,
        "peak": 0.5,
    } in entries
    last_ledger = next(entry for entry in entries if entry.get("type") == "ledger")
    assert last_ledger["rows"]["hear"] == {"samples": 23_438, "cycles": 2_000_000, "entries": 3}
    summary = entries[-1]
    assert summary["type"] == "summary"
    assert summary["heard_s"] > 0
    assert summary["segments"] == sum(entry.get("type") == "segment" for entry in entries)
    assert summary["text"].startswith("heard ")
    assert board.configs[0].scores == 1
    board.stop()


@pytest.mark.parametrize("kind", ["serial", "socket"])
def test_the_native_image_on_a_line_loses_no_segment(serial_line, socket_line, kind, listening):
    line = serial_line if kind == "serial" else socket_line
    board = NativeOnLine(line, loud_and_quiet(12, 16_000))
    host = listening("listen", "--port", line.port, "--json")
    host.wait_for('{"type": "config"')
    host.wait_for('{"type": "segment"', 4)
    host.wait_for('{"type": "ledger"', 3)
    code, _ = host.stop(signal.SIGINT)
    board.stop()
    assert code == 0
    entries = [json.loads(line) for line in host.lines]
    ids = [entry["id"] for entry in entries if entry.get("type") == "segment"]
    assert sorted(ids) == list(range(1, len(ids) + 1))  # those from before the host came are sent again
    samples = [entry["sample"] for entry in entries if entry.get("type") == "score"]
    assert samples == list(range(samples[0], samples[0] + CHUNK * len(samples), CHUNK))
    assert not [entry for entry in entries if entry.get("type") == "damaged"]


def test_a_real_serial_line_through_socat(tmp_path, listening):
    if shutil.which("socat") is None:
        pytest.skip("socat is not installed")
    board_end, host_end = tmp_path / "board", tmp_path / "host"
    socat = subprocess.Popen(["socat", f"pty,raw,echo=0,link={board_end}", f"pty,raw,echo=0,link={host_end}"])
    try:
        while not (board_end.exists() and host_end.exists()):
            time.sleep(0.01)
        host = listening("listen", "--port", str(host_end), "--plain")
        with board_end.open("r+b", buffering=0) as board:
            assert board.read(4) == b"\0" + encode(question())[1:4]  # it asks: now it listens
            board.write(encode(state(1024)) + encode(Segment(1, 0, 16_000, 128)))
            host.wait_for("segment id=1")
    finally:
        socat.terminate()
        socat.wait(10)
    host.wait_for("lost")
    code, _ = host.stop(signal.SIGINT)
    assert code == 0


def test_a_virtual_board_hears_a_recording_to_its_end(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, loud_and_quiet(9, 8_000), 8_000)
    result = run_host("listen", "--port", "sim:native", "--wav", str(path), "--fast", "--plain")
    assert result.returncode == 0
    assert result.stderr == f"{path}: mono 8 kHz 16 bit: resampled to 16 kHz\n"
    lines = result.stdout.splitlines()
    assert lines[0].startswith("hello version=3 board=native")
    assert any(line.startswith("segment id=1 ") for line in lines)
    assert lines[-1].startswith("summary heard 11.3 s")


def test_a_virtual_board_has_its_domain_before_it_hears_the_recording(tmp_path):
    path, domain = tmp_path / "talk.wav", tmp_path / "hotel.domain"
    soundfile.write(path, loud_and_quiet(4, 16_000), 16_000)
    domain.write_bytes(small_domain("hotel"))
    arguments = ["--port", "sim:native", "--wav", str(path), "--fast", "--plain", "--domain", str(domain)]
    result = run_host("listen", *arguments)
    assert result.returncode == 0, result.stderr
    kinds = [line.split()[0] for line in result.stdout.splitlines()]
    assert kinds.index("domain") < kinds.index("segment")
    assert 'domain text="hotel is in force now"' in result.stdout
    assert "--journal and --no-journal" in run_host("listen", *arguments, "--journal", "x", "--no-journal").stderr


def test_a_virtual_board_plays_in_real_time(tmp_path):
    path = tmp_path / "short.wav"
    soundfile.write(path, loud_and_quiet(0.5, 16_000), 16_000)
    started_at = time.monotonic()
    result = run_host("listen", "--port", "sim:native", "--wav", str(path), "--plain")
    assert result.returncode == 0
    assert time.monotonic() - started_at > 2.0  # half a second, then silence to the end of the second ledger period


def test_the_microphone_is_missed_in_one_sentence():
    try:
        import sounddevice

        if any(device["max_input_channels"] > 0 for device in sounddevice.query_devices()):
            pytest.skip("this computer has a microphone")
    except OSError:
        pass
    result = run_host("listen", "--port", "sim:native", "--mic")
    assert result.returncode == 2
    assert "--wav FILE" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_port_in_use_is_refused(serial_line, listening):
    board = ScriptedBoard(serial_line)
    first = listening("listen", "--port", serial_line.port, "--plain")
    first.wait_for("config")
    second = run_host("listen", "--port", serial_line.port, "--plain")
    assert second.returncode == 2
    assert "is in use by python" in second.stderr
    first.stop(signal.SIGINT)
    board.stop()


def _closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"socket://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "/dev/ttyNOWHERE"], "there is no port /dev/ttyNOWHERE. "),
        (["--port", ""], "which port? Say --port."),
        ([], "which port? Say --port."),
        (["--port", "socket://localhost"], "Write socket://HOST:PORT"),
        (["--port", "socket://localhost:99999"], "Write socket://HOST:PORT"),
        (["--port", "socket://no.such.host.invalid:1234"], "does not answer"),
        (["--port", "gopher://localhost:70"], "is no port"),
        (["--port", "sim:native"], "add --wav FILE, or --mic"),
        (["--port", "sim:toaster", "--mic"], "there is no board 'toaster'. Virtual boards: "),
        (["--port", "sim:native", "--wav", "/nowhere/a.wav"], "/nowhere/a.wav: there is no such file"),
        (["--port", "sim:native", "--mic", "--fast"], "--fast goes with --wav"),
        (["--port", "sim:native", "--mic", "--wav", "a.wav"], "add --wav FILE, or --mic"),
        (["--port", "/dev/ttyS0", "--mic"], "Use sim:BOARD"),
        (["--port", "/dev/null"], "/dev/null is not a serial port"),
        (["--port", "/etc/hostname"], "is not a serial port"),
        (["--port", "/tmp"], "is not a serial port"),
        (["--port", "/dev/ttyNOWHERE", "--plain", "--json"], "choose one"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(monkeypatch, capsys, arguments, said):
    monkeypatch.setattr(sys, "argv", ["host", "listen", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert said in err
    assert len(err.splitlines()) == 1
    assert out == ""


def test_a_missing_port_lists_the_ports_there_are(monkeypatch):
    from serial.tools import list_ports
    from serial.tools.list_ports_common import ListPortInfo

    from host.endpoint import EndpointMissing, SerialEndpoint

    there = ListPortInfo("/dev/ttyUSB7", skip_link_detection=True)
    there.vid, there.pid = 0x1A86, 0x7523
    monkeypatch.setattr(list_ports, "comports", lambda: [there])
    with pytest.raises(EndpointMissing, match=r"There is /dev/ttyUSB7 \(SparkFun RedBoard Artemis \(WCH CH340\)\)\."):
        SerialEndpoint("/dev/ttyNOWHERE").open()


def test_nobody_listening_on_a_socket_is_said():
    result = run_host("listen", "--port", _closed_port())
    assert result.returncode == 2
    assert "does not answer: Connection refused. Start what listens there, or add --wait." in result.stderr


def test_output_into_a_closed_pipe_is_no_traceback(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, loud_and_quiet(30, 16_000), 16_000)
    command = f"{shlex.join(HOST)} listen --port sim:native --wav {path} --fast --json | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
    assert json.loads(result.stdout)["type"] == "hello"


def test_the_artemis_image_is_listened_to(tmp_path):
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    path = tmp_path / "talk.wav"
    soundfile.write(path, loud_and_quiet(6, 16_000), 16_000)
    result = run_host("listen", "--port", "sim:artemis", "--wav", str(path), "--fast", "--json")
    assert result.returncode == 0, result.stderr
    assert "mono 16 kHz 16 bit: resampled to 15.625 kHz" in result.stderr
    entries = [json.loads(line) for line in result.stdout.splitlines()]
    assert entries[0]["board"] == "artemis"
    assert any(entry.get("type") == "segment" for entry in entries)
    ledgers = [entry for entry in entries if entry.get("type") == "ledger"]
    assert ledgers[-1]["sample"] % 16_384 == 0
    assert ledgers[-1]["rows"]["hear"]["cycles"] > 0
