"""A run and component data with round numbers, so that results can be checked by hand."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from power import figures
from power.cli import main
from power.last_run import LastRun

_EVIDENCE = 'conditions = "none"\nsource = { document = "the test" }\nstatus = "assumed"\n'


def figure_toml(name: str, low: float, typ: float, high: float, unit: str) -> str:
    """One figure of a component file."""
    return f'[figures.{name}]\nmin = {low}\ntyp = {typ}\nmax = {high}\nunit = "{unit}"\n{_EVIDENCE}'


def curve_toml(name: str, x_unit: str, unit: str, points: list[tuple[float, float, float, float]]) -> str:
    """One curve of a component file."""
    rows = ", ".join(str(list(map(float, point))) for point in points)
    return f'[curves.{name}]\nx_unit = "{x_unit}"\nunit = "{unit}"\npoints = [{rows}]\n{_EVIDENCE}'


def component_toml(name: str, kind: str, figures: list[tuple], curves: list[tuple] = ()) -> str:
    """A component file."""
    head = f'name = "{name}"\nkind = "{kind}"\ntitle = "a part"\n'
    return head + "".join(figure_toml(*row) for row in figures) + "".join(curve_toml(*row) for row in curves)


TOY = {
    "core": (
        "mcu",
        [
            ("supply", 3.0, 3.0, 3.0, "V"),
            ("clock", 50.0, 50.0, 50.0, "MHz"),
            ("run", 5.0, 10.0, 20.0, "uA/MHz"),
            ("cpi", 1.0, 2.0, 4.0, "cycles/instruction"),
            ("deep_sleep", 1.0, 2.0, 4.0, "uA"),
            ("retention", 0.0, 0.0, 0.0, "uA/bank"),
            ("bank", 32.0, 32.0, 32.0, "KiB"),
            ("wake", 0.0, 0.0, 0.0, "us"),
            ("settle", 0.0, 0.0, 0.0, "us"),
            ("pdm", 50.0, 100.0, 200.0, "uA"),
            ("uart", 100.0, 100.0, 100.0, "uA"),
        ],
    ),
    "mic": (
        "microphone",
        [
            ("supply", 3.0, 3.0, 3.0, "V"),
            ("listening", 100.0, 200.0, 400.0, "uA"),
            ("asleep", 1.0, 1.0, 1.0, "uA"),
            ("wake", 10.0, 10.0, 10.0, "ms"),
        ],
    ),
    "reg": (
        "regulator",
        [("quiescent", 0.0, 1.0, 2.0, "uA")],
        [("efficiency", "mA", "fraction", [(1, 0.5, 0.8, 1.0)])],
    ),
    "pack": (
        "cell",
        [
            ("capacity", 100.0, 100.0, 100.0, "mAh"),
            ("voltage", 4.0, 4.0, 4.0, "V"),
            ("resistance", 0.1, 0.2, 0.4, "ohm"),
            ("cutoff", 3.3, 3.3, 3.3, "V"),
            ("brownout", 3.0, 3.0, 3.0, "V"),
            ("self_discharge", 0.0, 0.0, 0.0, "%/month"),
            ("rest_loss", 0.0, 0.5, 0.5, "fraction"),
        ],
        [
            ("ocv", "fraction", "V", [(0, 3.0, 3.0, 3.0), (1, 5.0, 5.0, 5.0)]),
            ("by_temperature", "degC", "fraction", [(25, 1, 1, 1)]),
            ("by_rate", "1/h", "fraction", [(0.2, 1, 1, 1)]),
            ("by_cycles", "cycles", "fraction", [(500, 0.5, 0.8, 1.0)]),
            ("resistance_by_temperature", "degC", "fraction", [(25, 1, 1, 1)]),
        ],
    ),
}


@pytest.fixture
def parts(tmp_path, monkeypatch) -> figures.BoardParts:
    """A board of round numbers: 50 MHz, 3 V, a 0.4 Wh cell; its files are where `power` looks first."""
    folder = tmp_path / "parts" / "components"
    folder.mkdir(parents=True)
    for name, entry in TOY.items():
        (folder / f"{name}.toml").write_text(component_toml(name, *entry))
    monkeypatch.setenv("EARSHOT_PARTS", str(folder.parent))
    return figures.BoardParts(
        name="toy",
        title="a board",
        mcu="core",
        microphone="mic",
        cell="pack",
        rails={"main": figures.Rail(regulator="reg", volts=3.0, loads=("mcu", "microphone"))},
        link_baud=10_000,
        ram_kept_kib=32,
        ledgers_of=("toy",),
    )


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


@pytest.fixture
def power(tmp_path, monkeypatch, capsys):
    """Runs `power ARGUMENTS` in this process and in tmp_path, where no run was kept yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("EARSHOT_PARTS", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> subprocess.CompletedProcess:
        monkeypatch.setattr(sys, "argv", ["power", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, ended.value.code or 0, out, err)

    return call


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Starts `power ARGUMENTS` with its state in tmp_path, Ctrl-C heeded; ends it with the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    processes: list[subprocess.Popen] = []

    def start(*arguments: str) -> subprocess.Popen:
        # What a shell starts in the background has SIGINT ignored, and children inherit that.
        command = ["env", "--default-signal=INT", sys.executable, "-m", "power.cli", *arguments]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()
