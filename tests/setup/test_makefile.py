"""`make demo WAV=FILE` hands over any file name as it is."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "name", ["my talk.wav", "it's.wav", 'a"b.wav', "a$b.wav", "$(id).wav", "`id`.wav", "a;b&c.wav"]
)
def test_a_recording_of_any_name_is_played(name):
    assert _played(f"WAV={name}") == name


def test_without_a_recording_the_clip_is_played():
    assert _played() == _played("WAV=") == "build/demo.wav"


def _played(*arguments: str) -> str:
    command = ["make", "--dry-run", "demo", *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in ("WAV", "MAKEFLAGS", "MAKELEVEL")}
    result = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    line = next(line for line in result.stdout.splitlines() if "host listen" in line)
    return shlex.split(line)[-1]
