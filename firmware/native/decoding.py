"""The decoder over log2-posteriors, as on every board: what evaluation and calibration use.

decoder = Decoder(Path("travel.domain").read_bytes())
decoder.decode(log2_posteriors(logits, scale)).text
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.domain.graph import DomainError
from firmware.domain.phonemes import CLASSES
from firmware.native.library import aligned, load

FAULTS = {
    1: "this is no compiled domain: it does not start with EDOM",
    2: "the domain is of another version of the format: compile it again",
    3: "the domain is damaged: its length or checksum is wrong; compile or copy it again",
    4: "the domain contradicts itself; compile it again",
}
"""Sentences for enum domain_fault."""


@dataclass(frozen=True)
class DecoderConfig:
    """struct decoder_config (decoder_calibration.h), in its units: scores in octaves in Q8."""

    beam_q8: int
    tokens: int
    scale_q5: int
    word_cost_q8: int
    filler_cost_q8: int
    offset_q8: int
    by_average_q8: int
    by_worst_q8: int
    by_doubt_q8: int
    reject_below_q8: int

    @staticmethod
    def shipped(**changes: int) -> DecoderConfig:
        """The settings of the images, with some of them changed."""
        _, library = load()
        given = library.decoder_calibration
        return replace(DecoderConfig(*(int(getattr(given, name)) for name in _FIELDS)), **changes)


_FIELDS = tuple(DecoderConfig.__dataclass_fields__)


@dataclass(frozen=True)
class WordHeard:
    """A word of a result; frames from the first to the one after the last."""

    text: str
    start: int
    end: int
    margin_q8: int
    """Octaves a phoneme by which it is likelier than any phonemes; mostly below 0."""


@dataclass(frozen=True)
class Partial:
    """What the best path had said after so many frames; all paths began with the first `stable` bytes of the text."""

    frames: int
    text: str
    stable: int
    complete: bool
    """The best path was at the end of a whole phrase."""


@dataclass(frozen=True)
class Result:
    """A phrase; the text is empty if there was none, or it was rejected."""

    text: str
    slots: tuple[tuple[str, str], ...]
    """Names and values."""
    words: tuple[WordHeard, ...]
    start: int
    end: int
    """Frames, from the first word to the end of the last."""
    confidence_q8: int
    average_q8: int
    """Margin, octaves a phoneme; this and the next stand for what was rejected, too."""
    worst_q8: int
    """Margin of the word that has the least."""
    doubt_q8: int
    """Octaves a spoken frame by which its likeliest class falls short of certain."""
    score_q8: int
    """Octaves, the domain's costs included."""
    truncated: bool
    """There was more than a result holds."""
    partials: tuple[Partial, ...]


def log2_posteriors(logits: NDArray[np.int8], scale: float) -> NDArray[np.int16]:
    """Log2-posteriors in Q8, int16 [frames, 40], of the network's logits, int8 [frames, 40], with their tensor's scale.

    Raises:
        ValueError: the logits are not int8 [frames, 40], or the scale is not above zero.
    """
    if not scale > 0:
        raise ValueError(f"a scale of {scale} is no tensor's: give one above zero")
    ffi, library = load()
    rows = checked_frames(logits, np.int8)
    out = np.empty(rows.shape, np.int16)
    # As modelc writes it into struct nn_tensor.
    from_q8_q16 = min(round(256 / scale), 0xFFFFFFFF)
    library.native_posteriors(
        from_q8_q16, ffi.from_buffer("int8_t[]", rows), len(rows), ffi.from_buffer("int16_t[]", out)
    )
    return out


class Decoder:
    """The board's decoder with a domain; one utterance after another."""

    def __init__(self, domain: bytes, config: DecoderConfig | None = None) -> None:
        """DomainError if the board would refuse the domain; ValueError if a setting is out of its field's range."""
        self._ffi, self._library = load()
        # The decoder points into both.
        self._domain_owner, self._domain = aligned(self._ffi, max(1, len(domain)))
        self._ffi.memmove(self._domain, domain, len(domain))
        self._owner, self._at = aligned(self._ffi, self._library.native_decoder_bytes())
        settings = self._ffi.new("struct decoder_config *")
        for name in _FIELDS:
            value = getattr(config or DecoderConfig.shipped(), name)
            try:
                setattr(settings, name, value)
            except OverflowError:
                raise ValueError(f"{name} is {value}, which its field cannot hold") from None
        fault = self._library.native_decoder_start(self._at, self._domain, len(domain), settings)
        if fault != 0:
            raise DomainError(FAULTS[fault])
        self._result = self._ffi.new("struct decoder_result *")
        self._partial = self._ffi.new("struct decoder_partial *")

    def restart(self) -> None:
        """Forgets what has been said."""
        self._library.native_decoder_restart(self._at)

    def frames(self, log2_posteriors_q8: NDArray[np.int16]) -> None:
        """Takes int16 [frames, 40]; ValueError if they are something else."""
        rows = checked_frames(log2_posteriors_q8, np.int16)
        self._library.native_decoder_frames(self._at, self._ffi.from_buffer("int16_t[]", rows), len(rows))

    def partial(self, frames: int = 0) -> Partial:
        """What the best path says by now; frames is passed on."""
        self._library.native_decoder_partial(self._at, self._partial)
        text = self._ffi.string(self._partial.text).decode()
        return Partial(frames, text, int(self._partial.stable), self.complete())

    def complete(self) -> bool:
        """The best path is at the end of a whole phrase."""
        return bool(self._library.native_decoder_complete(self._at))

    def full(self) -> bool:
        """The phrase has grown beyond what a result or the history holds."""
        return bool(self._library.native_decoder_full(self._at))

    @property
    def tokens(self) -> int:
        """Alive after the last frame."""
        return int(self._library.native_decoder_tokens(self._at))

    @property
    def lost(self) -> int:
        """Paths between two words that found no room since the last restart."""
        return int(self._library.native_decoder_lost(self._at))

    def finish(self, partials: tuple[Partial, ...] = ()) -> Result:
        """The phrase that the frames since the last restart were."""
        result = self._result
        self._library.native_decoder_finish(self._at, result)
        words = tuple(
            WordHeard(self._text(self._library.native_decoder_word(self._at, word.word)), *_numbers(word))
            for word in result.words[0 : result.word_count]
        )
        slots = tuple((self._text(s.name), self._text(s.value)) for s in result.slots[0 : result.slot_count])
        return Result(
            text=self._text(result.text),
            slots=slots,
            words=words,
            start=result.start,
            end=result.end,
            confidence_q8=result.confidence_q8,
            average_q8=result.average_q8,
            worst_q8=result.worst_q8,
            doubt_q8=result.doubt_q8,
            score_q8=result.score_q8,
            truncated=result.truncated,
            partials=partials,
        )

    def decode(self, log2_posteriors_q8: NDArray[np.int16], partial_each: int = 0) -> Result:
        """One utterance, int16 [frames, 40], anew; with a partial after each so many frames if that is not 0."""
        rows = checked_frames(log2_posteriors_q8, np.int16)
        self.restart()
        if not partial_each:
            self.frames(rows)
            return self.finish()
        partials = []
        for start in range(0, len(rows), partial_each):
            end = min(start + partial_each, len(rows))
            self.frames(rows[start:end])
            partials.append(self.partial(end))
        return self.finish(tuple(partials))

    def _text(self, pointer: Any) -> str:
        return str(self._ffi.string(pointer).decode())


def _numbers(word: Any) -> tuple[int, int, int]:
    return word.start, word.end, word.margin_q8


def checked_frames(rows: NDArray[Any], dtype: type) -> NDArray[Any]:
    """`rows` in one piece; ValueError if they are not [frames, 40] of that dtype."""
    if rows.dtype != dtype or rows.ndim != 2 or rows.shape[1] != CLASSES:
        raise ValueError(f"frames are {rows.dtype} {list(rows.shape)}, not {np.dtype(dtype)} [frames, {CLASSES}]")
    return np.ascontiguousarray(rows)
