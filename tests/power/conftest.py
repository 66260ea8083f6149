"""A run and component data with round numbers, so that results can be checked by hand."""

from datetime import UTC, datetime

import pytest

from power import figures
from power.last_run import LastRun


def _figure_toml(name: str, low: float, typ: float, high: float, unit: str) -> str:
    """One figure of a component file."""
    return (
        f'[figures.{name}]\nmin = {low}\ntyp = {typ}\nmax = {high}\nunit = "{unit}"\n'
        f'conditions = "none"\nsource = "the test"\nstatus = "assumed"\n'
    )


PARTS = {
    "mcu": [
        ("run", 5.0, 10.0, 20.0, "uA/MHz"),
        ("clock", 50.0, 50.0, 50.0, "MHz"),
        ("cpi", 1.0, 2.0, 4.0, "cycles/instruction"),
        ("deep_sleep", 1.0, 2.0, 4.0, "uA"),
        ("pdm", 50.0, 100.0, 200.0, "uA"),
        ("uart", 100.0, 100.0, 100.0, "uA"),
        ("supply", 3.0, 3.0, 3.0, "V"),
    ],
    "mic": [("listening", 100.0, 200.0, 400.0, "uA")],
    "reg": [("efficiency", 0.5, 0.8, 1.0, "fraction"), ("quiescent", 0.0, 1.0, 2.0, "uA")],
    "cell": [
        ("capacity", 100.0, 100.0, 100.0, "mAh"),
        ("voltage", 4.0, 4.0, 4.0, "V"),
        ("ageing", 0.5, 0.8, 1.0, "fraction"),
        ("cutoff", 0.5, 0.5, 1.0, "fraction"),
        ("temperature", 1.0, 1.0, 1.0, "fraction"),
    ],
}


@pytest.fixture
def parts(tmp_path, monkeypatch) -> figures.BoardParts:
    """A board of round numbers: 50 MHz, 3 V, a 0.4 Wh cell."""
    for name, rows in PARTS.items():
        text = f'name = "{name}"\ntitle = "a part"\n' + "".join(_figure_toml(*row) for row in rows)
        (tmp_path / f"{name}.toml").write_text(text)
    monkeypatch.setattr(figures, "COMPONENTS", tmp_path)
    figures.component.cache_clear()
    yield figures.BoardParts(
        name="toy",
        title="a board",
        mcu="mcu",
        microphone="mic",
        regulator="reg",
        cell="cell",
        link_baud=10_000,
        ledgers_of=("toy",),
    )
    figures.component.cache_clear()


@pytest.fixture
def run() -> LastRun:
    """100 s at 16 kHz: half in HEAR at 2 500 000 instructions a second, half in SLEEP at 25 000; 10 bytes a second."""
    return LastRun.model_validate(
        {
            "board": "toy",
            "rate": 16000,
            "firmware": "0.1.0",
            "cycles_are": "instructions",
            "ledger": {
                "sample": 1_600_000,
                "rows": {
                    "sleep": {"samples": 800_000, "cycles": 1_250_000, "entries": 1},
                    "hear": {"samples": 800_000, "cycles": 125_000_000, "entries": 1},
                    "listen": {"samples": 0, "cycles": 0, "entries": 0},
                },
                "frames": 3125,
                "inferences": 1562,
                "segments": 3,
                "speech_samples": 160_000,
                "dropped": 0,
                "segments_lost": 0,
            },
            "link_bytes": {"sent": 1000, "received": 50},
            "recording": "talk.wav",
            "wall": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        }
    )
