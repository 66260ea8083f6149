"""Fixtures that every part's tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of recordings; skips where there is none."""
    name = os.environ.get("EARSHOT_DATA", "")
    if not name:
        pytest.skip("EARSHOT_DATA is not set: no recordings")
    return Path(name)
