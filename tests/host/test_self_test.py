"""`host selftest`: every virtual board computes what the desk computes, and one that does not is found and named."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from board_on_a_line import NativeOnLine, loud_and_quiet, run_host

from firmware.link import Frame, Hello, TrialResult, TrialSubject, encode
from firmware.link.codec import Decoder
from firmware.trial.kernels import OUTPUTS
from host.domain_file import read_domain
from host.errors import HostError
from host.exchange import Exchange, SilentBoard, quiet_endpoint
from host.self_test import Part, part_line, self_test
from host.sim.image import built
from host.vectors import all_series

MODELS = Path(__file__).resolve().parents[2] / "firmware/models"


def outcome(endpoint, **others) -> tuple[bool, dict[str, Part]]:
    parts: list[Part] = []
    with Exchange(endpoint) as link:
        passed = self_test(link, parts.append, **others)
    return passed, {part.name: part for part in parts}


@pytest.mark.parametrize("board", ["artemis", "mps2_an386", "mps3_an547"])
def test_an_image_computes_what_the_desk_computes(board):
    passed, parts = outcome(quiet_endpoint(f"sim:{board}", 115_200))
    assert passed
    assert {name: part.result for name, part in parts.items()} == dict.fromkeys(
        ("image", "frontend", "kernels", "vad", "asr", "decoder"), "ok"
    )
    assert parts["kernels"].detail == ", ".join(OUTPUTS)
    assert parts["image"].runs >= 3


class WrongBoard(SilentBoard):
    """The native image, whose answers to some trials are changed on their way."""

    def __init__(self, change) -> None:
        super().__init__("native")
        self._change = change
        self._decoder = Decoder()

    def read(self, timeout_s: float) -> bytes:
        frames = [item for item in self._decoder.feed(super().read(timeout_s)) if isinstance(item, Frame)]
        return b"".join(encode(self._change(frame) if isinstance(frame, TrialResult) else frame) for frame in frames)


def test_a_kernel_that_goes_wrong_is_named():
    def change(result: TrialResult) -> TrialResult:
        wrong = result.subject is TrialSubject.KERNELS and OUTPUTS[result.output] == "depthwise" and result.run >= 2
        return replace(result, crc32=result.crc32 ^ 1) if wrong else result

    passed, parts = outcome(WrongBoard(change))
    assert not passed
    assert (parts["kernels"].result, parts["kernels"].detail) == ("failed", "depthwise differs from run 2 on")
    assert parts["vad"].result == parts["asr"].result == "ok"
    assert part_line(parts["kernels"]).split() == [
        "kernels",
        "failed",
        "6",
        "runs",
        *["depthwise", "differs", "from", "run", "2", "on"],
    ]


def test_an_output_of_another_length_is_wrong_too():
    passed, parts = outcome(WrongBoard(lambda result: replace(result, bytes=result.bytes + 1)))
    assert not passed
    assert parts["frontend"].detail == "output differs from run 0 on"


@pytest.fixture
def other_image(tmp_path: Path) -> Path:
    """The artemis' image with a byte changed after it was stamped: as of flash that has lost one."""
    path = tmp_path / "earshot.bin"
    data = bytearray((built("artemis") / "earshot.bin").read_bytes())
    data[5 * 32_768 + 17] ^= 1
    path.write_bytes(data)
    return path


def test_flash_that_differs_from_the_file_is_found_with_its_place(other_image):
    passed, parts = outcome(quiet_endpoint("sim:artemis", 115_200), image=other_image)
    assert not passed
    assert "differs" in parts["image"].detail
    assert "in block 5: flash it again" in parts["image"].detail


def test_another_build_than_the_file_is_said(tmp_path):
    path = tmp_path / "earshot.bin"
    shutil.copy(built("artemis") / "earshot.bin", path)
    data = bytearray(path.read_bytes())
    at = data.index(b"EARSHOT\0") + 40
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(HostError, match=r"the board runs build [0-9a-f]{16}, and .* is [0-9a-f]{16}\. Flash it first"):
        outcome(quiet_endpoint("sim:artemis", 115_200), image=path)


def test_a_domain_that_is_not_this_computers_must_be_named():
    class Foreign(SilentBoard):
        def open(self) -> None:
            super().open()
            assert self._board is not None
            self._board.use((MODELS / "domains/commands.domain").read_bytes())

        def read(self, timeout_s: float) -> bytes:
            domain = read_domain(MODELS / "domains/commands.domain")
            frames = [item for item in Decoder().feed(super().read(timeout_s)) if isinstance(item, Frame)]
            return b"".join(
                encode(replace(f, domain="commands", domain_crc32=domain.crc32) if isinstance(f, Hello) else f)
                for f in frames
            )

    _, parts = outcome(Foreign("native"))
    assert (parts["decoder"].result, "--domain" in parts["decoder"].detail) == ("skipped", True)
    _, parts = outcome(Foreign("native"), domain=read_domain(MODELS / "domains/commands.domain"))
    assert parts["decoder"].result == "ok"


def test_talk_on_the_board_is_waited_out(serial_line):
    """Somebody speaks now and then: trials are refused meanwhile, and series begin again."""
    pcm = np.concatenate([loud_and_quiet(2, 16_000), np.zeros(6 * 16_000, np.int16)])
    board = NativeOnLine(serial_line, pcm, pace_s=0.002)
    passed, parts = outcome(quiet_endpoint(serial_line.port, 115_200))
    board.stop()
    assert passed
    assert parts["asr"].result == "ok"


def test_the_inputs_are_the_same_at_every_call_and_go_to_the_ends_of_the_range():
    first, second = all_series(), all_series()
    assert first == second
    assert {series.subject for series in first} == set(TrialSubject) - {TrialSubject.IMAGE}
    sounds = np.frombuffer(b"".join(first[0].inputs), "<i2")
    assert (sounds.min(), sounds.max()) == (-32768, 32767)


def test_the_command_ends_with_one_where_something_differs(other_image):
    done = run_host("selftest", "--port", "sim:artemis", "--image", str(other_image), "--json")
    assert done.returncode == 1
    parts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [part["part"] for part in parts if part["result"] == "failed"] == ["image"]
    assert "does not compute what this computer computes" in done.stderr
