"""`host journal`: what boards have handed over, for people or as JSON lines."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from host.errors import HostError, printable
from host.journal import Entry, default_path, entries
from host.transcript import slots_text

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def run_journal(path: Path | None, *, search: str, since: str | None, last: int | None, as_json: bool) -> None:
    """Prints the journal at `path` (else the user's own); HostError for what the user can put right."""
    found = entries(
        path or default_path(), since=moment(since) if since is not None else None, search=search, last=last
    )
    console = Console(soft_wrap=True, highlight=False)
    entry = None
    for entry in found:
        if as_json:
            print(json.dumps(entry.as_dict(), ensure_ascii=False))
        else:
            console.print(_line(entry))
    if entry is None and not as_json:
        print("no such transcript in the journal.", file=sys.stderr)


def moment(text: str, now: datetime | None = None) -> datetime:
    """A point in time, as `--since` takes it: 2h ago, a date, or a date and time (this computer's zone). HostError."""
    now = now or datetime.now(UTC)
    ago = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise HostError(
            f"--since {text!r} is no point in time. Write 30m, 2h or 3d, 2026-07-31, or 2026-07-31T18:00."
        ) from error


def _line(entry: Entry) -> Text:
    said = entry.transcript
    line = Text.assemble(
        (f"{entry.kept_at.astimezone():%Y-%m-%d %H:%M:%S}", "dim"),
        f"  {printable(said.board)}  {said.confidence:.2f}  ",
        (printable(said.text), "bold"),
    )
    if said.slots:
        line.append(f"  {printable(slots_text(said.slots))}", "cyan")
    return line
