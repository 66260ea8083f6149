"""`host journal`: points in time, lines for people, and bad input in one sentence."""

import sys
from datetime import UTC, datetime

import pytest

from host.cli import main
from host.errors import HostError
from host.journal import Journal
from host.journal_command import moment
from host.transcript import Transcript

NOW = datetime(2026, 7, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", datetime(2026, 7, 31, 11, 58, 30, tzinfo=UTC)),
        ("30m", datetime(2026, 7, 31, 11, 30, tzinfo=UTC)),
        ("2h", datetime(2026, 7, 31, 10, tzinfo=UTC)),
        ("3d", datetime(2026, 7, 28, 12, tzinfo=UTC)),
        ("2w", datetime(2026, 7, 17, 12, tzinfo=UTC)),
        ("2026-07-30T08:00+00:00", datetime(2026, 7, 30, 8, tzinfo=UTC)),
    ],
)
def test_points_in_time(text, expected):
    assert moment(text, NOW) == expected


def test_a_date_is_midnight_here():
    assert moment("2026-07-30", NOW) == datetime(2026, 7, 30).astimezone()


@pytest.mark.parametrize("text", ["", "yesterday", "2 h", "-3d", "999999w", "2026-13-01"])
def test_what_is_no_point_in_time_is_refused(text):
    with pytest.raises(HostError, match="is no point in time"):
        moment(text, NOW)


def test_lines_are_for_people_and_move_no_cursor(tmp_path, monkeypatch, capsys):
    path = tmp_path / "journal.sqlite"
    Journal(path).keep(Transcript("b\x1b[2J", 0, 1, 1, 0, 9, 16_000, 128, "so\x07 it is", (("a", "b c"),)))
    monkeypatch.setattr(sys, "argv", ["host", "journal", "--journal", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith('b?[2J  0.50  so? it is  a="b c"')


def test_without_a_journal_it_says_how_to_get_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["host", "journal"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    expected = f"host: there is no journal {tmp_path}/earshot/journal.sqlite yet. `host listen --port P` keeps one.\n"
    assert capsys.readouterr().err == expected
