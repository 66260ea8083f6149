"""Fixtures that every part's tests share."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from host import demo_clip


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of recordings; skips where there is none."""
    name = os.environ.get("EARSHOT_DATA", "")
    if not name:
        pytest.skip("EARSHOT_DATA is not set: no recordings")
    return Path(name)


@pytest.fixture(scope="session")
def travellers() -> NDArray[np.int16]:
    """Phrases of the travel domain, synthetic, over noise, with pauses between; 16 kHz. Skips without espeak-ng."""
    if not shutil.which("espeak-ng"):
        pytest.skip("needs Debian's espeak-ng")
    return np.rint(demo_clip.clip() * 32767).clip(-32768, 32767).astype(np.int16)
