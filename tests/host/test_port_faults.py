"""Why a port does not open: who holds it, and the rule that opens it."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import serial
from board_on_a_line import ScriptedBoard, run_host

from host.endpoint import cannot_open
from host.errors import HostError
from host.port_faults import holders, install_rules, udev_rules


def test_who_holds_a_port_is_named(serial_line):
    opens = f"os.open({serial_line.port!r}, os.O_RDWR | os.O_NOCTTY)"
    script = f"import os, sys; {opens}; print('open', flush=True); sys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"open\n"
        found = dict(holders(serial_line.port))
        assert found[other.pid].startswith("python")
        assert os.getpid() not in found
    finally:
        other.stdin.close()
        other.wait()
    assert other.pid not in dict(holders(serial_line.port))


def test_a_port_in_use_names_process_and_next_step(serial_line, listening):
    board = ScriptedBoard(serial_line)
    first = listening("listen", "--port", serial_line.port, "--plain", "--no-journal")
    first.wait_for("config")
    second = run_host("info", "--port", serial_line.port)
    board.stop()
    assert second.returncode == 2
    # An earlier test's end of a line of the same number may be open still.
    assert f"(process {first.process.pid})" in second.stderr
    assert second.stderr.endswith(" first.\n")


def test_processes_that_cannot_be_seen_are_passed_over(tmp_path):
    (tmp_path / "12" / "fd").mkdir(parents=True)
    (tmp_path / "12" / "fd" / "3").symlink_to("/nowhere")
    (tmp_path / "13").mkdir()
    port = tmp_path / "port"
    port.touch()
    assert holders(str(port), tmp_path) == []
    (tmp_path / "12" / "fd" / "4").symlink_to(port)
    (tmp_path / "12" / "cmdline").write_bytes(b"/usr/bin/minicom\0-D\0port\0")
    assert holders(str(port), tmp_path) == [(12, "minicom")]
    assert holders("/nowhere", tmp_path) == []


def test_a_port_without_the_right_prints_the_rule_and_the_command():
    error = cannot_open("/dev/ttyUSB0", serial.SerialException(errno.EACCES, "Permission denied"))
    assert "may not be opened by this user" in str(error)
    assert "udev --install" in str(error)
    assert "usermod -aG dialout" in str(error)
    assert 'ATTRS{idVendor}=="1a86", ATTRS{idProduct}=="7523"' in error.detail


def test_a_port_held_by_nobody_that_can_be_seen_is_said():
    error = cannot_open("/dev/nothing-there", serial.SerialException(errno.EBUSY, "busy"))
    assert "in use by another program, which this user cannot see (`sudo fuser -v /dev/nothing-there` does)" in str(
        error
    )


def test_the_rules_have_every_adapter_once_a_subsystem():
    rules = [line for line in udev_rules().splitlines() if not line.startswith("#")]
    assert len(rules) == len(set(rules))
    assert {rule.split(",")[0] for rule in rules} == {f'SUBSYSTEM=="{name}"' for name in ("tty", "usb", "hidraw")}
    assert all('TAG+="uaccess"' in rule for rule in rules)


def test_rules_are_installed_and_udev_told(tmp_path, monkeypatch):
    calls = tmp_path / "calls"
    udevadm = tmp_path / "udevadm"
    udevadm.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    udevadm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    path = install_rules(tmp_path)
    assert path.read_text() == udev_rules()
    assert calls.read_text() == "control --reload\ntrigger\n"


@pytest.mark.parametrize(("script", "said"), [("exit 3", "failed: exit code 3"), (None, "cannot run")])
def test_an_udev_that_fails_is_said(tmp_path, monkeypatch, script, said):
    if script:
        (tmp_path / "udevadm").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "udevadm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match=f"is written, but .*{said}"):
        install_rules(tmp_path)


def test_a_folder_that_is_not_there_or_not_ours_is_said(tmp_path, monkeypatch):
    with pytest.raises(HostError, match="cannot be written: No such file"):
        install_rules(tmp_path / "nowhere")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(HostError, match=r"may be written by root alone\. Run: sudo .* udev --install"):
        install_rules(tmp_path)


def test_the_command_prints_the_rule():
    done = run_host("udev")
    assert (done.returncode, done.stdout) == (0, udev_rules())
