"""`power components` as its user meets it: lists, shows, checks; own parts come before the shipped ones."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from power import cli, data_files, figures
from power.errors import PowerError
from power.kinds import KINDS


@dataclass
class Result:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def power(monkeypatch, capsys):
    """Runs `power ARGUMENTS` in this process."""
    monkeypatch.delenv("EARSHOT_PARTS", raising=False)

    def call(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["power", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        written = capsys.readouterr()
        return Result(int(end.value.code or 0), written.out, written.err)

    yield call
    data_files.use_parts(None)


@pytest.fixture
def own(tmp_path):
    """A folder of own parts: a microphone of our own and another apollo3."""
    (tmp_path / "components").mkdir()
    for name, copy in (("sph0641", "my_mic"), ("apollo3", "apollo3")):
        text = data_files.find("components", name).read_text(encoding="utf-8")
        text = text.replace(f'name = "{name}"', f'name = "{copy}"').replace('title = "', 'title = "Our own ')
        (tmp_path / "components" / f"{copy}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_it_lists_every_component_by_kind(power):
    result = power("components")
    assert result.returncode == 0, result.stderr
    rows = [line.split()[:2] for line in result.stdout.splitlines()[1:]]
    assert sorted(name for name, _ in rows) == data_files.names("components")
    kinds = [kind for _, kind in rows]
    assert sorted(kinds, key=list(KINDS).index) == kinds


def test_the_json_counts_what_stands_behind_each(power):
    found = {part["name"]: part for part in json.loads(power("components", "--json").stdout)}
    for name, part in found.items():
        facts = figures.component(name)
        assert part["kind"] == facts.kind
        assert sum(part["statuses"].values()) == len(facts.figures) + len(facts.curves)
    radios = json.loads(power("components", "--kind", "radio", "--json").stdout)
    assert {part["name"] for part in radios} == {name for name, part in found.items() if part["kind"] == "radio"}


def test_it_shows_every_figure_with_conditions_source_and_status(power):
    result = power("components", "apollo3", "cell_300mah")
    words = " ".join(result.stdout.split())
    for name in ("apollo3", "cell_300mah"):
        for key in (*figures.component(name).figures, *figures.component(name).curves):
            assert key in words
    for text in ("uA/MHz", "secondary", "41.3 uW/MHz", "ocv at 50 %", "[uniform]", "while it sends"):
        assert text in words
    document = json.loads(power("components", "apollo3", "--json").stdout)
    assert document[0]["figures"]["run"]["typ"] == figures.component("apollo3").figure("run").typ
    assert document[0]["figures"]["run"]["source"]["document"]


def test_check_says_all_that_is_wrong_in_every_file(power, own):
    broken = own / "components" / "my_mic.toml"
    text = broken.read_text(encoding="utf-8")
    broken.write_text(text.replace('unit = "uA"', 'unit = "mAh"', 1).replace("max = 300.0", "max = -3.0"))
    (own / "boards").mkdir()
    board = own / "boards" / "mine.toml"
    shutil.copy(data_files.find("boards", "artemis"), board)
    result = power("components", "--check", broken, board)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert any(line.startswith(f"{broken}:") and "figures.listening.unit: mAh is a charge" in line for line in lines)
    assert any(line.startswith(f"{broken}:") and "figures.listening.max: should be greater" in line for line in lines)
    assert f"{board}:1: name: is 'artemis', but the file is 'mine.toml'; make them agree" in lines
    assert lines[-1] == "0 of 2 files hold, 2 refused"
    document = json.loads(power("components", "--check", "--json", broken).stdout)
    assert {entry["key"] for entry in document} >= {"figures.listening.unit", "figures.listening.max"}
    assert all(text.splitlines()[entry["line"] - 1] for entry in document)


def test_check_without_files_takes_all_that_is_found(power, own):
    plain = power("components", "--check")
    assert plain.returncode == 0, plain.stdout
    (own / "components" / "my_mic.toml").write_text("name = 1\n")
    with_own = power("components", "--check", "--parts", own)
    assert with_own.returncode == 1
    assert int(with_own.stdout.split()[-5]) == int(plain.stdout.split()[-3]) + 2
    listed = power("components", "--parts", own)
    assert listed.returncode == 1
    assert "my_mic.toml:1: kind: is missing" in listed.stderr
    assert "apollo3" in listed.stdout


@pytest.mark.parametrize("how", ["option", "variable"])
def test_own_parts_come_first(power, own, monkeypatch, how):
    if how == "variable":
        monkeypatch.setenv("EARSHOT_PARTS", str(own))
    arguments = ["--parts", own] if how == "option" else []
    found = {part["name"]: part for part in json.loads(power("components", "--json", *arguments).stdout)}
    assert found["my_mic"]["title"].startswith("Our own Knowles")
    assert found["apollo3"]["title"].startswith("Our own Ambiq")
    assert found["apollo3"]["file"].startswith(str(own))
    assert "nrf52840" in found


def test_a_board_of_ones_own_may_use_both(own, monkeypatch):
    (own / "boards").mkdir()
    text = data_files.find("boards", "artemis").read_text(encoding="utf-8")
    (own / "boards" / "mine.toml").write_text(
        text.replace('"artemis"\ntitle', '"mine"\ntitle').replace("sph0641", "my_mic")
    )
    with pytest.raises(PowerError, match="no board 'mine'"):
        figures.board_parts("mine")
    monkeypatch.setenv("EARSHOT_PARTS", str(own))
    assert "my_mic" in figures.board_parts("mine").component_names


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["apolo3"], ["no component 'apolo3'", "did you mean 'apollo3'", "cell_300mah"]),
        (["../boards/artemis"], ["no component '../boards/artemis'"]),
        (["--kind", "toaster"], ["no kind 'toaster'", "microphone"]),
        (["apollo3", "--kind", "cell"], ["apollo3 is a mcu"]),
        (["--check", "/nowhere.toml"], ["no file /nowhere.toml"]),
        (["--parts", "/nowhere"], ["/nowhere is no folder of parts"]),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(power, arguments, words):
    result = power("components", *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_a_folder_of_the_environment_that_is_none_is_refused(power, monkeypatch):
    monkeypatch.setenv("EARSHOT_PARTS", "/nowhere")
    result = power("components")
    assert result.returncode == 2
    assert "EARSHOT_PARTS names /nowhere, which is no folder; correct or unset it" in result.stderr


def test_the_command_starts_without_what_only_some_commands_need():
    program = "import sys, power.cli; print([m for m in ('pint', 'matplotlib', 'jinja2', 'scipy') if m in sys.modules])"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "[]\n"


def test_help_teaches():
    command = [sys.executable, "-m", "power.cli", "components", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    for word in ("--check", "--parts", "power components apollo3", "Exit code"):
        assert word in text
