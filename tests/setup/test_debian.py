"""Debian packages: what there is needs nothing, what cannot be installed is said by name with what to do."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "setup" / "debian.sh"
PRESENT = 'echo "install ok installed"'
ABSENT = "exit 1"


@pytest.fixture
def system(tmp_path):
    """Calls the script on a system made of the given commands, each a line of shell."""

    def run(**commands: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "grep").symlink_to("/bin/grep")
        for name, line in commands.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{line}\n")
            path.chmod(0o755)
        return subprocess.run(
            ["/bin/sh", str(SCRIPT), "gcc", "espeak-ng"],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": str(tmp_path)},
        )

    return run


def test_nothing_is_done_where_all_is_there(system):
    result = system(dpkg_query=PRESENT, apt_get="exit 9", id="echo 1000")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_root_installs_what_is_missing(system, tmp_path):
    called = tmp_path / "called"
    record = f'echo "$@" >> "{called}"'
    result = system(
        dpkg_query=ABSENT, apt_get=record, id="echo 0", env='while [ "${1#*=}" != "$1" ]; do shift; done; "$@"'
    )
    assert result.returncode == 0, result.stderr
    assert called.read_text().splitlines()[-1].endswith("gcc espeak-ng")


def test_without_root_and_sudo_the_packages_and_the_command_are_named(system):
    result = system(dpkg_query=ABSENT, apt_get="exit 9", id="echo 1000")
    assert result.returncode == 2
    assert "no sudo" in result.stderr
    assert "apt-get install gcc espeak-ng" in result.stderr


def test_a_user_whom_sudo_refuses_is_told_what_root_shall_run(system):
    result = system(dpkg_query=ABSENT, apt_get="exit 9", id="echo 1000", sudo="echo not in sudoers >&2; exit 1")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].endswith("Have root run: apt-get install gcc espeak-ng")


def test_another_system_is_told_which_packages_it_lacks(system):
    result = system(dpkg_query=ABSENT, id="echo 0")
    assert result.returncode == 2
    assert "no apt-get to install them: gcc espeak-ng" in result.stderr
