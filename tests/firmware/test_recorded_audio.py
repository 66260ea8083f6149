"""AUDIO frames of the native image: every sample, in either format, for as long as was asked for."""

import io
import struct

import numpy as np
import pytest
import soundfile

from firmware.link import Audio, AudioFormat, AudioRequest, Config, Decoder, Frame, Score, encode
from firmware.native import CHUNK, NativeBoard


def talk(chunks: int, seed: int = 1) -> np.ndarray:
    """Noise that grows and shrinks, with full-scale steps: all step sizes of ADPCM, up and down."""
    random = np.random.default_rng(seed)
    loudness = np.exp(4 + 4 * np.sin(np.arange(chunks * CHUNK) / 900))
    pcm = np.clip(random.normal(0, 1, chunks * CHUNK) * loudness, -32768, 32767).astype(np.int16)
    pcm[CHUNK : CHUNK + 64] = np.tile([-32768, 32767], 32)
    return pcm


def recorded(pcm: np.ndarray, *asked: AudioRequest) -> list[Audio]:
    board = NativeBoard(16_000)
    board.send(b"".join(encode(frame) for frame in asked))
    frames = [item for item in Decoder().feed(board.hear(pcm)) if isinstance(item, Frame)]
    return [frame for frame in frames if isinstance(frame, Audio)]


def test_pcm_is_what_was_heard():
    pcm = talk(20)
    frames = recorded(pcm, AudioRequest(AudioFormat.PCM, 1000))
    assert b"".join(frame.data for frame in frames) == pcm.astype("<i2").tobytes()
    assert [frame.sample for frame in frames] == list(range(0, 20 * CHUNK, 64))
    assert {(frame.dropped, frame.predictor, frame.step) for frame in frames} == {(0, 0, 0)}


def test_adpcm_is_what_libsndfile_reads():
    """Each frame as a block of a WAV file: an independent decoder finds the signal, and the next frame's predictor."""
    pcm = talk(40)
    frames = recorded(pcm, AudioRequest(AudioFormat.ADPCM, 1000))
    assert [frame.sample for frame in frames] == list(range(0, 40 * CHUNK, 256))
    decoded = as_wav(frames)
    # A block begins with its predictor, the last sample of the block before.
    assert decoded[256:-1:257].tolist()[:-1] == [frame.predictor for frame in frames[1:]][: len(frames) - 2]
    heard = np.delete(decoded, np.arange(0, len(decoded), 257))
    smooth = slice(4 * CHUNK, None)
    error = heard[smooth].astype(float) - pcm[smooth]
    signal_to_noise_db = 10 * np.log10(np.mean(pcm[smooth].astype(float) ** 2) / np.mean(error**2))
    assert signal_to_noise_db > 12  # of white noise, the hardest there is


def as_wav(frames: list[Audio]) -> np.ndarray:
    """int16 [257 a frame] of a WAV file in IMA ADPCM that has the frames as its blocks."""
    block = 4 + 128
    data = b"".join(struct.pack("<hBB", frame.predictor, frame.step, 0) + frame.data for frame in frames)
    fmt = struct.pack("<HHIIHHHH", 0x11, 1, 16_000, 16_000 * block // 257, block, 4, 2, 257)
    fact = struct.pack("<I", 257 * len(frames))
    body = b"".join(
        name + struct.pack("<I", len(chunk)) + chunk
        for name, chunk in ((b"fmt ", fmt), (b"fact", fact), (b"data", data))
    )
    file = io.BytesIO(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body)
    return soundfile.read(file, dtype="int16")[0]


def test_it_ends_after_the_chunks_asked_for_or_when_told():
    assert len(recorded(talk(20), AudioRequest(AudioFormat.PCM, 3))) == 3 * 8
    stop = AudioRequest(AudioFormat.NONE, 100)
    assert recorded(talk(20), AudioRequest(AudioFormat.PCM, 3), stop) == []
    assert recorded(talk(20)) == []


def test_asking_again_goes_on_without_a_gap():
    pcm = talk(20)
    board = NativeBoard(16_000)
    frames = []
    for at in range(0, 20, 2):
        board.send(encode(AudioRequest(AudioFormat.ADPCM, 5)))
        sent = board.hear(pcm[at * CHUNK : (at + 2) * CHUNK])
        frames += [item for item in Decoder().feed(sent) if isinstance(item, Audio)]
    assert [frame.sample for frame in frames] == list(range(0, 20 * CHUNK, 256))
    assert frames == recorded(pcm, AudioRequest(AudioFormat.ADPCM, 100))


@pytest.mark.parametrize("kind", [AudioFormat.PCM, AudioFormat.ADPCM])
def test_recording_changes_nothing_of_what_is_heard(kind):
    pcm = talk(40)
    assert scores(pcm, AudioRequest(kind, 100)) == scores(pcm)


def scores(pcm: np.ndarray, *asked: AudioRequest) -> list[Score]:

    board = NativeBoard(16_000)
    board.send(b"".join(encode(frame) for frame in (Config(scores=1), *asked)))
    found = [item for item in Decoder().feed(board.hear(pcm)) if isinstance(item, Score)]
    assert found
    return found
