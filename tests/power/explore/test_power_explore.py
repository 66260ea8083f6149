"""`power explore` as its user meets it: an address, a page behind it, and Ctrl-C."""

import signal
import subprocess
import sys
import urllib.request

import pytest


@pytest.fixture
def explore(tmp_path, monkeypatch):
    """Starts `power explore ARGUMENTS` with its state in tmp_path; ends it with the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    started: list[subprocess.Popen] = []

    def start(*arguments: str) -> subprocess.Popen:
        # What a shell starts in the background has SIGINT ignored, and children inherit that.
        command = ["env", "--default-signal=INT", sys.executable, "-m", "power.cli", "explore", *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_serves_the_page_and_ends_quietly(explore, ends):
    process = explore("--no-browser")
    assert process.stdout is not None
    address = process.stdout.readline().split()[0]
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address, timeout=30) as page:
        assert b"<title>Earshot: power explorer</title>" in page.read()
    process.send_signal(ends)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "party"], "party"),
        (["--board", "toaster"], "toaster"),
        (["--ledger", "/nowhere/run.json"], "/nowhere/run.json"),
        (["--port", "99999"], "--port"),
    ],
)
def test_bad_input_is_said_and_exit_code_2(explore, arguments, said):
    process = explore("--no-browser", *arguments)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err
