"""Following the last run's file: every change once, and what there is to say when there is none."""

from datetime import UTC, datetime, timedelta

import pytest
from living_run import living_run

from power import last_run
from power.follow import STALLED_S, follow, moment


class Times:
    """A clock, and what happens as it goes."""

    def __init__(self, start: datetime) -> None:
        self.now = start.timestamp()
        self.acts = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.acts and self.acts[0][0] <= self.now:
            self.acts.pop(0)[1]()


def moments(file, times: Times, until_s: float) -> list:
    end = times.now + until_s
    return list(follow(file, stopped=lambda: times.now >= end, now=times, sleep=times.sleep))


@pytest.fixture
def times() -> Times:
    return Times(datetime(2026, 5, 4, 12, 0, tzinfo=UTC))


def at(times: Times, seconds: float) -> datetime:
    return datetime.fromtimestamp(times.now, UTC) + timedelta(seconds=seconds)


def test_a_run_is_waited_for_followed_and_seen_to_end(tmp_path, times):
    file = tmp_path / "run.json"
    begin = times.now

    def write(count: int, *, ended: bool = False):
        wall = datetime.fromtimestamp(times.now, UTC)
        return lambda: last_run.write(living_run(["hear"] * count, ended=ended, wall=wall), file)

    times.acts = [(begin + 5, write(1)), (begin + 6, write(2)), (begin + 7, write(3, ended=True))]
    found = moments(file, times, 20)
    assert [one.kind for one in found] == ["waiting", "live", "live", "ended"]
    assert "host listen" in found[0].text
    assert [len(one.run.timeline) for one in found[1:]] == [1, 2, 3]
    assert found[-1].text.startswith("the run ended at ")


def test_a_file_that_stops_changing_is_said_once(tmp_path, times):
    file = last_run.write(living_run(["hear"], wall=at(times, 0)), tmp_path / "run.json")
    found = moments(file, times, 5 * STALLED_S)
    assert [one.kind for one in found] == ["live", "stalled"]
    assert "no ledger since" in found[1].text
    assert found[1].run is not None


def test_damage_is_waited_out(tmp_path, times):
    file = tmp_path / "run.json"
    file.write_text("{")
    run = living_run(["hear"], wall=at(times, 2))
    times.acts = [(times.now + 2, lambda: last_run.write(run, file))]
    found = moments(file, times, 4)
    assert [one.kind for one in found] == ["waiting", "live"]
    assert "damaged" in found[0].text


def test_one_moment_is_what_following_begins_with(tmp_path, times):
    file = last_run.write(living_run(["hear"], wall=at(times, 0), ended=True), tmp_path / "run.json")
    assert moment(file, times.now) == moments(file, times, 0.1)[0]
    assert moment(tmp_path / "none.json", times.now).kind == "waiting"
