"""The README is true: its commands exist and its table is that of the boards."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from host.board_list import board_list

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


COMMANDS = commands(README)
MODULES = [
    command
    for text in (README, (ROOT / "firmware/nn/README.md").read_text())
    for command in [*commands(text), *re.findall(r"`(python -m [^`]*)`", text)]
    if command.startswith("python -m") and not command.startswith("python -m pytest")
]


def called(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "200", **environment}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=120, cwd=ROOT)


def test_the_table_of_boards_is_what_the_boards_say():
    for board in board_list():
        rates = ", ".join(str(rate) for rate in board["rates"])
        verified = board["verified"]
        cells = board["name"], board["core"], f"{rates} Hz", board["runs"], verified["virtual"], verified["silicon"]
        assert f"| {' | '.join(cells)} |" in README
    assert len(re.findall(r"^\| \w+ \| (?:host|cortex)", README, re.M)) == len(board_list())


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.split()[0] in ("host", "train", "power")])
def test_every_command_and_option_exists(command):
    words = shlex.split(command)
    names = [word for word in words if word.isalpha() and word not in ("talk", "native", "artemis")][:3]
    for count in range(len(names), 0, -1):
        result = called([*names[:count], "--help"])
        if result.returncode == 0:
            break
    assert result.returncode == 0, command
    for option in re.findall(r"(?<= )--[\w-]+", command):
        assert option in result.stdout, f"{command}: {option}"


@pytest.mark.parametrize("command", sorted(set(MODULES)))
def test_every_module_and_its_options_exist(command):
    module = shlex.split(command)[2]
    result = called([sys.executable, "-m", module, "--help"])
    assert result.returncode == 0, result.stderr
    for option in re.findall(r"(?<= )--[\w-]+", command):
        assert option in result.stdout, f"{command}: {option}"


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(("make", "PYTHONPATH"))])
def test_every_make_target_exists(command):
    result = called(["make", "--dry-run", *shlex.split(command)[1:]])
    assert result.returncode == 0, result.stderr


def test_replay_prints_what_the_readme_says(tmp_path):
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "talk.wav", rng.normal(0, 0.01, 32000), 16000)
    replays = [c for c in COMMANDS if c.startswith("host replay")]
    assert len(replays) >= 3
    for command in replays:
        words = [str(tmp_path / w) if w == "talk.wav" else w for w in shlex.split(command)]
        result = called(words, XDG_STATE_HOME=str(tmp_path))
        assert result.returncode == 0, result.stderr
        if "--vad-scores" in words:
            lines = [tuple(map(float, line.split())) for line in result.stdout.splitlines()]
            assert len(lines) == -(-32000 // 512)
            assert lines[0][0] == 512 / 16000
            assert all(0 <= probability <= 1 for _, probability in lines)
        else:
            assert "ledger" in result.stdout
    assert called(["power", "report"], XDG_STATE_HOME=str(tmp_path)).returncode in (0, 2)
