"""`host info` and `host config`, over every kind of port: what a board says, and its settings by name."""

import json
from dataclasses import replace

import pytest
from board_on_a_line import NativeOnLine, ScriptedBoard, hello_of, loud_and_quiet, run_host
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.link import Config
from firmware.link.codec import encode_body
from host.board_info import assigned, board_facts, info_lines, set_config, setting_rows
from host.errors import HostError
from host.exchange import Exchange, quiet_endpoint


def talk(port: str) -> Exchange:
    return Exchange(quiet_endpoint(port, 115_200))


@pytest.mark.parametrize("board", ["native", "artemis", "mps2_an386"])
def test_a_virtual_board_says_what_it_is(board):
    with talk(f"sim:{board}") as link:
        facts = board_facts(link)
    assert facts["board"] == board
    assert facts["reset_cause"] == "power_on"
    assert facts["state"] in ("hear", "sleep")
    assert facts["domain"]["name"] == "travel"
    # The image that runs is the one that was just built.
    assert facts["build"] == facts["built_here"]
    assert bool(facts["build"]) == (board != "native")


def test_lines_for_people_tell_all_of_it(serial_line):
    board = ScriptedBoard(serial_line)
    with talk(serial_line.port) as link:
        lines = "\n".join(info_lines(board_facts(link)))
    board.stop()
    for part in (
        "board       artemis  SparkFun RedBoard Artemis",
        "unit        f00d00000000beef",
        "build       0123456789abcdef",
        "vad         vad  cafef00d",
        "asr         asr  0000beef",
        "domain      travel  000000d0",
        "15625 Hz, 512 samples a decision",
        "last reset  power on; start 7 of this board",
        "state       HEAR, 0.0 s heard",
    ):
        assert part in lines


def test_what_is_missing_is_said_in_words(serial_line):
    board = ScriptedBoard(serial_line)
    board.hello = hello_of("somebody", boot=0, unit=0, build=0, asr="", domain="")
    with talk(serial_line.port) as link:
        lines = "\n".join(info_lines(board_facts(link)))
    board.stop()
    for part in (
        "the chip has no number",
        "none: not an image",
        "asr         none",
        "nothing is written down",
        "does not count",
    ):
        assert part in lines


def test_a_board_in_the_middle_of_its_talk_is_asked(serial_line):
    """The native image hears speech all the while: its frames come between, and none is acknowledged."""
    board = NativeOnLine(serial_line, loud_and_quiet(6, 16_000))
    with talk(serial_line.port) as link:
        assert link.greet().board == "native"
    board.stop()


def test_the_command_prints_json(serial_line):
    board = ScriptedBoard(serial_line)
    done = run_host("info", "--port", serial_line.port, "--json")
    board.stop()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["build"] == "0123456789abcdef"


def test_settings_are_shown_with_their_ranges():
    rows = {row["name"]: row for row in setting_rows(replace(Config(), on_q8=100, off_q8=50))}
    assert rows["on_q8"] == {"name": "on_q8", "value": 100, "min": 1, "max": 255, "default": 170}
    assert rows["off_q8"]["max"] == 100  # it may not be above on_q8
    assert list(rows) == list(Config.RANGES)


@pytest.mark.parametrize("board", ["native", "artemis"])
def test_settings_are_set_by_name_and_in_force(board):
    with talk(f"sim:{board}") as link:
        assert set_config(link, ["on_q8=170", "off_q8=0x50"]) == replace(Config(), on_q8=170, off_q8=80)
        link.greet()
        assert link.config == replace(Config(), on_q8=170, off_q8=80)


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("on_q8", r"'on_q8' sets nothing\. Write NAME=VALUE"),
        ("loud=3", r"there is no setting 'loud'\. Settings: on_q8, off_q8"),
        ("on_q8=high", r"on_q8 is a whole number, and 'high' is none\. From 1 to 255"),
        ("on_q8=", r"is a whole number"),
        ("on_q8=0", r"the board would refuse this: on_q8 is 0, not from 1 to 255\. Nothing was set"),
        ("off_q8=171", r"off_q8 is 171, not from 1 to 170"),
        ("on_q8=300", r"on_q8 is 300"),
        ("pre_roll_samples=-1", r"pre_roll_samples is -1"),
    ],
)
def test_what_cannot_be_set_is_refused_in_a_sentence(assignment, sentence):
    with pytest.raises(HostError, match=sentence):
        assigned(Config(), [assignment])


@given(st.lists(st.text(max_size=20), max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_assignment_is_taken_or_refused(assignments):
    try:
        changed = assigned(Config(), assignments)
    except HostError as error:
        assert "\n" not in str(error)
    else:
        assert changed.refusal() is None


def test_a_board_that_refuses_is_quoted(monkeypatch):
    """A board with other ranges than this host knows: here, a host that knows none."""
    monkeypatch.setattr("host.board_info.assigned", lambda config, _: replace(config, on_q8=0))
    with talk("sim:native") as link, pytest.raises(HostError, match=r"did not take .* on_q8 is 0, not from 1 to 255"):
        set_config(link, ["on_q8=0"])


def test_get_prints_one_bare_value_and_set_what_is_in_force(serial_line):
    board = ScriptedBoard(serial_line)
    assert run_host("config", "get", "off_q8", "--port", serial_line.port).stdout == "90\n"
    done = run_host("config", "set", "off_q8=80", "--port", serial_line.port)
    assert (done.returncode, done.stdout) == (0, "off_q8 = 80\n")
    wrong = run_host("config", "set", "off_q8=800", "--port", serial_line.port)
    board.stop()
    assert wrong.returncode == 2
    assert "not from 1 to 170" in wrong.stderr
    assert [config.off_q8 for config in board.configs] == [80]


def test_a_silent_port_says_what_may_be_wrong(serial_line, monkeypatch):
    monkeypatch.setattr("host.exchange.ANSWER_S", 0.1)
    with talk(serial_line.port) as link, pytest.raises(HostError, match=r"is silent: .*host ports.*host flash"):
        link.greet()


def test_a_port_that_says_no_frames_says_what_may_be_wrong(serial_line, monkeypatch):
    monkeypatch.setattr("host.exchange.ANSWER_S", 0.1)
    with talk(serial_line.port) as link:
        serial_line.write(b"\0Hello, I am an Arduino\0" * 20)
        with pytest.raises(HostError, match=r"sends bytes that are no frames.*--baud"):
            link.greet()


def test_another_protocol_is_refused(serial_line):
    with talk(serial_line.port) as link:
        serial_line.write(encode_body(b"\x01\x02older fields"))
        with pytest.raises(HostError, match=r"the board speaks protocol 2, this host protocol 3\. Flash the board"):
            link.greet()


def test_a_board_that_is_pulled_out_ends_in_a_sentence(serial_line):
    with talk(serial_line.port) as link:
        serial_line.unplug()
        with pytest.raises(HostError, match=r"was unplugged\. Plug it in and try again"):
            link.greet()


def test_a_damaged_question_is_asked_again(serial_line, monkeypatch):
    monkeypatch.setattr("host.exchange.ANSWER_S", 0.2)
    lost: list[bytes] = []
    read = serial_line.read

    def lossy() -> bytes:
        data = read()
        if data and len(lost) < 2:
            lost.append(data)
            return b""
        return data

    serial_line.read = lossy  # type: ignore[method-assign]
    board = ScriptedBoard(serial_line)
    with talk(serial_line.port) as link:
        assert link.greet().board == "artemis"
    board.stop()
    assert len(lost) == 2
