"""Domain files: whole, damaged, of another kind, and the text that is not compiled yet."""

import struct
import zlib

import pytest
from domain_store import small_domain

from firmware.domain import binary
from host.domain_file import read_domain
from host.errors import HostError


def domain_bytes(content: bytes, format_: int = 200) -> bytes:
    """A file with the header of a compiled domain."""
    rest = struct.pack("<HHI", format_, 1, 16 + len(content)) + content
    return b"EDOM" + struct.pack("<I", zlib.crc32(rest)) + rest


def test_a_whole_one_is_read(tmp_path):
    path = tmp_path / "a domain with a long näme.domain"
    path.write_bytes(small_domain("hotel desk number nine"))
    domain = read_domain(path)
    assert domain.data == path.read_bytes()
    assert domain.format == binary.VERSION
    assert domain.crc32 == zlib.crc32(path.read_bytes())
    assert domain.name == "hotel desk numbe"


def test_one_of_a_format_that_only_the_board_may_know_is_taken_by_its_name(tmp_path):
    path = tmp_path / "a domain with a long näme.domain"
    path.write_bytes(domain_bytes(b"arcs and words", 3))
    assert read_domain(path).format == 3
    assert read_domain(path).name == "a domain with a "


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# phrases\nwhere is the station\n", r"Compile it first: train domain .*/my\.txt -o .*/my\.domain"),
        ("où est la gare\n".encode() * 1000, "Compile it first"),
        (b"", "is no domain. Compile one"),
        (b"\x7fELF\x00\x01", "is no domain"),
        (b"RIFF\xff\xff\xff\xffWAVE", "is no domain"),
        (b"EDOM", "is damaged"),
        (domain_bytes(b"arcs")[:-1], "is damaged"),
        (domain_bytes(b"arcs") + b"\0", "is damaged"),
        (domain_bytes(b"arcs")[:-1] + b"x", "is damaged"),
        (domain_bytes(b"arcs", 300), "is of format 300"),
        (domain_bytes(b"arcs" * 10, binary.VERSION), r"compile it again\.$"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_none_is_said_in_one_sentence(tmp_path, content, said):
    path = tmp_path / "my.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HostError, match=said):
        read_domain(path)
