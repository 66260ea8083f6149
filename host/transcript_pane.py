"""The live view's transcripts: finals with time, confidence and slots, and the partial that grows in the last line."""

from rich.console import Console
from rich.text import Text

from host.errors import printable
from host.status import BoardStatus
from host.transcript import Transcript, clock

_EIGHTHS_RIGHT = " ▏▎▍▌▋▊▉"
_BAR_CELLS = 4
_NARROW = 56  # columns below which the bar goes, and the colour alone says it
_SURE, _LIKELY = 0.8, 0.5


def transcript_pane(status: BoardStatus, console: Console, width: int, rows: int) -> list[Text]:
    """`rows` lines of `width` cells at most: a title, the newest transcripts, oldest first, and the partial."""
    if rows <= 0:
        return []
    lines: list[Text] = []
    room = rows - 1
    if status.partial is not None:
        growing = _placed(
            console, clock(status.partial.start / status.rate), None, _growing(status.partial.text), width
        )
        lines = growing[-max(1, room // 2) :]
    for said in reversed(status.transcripts):
        if len(lines) >= room:
            break
        lines = (_said(console, said, width) + lines)[-room:] if room else []
    if not lines and room:
        lines = [Text("  nothing said yet", style="dim")]
    return [_title(status, width), *lines, *[Text()] * (room - len(lines))][:rows]


def said_lines(said: Transcript, width: int, console: Console) -> list[Text]:
    """One transcript as the pane shows it, on as many lines of `width` cells as it needs."""
    return _said(console, said, width)


def confidence_style(confidence: float) -> str:
    """The colour of a confidence, 0..1."""
    return "green" if confidence >= _SURE else "yellow" if confidence >= _LIKELY else "red"


def horizontal_bar(value: float, width: int) -> str:
    """`value` (0..1) as a bar in eighths of a cell, `width` cells wide."""
    eighths = round(max(0.0, min(1.0, value)) * width * 8)
    whole, part = divmod(eighths, 8)
    bar = "█" * whole + (_EIGHTHS_RIGHT[part] if part else "")
    return bar.ljust(width)


def _title(status: BoardStatus, width: int) -> Text:
    title = Text("transcripts", style="bold")
    notes = [(f"{status.transcript_count}", "dim")] if status.transcript_count else []
    if status.transcripts_lost:
        notes.append((f"{status.transcripts_lost} lost on the board", "bold red"))
    if status.trouble:
        notes.append(("not kept", "bold red"))
    for text, style in notes:
        title.append("  ·  ", "dim").append(text, style)
    title.truncate(width, overflow="ellipsis")
    return title


def _said(console: Console, said: Transcript, width: int) -> list[Text]:
    if not said.text:
        body = Text("not understood", style="dim italic")
    else:
        low = said.confidence < _LIKELY
        body = Text(printable(said.text), style="red" if width < _NARROW and low else "not bold" if low else "bold")
        for name, value in said.slots:
            body.append("  ", "not bold")
            # No break inside: a chip stays whole on its line.
            chip = f"{printable(name)}={printable(value)}".replace(" ", "\N{NO-BREAK SPACE}")
            body.append(chip, "not bold cyan")
    return _placed(console, clock(said.start_s), said.confidence, body, width)


def _growing(text: str) -> Text:
    return Text(f"{printable(text)} …" if text else "…", style="dim italic")


def _placed(console: Console, time: str, confidence: float | None, body: Text, width: int) -> list[Text]:
    """`body` beside its time and confidence, wrapped under itself."""
    lead = Text.assemble((time, "dim"), "  ")
    if width >= _NARROW:
        bar = horizontal_bar(confidence, _BAR_CELLS) if confidence is not None else " " * _BAR_CELLS
        style = f"{confidence_style(confidence)} on grey15" if confidence is not None else ""
        lead.append(bar, style).append("  ")
    lines = []
    for number, part in enumerate(body.wrap(console, max(8, width - lead.cell_len))):
        part.rstrip()
        lines.append(Text.assemble(lead if number == 0 else " " * lead.cell_len, part))
    return lines
