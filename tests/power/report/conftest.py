"""The report of the shipped scenario, made once from the shipped ledger."""

import pytest

from power import figures, kept_ledgers
from power.report.document import Origin, document
from power.scenario import scenario
from power.study import study

DAYS = 400


def made(name: str = "earpiece", board: str = "artemis", **changes: float) -> dict:
    parts = figures.board_parts(board)
    kept = kept_ledgers.shipped(parts)
    assert kept is not None
    result = study(kept.run, parts, scenario(name), days=DAYS, seed=1, changes=changes)
    return document(result, Origin(kept.says, kept.name, kept.sha256, f"power report --scenario {name}"))


@pytest.fixture(scope="session")
def facts() -> dict:
    """The earpiece on artemis."""
    return made()


@pytest.fixture(scope="session")
def stated() -> dict:
    """The estimate that the product was begun with: loads in milliwatts that rest on no figure."""
    return made("original_estimate")


@pytest.fixture(scope="session")
def short_lived() -> dict:
    """The same with a cell of 3 mAh, which lasts no day."""
    return made(**{"cell_300mah.capacity": 3e-3 * 3600})
