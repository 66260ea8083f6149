"""Transcripts as subtitles: SubRip (.srt)."""

from collections.abc import Iterable

from host.transcript import Transcript


def srt(transcripts: Iterable[Transcript]) -> str:
    """A SubRip file: for each a number from 1, its time in milliseconds and its text, then an empty line."""
    return "".join(
        f"{number}\n{_srt_time(one.start_s)} --> {_srt_time(one.end_s)}\n{one.text}\n\n"
        for number, one in enumerate(transcripts, 1)
    )


def _srt_time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02},{milliseconds % 1000:03}"
