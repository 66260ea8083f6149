"""The live view: one screen of what the board does now, drawn from a BoardStatus for any terminal size."""

import math
import time

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from firmware.link import Damage, Frame
from host.errors import printable
from host.status import BINS_PER_S, BoardStatus
from host.transcript import clock
from host.transcript_pane import horizontal_bar, transcript_pane

_STRIP_S = 60
_WIDE = 128  # columns from which the transcripts stand beside the meter
_LOW = 15  # rows below which there is but one line for all that is no transcript
_REFRESH_S = 1 / 15
_RISE_S, _FALL_S = 0.05, 0.25  # how fast the bar follows: up at once, down so that an eye can

_EIGHTHS_UP = " ▁▂▃▄▅▆▇█"
_STATE_STYLES = {
    "SLEEP": "bold white on blue",
    "HEAR": "bold white on dark_green",
    "LISTEN": "bold white on dark_orange3",
    "FAULT": "bold white on red",
}


class LiveView:
    """Draws a status on the terminal until closed; the terminal is as it was after that."""

    def __init__(self, status: BoardStatus, console: Console) -> None:
        """Takes over the screen."""
        self._screen = Screen(status)
        self._live = Live(self._screen, console=console, screen=True, auto_refresh=False)
        self._drawn_at = 0.0
        self._live.start()

    def item(self, item: Frame | Damage) -> None:
        """See View: what it says is in the status."""

    def notice(self, kind: str, text: str) -> None:
        """See View: the connection is in the status."""

    def refresh(self) -> None:
        """Draws, at most 15 times a second."""
        now = time.monotonic()
        if now - self._drawn_at >= _REFRESH_S:
            self._screen.follow(now - self._drawn_at)
            self._drawn_at = now
            self._live.refresh()

    def close(self) -> None:
        """Gives the screen back."""
        self._live.stop()


class Screen:
    """The picture itself: a rich renderable that fills the height and width that it is given."""

    def __init__(self, status: BoardStatus) -> None:
        """Draws `status` as it is at the moment of drawing."""
        self._status = status
        self._shown = status.probability

    def follow(self, elapsed_s: float) -> None:
        """Moves the bar towards the last probability."""
        target = self._status.probability
        pace = _RISE_S if target > self._shown else _FALL_S
        self._shown += (target - self._shown) * (1 - math.exp(-elapsed_s / pace))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lines for exactly the screen's height."""
        width = options.max_width
        height = options.height or console.height
        inner, rows = max(20, width - 4), max(6, height - 2)
        draw = self._low if rows < _LOW else self._wide if width >= _WIDE else self._narrow
        lines = draw(console, inner, rows)
        body = Text("\n").join(_fitted(line, inner) for line in lines[:rows])
        yield Panel(
            body,
            title=Text.assemble(" Earshot ", ("· ", "dim"), f"{self._status.port} "),
            subtitle=Text(" Ctrl-C ends ", style="dim"),
            height=height,
            width=width,
            border_style="dim" if self._status.connection == "connected" else "yellow",
        )

    def _low(self, console: Console, width: int, rows: int) -> list[Text]:
        connection = self._identity(width)[-1:] if self._status.connection != "connected" else []
        head = [*connection, self._state(width), self._bar(width)]
        return [*head, *self._heard(console, width, rows - len(head))]

    def _narrow(self, console: Console, width: int, rows: int) -> list[Text]:
        head = [*self._identity(width), Text(), *self._meter(width), Text()]
        foot = [Text(), *self._figures(width)]
        room = rows - len(head) - len(foot)
        strip_rows = 0 if room < 9 else 2 if room < 22 else 4
        strip = [*self._strip(width, strip_rows), Text()] if strip_rows else []
        room -= len(strip)
        table = [Text(), *self._table(5)] if self._recognizes and room >= 18 else []
        return [*head, *strip, *self._heard(console, width, room - len(table)), *table, *foot]

    def _wide(self, console: Console, width: int, rows: int) -> list[Text]:
        left_width = max(68, width * 2 // 5)
        right_width = width - left_width - 3
        head = [*self._identity(left_width), Text(), *self._meter(left_width), Text()]
        foot = [Text(), *self._figures(left_width)]
        room = rows - len(head) - len(foot)
        table_rows = max(0, min(12, room - 9)) if self._recognizes else 0
        table = [Text(), *self._table(table_rows - 1)] if table_rows > 2 else []
        left = [*head, *self._strip(left_width, max(2, min(12, room - len(table) - 1)))]
        left += [Text()] * (rows - len(left) - len(table) - len(foot)) + table + foot
        right = self._heard(console, right_width, rows)
        return [
            Text.assemble(_fitted(a, left_width), (" │ ", "dim"), b) for a, b in zip(left[:rows], right, strict=True)
        ]

    @property
    def _recognizes(self) -> bool:
        """The board writes down what it hears; so until it has said otherwise."""
        hello = self._status.hello
        return hello is None or bool(hello.asr)

    def _heard(self, console: Console, width: int, rows: int) -> list[Text]:
        """What the view is for: transcripts, or segments where the board knows nothing else."""
        return transcript_pane(self._status, console, width, rows) if self._recognizes else self._table(rows)

    def _identity(self, width: int) -> list[Text]:
        status = self._status
        hello = status.hello
        if hello is None:
            who = Text("no HELLO from the board yet", style="dim")
        else:
            who = Text.assemble(
                (hello.board, "bold"),
                f"  firmware {hello.firmware}  model {hello.model} {hello.model_crc32:08x}",
                f"  {hello.rate / 1000:g} kHz  protocol {hello.version}",
            )
        writes = self._writes()
        good = status.connection == "connected"
        where = Text.assemble(
            (status.connection, "green" if good else "bold yellow"), f" · {clock(status.heard_s)} heard"
        )
        if hello is not None:
            where.append(f" · last reset: {hello.reset_cause.name.lower().replace('_', ' ')}", "dim")
        return [who, *([writes] if writes is not None else []), where]

    def _writes(self) -> Text | None:
        """What writes down, by which domain; None where nothing does."""
        status, hello = self._status, self._status.hello
        if hello is None or not hello.asr:
            return None
        line = Text(f"asr {hello.asr} {hello.asr_crc32:08x}  domain ")
        line.append(status.domain_name or "none", "bold" if status.domain_name else "bold yellow")
        if status.domain_name:
            line.append(f" {status.domain.crc32 if status.domain is not None else hello.domain_crc32:08x}")
        if status.domain is not None and status.uploading is None:
            line.append(f"  {status.domain.source.name.lower().replace('_', ' ')}")
        if status.uploading is not None:
            there, all_ = status.uploading
            line.append("  new ", "cyan")
            line.append(horizontal_bar(there / all_, 8), "cyan on grey15").append(f" {100 * there // all_} %", "cyan")
        return line

    def _meter(self, width: int) -> list[Text]:
        off, on = self._thresholds()
        return [self._state(width), self._bar(width), self._scale(width, off, on)]

    def _state(self, width: int) -> Text:
        status = self._status
        name = status.state_name
        state = Text.assemble((f" {name or '-':^7} ", _STATE_STYLES.get(name, "bold reverse")), "  ")
        state.append("● speech" if status.speaking else "○ no speech", "bold green" if status.speaking else "dim")
        number = f"probability {status.probability:.2f}"
        state.append(" " * max(1, width - state.cell_len - len(number)))
        state.append(number, "bold")
        return state

    def _bar(self, width: int) -> Text:
        off, on = self._thresholds()
        style = "green" if self._shown >= on else "yellow" if self._shown >= off else "cyan"
        return Text(horizontal_bar(self._shown, width), style=f"{style} on grey15")

    def _thresholds(self) -> tuple[float, float]:
        config = self._status.config
        return (config.off_q8 / 256, config.on_q8 / 256) if config else (1.0, 1.0)

    def _scale(self, width: int, off: float, on: float) -> Text:
        scale = [" "] * width
        scale[0], scale[-1] = "0", "1"
        if self._status.config is not None:
            for value, label in ((off, f"off {off:.2f} ▲"), (on, f"▲ on {on:.2f}")):
                at = min(width - 1, round(value * width))
                start = at - len(label) + 1 if label.endswith("▲") else at
                start = max(0, min(width - len(label), start))
                scale[start : start + len(label)] = label
        return Text("".join(scale), style="dim")

    def _strip(self, width: int, rows: int) -> list[Text]:
        columns = activity_columns(self._status, width)
        lines = []
        for row in range(rows - 1, -1, -1):
            line = Text()
            for peak, style in columns:
                eighths = round(peak * rows * 8) - row * 8
                mark = _EIGHTHS_UP[max(0, min(8, eighths))]
                if row == 0 and mark == " " and style:
                    mark = "▁" if style != "dim" else "·"
                line.append(mark, style)
            lines.append(line)
        axis = [" "] * width
        for part, label in ((0.0, f"-{_STRIP_S} s"), (0.5, f"-{_STRIP_S // 2} s")):
            at = round(part * width)
            axis[at : at + len(label)] = label
        axis[-3:] = "now"
        lines.append(Text("".join(axis), style="dim"))
        return lines

    def _table(self, rows: int) -> list[Text]:
        status = self._status
        header = Text(f"{'segment':>9}{'start s':>12}{'end s':>12}{'length':>8}{'peak':>6}", style="bold")
        lines = [header]
        for segment in status.last_segments(rows - 1):
            start, end = segment.start / status.rate, segment.end / status.rate
            lines.append(
                Text(f"{segment.id:>9}{start:>12.2f}{end:>12.2f}{end - start:>8.2f}{segment.peak_q8 / 256:>6.2f}")
            )
        if len(lines) == 1:
            lines.append(Text("     none yet", style="dim"))
        return (lines + [Text()] * rows)[: max(0, rows)]

    def _figures(self, width: int) -> list[Text]:
        status = self._status
        duty = Text("duty  ", style="bold")
        shares = status.state_shares()
        duty.append(
            "  ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items()) or "no ledger yet", "not bold"
        )
        awake = status.awake_share()
        if awake is not None:
            duty.append(f"  ·  core awake {100 * awake:.2f} %{status.awake_note}", "not bold")
        counts = Text("link  ", style="bold")
        counts.append(
            f"{byte_count(status.bytes_in)} in, {byte_count(status.bytes_out)} out  ·  ",
            "not bold",
        )
        counts.append(f"dropped {status.dropped}", "bold red" if status.dropped else "not bold")
        counts.append("  ·  ", "not bold")
        counts.append(f"damaged {status.damaged}", "bold red" if status.damaged else "not bold")
        lines = [duty, counts]
        if status.trouble:
            lines.append(Text(status.trouble, style="bold red"))
        if status.log is not None:
            style = {"warning": "yellow", "error": "bold red"}.get(status.log.level.name.lower(), "dim")
            lines.append(Text(f"log   {printable(status.log.text)}", style=style))
        return [_fitted(line, width) for line in lines]


def activity_columns(status: BoardStatus, width: int) -> list[tuple[float, str]]:
    """(highest probability, style) for each of `width` columns, the newest at the right; "" where nothing is known.

    A column covers a whole number of bins and keeps its place in time, so that the strip moves without shimmering.
    """
    per_column = max(1, math.ceil(_STRIP_S * BINS_PER_S / width))
    columns: list[tuple[float, str]] = [(0.0, "")] * width
    if not status.activity:
        return columns
    newest = status.activity[-1].number // per_column
    speech = _speech_columns(status, per_column)
    peaks: dict[int, tuple[float, bool]] = {}
    for bin_ in status.activity:
        column = bin_.number // per_column
        peak, asleep = peaks.get(column, (0.0, True))
        peaks[column] = (max(peak, bin_.peak), asleep and bin_.asleep)
    for column, (peak, asleep) in peaks.items():
        at = column - newest + width - 1
        if 0 <= at < width:
            style = "green" if column in speech else "dim" if asleep else "cyan"
            columns[at] = (peak, style)
    return columns


def byte_count(count: int) -> str:
    """A number of bytes for people."""
    if count < 10_000:
        return f"{count} B"
    if count < 10_000_000:
        return f"{count / 1000:.1f} kB"
    return f"{count / 1_000_000:.1f} MB"


def _speech_columns(status: BoardStatus, per_column: int) -> set[int]:
    oldest = status.activity[0].number // per_column
    bin_samples = status.rate / BINS_PER_S
    columns: set[int] = set()
    for segment in reversed(status.segments):
        first = int(segment.start / bin_samples) // per_column
        last = int(max(segment.start, segment.end - 1) / bin_samples) // per_column
        if last < oldest:
            break
        columns.update(range(max(first, oldest), last + 1))
    return columns


def _fitted(line: Text, width: int) -> Text:
    line = line.copy()
    line.truncate(width, overflow="ellipsis", pad=True)
    return line
