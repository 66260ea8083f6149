"""protocol.toml is the one definition: what is made from it is up to date, and what it cannot say is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from firmware.link import protocol, protocol_c, protocol_md, protocol_python

TEXT = protocol.DEFINITION.read_text(encoding="utf-8")


def test_frames_py_is_up_to_date() -> None:
    made = protocol_python.source(protocol.load())
    assert protocol_python.TARGET.read_text(encoding="utf-8") == made, "run python -m firmware.link.protocol"


def test_the_tables_of_protocol_md_are_up_to_date() -> None:
    made = protocol_md.updated(protocol.load())
    assert protocol_md.TARGET.read_text(encoding="utf-8") == made, "run python -m firmware.link.protocol"


def test_a_changed_definition_changes_all_three() -> None:
    changed = protocol.parse(TEXT.replace("heartbeat_chunks = 31", "heartbeat_chunks = 29"))
    assert "#define LINK_HEARTBEAT_CHUNKS 29" in protocol_c.header(changed)
    assert "HEARTBEAT_CHUNKS = 29" in protocol_python.source(changed)
    assert "every 29 chunks" in protocol_md.updated(changed)


def test_all_types_reach_c_and_python(tmp_path: Path) -> None:
    """A definition with every type, compiled and run."""
    text = """
version = 9
timing = {}
[[enum]]
name = "colour"
doc = "d"
values = [{ name = "red", doc = "d" }, { name = "blue", doc = "d" }]
[[record]]
name = "pair"
doc = "d"
fields = [{ name = "a", type = "i16", doc = "d" }, { name = "b", type = "u8", doc = "d" }]
[[frame]]
name = "all"
type = 1
from = "both"
doc = "d"
fields = [
    { name = "small", type = "i16", doc = "d" },
    { name = "levels", type = "u16", per = "colour", doc = "d" },
    { name = "pairs", type = "pair", per = "colour", doc = "d" },
    { name = "paint", type = "colour", doc = "d" },
    { name = "paints", type = "colour", per = "colour", doc = "d" },
    { name = "on", type = "flag", doc = "d" },
    { name = "who", type = "char[3]", doc = "d" },
    { name = "words", type = "string[5]", doc = "d" },
    { name = "raw", type = "bytes[4]", doc = "d" },
    { name = "slots", type = "pairs[9]", doc = "d" },
    { name = "time", type = "u64", doc = "d" },
]
"""
    definition = protocol.parse(text)
    (tmp_path / "protocol.h").write_text(protocol_c.header(definition))
    (tmp_path / "protocol.c").write_text(protocol_c.source(definition))
    (tmp_path / "all_frames.py").write_text(protocol_python.source(definition))
    (tmp_path / "main.c").write_text(
        """
#include <stdio.h>
#include "protocol.h"
int main(void) {
    struct link_all all;
    uint8_t in[LINK_PAYLOAD_MAX + 1], out[LINK_PAYLOAD_MAX];
    size_t count = fread(in, 1, sizeof in, stdin);
    if (!link_all_unpack(&all, in, count)) return 3;
    fwrite(out, 1, link_all_pack(&all, out, sizeof out), stdout);
    return 0;
}
"""
    )
    link = Path(protocol.__file__).parent
    sources = [tmp_path / "main.c", tmp_path / "protocol.c", link / "wire.c"]
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover"]
    subprocess.run(["gcc", *flags, f"-I{tmp_path}", f"-I{link}", *sources, "-o", tmp_path / "run"], check=True)
    script = (
        "import sys, subprocess; from all_frames import All, Colour, Pair\n"
        "frame = All(-300, (1, 65535), (Pair(-1, 2), Pair(3, 4)), Colour.BLUE, (Colour.RED, Colour.BLUE), True,"
        " 'ab', 'héé', b'\\0\\xff', (('a', 'bc'), ('d', '')), 1 << 63)\n"
        "run = subprocess.run(['./run'], input=frame.pack(), stdout=subprocess.PIPE, check=True)\n"
        "assert All.unpack(run.stdout) == frame\n"
        "bad = frame.pack()[:-1]\n"
        "assert subprocess.run(['./run'], input=bad, stdout=subprocess.PIPE).returncode == 3\n"
    )
    root = Path(protocol.__file__).parents[2]
    environment = {"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0"}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'type = "u64", doc = "first sample',
            'type = "u65", doc = "first sample',
            "segment.start has the unknown type",
        ),
        ('max = "on_q8"', 'max = "loud"', "config.off_q8 has the unknown field loud as its max"),
        ("min = 1, max = 255", "min = 1", "config.on_q8 has only one of min and max"),
        ('per = "listener_state"', 'per = "planet"', "ledger.rows repeats for the unknown enum planet"),
        ("string[120]", "string[300]", "log.text holds 300 bytes; from 1 to 255 are possible"),
        ('name = "ack"\ntype = 7', 'name = "ack"\ntype = 6', "types repeat"),
        ('name = "peak_q8"', 'name = "end"', "fields of segment repeat"),
        ("version = 3", "version = 0", "version: "),
        ("version = 3", "version = ", "protocol.toml: "),
    ],
)
def test_a_definition_that_does_not_hold_is_refused_in_a_sentence(old: str, new: str, sentence: str) -> None:
    assert old in TEXT
    with pytest.raises(protocol.ProtocolError) as caught:
        protocol.parse(TEXT.replace(old, new))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value).split(": ", 1)[0]


def test_protocol_md_without_its_markers_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "PROTOCOL.md"
    page.write_text("no tables here")
    monkeypatch.setattr(protocol_md, "TARGET", page)
    with pytest.raises(protocol.ProtocolError, match=r"PROTOCOL\.md lacks the marker"):
        protocol_md.updated(protocol.load())
