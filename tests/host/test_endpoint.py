"""Endpoints: whatever `--port` says is opened or refused in a sentence; the microphone through PortAudio."""

import json
import signal
from pathlib import Path

import pytest
from board_on_a_line import loud_and_quiet
from hypothesis import given, settings
from hypothesis import strategies as st

from host.endpoint import EndpointLost, SerialEndpoint, SocketEndpoint, endpoint_for
from host.errors import HostError

_ALSA = Path("/usr/share/alsa/alsa.conf")


@settings(max_examples=300, deadline=None)
@given(
    start=st.sampled_from(["", "/dev/", "hwgrep://", "spy://", "alt://", "loop://", "COM", "socket:", "x://"]),
    text=st.text(max_size=20),
)
def test_any_port_is_opened_or_refused_in_a_sentence(start, text):
    try:
        endpoint = endpoint_for(start + text)
        endpoint.open()
    except HostError as error:
        assert str(error)
        assert "\n" not in str(error)
    else:
        endpoint.close()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_address_is_taken_or_refused_in_a_sentence(text):
    try:
        SocketEndpoint("socket://" + text)
    except HostError as error:
        assert "socket://HOST:PORT" in str(error)


def test_an_endpoint_that_is_not_open_is_lost():
    for endpoint in (SerialEndpoint("/dev/ttyX"), SocketEndpoint("socket://localhost:1")):
        with pytest.raises(EndpointLost):
            endpoint.read(0.01)
        with pytest.raises(EndpointLost):
            endpoint.write(b"x")
        endpoint.close()


def test_a_microphone_is_heard_through_portaudio(tmp_path, monkeypatch, listening):
    """ALSA plays a file as if it came from a microphone, faster than real time."""
    if not _ALSA.exists():
        pytest.skip("ALSA is not installed")
    sound = tmp_path / "microphone.raw"
    sound.write_bytes(loud_and_quiet(60, 16_000).tobytes())
    (tmp_path / "asound.conf").write_text(
        f"<{_ALSA}>\n"
        f'pcm.mic {{ type file slave.pcm "null" file "/dev/null" infile "{sound}" format "raw"\n'
        '  hint { show on description "a file" } }\n'
        "pcm.!default { type plug slave.pcm mic }\n"
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    host = listening("listen", "--port", "sim:native", "--mic", "--json")
    try:
        host.wait_for('{"type": "segment"', 2)
    except AssertionError:
        if host.process.poll() == 2:
            pytest.skip("PortAudio does not see the ALSA device")
        raise
    code, _ = host.stop(signal.SIGINT)
    assert code == 0
    scores = [json.loads(line) for line in host.lines if line.startswith('{"type": "score"')]
    assert len({score["probability_q8"] for score in scores}) > 2
