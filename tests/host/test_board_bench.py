"""`host bench`: what each stage costs, as virtual boards count it, and beside what is known of them."""

import json

import pytest
from board_on_a_line import ScriptedBoard, ledger_of, run_host

from firmware.link import Config, LedgerRow, ListenerState
from host.bench_command import bench
from host.errors import HostError
from host.exchange import Exchange, quiet_endpoint


@pytest.mark.parametrize("board", ["artemis", "mps2_an386"])
def test_a_virtual_board_is_measured(board):
    with Exchange(quiet_endpoint(f"sim:{board}", 115_200)) as link:
        report = bench(link, virtual=True)
        link.greet()
        assert link.config == Config()  # as it was
    stages = {stage.name: stage for stage in report.stages}
    assert list(stages) == ["all of a chunk in HEAR", "front end", "voice detection", "recognition", "decoder"]
    assert (report.board, report.cycles_are, report.left_out) == (board, "instructions", {})
    # frontend.h: 9 600 a hop at most; PERFORMANCE.md: 20 330 a voice decision.
    assert 15_000 < stages["front end"].most < 2 * 9_600 + 500
    assert 19_000 < stages["voice detection"].mean < 22_000
    call = stages["recognition"]
    assert 17e6 < call.mean / (call.chunks * 512 / 16_000) < 24e6
    assert stages["decoder"].least > 1_800
    # The whole has its parts in it; digital silence is quick in the front end.
    assert stages["voice detection"].mean < stages["all of a chunk in HEAR"].mean < 60_000
    assert 0.01 < stages["voice detection"].share < 0.03 or board != "artemis"


def test_the_recogniser_is_reckoned_at_the_clock_that_it_runs_at():
    done = run_host("bench", "--port", "sim:artemis", "--json")
    assert done.returncode == 0, done.stderr
    clocks = {stage["name"]: stage["clock_hz"] for stage in json.loads(done.stdout)["stages"]}
    assert (clocks["recognition"], clocks["front end"]) == (96_000_000, 48_000_000)


def test_the_desk_counts_no_cycles():
    with Exchange(quiet_endpoint("sim:native", 115_200)) as link, pytest.raises(HostError, match="counts no cycles"):
        bench(link, virtual=True)


def test_a_board_that_sends_no_ledger_is_said_and_its_settings_stay(serial_line, monkeypatch):
    monkeypatch.setattr("host.bench_command._LEDGER_S", 0.1)
    board = ScriptedBoard(serial_line)
    board.config = Config(sleep_after_chunks=7)
    with Exchange(quiet_endpoint(serial_line.port, 115_200)) as link, pytest.raises(HostError, match="sends no LEDGER"):
        bench(link, virtual=False)
    board.stop()
    assert [config.sleep_after_chunks for config in board.configs] == [0, 7]


def test_talk_in_the_measurement_is_said(serial_line):
    board = ScriptedBoard(serial_line)

    def rows(hear: int, listen: int) -> list[LedgerRow]:
        samples = {ListenerState.HEAR: hear, ListenerState.LISTEN: listen}
        return [LedgerRow(samples.get(state, 0), 100, 1) for state in ListenerState]

    class Talking(Exchange):
        ledgers = 0

        def wait(self, answer, timeout_s):
            self.ledgers += 1
            n = self.ledgers
            board.send(ledger_of(n * 16_384, rows(n * 8_000, n * 8_384)))
            return super().wait(answer, timeout_s)

    with Talking(quiet_endpoint(serial_line.port, 115_200)) as link, pytest.raises(HostError, match="somebody spoke"):
        bench(link, virtual=False)
    board.stop()
