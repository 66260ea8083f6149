"""What a run leaves for `power`: every LEDGER, the power states, and the last of it even where the host is killed."""

import json
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from board_on_a_line import loud_and_quiet, run_host

from firmware.link import Hello, Ledger, LedgerRow, ListenerState
from firmware.link import question as hello_question
from host.run_record import RunRecord
from host.status import BoardStatus
from power import figures, last_run

RATE = 15_625


@pytest.fixture
def talk(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, loud_and_quiet(6, RATE), RATE)
    return path


def ledger(sample: int, cycles: int = 0) -> Ledger:
    """HEAR since the start; every other counter is its place in the list."""
    rows = [LedgerRow(0, 0, 0) for _ in ListenerState]
    rows[ListenerState.HEAR] = LedgerRow(sample, cycles or 10 * sample, 1)
    return Ledger(sample, tuple(rows), *range(1, 13))


class Times:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def status() -> BoardStatus:
    status = BoardStatus("sim:mps2_an386", virtual=True)
    hello = hello_question("0.1.0")
    status.take(replace(hello, board="mps2_an386", rate=RATE))
    assert isinstance(status.hello, Hello)
    return status


def taken(record: RunRecord, status: BoardStatus, item: Ledger) -> None:
    status.take(item)
    record.take(item)


def test_every_counter_of_the_ledger_is_kept(status):
    record = RunRecord(status, virtual=True)
    taken(record, status, ledger(1000))
    assert record.keep() is None
    kept = last_run.read().ledger
    assert kept.model_dump(exclude={"rows", "sample"}) == {
        name: at + 1 for at, name in enumerate(field for field in Ledger.__slots__ if field not in ("sample", "rows"))
    }


def test_a_live_run_is_written_at_most_once_a_second(status):
    times = Times()
    record = RunRecord(status, virtual=True, live=True, clock=times)
    seen = []
    for at in range(1, 41):
        times.now = at / 10
        taken(record, status, ledger(1000 * at))
        seen.append(last_run.read().ledger.sample)
    assert len(set(seen)) == 4
    assert not last_run.read().ended
    assert record.keep() is None
    assert last_run.read().ledger.sample == 40_000
    assert last_run.read().ended
    assert [one.sample for one in last_run.read().timeline] == [1000 * at for at in range(1, 41)]


def test_a_reset_begins_the_timeline_anew(status):
    record = RunRecord(status, virtual=False)
    taken(record, status, ledger(1000))
    taken(record, status, ledger(2000))
    status.restarted()
    taken(record, status, ledger(3000))  # heard again only when it was further than before
    taken(record, status, ledger(4000))
    assert record.keep() is None
    assert [one.sample for one in last_run.read().timeline] == [3000, 4000]


def test_a_reset_without_a_ledger_after_it_leaves_the_run_before(status):
    record = RunRecord(status, virtual=False, live=True)
    taken(record, status, ledger(1000))
    status.restarted()
    assert record.keep() is None
    assert last_run.read().ledger.sample == 1000
    assert last_run.read().ended


def test_a_folder_that_cannot_be_written_is_said_once_and_at_the_end(status, tmp_path):
    (tmp_path / "state").write_text("in the way")
    record = RunRecord(status, virtual=False, live=True)
    taken(record, status, ledger(1000))
    taken(record, status, ledger(2000))
    assert "the ledger is not kept for `power report`" in str(record.keep())


def test_a_replay_keeps_every_ledger_and_the_power_states(talk):
    lines = run_host("replay", str(talk), "--board", "artemis", "--json").stdout.splitlines()
    ledgers = [frame for frame in map(json.loads, lines) if frame["type"] == "ledger"]
    run = last_run.read()
    assert [one.sample for one in run.timeline] == [frame["sample"] for frame in ledgers]
    assert run.ledger.asr_calls == ledgers[-1]["asr_calls"]
    assert run.residency is not None
    heard_s = run.ledger.sample / run.rate
    assert sum(run.residency.core.values()) == pytest.approx(heard_s, abs=0.2)
    assert run.residency.powered["PDM"] == pytest.approx(heard_s, abs=0.2)
    assert 0 < run.residency.core["run"] < heard_s
    asleep = run.residency.core["deep sleep"]
    kept = [
        name for name, spent in run.residency.banks.items() if spent["deep sleep"] == pytest.approx(asleep, abs=0.2)
    ]
    ram = sum(run.residency.bank_bytes[name] for name in kept if not name.startswith(("FLASH", "CACHE")))
    assert ram == figures.board_parts("artemis").ram_kept_kib * 1024
    assert run.image == f"{run.firmware}, build {run.build}"
    assert run.link_bytes is not None
    assert run.link_bytes.sent == json.loads(lines[-1])["link_bytes"]["in"]


def test_a_killed_host_leaves_the_run_so_far(tmp_path, listening):
    wav = tmp_path / "long.wav"
    soundfile.write(wav, np.tile(loud_and_quiet(20, RATE), 3), RATE)
    host = listening("listen", "--port", "sim:artemis", "--wav", str(wav), "--plain")
    deadline = time.monotonic() + 60
    while not last_run.path().exists() or len(last_run.read().timeline) < 2:
        assert time.monotonic() < deadline, host.lines
        time.sleep(0.05)
    host.process.send_signal(signal.SIGKILL)
    host.process.wait()
    run = last_run.read()
    assert not run.ended
    assert run.board == "artemis"
    assert len(run.timeline) >= 2
    assert run.residency is not None
