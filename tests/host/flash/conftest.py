"""Simulated loaders and small images, as fixtures."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from simulated_loader import Faults, SimulatedLoader, image_bytes


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    """A small image for the artemis."""
    path = tmp_path / "earshot.bin"
    path.write_bytes(image_bytes())
    return path


@pytest.fixture
def loader(tmp_path: Path) -> Iterator[Callable[..., SimulatedLoader]]:
    """Starts a board with the boot loader; unplugged at the end."""
    started: list[SimulatedLoader] = []

    def start(faults: Faults | None = None, **others: object) -> SimulatedLoader:
        started.append(SimulatedLoader(tmp_path / f"ttyLOADER{len(started)}", faults, **others))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for board in started:
        board.stop()
