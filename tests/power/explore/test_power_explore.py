"""`power explore` as its user meets it: an address, a page behind it, and Ctrl-C."""

import signal
import urllib.request
from functools import partial

import pytest


@pytest.fixture
def explore(started):
    """Starts `power explore ARGUMENTS`; ends it with the test."""
    return partial(started, "explore")


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
