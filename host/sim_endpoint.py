"""sim:BOARD as an endpoint: a virtual board that hears a recording or the microphone, in step with its audio clock."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from host.endpoint import EndpointEnded, EndpointLost
from host.errors import HostError
from host.lockstep import CHUNK_SAMPLES, lockstep_blocks
from host.microphone import Microphone
from host.recording import Pcm, Recording
from host.run_record import PowerStates
from host.sim import VirtualBoard
from host.sim_boards import boot_sim_board, sim_rate, simulation_errors


class AudioSource(Protocol):
    """Where a virtual board's samples come from."""

    def read(self, timeout_s: float) -> Pcm:
        """The samples due within `timeout_s`, int16 [n]; empty where none are. EndpointEnded after the last."""

    def close(self) -> None:
        """Lets go of file or device."""


class PlayedRecording:
    """A recording, chunk by chunk, as fast as it sounds, or with `fast` as fast as it is taken."""

    def __init__(self, recording: Recording, fast: bool) -> None:
        self._recording = recording
        self._chunks: Iterator[Pcm] = lockstep_blocks(recording, CHUNK_SAMPLES)
        self._fast = fast
        self._started_at: float | None = None
        self._played_samples = 0

    def read(self, timeout_s: float) -> Pcm:
        """See AudioSource."""
        if not self._fast:
            now = time.monotonic()
            if self._started_at is None:
                self._started_at = now
            due = self._started_at + (self._played_samples + CHUNK_SAMPLES) / self._recording.rate
            time.sleep(max(0.0, min(timeout_s, due - now)))
            if time.monotonic() < due:
                return np.zeros(0, np.int16)
        chunk = next(self._chunks, None)
        if chunk is None:
            raise EndpointEnded("the recording has been played to its end")
        self._played_samples += len(chunk)
        return chunk

    def close(self) -> None:
        """See AudioSource."""
        self._recording.close()


class SimEndpoint:
    """A virtual board and what it hears. Bytes sent to it are taken up at its next chunk.

    Where it waits, it hears silence as fast as it goes, until `play`.
    """

    def __init__(
        self,
        board: str,
        wav: Path | None = None,
        *,
        fast: bool = False,
        mic: bool = False,
        mic_device: str | None = None,
        waits: bool = False,
    ) -> None:
        """Nothing is opened yet; HostError unless exactly one of `wav` and `mic` is given."""
        if (wav is None) == (not mic):
            raise HostError("a virtual board needs something to hear: add --wav FILE, or --mic.")
        if fast and mic:
            raise HostError("--fast goes with --wav; the microphone cannot be hurried.")
        self.name = f"sim:{board}"
        self._board_name = board
        self._wav = wav
        self._fast = fast
        self._mic_device = mic_device
        self._waits = waits
        self._board: VirtualBoard | None = None
        self._source: AudioSource | None = None
        self.recording: Recording | None = None
        """What is played, once open."""
        self.microphone_losses = 0
        """Times that the microphone's audio came faster than the board took it."""

    def open(self) -> None:
        """Boots the board and opens what it hears."""
        self.close()
        rate = sim_rate(self._board_name)
        if self._wav is not None:
            self.recording = Recording(self._wav, rate)
            self._source = PlayedRecording(self.recording, self._fast)
        else:
            self._source = Microphone(rate, CHUNK_SAMPLES, self._mic_device)
        self._board = boot_sim_board(self._board_name)

    def play(self) -> None:
        """Starts the recording, or the microphone."""
        self._waits = False

    def read(self, timeout_s: float) -> bytes:
        """See Endpoint."""
        if self._board is None or self._source is None:
            raise EndpointLost(f"{self.name} is not open")
        pcm = np.zeros(CHUNK_SAMPLES, np.int16) if self._waits else self._source.read(timeout_s)
        if isinstance(self._source, Microphone):
            self.microphone_losses = self._source.overflows
        with simulation_errors():
            return self._board.hear(pcm) if len(pcm) else b""

    def write(self, data: bytes) -> None:
        """See Endpoint."""
        if self._board is None:
            raise EndpointLost(f"{self.name} is not open")
        self._board.send(data)

    def residency(self) -> PowerStates | None:
        """How long the board was in each power state; None where it does not know, or is closed."""
        states: PowerStates | None = getattr(self._board, "residency", lambda: None)()
        return states

    def close(self) -> None:
        """See Endpoint."""
        if self._source is not None:
            self._source.close()
            self._source = None
        if self._board is not None:
            self._board.close()
            self._board = None
