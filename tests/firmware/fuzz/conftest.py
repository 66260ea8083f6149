"""Where other people's models are."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def other_models() -> Path:
    """The folder with them; skips where there is none."""
    data = os.environ.get("EARSHOT_DATA")
    folder = os.environ.get("EARSHOT_MODELS") or (data and str(Path(data).parent / "models"))
    if not folder or not Path(folder).is_dir():
        pytest.skip("set EARSHOT_MODELS to the folder with kws_ref_model.tflite and its like")
    return Path(folder)
