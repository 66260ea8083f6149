"""Recordings: what is read, what is converted and said, what is refused by name and reason."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.errors import HostError
from host.recording import Recording

RATE = 16_000


def tone(seconds: float, rate: int, hz: float = 440.0, level: float = 0.5) -> np.ndarray:
    """A sine, float32."""
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def read_all(path: Path, rate: int = RATE) -> np.ndarray:
    """All blocks, joined."""
    with Recording(path, rate) as recording:
        return np.concatenate(list(recording.blocks()))


def refusal(path: Path, rate: int = RATE) -> str:
    """The sentence that refuses the file; it names it."""
    with pytest.raises(HostError) as caught, Recording(path, rate) as recording:
        for _ in recording.blocks():
            pass
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


def test_16_bit_mono_at_the_boards_rate_passes_bit_for_bit(tmp_path):
    pcm = np.random.default_rng(7).integers(-32768, 32768, 300_001).astype(np.int16)
    path = tmp_path / "exact.wav"
    soundfile.write(path, pcm, RATE)
    assert np.array_equal(read_all(path), pcm)
    with Recording(path, RATE) as recording:
        assert recording.conversion() is None


@pytest.mark.parametrize(
    ("name", "format", "subtype", "rate", "channels", "said"),
    [
        ("a.wav", "WAV", "PCM_24", 44_100, 2, "stereo 44.1 kHz 24 bit: mixed to mono, resampled to 16 kHz, rounded"),
        ("a.wav", "WAV", "PCM_U8", 8_000, 1, "mono 8 kHz 8 bit: resampled to 16 kHz"),
        ("a.wav", "WAV", "PCM_32", 16_000, 1, "mono 16 kHz 32 bit: rounded to 16 bit"),
        ("a.wav", "WAV", "FLOAT", 48_000, 6, "6 channels 48 kHz 32 bit float: mixed to mono, resampled to 16 kHz"),
        ("a.wav", "WAV", "DOUBLE", 22_050, 1, "mono 22.05 kHz 64 bit float: resampled"),
        ("a.wav", "WAV", "ULAW", 8_000, 1, "mono 8 kHz mu-law: resampled"),
        ("a.wav", "WAVEX", "PCM_24", 96_000, 2, "stereo 96 kHz 24 bit"),
        ("a.flac", "FLAC", "PCM_16", 44_100, 2, "stereo 44.1 kHz 16 bit: mixed to mono, resampled to 16 kHz"),
        ("a.flac", "FLAC", "PCM_24", 16_000, 1, "mono 16 kHz 24 bit: rounded to 16 bit"),
        ("a.ogg", "OGG", "VORBIS", 44_100, 2, "stereo 44.1 kHz Vorbis: mixed to mono"),
        ("a.opus", "OGG", "OPUS", 48_000, 1, "mono 48 kHz Opus: resampled to 16 kHz"),
        ("a.aiff", "AIFF", "PCM_16", 11_025, 1, "mono 11.025 kHz 16 bit: resampled"),
        ("a.w64", "W64", "PCM_16", 8_000, 1, "mono 8 kHz 16 bit: resampled"),
    ],
)
def test_any_format_becomes_mono_int16_at_the_boards_rate(tmp_path, *, name, format, subtype, rate, channels, said):
    path = tmp_path / name
    audio = np.tile(tone(1.5, rate)[:, None], (1, channels))
    soundfile.write(path, audio, rate, format=format, subtype=subtype)
    with Recording(path, RATE) as recording:
        assert said in (recording.conversion() or "")
        pcm = np.concatenate(list(recording.blocks()))
    assert pcm.dtype == np.int16
    assert abs(len(pcm) - 1.5 * RATE) <= 2
    middle = pcm[RATE // 2 : RATE].astype(float)
    assert 20 * np.log10(np.sqrt(np.mean(middle**2)) / 32768) == pytest.approx(-9.03, abs=0.4)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE / len(middle) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("source_rate", [8_000, 44_100, 48_000])
def test_the_audio_does_not_depend_on_the_blocks_it_is_read_in(tmp_path, monkeypatch, source_rate):
    path = tmp_path / "long.wav"
    noise = np.random.default_rng(3).uniform(-0.3, 0.3, (3 * source_rate, 2))
    soundfile.write(path, noise, source_rate, subtype="PCM_24")
    at_once = read_all(path, 15_625)
    for values in (1 << 20, 5_000, 331):
        monkeypatch.setattr("host.recording._BLOCK_VALUES", values)
        assert np.array_equal(read_all(path, 15_625), at_once)


def test_louder_than_full_scale_is_limited_and_said_not_wrapped(tmp_path):
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.array([0.5, 1.0, 1.7, -1.0, -3.0, 1e30, -1e30] * 100, np.float32), RATE, subtype="FLOAT")
    with Recording(path, RATE) as recording:
        pcm = np.concatenate(list(recording.blocks()))
        assert list(pcm[:7]) == [16384, 32767, 32767, -32768, -32768, 32767, -32768]
        assert recording.limited() == "400 samples louder than full scale, limited to it"


def test_loud_float_survives_mixing_and_resampling(tmp_path):
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.full((48_000, 2), 3e38, np.float32), 48_000, subtype="FLOAT")
    pcm = read_all(path)
    assert pcm.max() == 32767
    assert np.median(pcm) == 32767


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(tmp_path, bad):
    path = tmp_path / "nan.wav"
    audio = tone(0.1, RATE)
    audio[777] = bad
    soundfile.write(path, audio, RATE, subtype="FLOAT")
    assert "not numbers" in refusal(path)


@pytest.mark.parametrize(
    ("name", "format", "subtype"),
    [
        ("a.wav", "WAV", "PCM_16"),
        ("a.wav", "WAV", "PCM_24"),
        ("a.wav", "RF64", "PCM_16"),
        ("a.w64", "W64", "PCM_16"),
        ("a.aiff", "AIFF", "PCM_16"),
        ("a.au", "AU", "PCM_16"),
        ("a.flac", "FLAC", "PCM_16"),
        ("a.opus", "OGG", "OPUS"),
        ("a.mp3", "MP3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_truncated_file_is_refused(tmp_path, name, format, subtype, kept):
    path = tmp_path / name
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 5 * RATE)
    soundfile.write(path, noise, RATE, format=format, subtype=subtype)
    read_all(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    assert "truncated" in refusal(path)


def test_a_truncated_vorbis_file_is_refused(tmp_path):
    path = tmp_path / "a.ogg"
    soundfile.write(path, np.random.default_rng(1).uniform(-0.5, 0.5, 20 * RATE), RATE, subtype="VORBIS")
    whole = path.read_bytes()
    for kept in (0.2, 0.5, 0.8, 0.99):
        path.write_bytes(whole[: int(len(whole) * kept)])
        assert "truncated" in refusal(path) or "malformed" in refusal(path)


def test_an_ogg_file_that_breaks_off_between_two_pages_is_doubted(tmp_path):
    path = tmp_path / "a.ogg"
    soundfile.write(path, np.random.default_rng(1).uniform(-0.5, 0.5, 20 * RATE), RATE, subtype="VORBIS")
    with Recording(path, RATE) as recording:
        assert recording.doubt() is None
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.find(b"OggS", len(whole) // 2)])
    with Recording(path, RATE) as recording:
        assert recording.doubt() == "nothing marks its end; it may be cut off there"


def test_a_truncated_wav_says_what_there_is_and_what_there_should_be(tmp_path):
    path = tmp_path / "cut.wav"
    soundfile.write(path, tone(4.0, RATE), RATE)
    path.write_bytes(path.read_bytes()[: 44 + 2 * RATE])
    assert "it holds 1.000 s of audio, its header says 4.000 s" in refusal(path)


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 0x7FFF_F000, 0x8000_0000])
def test_a_wav_from_a_pipe_without_a_length_is_read_to_its_end(tmp_path, length):
    path = tmp_path / "pipe.wav"
    soundfile.write(path, tone(1.0, RATE), RATE)
    data = bytearray(path.read_bytes())
    at = data.find(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", length)
    path.write_bytes(data)
    assert len(read_all(path)) == RATE


def test_damage_in_the_middle_of_a_flac_is_refused(tmp_path):
    path = tmp_path / "hurt.flac"
    soundfile.write(path, np.random.default_rng(1).uniform(-0.5, 0.5, 20 * RATE), RATE)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40_000] = bytes(40_000)
    path.write_bytes(data)
    assert "damaged" in refusal(path)


def test_what_is_no_audio_is_refused_by_name_and_reason(tmp_path):
    empty = tmp_path / "empty.wav"
    empty.touch()
    assert "is empty (0 bytes)" in refusal(empty)

    no_samples = tmp_path / "nothing.wav"
    soundfile.write(no_samples, np.zeros(0, np.int16), RATE)
    assert "no samples" in refusal(no_samples)

    text = tmp_path / "notes.wav"
    text.write_text("Dear diary, today the board heard nothing.\n" * 50)
    assert "is not audio" in refusal(text)

    raw = tmp_path / "samples.raw"
    raw.write_bytes(b"\0\1" * 4000)
    assert "no header" in refusal(raw)

    assert "no such file" in refusal(tmp_path / "missing.wav")
    assert "is a folder" in refusal(tmp_path)

    fifo = tmp_path / "fifo.wav"
    os.mkfifo(fifo)
    assert "not a regular file" in refusal(fifo)

    odd_rate = tmp_path / "slow.wav"
    soundfile.write(odd_rate, np.zeros(500, np.int16), 100)
    assert "sample rate of 100 Hz" in refusal(odd_rate)


def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    path = tmp_path / "secret.wav"
    soundfile.write(path, tone(0.1, RATE), RATE)
    path.chmod(0)
    assert "permissions" in refusal(path)


def _wav_bytes(subtype: str) -> bytes:
    import io

    file = io.BytesIO()
    soundfile.write(file, tone(0.2, RATE), RATE, format="WAV", subtype=subtype)
    return file.getvalue()


_SEEDS = [_wav_bytes(subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT", "ULAW")]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_wav_header_is_read_or_refused_never_a_traceback(tmp_path, data):
    wav = bytearray(data.draw(st.sampled_from(_SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, 79))
        value = data.draw(st.binary(min_size=1, max_size=4))
        wav[at : at + len(value)] = value
    path = tmp_path / "mutated.wav"
    path.write_bytes(wav)
    try:
        with Recording(path, RATE) as recording:
            for block in recording.blocks():
                assert block.dtype == np.int16
    except HostError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    junk=st.binary(min_size=1, max_size=400),
    start=st.sampled_from([b"", b"RIFF", b"OggS\0\2", b"fLaC\0", b"FORM", b"ID3"]),
)
def test_junk_is_refused_never_a_traceback(tmp_path, junk, start):
    path = tmp_path / "junk.ogg"
    path.write_bytes(start + junk)
    try:
        read_all(path)
    except HostError as error:
        assert str(path) in str(error)


def test_every_real_recording_is_accepted():
    data = os.environ.get("EARSHOT_DATA")
    if not data:
        pytest.skip("EARSHOT_DATA does not name a folder of recordings")
    paths = sorted(path for path in Path(data).rglob("*") if path.suffix in (".ogg", ".opus", ".flac", ".wav"))
    assert paths
    for path in paths[:: max(1, len(paths) // 150)]:
        with Recording(path, 15_625) as recording:
            samples = sum(len(block) for block in recording.blocks())
            assert samples == pytest.approx(recording.duration_s * 15_625, abs=2)
