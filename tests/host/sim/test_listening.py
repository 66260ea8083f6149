"""What listening costs, of the real image in QEMU: the parts add up, and the whole is within the board's time."""

import shutil

import numpy as np
import pytest
import soundfile

from host.sim import SimulationError, listening

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-system-arm") and shutil.which("arm-none-eabi-gcc")),
    reason="needs Debian's qemu-system-arm and gcc-arm-none-eabi",
)


def _vowels() -> np.ndarray:
    time = np.arange(6400) / 16000
    voice = np.zeros(len(time))
    for hz in range(120, 4000, 120):
        formants = sum(1 / (1 + ((hz - at) / width) ** 2) for at, width in ((700, 90), (1200, 110), (2600, 160)))
        voice += formants * np.sin(2 * np.pi * hz * time + hz)
    voice *= np.hanning(len(time)) * 0.37 / np.abs(voice).max()
    pause = np.random.default_rng(3).standard_normal(len(time)) * 6e-4
    return np.concatenate([pause, voice] * 4)


def test_the_parts_add_up_and_the_board_has_time_for_them(tmp_path):
    file = tmp_path / "vowels.wav"
    soundfile.write(file, _vowels(), 16000, subtype="PCM_16")
    facts = listening.costs("mps2_an386", file)
    parts = facts["instructions_a_second"]
    assert parts["front end"] + parts["voice detector"] < parts["HEAR, all"] < parts["LISTEN, all"]
    assert parts["decoder and the rest"] > 0
    assert facts["real_time_factor"]["48 MHz"] == pytest.approx(2 * facts["real_time_factor"]["96 MHz"])
    # The Apollo3 listens in its burst.
    assert facts["real_time_factor"]["96 MHz"] <= 0.7
    assert "LISTEN, all" in listening.text(facts)


def test_silence_is_refused_with_what_to_give(tmp_path):
    file = tmp_path / "silence.wav"
    soundfile.write(file, np.zeros(16000), 16000, subtype="PCM_16")
    with pytest.raises(SimulationError, match="opened the gate: give a recording of speech"):
        listening.costs("mps2_an386", file)
