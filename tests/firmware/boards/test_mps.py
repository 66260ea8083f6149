"""The MPS boards' drivers and start-up: no byte lost, instructions counted, every kind of reset told apart."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from firmware import boards
from firmware.link import Decoder, Log
from host.sim.image import built
from host.sim.qemu import QemuBoard

ROOT = Path(__file__).resolve().parents[3]
LOOP_INSTRUCTIONS = 6 * 5_000_000
POWER_ON, SOFTWARE, WATCHDOG, FAULT = b"\1", b"\3", b"\4", b"\5"
SILENCE = np.zeros(512, np.int16)

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-system-arm") and shutil.which("arm-none-eabi-gcc")),
    reason="needs Debian's qemu-system-arm and gcc-arm-none-eabi",
)


@pytest.fixture(scope="module", params=["mps2_an386", "mps3_an547"])
def probe(request, tmp_path_factory) -> tuple[str, Path]:
    """A board and the probe linked with that board's own objects."""
    facts = boards.load(request.param)
    folder = tmp_path_factory.mktemp(facts.name)
    build = built(facts.name)
    objects = [path for path in (build / "obj").rglob("*.o") if path.name != "main.o"]
    folders = [
        build / "gen",
        *(ROOT / "firmware" / name for name in ("", "pipeline", "nn", "link", "domain", "trial", *facts.sources)),
    ]
    elf = folder / "probe.elf"
    subprocess.run(
        [
            *("arm-none-eabi-gcc", *facts.toolchain.cpu_flags, "-std=c11", "-O2", "-ffreestanding", "-nostdlib"),
            *("-Wall", "-Wextra", "-Werror", *(f"-I{path}" for path in folders), f"-L{build / 'gen'}"),
            *(f"-T{ROOT / 'firmware' / facts.image.linker_script}", "-Wl,--gc-sections", "-o", elf),
            *(Path(__file__).with_name("mps_probe.c"), *objects, "-lgcc"),
        ],
        check=True,
    )
    image = elf.with_suffix(".bin")
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, image], check=True)
    return facts.name, image


@pytest.fixture
def board(probe):
    with QemuBoard(*probe) as board:
        assert board.hear(SILENCE[:0]) == POWER_ON
        yield board


def _hash(pcm: np.ndarray, link: bytes = b"") -> bytes:
    value = 0
    for word in [*pcm.view(np.uint16).tolist(), *link]:
        value = (value * 31 + word) & 0xFFFFFFFF
    return struct.pack("<I", value)


def test_every_sample_and_link_byte_arrives(board):
    rng = np.random.default_rng(7)
    for count in (0, 1, 100, 512, 3, 0, 511):
        pcm = rng.integers(-32768, 32768, 512).astype(np.int16)
        link = bytes(rng.integers(0, 65, count, dtype=np.uint8))
        board.send(link)
        assert board.hear(pcm) == _hash(pcm, link)


def test_cycles_are_instructions_across_the_wraps_of_systick(board):
    board.send(b"L")
    taken, hashed = struct.unpack("<I4s", board.hear(SILENCE))

    assert hashed == _hash(SILENCE, b"L")
    assert LOOP_INSTRUCTIONS <= taken < LOOP_INSTRUCTIONS + 200


def test_a_reset_by_the_image_is_a_software_reset(board):
    board.send(b"R")
    assert board.hear(SILENCE) == SOFTWARE
    assert board.hear(SILENCE) == _hash(SILENCE)


def test_a_hang_ends_by_the_watchdog_and_is_reported_with_its_place(board):
    board.send(b"H")
    sent = board.hear(SILENCE)

    assert sent[-1:] == WATCHDOG
    (log,) = [frame for frame in Decoder().feed(sent[:-1]) if isinstance(frame, Log)]
    assert "exception 00000002 pc 0000" in log.text
    assert board.hear(SILENCE) == _hash(SILENCE)


def test_a_fault_is_reported_and_restarts_the_image(board):
    board.send(b"U")
    sent = board.hear(SILENCE)

    assert sent[-1:] == FAULT
    (log,) = [frame for frame in Decoder().feed(sent[:-1]) if isinstance(frame, Log)]
    assert log.text.startswith("fault: exception ")
    assert board.hear(SILENCE) == _hash(SILENCE)
    board.send(b"R")
    assert board.hear(SILENCE) == SOFTWARE
