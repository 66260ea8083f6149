"""The journal: kept once and for good, whoever kept it first, and clear words where it cannot be."""

import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from host.journal import Journal, JournalError, default_path, entries
from host.transcript import Transcript

SAID = Transcript(
    "artemis", 0xF00D_0000_0000_BEEF, 7, 1, 8_000, 24_000, 16_000, 240, "a table for two", (("count", "2"),), "travel"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "journal.sqlite"


def kept(path, **choice):
    return [entry.transcript for entry in entries(path, **choice)]


def test_what_is_kept_comes_back_whole(path):
    said = replace(SAID, text='où "là" 100 %', slots=(("a", "1"), ("a", "2"), ("b", "")))
    journal = Journal(path)
    assert journal.keep(said)
    journal.close()
    assert kept(path) == [said]
    (entry,) = entries(path)
    assert entry.as_dict()["slots"] == {"a": ["1", "2"], "b": ""}
    assert datetime.now(UTC) - entry.kept_at < timedelta(minutes=1)


def test_it_is_for_its_owner_alone(path):
    Journal(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "other",
    [
        {"boot": 8},
        {"id": 2},
        {"start": 8_001},
        {"end": 24_001},
        {"text": "a table for two please"},
        {"board": "b"},
        {"unit": 1},
    ],
)
def test_a_transcript_is_the_same_only_if_all_of_it_is(path, other):
    first = Journal(path)
    assert first.keep(SAID)
    assert not first.keep(SAID)
    again = Journal(path)  # another process
    assert not again.keep(SAID)
    assert again.keep(replace(SAID, **other))
    assert kept(path) == [SAID, replace(SAID, **other)]


def test_runs_of_a_virtual_board_are_kept_apart(path):
    assert Journal(path, run="one").keep(SAID)
    assert not Journal(path, run="one").keep(SAID)
    assert Journal(path, run="two").keep(SAID)


def test_what_keep_returned_for_outlives_a_kill(path):
    script = f"""
import os, signal
from host.journal import Journal
from host.transcript import Transcript
assert Journal(__import__("pathlib").Path({str(path)!r})).keep({SAID!r})
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert kept(path) == [SAID]
    assert not Journal(path).keep(SAID)


def test_two_hosts_that_make_it_at_once_share_it(path):
    made: list[bool] = []

    def keep(number):
        journal = Journal(path)
        made.extend(journal.keep(replace(SAID, id=one)) for one in range(number, 40, 2))
        journal.close()

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [True] * 40
    assert sorted(one.id for one in kept(path)) == list(range(40))


def test_a_locked_journal_says_so_and_keeps_nothing(path):
    journal = Journal(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match=r"is locked by another program\. Close that one"):
        journal.keep(SAID)
    other.execute("ROLLBACK")
    assert journal.keep(SAID)


def test_a_damaged_journal_is_refused(path):
    path.parent.mkdir()
    path.write_bytes(b"this was a journal once, long ago" * 300)
    with pytest.raises(JournalError, match=r"is damaged \(file is not a database\)\. Move it away"):
        Journal(path)
    assert path.read_bytes().startswith(b"this was")
    with pytest.raises(JournalError, match="is damaged"):
        kept(path)


def test_damage_further_in_is_said_when_it_is_met(path):
    journal = Journal(path)
    for number in range(200):
        journal.keep(replace(SAID, id=number, text="many words " * 10))
    journal.close()
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(JournalError, match="is damaged"):
        journal = Journal(path)
        journal.keep(SAID)


def test_another_programs_database_is_left_alone(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE holiday (photo)")
    before = path.read_bytes()
    for use in (Journal, kept):
        with pytest.raises(JournalError, match="no journal of Earshot"):
            use(path)
    assert path.read_bytes() == before


def test_a_newer_journal_is_left_alone(path):
    Journal(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 9")
    for use in (Journal, kept):
        with pytest.raises(JournalError, match=r"is of version 9, this host writes version 1\. Update earshot"):
            use(path)


def test_a_folder_in_its_place_is_said(tmp_path):
    with pytest.raises(JournalError, match="cannot be opened: Is a directory"):
        Journal(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be opened: File exists"):
        Journal(tmp_path / "file" / "journal.sqlite")


def test_search_and_time_choose(path):
    journal = Journal(path)
    for number, text in enumerate(["where is the station", "100_% sure", "", "the STATION is closed"], 1):
        journal.keep(replace(SAID, id=number, text=text, slots=(("place", "station"),) if number == 1 else ()))
    journal.close()
    assert [one.id for one in kept(path)] == [1, 2, 4]  # without those that have no words
    assert [one.id for one in kept(path, search="station")] == [1, 4]
    assert [one.id for one in kept(path, search="100_%")] == [2]
    assert [one.id for one in kept(path, search="0%s")] == []
    assert [one.id for one in kept(path, search="place")] == [1]
    assert [one.id for one in kept(path, last=2)] == [2, 4]
    assert kept(path, since=datetime.now(UTC) + timedelta(seconds=5)) == []
    assert len(kept(path, since=datetime.now(UTC) - timedelta(seconds=60))) == 3


def test_the_default_place_follows_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path() == tmp_path / "earshot/journal.sqlite"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local/share/earshot/journal.sqlite"
