"""Recordings from files: WAV, FLAC, Ogg or whatever libsndfile reads, as mono int16 at a board's rate, block by block.

A day of audio streams through in constant memory. What a file needs (mixing, resampling, rounding) is said in one
line, what cannot be trusted (truncated, damaged, empty, not audio) is refused by name and reason.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from host.errors import HostError

Pcm = npt.NDArray[np.int16]

LOWEST_RATE_HZ = 4_000
HIGHEST_RATE_HZ = 768_000
_BLOCK_VALUES = 1 << 17  # values read at a time, all channels together
_LOUDEST = 256.0  # 48 dB over full scale: beyond it the resampler's own sums overflow

# Writers that stream to a pipe do not know the length and put a huge one: nothing is missing then.
_UNKNOWN_LENGTH_BYTES = 0x7FFF_F000

# How libsndfile says in its parser log that the audio ends before its header says.
_CUT_SHORT = (
    re.compile(r"^\s*(?:data|SSND|Data Size)\s*: (?P<header>\d+) \(should be (?P<there>\d+)\)", re.M),  # WAV, AIFF, AU
    re.compile(r"^riff : (?P<header>\d+) \(should be (?P<there>\d+)\)", re.M),  # W64
    re.compile(r"Calculated frame count (?P<there>\d+) does not match value from 'ds64' chunk of (?P<header>\d+)"),
)

_OGG_ENDS = 0x04  # the flag of a stream's last page

_DEPTHS = {
    "PCM_S8": "8 bit",
    "PCM_U8": "8 bit",
    "PCM_16": "16 bit",
    "PCM_24": "24 bit",
    "PCM_32": "32 bit",
    "FLOAT": "32 bit float",
    "DOUBLE": "64 bit float",
    "ULAW": "mu-law",
    "ALAW": "A-law",
    "VORBIS": "Vorbis",
    "OPUS": "Opus",
    "MPEG_LAYER_III": "MP3",
}
_ROUNDED = {"PCM_24", "PCM_32", "FLOAT", "DOUBLE"}


class RecordingError(HostError):
    """This recording cannot be heard; another one may."""


class Recording:
    """An audio file, opened: mono int16 blocks at `rate` samples a second.

    Raises RecordingError from the constructor where the file is missing, empty, not audio or truncated, and from
    `blocks()` where it turns out damaged further in.
    """

    def __init__(self, path: Path, rate: int) -> None:
        """Opens `path` and checks that its audio is all there; `rate` in Hz is the board's."""
        self.path = path
        self.rate = rate
        self.limited_samples = 0
        """Samples louder than full scale that were limited so far."""
        self.read_samples = 0
        """Samples at `rate` that `blocks()` has given so far."""
        self._sound = _open(path)
        try:
            _refuse_unusable(path, self._sound)
        except RecordingError:
            self._sound.close()
            raise
        self.source_rate: int = self._sound.samplerate
        self.channels: int = self._sound.channels
        self.duration_s: float = self._sound.frames / self.source_rate
        self._ends_openly = self._sound.format == "OGG" and not _last_ogg_page(path)[5] & _OGG_ENDS

    def __enter__(self) -> "Recording":
        """The recording itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file; no blocks after that."""
        self._sound.close()

    def conversion(self) -> str | None:
        """What is done to the audio ("stereo 44.1 kHz 24 bit: mixed to mono, ..."); None where nothing is."""
        done = []
        if self.channels > 1:
            done.append("mixed to mono")
        if self.source_rate != self.rate:
            done.append(f"resampled to {_khz(self.rate)}")
        if self._sound.subtype in _ROUNDED:
            done.append("rounded to 16 bit")
        if not done:
            return None
        layout = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        depth = _DEPTHS.get(self._sound.subtype, self._sound.subtype)
        return f"{layout} {_khz(self.source_rate)} {depth}: {', '.join(done)}"

    def limited(self) -> str | None:
        """Says how many samples were louder than full scale; None where none was (so far)."""
        if not self.limited_samples:
            return None
        plural = "" if self.limited_samples == 1 else "s"
        return f"{self.limited_samples} sample{plural} louder than full scale, limited to it"

    def doubt(self) -> str | None:
        """Says so where the file breaks off between two pages: some writers end so, and so does a cut-off copy."""
        return "nothing marks its end; it may be cut off there" if self._ends_openly else None

    def blocks(self) -> Iterator[Pcm]:
        """The audio from its start, once: int16 [n], n as it comes; joined, they do not depend on how it is cut."""
        resampler = None
        if self.source_rate != self.rate:
            resampler = soxr.ResampleStream(self.source_rate, self.rate, 1, dtype="float32", quality="HQ")
        block_frames = max(1, _BLOCK_VALUES // self.channels)
        frames_left = self._sound.frames
        while frames_left > 0:
            mono = self._read_mono(min(block_frames, frames_left))
            if len(mono) == 0:
                raise _truncated(self.path, self.duration_s - frames_left / self.source_rate, self.duration_s)
            frames_left -= len(mono)
            if resampler is not None:
                mono = resampler.resample_chunk(mono, last=frames_left <= 0)
            if len(mono):
                self.read_samples += len(mono)
                yield self._to_int16(mono)

    def _read_mono(self, frames: int) -> npt.NDArray[np.float32]:
        try:
            values = self._sound.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise RecordingError(f"{self.path}: damaged: {_reason(error)}. Record or export it again.") from error
        peak = np.abs(values).max(initial=0.0)
        if not np.isfinite(peak):
            raise RecordingError(
                f"{self.path}: holds samples that are not numbers (NaN or infinite). Export it again, as 16 bit PCM."
            )
        if peak > _LOUDEST:
            np.clip(values, -_LOUDEST, _LOUDEST, out=values)
        if self.channels == 1:
            mono: npt.NDArray[np.float32] = values[:, 0]
            return mono
        return values.mean(axis=1, dtype=np.float64).astype(np.float32)

    def _to_int16(self, mono: npt.NDArray[np.float32]) -> Pcm:
        scaled = np.rint(mono * np.float32(32768.0))
        # Full scale itself is one step above int16's range; only what is louder is worth a word.
        self.limited_samples += int(np.count_nonzero(np.abs(scaled) > 32768.0))
        return np.clip(scaled, -32768.0, 32767.0).astype(np.int16)


def _khz(rate: int) -> str:
    return f"{rate / 1000:g} kHz"


def _reason(error: soundfile.LibsndfileError) -> str:
    reason = " ".join(str(error.error_string).removeprefix("Error : ").split()).rstrip(".")
    return reason or "libsndfile cannot read it"


def _truncated(path: Path, there_s: float, header_s: float) -> RecordingError:
    return RecordingError(
        f"{path}: truncated: it holds {there_s:.3f} s of audio, its header says {header_s:.3f} s. "
        "Copy or record it again."
    )


def _open(path: Path) -> soundfile.SoundFile:
    try:
        if path.is_dir():
            raise RecordingError(f"{path}: is a folder. Name an audio file in it.")
        if not path.exists():
            raise RecordingError(f"{path}: there is no such file. Check the name.")
        if not path.is_file():
            raise RecordingError(f"{path}: is not a regular file. Save the audio to a file first.")
        if path.stat().st_size == 0:
            raise RecordingError(f"{path}: is empty (0 bytes). Record or copy it again.")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise RecordingError(f"{path}: cannot be read: {reason}. Check the name and its permissions.") from error
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        raise RecordingError(
            f"{path}: is not audio that can be read: {_reason(error)}. Give a WAV, FLAC or Ogg file."
        ) from error
    except (TypeError, ValueError) as error:  # a .raw file: soundfile wants its format from the caller
        raise RecordingError(f"{path}: has no header that says its format. Give a WAV, FLAC or Ogg file.") from error


def _refuse_unusable(path: Path, sound: soundfile.SoundFile) -> None:
    rate = sound.samplerate
    if sound.frames <= 0:
        raise RecordingError(f"{path}: is empty: its header is there, but no samples. Record or copy it again.")
    if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        raise RecordingError(
            f"{path}: has a sample rate of {rate} Hz; {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz carry speech. "
            "Export it at 16000 Hz."
        )
    log = sound.extra_info
    for pattern in _CUT_SHORT:
        match = pattern.search(log)
        if match is None:
            continue
        header, there = int(match["header"]), int(match["there"])
        if there < header < _UNKNOWN_LENGTH_BYTES:
            there_s = sound.frames / rate
            raise _truncated(path, there_s, there_s * header / there)
    if sound.format == "OGG" and _is_cut(_last_ogg_page(path)):
        raise RecordingError(f"{path}: truncated: its last Ogg page is cut off. Copy or record it again.")
    _refuse_missing_end(path, sound)


def _refuse_missing_end(path: Path, sound: soundfile.SoundFile) -> None:
    """Reads the last frame: FLAC and MP3 show only there that the header promised more."""
    try:
        sound.seek(sound.frames - 1)
        last = sound.read(1, dtype="float32", always_2d=True)
        sound.seek(0)
    except soundfile.LibsndfileError as error:
        raise RecordingError(
            f"{path}: truncated or damaged: the {sound.frames / sound.samplerate:.3f} s that its header says "
            f"cannot be read to the end ({_reason(error)}). Copy or record it again."
        ) from error
    if len(last) != 1:
        raise RecordingError(f"{path}: truncated: it ends before its header says. Copy or record it again.")


def _last_ogg_page(path: Path) -> bytes:
    """The file from its last Ogg page on; empty where there is none."""
    longest_page = 27 + 255 + 255 * 255
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2 * longest_page))
        tail = file.read()
    start = tail.rfind(b"OggS")
    return tail[start:] if start >= 0 else b""


def _is_cut(page: bytes) -> bool:
    """True where an Ogg page's table of segments (RFC 3533) asks for more bytes than there are."""
    if len(page) < 27:
        return True
    segments = page[26]
    table = page[27 : 27 + segments]
    return len(table) < segments or len(page) < 27 + segments + sum(table)
