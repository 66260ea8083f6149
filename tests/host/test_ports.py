"""`host ports` and `host boards`: what is plugged in, and what the firmware knows."""

import json
import sys
import tomllib
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

import host.ports
from firmware import boards
from host.cli import main
from host.ports import likely_board, ports_sentence, serial_ports


def port(device: str, vid: int | None = None, pid: int | None = None, description: str = "n/a") -> ListPortInfo:
    info = ListPortInfo(device, skip_link_detection=True)
    info.vid, info.pid, info.description = vid, pid, description
    return info


@pytest.fixture
def plugged(monkeypatch):
    found = [
        port("/dev/ttyS0"),
        port("/dev/ttyACM3", 0xFFFF, 0x0001, "Thing"),
        port("/dev/ttyUSB1", 0x1A86, 0x7523, "USB Serial"),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: found)
    return found


def run(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["host", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


@pytest.mark.parametrize(
    ("vid", "pid", "board", "named"),
    [
        (0x1A86, 0x7523, "artemis", "SparkFun RedBoard Artemis"),
        (0x2341, 0x805A, "nano33ble", "Arduino Nano 33 BLE"),
        (0x1366, 0x0105, "", "J-Link"),
        (0x1366, 0xBEEF, "", "J-Link"),
        (0x1A86, 0x0001, "", ""),
        (0x0000, 0x0000, "", ""),
    ],
)
def test_a_usb_id_tells_the_likely_board(vid, pid, board, named):
    found, likely = likely_board(vid, pid)
    assert found == board
    assert named in likely
    assert bool(likely) == bool(named)


def test_usb_ids_are_whole_and_name_each_device_once():
    devices = tomllib.loads(Path(host.ports.__file__).with_name("usb_ids.toml").read_text())["device"]
    for device in devices:
        assert set(device) <= {"vid", "pid", "adapter", "board", "name"}
        assert 0 < device["vid"] <= 0xFFFF
        assert 0 <= device.get("pid", 0) <= 0xFFFF
        assert device["name"]
        assert device["adapter"]
    ids = [(device["vid"], device.get("pid")) for device in devices]
    assert len(set(ids)) == len(ids)


def test_likely_boards_come_first(plugged):
    assert [one.device for one in serial_ports()] == ["/dev/ttyUSB1", "/dev/ttyACM3", "/dev/ttyS0"]
    assert ports_sentence() == (
        "There are /dev/ttyUSB1 (SparkFun RedBoard Artemis (WCH CH340)), /dev/ttyACM3, /dev/ttyS0."
    )


def test_ports_as_a_table_and_as_json(plugged, monkeypatch, capsys):
    run(monkeypatch, "ports")
    table = capsys.readouterr().out
    assert "SparkFun RedBoard Artemis (WCH CH340)" in table
    assert "1a86:7523" in table
    run(monkeypatch, "ports", "--json")
    entries = json.loads(capsys.readouterr().out)
    assert entries[0] == {
        "device": "/dev/ttyUSB1",
        "description": "USB Serial",
        "usb": "1a86:7523",
        "serial_number": "",
        "board": "artemis",
        "likely": "SparkFun RedBoard Artemis (WCH CH340)",
    }


def test_without_ports_the_next_step_is_said(monkeypatch, capsys):
    monkeypatch.setattr(list_ports, "comports", list)
    run(monkeypatch, "ports")
    assert "Plug the board in" in capsys.readouterr().out
    assert "plug the board in" in ports_sentence()
    run(monkeypatch, "ports", "--json")
    assert json.loads(capsys.readouterr().out) == []


def test_boards_are_those_of_the_firmware(monkeypatch, capsys):
    run(monkeypatch, "boards", "--json")
    entries = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == boards.names()
    artemis = next(entry for entry in entries if entry["name"] == "artemis")
    assert artemis["rates"] == [15_625]
    assert artemis["verified"]["silicon"] == boards.load("artemis").verified.silicon
    run(monkeypatch, "boards")
    table = capsys.readouterr().out
    assert all(name in table for name in boards.names())


@pytest.mark.parametrize("command", [[], ["listen"], ["replay"], ["ports"], ["boards"]])
def test_help_teaches_with_examples(monkeypatch, capsys, command):
    run(monkeypatch, *command, "--help")
    text = capsys.readouterr().out
    assert text.count("\n    host ") >= 2
    assert max(len(line) for line in text.splitlines()) <= 90
