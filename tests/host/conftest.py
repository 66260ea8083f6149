"""Lines for boards, as fixtures."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from board_on_a_line import RunningHost, SerialLine, SocketLine


@pytest.fixture
def serial_line(tmp_path: Path) -> Iterator[SerialLine]:
    line = SerialLine(tmp_path / "ttyBOARD")
    yield line
    line.unplug()


@pytest.fixture
def socket_line() -> Iterator[SocketLine]:
    line = SocketLine()
    yield line
    line.close()


@pytest.fixture
def listening() -> Iterator[Callable[..., RunningHost]]:
    """Starts `host ...`; none outlives the test."""
    started: list[RunningHost] = []

    def start(*arguments: str) -> RunningHost:
        started.append(RunningHost(*arguments))
        return started[-1]

    yield start
    for host in started:
        host.process.kill()


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's last run and journal stay as they are."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
