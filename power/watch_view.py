"""What `power watch` shows: one screen for a terminal, one line for a pipe, one object for a program."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.panel import Panel
from rich.text import Text

from power.follow import Moment
from power.forecast import Forecast, Outlook

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_EIGHTHS_UP = "▁▂▃▄▅▆▇█"
_STATE_STYLES = {"sleep": "blue", "hear": "green", "listen": "dark_orange3", "send": "magenta", "play": "yellow"}
_LABEL, _NUMBER = 22, 9


class Screen:
    """The picture: a rich renderable that fills the height and width that it is given."""

    def __init__(self) -> None:
        self._now: tuple[Moment | None, Outlook | None, str] = (None, None, "")

    def show(self, moment: Moment, outlook: Outlook | None, trouble: str) -> None:
        """What to draw from now on; `trouble`: why there is no outlook, where there is none."""
        self._now = (moment, outlook, trouble)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lines for exactly the screen's height."""
        width, height = options.max_width, options.height or console.height
        inner, rows = max(20, width - 4), max(6, height - 2)
        lines = self._lines(inner, rows)
        live = self._now[0] is not None and self._now[0].kind == "live"
        yield Panel(
            Text("\n").join(_fitted(line, inner) for line in lines[:rows]),
            title=Text(" Earshot · power watch "),
            subtitle=Text(" Ctrl-C ends ", style="dim"),
            height=height,
            width=width,
            border_style="dim" if live else "yellow",
        )

    def _lines(self, width: int, rows: int) -> list[Text]:
        moment, outlook, trouble = self._now
        head = _head(moment, outlook, trouble, width)
        if outlook is None:
            return head
        head += [Text(), *_hours(outlook, width)]
        foot = [Text(), *_states(outlook, width)]
        room = rows - len(head) - len(foot)
        trend_rows = 0 if room < 8 else 2 if room < 14 else 4
        trend = [Text(), *_trend(outlook, width, trend_rows)] if trend_rows else []
        room -= len(trend) + 1
        bars = [Text(), *_bars(outlook, width, max(2, room))]
        # What room is left goes to the trend, so that its foot stays at the screen's.
        slack = rows - len(head) - len(bars) - len(trend) - len(foot)
        if trend and slack > 0:
            trend = [Text(), *_trend(outlook, width, min(12, trend_rows + slack))]
        return [*head, *bars, *trend, *foot]


def _head(moment: Moment | None, outlook: Outlook | None, trouble: str, width: int) -> list[Text]:
    lines: list[Text] = []
    run = moment.run if moment else None
    if run is not None:
        heard = f"{_clock(run.ledger.sample / run.rate)} heard of {_printable(run.recording or 'its microphone')}"
        lines.append(Text.assemble((run.board, "bold"), f"  firmware {run.firmware}  ·  {heard}"))
    if moment is not None and moment.kind != "live":
        lines += _wrapped(moment.text, width, "bold yellow")
    if trouble:
        lines += _wrapped(trouble, width, "bold red")
    if outlook is not None:
        scenario = outlook.scenario
        lines.append(Text(f"{outlook.parts.name}, {scenario.name}: {scenario.title}", style="dim"))
    return lines


def line(moment: Moment, outlook: Outlook | None, trouble: str) -> str:
    """One update as `kind key=value ...`."""
    if outlook is None or moment.run is None:
        return (
            f"{'refused' if trouble else moment.kind} reason={json.dumps(trouble or moment.text, ensure_ascii=False)}"
        )
    run = moment.run
    parts = [moment.kind, f"t={run.ledger.sample / run.rate:.1f}", f"board={run.board}"]
    for prefix, forecast in (("", outlook.whole), ("recent_", outlook.recent)):
        if forecast is not None:
            parts += [
                f"{prefix}hours={forecast.hours_typ:.1f}",
                f"{prefix}p5={forecast.p5:.1f}",
                f"{prefix}mw={forecast.mw:.4f}",
            ]
            parts += [f"{prefix}{name}={share:.4f}" for name, share in forecast.shares.items()]
    return " ".join(parts)


def document(moment: Moment, outlook: Outlook | None, trouble: str) -> dict[str, Any]:
    """One update for JSON; `power watch --help` names the fields."""
    run = moment.run
    facts: dict[str, Any] = {"type": "refused" if trouble else moment.kind, "text": trouble or moment.text}
    if run is not None:
        facts |= {"board": run.board, "firmware": run.firmware, "heard_s": run.ledger.sample / run.rate}
        facts |= {"wall": run.wall.isoformat(), "recording": run.recording}
    if outlook is not None:
        facts |= {
            "parts": outlook.parts.name,
            "scenario": outlook.scenario.name,
            "wanted_hours": outlook.scenario.hours,
            "since_start": _facts(outlook.whole),
            "recent": None if outlook.recent is None else {"seconds": outlook.recent_s, **_facts(outlook.recent)},
            "trend": [{"start_s": one.start_s, "end_s": one.end_s, "mw": one.mw} for one in outlook.trend],
        }
    return facts


def _facts(forecast: Forecast) -> dict[str, Any]:
    return {
        "hours": {"typ": forecast.hours_typ, "p5": forecast.p5},
        "mw": forecast.mw,
        "components": [{"name": name, "mw": mw} for name, mw in forecast.loads],
        "shares": forecast.shares,
    }


def _hours(outlook: Outlook, width: int) -> list[Text]:
    wanted = outlook.scenario.hours
    rows = [("since start", outlook.whole)]
    if outlook.recent is not None:
        rows.append((f"last {_clock(outlook.recent_s)}", outlook.recent))
    lines = [Text(f"{'lasts':<{_LABEL}}{'typical':>12}{'5th percentile':>17}{'wanted':>15}", style="bold")]
    for name, forecast in rows:
        enough = forecast.p5 >= wanted
        line = Text(f"{name:<{_LABEL}}")
        line.append(f"{_amount(forecast.hours_typ)} h".rjust(12), "bold")
        line.append(f"{_amount(forecast.p5)} h".rjust(17), "bold green" if enough else "bold red")
        line.append(f"{wanted:g} h {'✓' if enough else '✗'}".rjust(15), "green" if enough else "red")
        lines.append(line)
    return lines


def _bars(outlook: Outlook, width: int, rows: int) -> list[Text]:
    """mW by component; the narrow column is of the last minutes."""
    recent = dict(outlook.recent.loads) if outlook.recent is not None else None
    loads = sorted(outlook.whole.loads, key=lambda load: -load[1])
    shown = loads if len(loads) <= rows - 2 else loads[: max(1, rows - 3)]
    names = [name for name, _ in shown]
    label = max(_LABEL, *(len(name) + 2 for name in names)) if names else _LABEL
    columns = [("since start", dict(loads), outlook.whole.mw)]
    if recent is not None and outlook.recent is not None:
        columns.append((f"last {_clock(outlook.recent_s)}", recent, outlook.recent.mw))
    space = max(8, width - label - sum(max(_NUMBER, len(title)) + 2 for title, _, _ in columns) - 1)
    head = Text("mW from the cell".ljust(label + space), style="bold")
    for title, _, _ in columns:
        head.append(f"  {title:>{_NUMBER}}", "bold")
    lines = [head]
    most = max([mw for _, column, _ in columns for mw in column.values()], default=0.0)
    rest = [name for name, _ in loads if name not in names]
    for name in [*names, *(["others"] if rest else [])]:
        row = Text(name.ljust(label))
        values = [sum(column.get(n, 0.0) for n in (rest if name == "others" else [name])) for _, column, _ in columns]
        row.append(_bar(values[-1] / most if most else 0.0, space), "cyan")
        for (title, _, _), value in zip(columns, values, strict=True):
            row.append(f"  {_milliwatts(value):>{max(_NUMBER, len(title))}}")
        lines.append(row)
    total = Text("together".ljust(label + space), style="bold")
    for title, _, mw in columns:
        total.append(f"  {_milliwatts(mw):>{max(_NUMBER, len(title))}}", "bold")
    lines.append(total)
    return lines


def _states(outlook: Outlook, width: int) -> list[Text]:
    lines = []
    rows = [("since start", outlook.whole)]
    if outlook.recent is not None:
        rows.append((f"last {_clock(outlook.recent_s)}", outlook.recent))
    label = max(len(name) for name, _ in rows) + 2
    words = [
        [(state, f"{state.upper()} {100 * share:.1f} %") for state, share in forecast.shares.items()]
        for _, forecast in rows
    ]
    space = width - label - max(sum(len(word) + 2 for _, word in row) for row in words)
    for (name, forecast), row in zip(rows, words, strict=True):
        line = Text(name.ljust(label), style="dim")
        if space >= 10:
            line.append(_strip(forecast.shares, space))
        for state, word in row:
            line.append("  " if space >= 10 or state != row[0][0] else "")
            line.append(word, f"not dim {_STATE_STYLES.get(state, 'white')}")
        lines.append(line)
    return lines


def _strip(shares: dict[str, float], width: int) -> Text:
    strip, at, total = Text(), 0, 0.0
    for state, share in shares.items():
        total += share
        end = round(total * width)
        strip.append("█" * (end - at), f"not dim {_STATE_STYLES.get(state, 'white')}")
        at = end
    return strip


def _trend(outlook: Outlook, width: int, rows: int) -> list[Text]:
    """mW over the run so far, the newest at the right."""
    trend = outlook.trend
    if rows < 2 or not trend:
        return []
    most = max(one.mw for one in trend)
    low = min(one.mw for one in trend)
    span = _clock(trend[-1].end_s - trend[0].start_s)
    title = Text("mW over the run", style="bold")
    title.append(f"  {_milliwatts(low)} to {_milliwatts(most)}", "dim")
    seconds = trend[-1].end_s or 1.0
    columns: list[float] = []
    for column in range(width):
        at = (column + 0.5) / width * seconds
        columns.append(next((one.mw for one in trend if one.end_s >= at), trend[-1].mw))
    lines = [title]
    for row in range(rows - 2, -1, -1):
        marks = ""
        for mw in columns:
            eighths = round(mw / most * (rows - 1) * 8) - row * 8 if most else 0
            marks += " " if eighths <= 0 and row else _EIGHTHS_UP[max(0, min(7, eighths - 1))]
        lines.append(Text(marks, style="cyan"))
    axis = f"-{span}".ljust(width - 3) + "now"
    lines.append(Text(axis, style="dim"))
    return lines


def _bar(part: float, width: int) -> str:
    eighths = round(max(0.0, min(1.0, part)) * width * 8)
    bar = "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
    return (bar or ("▏" if part > 0 else "")).ljust(width)


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _milliwatts(mw: float) -> str:
    return f"{mw:.2f}" if mw >= 10 else f"{mw:.3f}"


def _wrapped(text: str, width: int, style: str) -> list[Text]:
    lines, line = [], ""
    for word in _printable(text).split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [Text(one, style=style) for one in [*lines, line] if one]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _fitted(line: Text, width: int) -> Text:
    line = line.copy()
    line.truncate(width, overflow="ellipsis", pad=True)
    return line
