"""The front end on every core: the portable C on the desk, Armv7E-M and Helium in QEMU, bit by bit."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.native.library import FIRMWARE, build_folder, load

HERE = Path(__file__).parent
PIPELINE = FIRMWARE / "pipeline"
SOURCES = [
    PIPELINE / f"{name}.c" for name in ("frontend", "spectrum", "spectrum_dsp", "spectrum_mve", "mel", "mel_dsp")
]
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion", "-Wsign-conversion"]
FLAGS += ["-fstack-protector-strong"]
BARE = ["-DBARE", "-mthumb", "-mfloat-abi=hard", "-ffunction-sections", "-fdata-sections", "-nostartfiles"]
BARE += ["-ffreestanding", "-fbuiltin", "-nostdlib", "-Wl,--gc-sections", f"-T{HERE / 'frontend_image.ld'}"]
BARE += [str(FIRMWARE / "boards/cortexm/memory.c")]
M4 = ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16"]
M55 = ["-mcpu=cortex-m55", "-mfpu=auto"]
PORTABLE = ["-DEARSHOT_PORTABLE"]


@dataclass(frozen=True)
class Result:
    """Of a run, a row a chunk."""

    logmel_q8: NDArray[np.int16]
    spectrum: NDArray[np.uint32]
    ticks: NDArray[np.uint32]


def result(folder: Path) -> Result:
    chunks = (folder / "ticks.raw").stat().st_size // 4
    return Result(
        np.fromfile(folder / "logmel.raw", np.int16).reshape(chunks, -1),
        np.fromfile(folder / "spectrum.raw", np.uint32).reshape(chunks, -1),
        np.fromfile(folder / "ticks.raw", np.uint32),
    )


def compiled(compiler: str, flags: list[str], rate_hz: int, program: Path) -> None:
    load()  # generates the tables
    gen = build_folder() / "gen"
    command = [compiler, *FLAGS, *flags, f"-DTABLES=frontend_tables_{rate_hz}", f"-I{PIPELINE}", f"-I{gen}"]
    sources = [HERE / "frontend_image.c", *SOURCES, gen / "frontend_tables.c"]
    # Alone: a sanitizer that this very process may run under would get in the compiler's way.
    environment = {"PATH": "/usr/bin:/bin"}
    subprocess.run([*command, *map(str, sources), "-lgcc", "-o", str(program)], check=True, env=environment)


def in_qemu(machine: str, flags: list[str], rate_hz: int, pcm: NDArray[np.int16], folder: Path) -> Result:
    compiled("arm-none-eabi-gcc", BARE + flags, rate_hz, folder / "image.elf")
    pcm.tofile(folder / "pcm.raw")
    command = ["qemu-system-arm", "-M", machine, "-icount", "shift=6", "-display", "none", "-monitor", "none"]
    command += ["-serial", "none", "-semihosting", "-kernel", "image.elf"]
    subprocess.run(
        command, cwd=folder, check=True, stdin=subprocess.DEVNULL, timeout=120, env={"PATH": "/usr/bin:/bin"}
    )
    return result(folder)


def on_the_desk(rate_hz: int, pcm: NDArray[np.int16], folder: Path) -> Result:
    undefined = ["-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-static-libubsan"]
    compiled("gcc", undefined, rate_hz, folder / "desk")
    pcm.tofile(folder / "pcm.raw")
    subprocess.run([folder / "desk"], cwd=folder, check=True, env={})
    return result(folder)


@pytest.fixture(scope="module")
def sounds(vowels) -> dict[str, NDArray[np.int16]]:
    """Whole chunks of what is ordinary, extreme, faint and sudden."""
    rng = np.random.default_rng(7)
    time = np.arange(4096)
    voice = vowels(2)[:25600].astype(float)
    made = {
        "voice": voice,
        "faint voice": voice / 1000,
        "noise": rng.integers(-32768, 32768, 4096),
        "faint noise": rng.integers(-3, 4, 4096),
        "square": np.where(time // 37 % 2, 32767, -32768),
        "alternating": np.where(time % 2, 32767, -32768),
        "extremes at random": rng.choice([-32768, 32767], 8192),
        "lowest": np.full(2048, -32768),
        "highest": np.full(2048, 32767),
        "impulses": (np.arange(8192) % 701 == 5) * 32767,
        "one LSB": (time % 777 == 5) * 1,
        "silence": np.zeros(2048),
        "near silence": rng.integers(-1, 2, 16384) * (rng.random(16384) < np.repeat([0.002, 0.02, 0.2, 1.0], 4096)),
        "faint constants": np.repeat([1, 5, 50, 100], 2048),
        "a faint tone that fades": 64 * 0.999**time * np.cos(time * 0.4),
        "bursts": np.where(np.arange(16384) // 900 % 2, 9000, 3) * rng.standard_normal(16384),
        "tone": 32767 * np.sin(time * 1.234),
    }
    return {name: sound.round().clip(-32768, 32767).astype(np.int16) for name, sound in made.items()}


@pytest.fixture(scope="module")
def pcm(sounds) -> NDArray[np.int16]:
    return np.concatenate(list(sounds.values()))


@pytest.fixture(scope="module", params=[16000, 15625])
def expected(request, pcm, tmp_path_factory) -> tuple[int, Result]:
    return request.param, on_the_desk(request.param, pcm, tmp_path_factory.mktemp("desk"))


CORES = {
    "Armv7E-M": ("mps2-an386", M4),
    "Helium": ("mps3-an547", M55),
    "portable C on a Cortex-M4": ("mps2-an386", M4 + PORTABLE),
}


@pytest.mark.parametrize("core", CORES)
def test_spectra_and_features_are_those_of_the_desk(core, expected, pcm, tmp_path):
    rate_hz, desk = expected
    there = in_qemu(*CORES[core], rate_hz, pcm, tmp_path)
    assert len(there.ticks) == len(pcm) // 512
    np.testing.assert_array_equal(there.spectrum, desk.spectrum)
    np.testing.assert_array_equal(there.logmel_q8, desk.logmel_q8)
    assert there.logmel_q8.min() == 0


def test_the_desk_hears_what_the_native_library_hears(expected, pcm):
    from firmware import native

    rate_hz, desk = expected
    np.testing.assert_array_equal(desk.logmel_q8.reshape(-1, 40), native.logmel(pcm, rate_hz))


@pytest.mark.parametrize(
    ("core", "instructions_a_tick", "most"), [("Armv7E-M", 40 / 64, 9_650), ("Helium", 31.25 / 64, 6_200)]
)
def test_instructions_a_hop_stay_within_the_budget(core, instructions_a_tick, most, sounds, tmp_path):
    # At -icount shift=6 an instruction takes 64 ns, a tick of SysTick 40 ns and 31.25 ns.
    there = in_qemu(*CORES[core], 16000, np.concatenate([sounds["voice"], sounds["bursts"]]), tmp_path)
    a_hop = there.ticks * instructions_a_tick / 2
    print(f"{core}: {a_hop.mean():.0f} instructions a hop, {a_hop.max():.0f} at most")
    assert a_hop.max() <= most
