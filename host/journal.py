"""The journal: every transcript that a board handed over, kept on this computer in one SQLite file.

Owns the file. A transcript is on the disk when `keep` returns: only then may the board forget it. A transcript that
comes again, from the same boot of the same board, is found and not kept twice, whichever process kept it first.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from host.errors import HostError
from host.transcript import Transcript

_APPLICATION_ID = 0x45415253  # "EARS": tells a journal from any other SQLite file
_SCHEMA_VERSION = 1
_OPEN_TIMEOUT_S = 2.0
_KEEP_TIMEOUT_MS = 250  # the link waits meanwhile; what could not be kept comes again

# run: "" for a board; else what tells this run of a virtual board from all others, since each starts at boot and id 1.
_SCHEMA = """
CREATE TABLE transcript (
    number INTEGER PRIMARY KEY,
    kept_at TEXT NOT NULL,
    run TEXT NOT NULL,
    board TEXT NOT NULL,
    unit TEXT NOT NULL,
    boot INTEGER NOT NULL,
    id INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    rate INTEGER NOT NULL,
    confidence_q8 INTEGER NOT NULL,
    text TEXT NOT NULL,
    slots TEXT NOT NULL,
    domain TEXT NOT NULL,
    UNIQUE (run, board, unit, boot, id, start, "end", text)
) STRICT;
CREATE INDEX transcript_by_time ON transcript (kept_at);
"""


class JournalError(HostError):
    """The journal cannot be read or written; the message says why and what to do."""


@dataclass(frozen=True)
class Entry:
    """A line of the journal."""

    number: int
    """Counts from 1, in the order of keeping."""
    kept_at: datetime
    """When this computer kept it, UTC."""
    transcript: Transcript

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the transcript's fields, and whose it is."""
        return {
            "number": self.number,
            "kept_at": self.kept_at.isoformat(),
            "board": self.transcript.board,
            "unit": f"{self.transcript.unit:016x}",
            "boot": self.transcript.boot,
            "domain": self.transcript.domain,
            **self.transcript.as_dict(),
        }


def default_path() -> Path:
    """Where the journal is unless told: $XDG_DATA_HOME, or else ~/.local/share, and there earshot/journal.sqlite."""
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    # The XDG specification has relative paths ignored.
    return (data if data.is_absolute() else Path.home() / ".local/share") / "earshot/journal.sqlite"


class Journal:
    """An open journal. `run` sets what is kept apart from all other runs; for a virtual board, which has no past."""

    def __init__(self, path: Path, run: str = "") -> None:
        """Opens `path`, made where it is missing, readable for its owner alone. JournalError."""
        self.path = path
        self._run = run
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise JournalError(
                f"the journal {path} cannot be opened: {error.strerror or error}. "
                "Give another --journal FILE, or --no-journal."
            ) from error
        self._connection = _connected(path, path.as_posix())
        try:
            with _errors_of(path):
                _set_up(self._connection, path)
                self._connection.execute(f"PRAGMA busy_timeout = {_KEEP_TIMEOUT_MS}")
        except JournalError:
            self.close()
            raise

    def keep(self, transcript: Transcript) -> bool:
        """Keeps it for good; False where it has been kept before. JournalError where it could not be kept."""
        values = (
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            self._run,
            transcript.board,
            f"{transcript.unit:016x}",  # 64 bits without a sign are more than SQLite's integers hold
            transcript.boot,
            transcript.id,
            transcript.start,
            transcript.end,
            transcript.rate,
            transcript.confidence_q8,
            transcript.text,
            json.dumps(transcript.slots, ensure_ascii=False),
            transcript.domain,
        )
        with _errors_of(self.path):
            # A statement outside a transaction is its own: committed, and synchronous, when it returns.
            cursor = self._connection.execute(
                "INSERT INTO transcript "
                '(kept_at, run, board, unit, boot, id, start, "end", rate, confidence_q8, text, slots, domain) '
                f"VALUES ({', '.join('?' * len(values))}) "
                'ON CONFLICT (run, board, unit, boot, id, start, "end", text) DO NOTHING',
                values,
            )
        return cursor.rowcount == 1

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()


def entries(path: Path, *, since: datetime | None = None, search: str = "", last: int | None = None) -> Iterator[Entry]:
    """The journal's lines, oldest first: from `since` on, with `search` in text or slots, at most the `last` ones.

    Lines without words (speech that was in no phrase of the domain) are left out. JournalError where there is no
    journal, or it cannot be read.
    """
    if not path.exists():
        raise JournalError(f"there is no journal {path} yet. `host listen --port P` keeps one.")
    # Read-only, so that looking never makes or changes anything.
    connection = _connected(path, f"{path.absolute().as_uri()}?mode=ro")
    pattern = "%" + "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in search) + "%"
    moment = since.astimezone(UTC).isoformat(timespec="milliseconds") if since else ""
    try:
        with _errors_of(path):
            if _identity(connection) != (_APPLICATION_ID, _SCHEMA_VERSION):
                _refuse(connection, path)
            rows = connection.execute(
                'SELECT * FROM (SELECT number, kept_at, board, unit, boot, id, start, "end", rate, confidence_q8, '
                "text, slots, domain FROM transcript WHERE kept_at >= ? AND text <> '' "
                "AND (text LIKE ? ESCAPE '\\' OR slots LIKE ? ESCAPE '\\') ORDER BY number DESC LIMIT ?) "
                "ORDER BY number",
                (moment, pattern, pattern, -1 if last is None else last),
            )
            for row in rows:
                yield _entry(row)
    finally:
        connection.close()


def _entry(row: tuple[Any, ...]) -> Entry:
    number, kept_at, board, unit, boot, id_, start, end, rate, confidence_q8, text, slots, domain = row
    pairs = tuple((name, value) for name, value in json.loads(slots))
    transcript = Transcript(board, int(unit, 16), boot, id_, start, end, rate, confidence_q8, text, pairs, domain)
    return Entry(number, datetime.fromisoformat(kept_at), transcript)


def _connected(path: Path, name: str) -> sqlite3.Connection:
    with _errors_of(path):
        return sqlite3.connect(name, timeout=_OPEN_TIMEOUT_S, isolation_level=None, uri=name.startswith("file:"))


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    return tuple(connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    # One view of the file for all of the look at it: another host may be making it.
    connection.execute("BEGIN")
    try:
        if _identity(connection) != (_APPLICATION_ID, _SCHEMA_VERSION):
            _refuse(connection, path)
    finally:
        connection.execute("ROLLBACK")
    # FULL: what is committed outlives the computer's power too. WAL: `host journal` may read meanwhile.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")  # two hosts may make it at the same time
    if _identity(connection) != (_APPLICATION_ID, _SCHEMA_VERSION):
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _refuse(connection: sqlite3.Connection, path: Path) -> None:
    """JournalError unless the file is empty."""
    application, version = _identity(connection)
    if application == _APPLICATION_ID:
        raise JournalError(
            f"the journal {path} is of version {version}, this host writes version {_SCHEMA_VERSION}. "
            "Update earshot, or give another --journal FILE."
        )
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise JournalError(f"{path} is a database, but no journal of Earshot. Give another --journal FILE.")


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, json.JSONDecodeError, ValueError) as error:
        raise JournalError(_sentence(path, error)) from error


def _sentence(path: Path, error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", "")
    other = "give another --journal FILE, or --no-journal"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"the journal {path} is locked by another program. Close that one, or {other}."
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or not name:
        return f"the journal {path} is damaged ({_one_line(error)}). Move it away, or {other}."
    if name.startswith("SQLITE_FULL"):
        return f"the journal {path} cannot grow: the disk is full. Make room, or {other}."
    return f"the journal {path} cannot be written: {_one_line(error)}. Check its folder's permissions, or {other}."


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
