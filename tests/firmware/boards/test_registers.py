"""The register header: what C compiles from it is what the SVD file says."""

import re
import subprocess
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from firmware import boards
from firmware.boards import registers
from firmware.boards.registers import (
    Field,
    Peripheral,
    Register,
    SvdError,
    header,
    own,
    parse,
    peripherals,
    register_names,
)


def _device(body: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<device><peripherals>{body}</peripherals></device>")


def _timer(bits: str) -> str:
    return (
        "<peripheral><name>TIMER</name><baseAddress>0x40001000</baseAddress>"
        "<interrupt><name>TIMER</name><value>7</value></interrupt><registers><register><name>CTRL</name>"
        "<addressOffset>0x10</addressOffset><resetValue>0x5</resetValue><fields><field><name>MODE</name>"
        f"{bits}<enumeratedValues><enumeratedValue><name>FAST</name><value>2</value></enumeratedValue>"
        "</enumeratedValues></field></fields></register></registers></peripheral>"
    )


@pytest.mark.parametrize(
    "bits",
    [
        "<bitRange>[6:4]</bitRange>",
        "<bitOffset>4</bitOffset><bitWidth>3</bitWidth>",
        "<lsb>4</lsb><msb>6</msb>",
    ],
)
def test_all_three_ways_to_write_a_bit_range_are_read(bits):
    timer = parse(_device(_timer(bits)), "x.svd", ["TIMER"])["TIMER"]
    field = timer.registers["CTRL"].fields["MODE"]
    assert (field.low, field.width, field.mask, field.values) == (4, 3, 0x70, {"FAST": 2})
    assert (timer.registers["CTRL"].address, timer.registers["CTRL"].reset) == (0x40001010, 5)
    assert timer.interrupts == {"TIMER": 7}


def test_a_derived_peripheral_has_the_registers_of_its_source_at_its_own_base():
    second = '<peripheral derivedFrom="TIMER"><name>TIMER1</name><baseAddress>0x40002000</baseAddress></peripheral>'
    device = _device(_timer("<bitRange>[6:4]</bitRange>") + second)
    assert parse(device, "x.svd", ["TIMER1"])["TIMER1"].registers["CTRL"].address == 0x40002010


@pytest.mark.parametrize(
    ("body", "names", "message"),
    [
        ("", ["PDM"], "x.svd has no peripheral PDM"),
        (_timer("<bitRange>6:4</bitRange>"), ["TIMER"], "field MODE has the bit range '6:4'"),
        ("<peripheral><name>A</name></peripheral>", ["A"], "a <peripheral> without <baseAddress>"),
        (
            "<peripheral><name>A</name><baseAddress>0</baseAddress><registers><register><dim>2</dim>"
            "<dimIndex>x,y</dimIndex><name>R%s</name><addressOffset>0</addressOffset></register></registers></peripheral>",
            ["A"],
            "R%s has dimIndex, which this generator does not read",
        ),
    ],
)
def test_what_it_cannot_read_is_refused_in_a_sentence(body, names, message):
    with pytest.raises(SvdError, match=re.escape(message)):
        parse(_device(body), "x.svd", names)


def test_an_svd_file_that_pyocd_lacks_is_refused():
    with pytest.raises(SvdError, match=r"no apollo9\.svd"):
        peripherals("apollo9.svd", ("PDM",))


def test_clusters_and_arrays_become_a_register_each():
    device = _device(
        "<peripheral><name>P</name><baseAddress>0x100</baseAddress><registers>"
        "<register><dim>3</dim><dimIncrement>4</dimIncrement><name>CC[%s]</name><addressOffset>8</addressOffset></register>"
        "<cluster><dim>2</dim><dimIncrement>0x10</dimIncrement><name>RAM[%s]</name><addressOffset>0x40</addressOffset>"
        "<register><name>POWER</name><addressOffset>4</addressOffset></register></cluster></registers></peripheral>"
    )
    registers = parse(device, "x.svd", ["P"])["P"].registers
    places = {"CC0": 0x108, "CC1": 0x10C, "CC2": 0x110, "RAM0_POWER": 0x144, "RAM1_POWER": 0x154}
    assert {name: register.address for name, register in registers.items()} == places


def test_nrf52840_has_the_addresses_of_its_data_sheet():
    svd = peripherals("nrf52840.svd", ("PDM", "POWER", "P1", "TIMER1"))
    assert svd["PDM"].registers["SAMPLE_PTR"].address == 0x4001D560
    assert svd["POWER"].registers["RAM8_POWERCLR"].address == 0x40000988
    assert svd["P1"].registers["PIN_CNF15"].address == 0x5000073C + 0x300
    assert svd["TIMER1"].registers["CC0"].address == 0x40009540


def test_every_register_of_a_chip_has_its_name():
    names = register_names("nrf52840.svd")
    assert names[0x4000D508] == "RNG.VALUE"
    assert 0x4000D50C not in names


OWN = """
[PDM0]
source = "a manual"
confirmed = true
base = 0x1000
interrupts = { PDM0 = 48 }
[PDM0.registers]
CTRL = { offset = 0x10, reset = 5, ON = 0, RATE = "7:4" }
PAD = { offset = 0x20, count = 3 }
"""


def test_a_register_file_of_our_own_is_read(tmp_path):
    (tmp_path / "one.toml").write_text(OWN)
    (tmp_path / "two.toml").write_text(
        '[PDM0]\nsource = "a guess"\nconfirmed = false\nbase = 0x8000\nregisters_of = "one.toml"\n'
    )
    one, two = (own(tmp_path / name)["PDM0"] for name in ("one.toml", "two.toml"))
    assert (one.base, one.interrupts, one.confirmed) == (0x1000, {"PDM0": 48}, True)
    assert (one.registers["CTRL"].address, one.registers["CTRL"].reset) == (0x1010, 5)
    assert one.registers["CTRL"].fields["ON"].mask == 1
    assert one.registers["CTRL"].fields["RATE"].mask == 0xF0
    assert [one.registers[f"PAD{n}"].address for n in range(3)] == [0x1020, 0x1024, 0x1028]
    assert (two.registers["CTRL"].address, two.confirmed, two.interrupts) == (0x8010, False, {})


@pytest.mark.parametrize(
    ("old", "new"),
    [("base = 0x1000", ""), ("confirmed = true", ""), ("offset = 0x10, ", ""), ('"7:4"', '"x"'), ("[PDM0]", "[PDM0")],
)
def test_a_register_file_that_does_not_hold_is_refused_by_name(tmp_path, old, new):
    (tmp_path / "one.toml").write_text(OWN.replace(old, new, 1))
    with pytest.raises(SvdError, match=r"one\.toml"):
        own(tmp_path / "one.toml")


def test_apollo3_has_the_addresses_of_its_data_sheet():
    svd = peripherals("apollo3.svd", ("PDM", "RSTGEN", "PWRCTRL"))
    assert svd["PDM"].registers["DMATOTCOUNT"].address == 0x50011288
    assert svd["RSTGEN"].registers["STAT"].address == 0x4FFFF000
    assert svd["PWRCTRL"].registers["DEVPWREN"].fields["PWRPDM"].low == 12
    assert svd["PDM"].interrupts == {"PDM": 19}


@given(low=st.integers(0, 31), width=st.integers(1, 32), value=st.integers(0, 0xFFFFFFFF))
def test_a_field_takes_out_what_its_macro_puts_in(low, width, value):
    width = min(width, 32 - low)
    field = Field("F", low, width, {})
    register = Register("R", 0, 0, {"F": field})
    assert register.field((value << low) & field.mask, "F") == value & ((1 << width) - 1)


def test_the_compiler_reads_the_header_as_the_svd_file_means_it(tmp_path):
    fields = {"MODE": Field("MODE", 4, 3, {"FAST": 2, "1_5MHz": 3}), "ALL": Field("ALL", 0, 32, {})}
    block = Peripheral("TIMER", 0x40001000, {"CTRL": Register("CTRL", 0x40001010, 5, fields)}, {"TIMER": 7})
    (tmp_path / "registers.h").write_text(header("x.svd", [block]))
    (tmp_path / "use.c").write_text(
        '#include "registers.h"\n'
        '_Static_assert(TIMER_CTRL_MODE(9) == 0x10u && TIMER_CTRL_MODE_FAST == 0x20u, "");\n'
        '_Static_assert(TIMER_CTRL_MODE_1_5MHz == 0x30u && TIMER_CTRL_MODE_Msk == 0x70u, "");\n'
        '_Static_assert(TIMER_CTRL_ALL(0xFFFFFFFFu) == 0xFFFFFFFFu && TIMER_IRQn == 7u, "");\n'
        "int use(void);\nint use(void) { return TIMER_CTRL == 0; }\n"
    )
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-int-to-pointer-cast", "-m64", "-c", "use.c"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_the_command_writes_a_header_for_a_board_and_refuses_one_without_svd(tmp_path):
    run = CliRunner()
    app = registers.typer.Typer()
    app.command()(registers.main)
    out = tmp_path / "registers.h"
    assert run.invoke(app, ["--board", "artemis", "--out", str(out)]).exit_code == 0
    for name in boards.load("artemis").registers.peripherals:
        assert f"/* {name} */" in out.read_text()
    refused = run.invoke(app, ["--board", "native", "--out", str(out)])
    assert refused.exit_code == 2
    assert "names no SVD file" in refused.output
