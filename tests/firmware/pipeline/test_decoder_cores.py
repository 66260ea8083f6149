"""The decoder on every core: the same bytes, and what it costs on a Cortex-M4."""

import random
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_speech import phonemes_of, said_by, spoken, travel
from test_frontend_cores import BARE, FLAGS, M4, M55

from firmware.domain.binary import encode
from firmware.native.decoding import Decoder, log2_posteriors
from firmware.native.library import FIRMWARE, build_folder, load

HERE = Path(__file__).parent
PIPELINE, DOMAIN, LINK = FIRMWARE / "pipeline", FIRMWARE / "domain", FIRMWARE / "link"
SOURCES = [*sorted(PIPELINE.glob("decoder*.c")), PIPELINE / "frontier.c", PIPELINE / "history.c"]
SOURCES += [PIPELINE / "posteriors.c", *sorted(DOMAIN.glob("*.c")), LINK / "crc32.c"]
SCALE = 0.125
INSTRUCTIONS_A_TICK = 40 / 64
"""Of SysTick on mps2-an386 at -icount shift=6: an instruction takes 64 ns, a tick 40 ns."""
FRAMES_A_SECOND = 31.25


def compiled(compiler: str, flags: list[str], program: Path) -> None:
    load()  # generates the tables
    gen = build_folder() / "gen"
    command = [compiler, *FLAGS, *flags, f"-DFROM_Q8_Q16={round(256 / SCALE)}u"]
    command += [f"-I{folder}" for folder in (PIPELINE, DOMAIN, LINK, gen)]
    sources = [HERE / "decoder_image.c", *SOURCES, gen / "posteriors_tables.c"]
    # Alone: a sanitizer that this very process may run under would get in the compiler's way.
    environment = {"PATH": "/usr/bin:/bin"}
    subprocess.run([*command, *map(str, sources), "-lgcc", "-o", str(program)], check=True, env=environment)


def given(folder: Path, domain: bytes, logits: NDArray[np.int8]) -> None:
    logits.tofile(folder / "logits.raw")
    (folder / "domain.raw").write_bytes(len(domain).to_bytes(4, "little") + domain)


def results(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "posteriors.raw").read_bytes(), (folder / "result.raw").read_bytes()


def in_qemu(machine: str, folder: Path) -> None:
    command = ["qemu-system-arm", "-M", machine, "-icount", "shift=6", "-display", "none", "-monitor", "none"]
    command += ["-serial", "none", "-semihosting", "-kernel", "image.elf"]
    subprocess.run(
        command, cwd=folder, check=True, stdin=subprocess.DEVNULL, timeout=120, env={"PATH": "/usr/bin:/bin"}
    )


@pytest.fixture(scope="module")
def utterances() -> tuple[bytes, NDArray[np.int8]]:
    """A traveller's domain, and some phrases of it in one row: what comes after the first is out of it."""
    graph, patterns = travel()
    rng, chosen = np.random.default_rng(3), random.Random(3)
    said = [said_by(chosen, chosen.choice(patterns)) for _ in range(4)]
    posteriors_q8 = np.concatenate([spoken(phonemes_of(graph, text), rng, 0.5) for text in said])
    logits = np.clip(np.rint(posteriors_q8 / 256 * np.log(2) / SCALE) + 60, -128, 127)
    return encode(graph), logits.astype(np.int8)


@pytest.mark.parametrize(("machine", "flags"), [("mps2-an386", M4), ("mps3-an547", M55)])
def test_posteriors_partials_and_result_are_those_of_the_desk(machine, flags, utterances, tmp_path):
    domain, logits = utterances
    desk, there = tmp_path / "desk", tmp_path / "there"
    for folder in (desk, there):
        folder.mkdir()
        given(folder, domain, logits)
    undefined = ["-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-static-libubsan"]
    compiled("gcc", undefined, desk / "image")
    subprocess.run([desk / "image"], cwd=desk, check=True, env={})
    compiled("arm-none-eabi-gcc", BARE + flags, there / "image.elf")
    in_qemu(machine, there)
    assert results(there) == results(desk)
    expected = log2_posteriors(logits, SCALE)
    assert results(desk)[0] == expected.tobytes()
    text = Decoder(domain).decode(expected).text
    assert text.encode() in results(desk)[1]


def test_a_second_of_speech_stays_within_the_budget(utterances, tmp_path):
    domain, _ = utterances
    graph, patterns = travel()
    chosen, rng = random.Random(4), np.random.default_rng(4)
    rows = []
    compiled("arm-none-eabi-gcc", BARE + M4, tmp_path / "image.elf")
    for _ in range(3):
        text = said_by(chosen, chosen.choice(patterns))
        posteriors_q8 = spoken(phonemes_of(graph, text), rng, 0.6)
        logits = np.clip(np.rint(posteriors_q8 / 256 * np.log(2) / SCALE) + 60, -128, 127).astype(np.int8)
        given(tmp_path, domain, logits)
        in_qemu("mps2-an386", tmp_path)
        rows.append(np.fromfile(tmp_path / "ticks.raw", np.uint32) * INSTRUCTIONS_A_TICK)
    a_frame = np.concatenate(rows)
    a_second = a_frame.mean() * FRAMES_A_SECOND
    print(f"{a_frame.mean():.0f} instructions a frame, {a_frame.max():.0f} at most; {a_second / 1e6:.2f} M a second")
    assert a_second <= 3e6
    assert a_frame.max() <= 300_000
