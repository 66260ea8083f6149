"""`host flash` to its end: the right image for the right board, the board's own word for it, and clear refusals."""

import json
from contextlib import contextmanager
from pathlib import Path

import pytest
from board_on_a_line import hello_of, run_host
from simulated_loader import BUILD, Faults, image_bytes

from firmware import boards
from host.errors import HostError
from host.flash.command import FlashOptions, run_flash
from host.flash.image import read_image
from host.flash.probe import Probe, flash_by_probe, pyocd_session


def options(image: Path, **others: object) -> FlashOptions:
    return FlashOptions(**({"board": "artemis", "image": image} | others))  # type: ignore[arg-type]


def test_a_blank_board_is_flashed_and_says_so(loader, image_file, capsys):
    board = loader(Faults(bauds=(115_200,)))
    run_flash(options(image_file, port=board.port, baud=115_200))
    assert board.flash == image_file.read_bytes()
    said = capsys.readouterr().out
    assert f"artemis has {image_file}, build {BUILD:016x}, 60000 bytes, by 115200 baud" in said
    assert "verified: the board says that it runs it, and its flash has every byte" in said


def test_the_board_that_runs_is_asked_first_and_may_be_older(loader, image_file, capsys):
    board = loader(hello=hello_of("artemis", build=7))
    run_flash(options(image_file, port=board.port, json=True))
    assert json.loads(capsys.readouterr().out) == {
        "board": "artemis",
        "build": f"{BUILD:016x}",
        "bytes": 60_000,
        "by": "921600 baud",
        "verified": True,
    }


def test_another_board_at_the_port_is_left_alone(loader, image_file):
    board = loader(hello=hello_of("nano33ble"))
    with pytest.raises(HostError, match=r"is a nano33ble, and the image is for artemis\. .*--force"):
        run_flash(options(image_file, port=board.port))
    assert board.frames == 0


def test_flash_that_does_not_keep_the_image_is_found(loader, image_file):
    board = loader()
    board.takes_wrong_bytes = True
    with pytest.raises(HostError, match=r"flash differs from .* in block 1\. Flash again"):
        run_flash(options(image_file, port=board.port))


def test_a_board_without_the_loader_is_told_with_what_to_do(loader, image_file):
    board = loader(loader=False, hello=hello_of("artemis"))
    with pytest.raises(HostError, match=r"no boot loader answers at .*RedBoard Artemis.*reset button.*by --probe\."):
        run_flash(options(image_file, port=board.port, baud=57_600))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"board": "nobody"}, r"there is no board 'nobody'"),
        ({"board": "mps2_an386"}, r"mps2_an386 is no board that can be flashed\. .*sim:mps2_an386"),
        ({"board": "native"}, r"native is no board that can be flashed"),
        ({}, r"which port\? Say --port, or --probe"),
        ({"port": "socket://localhost:1"}, r"is no serial port"),
        ({"port": "sim:artemis"}, r"is no serial port"),
        ({"port": "/dev/nothing", "baud": 9600}, r"cannot tell 9600 baud\. Use one of 921600, 460800"),
        ({"port": "/dev/nothing"}, r"there is no port /dev/nothing"),
    ],
)
def test_what_cannot_be_flashed_is_refused_in_a_sentence(given, sentence, image_file):
    with pytest.raises(HostError, match=sentence):
        run_flash(options(image_file, **given))


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (image_bytes(board="mps2_an386"), r"is for mps2_an386, not for artemis\. .*scons -C firmware board=artemis"),
        (image_bytes(board="toaster"), r"is for the board 'toaster', which is not known here"),
        (image_bytes(build=0), r"has no build id"),
        (image_bytes(reset=0x0000_C101), r"is linked for another address than 0x10000 of artemis: it starts at 0xc101"),
        (image_bytes(900_000), r"has 900000 bytes, and artemis has room for"),
        (b"\0" * 5000, r"is no image of Earshot"),
        (b"\x7fELF and no more", r"is no ELF file that can be read"),
        (b"", r"is no image of Earshot"),
    ],
)
def test_an_image_that_is_not_for_this_board_is_refused(image, sentence, tmp_path):
    path = tmp_path / "some.bin"
    path.write_bytes(image)
    with pytest.raises(HostError, match=sentence):
        run_flash(options(path, port="/dev/nothing"))


def test_an_elf_file_gives_the_flat_image(tmp_path):
    from host.sim.image import built

    folder = built("artemis")
    assert read_image(folder / "earshot.elf").data == (folder / "earshot.bin").read_bytes()
    assert read_image(folder / "earshot.elf").facts == read_image(folder / "earshot.bin").facts


def test_the_command_ends_with_two_and_a_sentence(image_file):
    done = run_host("flash", "--board", "artemis", "--image", str(image_file), "--port", "/dev/nothing")
    assert done.returncode == 2
    assert done.stderr.startswith("host: there is no port /dev/nothing.")


class FakeProbe:
    """A chip behind a probe, as pyocd shows one; no pyocd and no probe are in it."""

    def __init__(self, keeps: bool = True) -> None:
        self.memory: dict[int, bytes] = {}
        self.keeps, self.resets, self.targets = keeps, 0, []

    def program(self, data, address, progress):
        self.memory[address] = data if self.keeps else data[:-1] + bytes([data[-1] ^ 1])
        progress(0.5)
        progress(1.0)

    def read(self, address, count):
        ((start, data),) = self.memory.items()
        return data[address - start : address - start + count]

    def reset(self):
        self.resets += 1

    @contextmanager
    def session(self, target, number):
        self.targets.append((target, number))
        yield self


def test_a_probe_writes_reads_back_and_starts(image_file):
    probe, progress = FakeProbe(), []
    image = read_image(image_file)
    flash_by_probe(image, boards.load("artemis"), number="17", progress=progress.append, open_session=probe.session)
    assert probe.memory == {0x0001_0000: image.data}
    assert (probe.resets, probe.targets, progress) == (1, [("ama3b1kk_kbr", "17")], [30_000, 60_000])


def test_flash_behind_a_probe_that_keeps_nothing_is_found(image_file):
    probe = FakeProbe(keeps=False)
    with pytest.raises(HostError, match=r"flash does not hold the image from 0x18000 on"):
        flash_by_probe(read_image(image_file), boards.load("artemis"), open_session=probe.session)
    assert probe.resets == 0


def test_a_probe_by_the_command(image_file, capsys):
    run_flash(options(image_file, probe=True), open_session=FakeProbe().session)
    assert "by a probe, and read back from 0x10000 on" in capsys.readouterr().out


def test_a_board_with_a_debugger_on_it_takes_the_probe_unasked(image_file, monkeypatch, capsys):
    board = boards.load("artemis")
    flash = board.flash.model_copy(update={"method": "pyocd"})
    monkeypatch.setattr(boards, "load", lambda name: board.model_copy(update={"flash": flash}))
    run_flash(options(image_file), open_session=FakeProbe().session)
    assert "by a probe" in capsys.readouterr().out


def test_no_probe_is_said_with_what_to_do(image_file, monkeypatch):
    monkeypatch.setattr("host.flash.probe.probes", list)
    with pytest.raises(HostError, match=r"no debug probe is plugged in, or this user may not open it \(`host udev`\)"):
        run_flash(options(image_file, probe=True), open_session=pyocd_session)


def test_of_two_probes_one_must_be_chosen(image_file, monkeypatch):
    monkeypatch.setattr("host.flash.probe.probes", lambda: [Probe("1", "DAPLink"), Probe("2", "J-Link")])
    with pytest.raises(
        HostError, match=r"there are 2 probes: 1 \(DAPLink\), 2 \(J-Link\)\. Choose one with --probe-id"
    ):
        run_flash(options(image_file, probe=True))
    with pytest.raises(HostError, match=r"no probe 3 is plugged in"):
        run_flash(options(image_file, probe_id="3"))


@pytest.mark.parametrize(
    ("flash", "command"),
    [
        ({"method": "bossac"}, "bossac --port=/dev/ttyACM0 --offset=0x10000 --erase --write --verify --reset"),
        ({"method": "jlink", "command": "JLinkExe {bin} {address}"}, "earshot.bin 0x10000"),
        ({"method": "by hand", "note": "Ask Ann."}, "Ask Ann. (image"),
    ],
)
def test_other_tools_get_their_command(flash, command, image_file, monkeypatch):
    board = boards.load("artemis")
    other = board.model_copy(update={"flash": board.flash.model_copy(update=flash)})
    monkeypatch.setattr(boards, "load", lambda name: other)
    with pytest.raises(HostError, match="is flashed by another tool") as told:
        run_flash(options(image_file, port="/dev/ttyACM0"))
    assert command in told.value.detail


def test_a_chip_that_pyocd_does_not_know_gets_its_command(image_file, monkeypatch):
    board = boards.load("artemis")
    flash = board.flash.model_copy(update={"probe_target": "", "command": "tool {elf}"})
    monkeypatch.setattr(boards, "load", lambda name: board.model_copy(update={"flash": flash}))
    with pytest.raises(HostError, match="pyocd does not know the chip") as told:
        run_flash(options(image_file, probe=True))
    assert told.value.detail.startswith("tool ")
