"""Tables of any instrument: separators, decimals, quotes, marks, times, gaps; and what is refused, with its line."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from power.errors import PowerError
from power.traces.even_time import EvenTime, spread
from power.traces.mapped import Mapping, parse_mapping
from power.traces.recognize import Options, open_recording

MAP = "time=t,current=i"


def read(tmp_path, text: str | bytes, mapping: str | None = MAP, rate: float | None = None, form: str | None = None):
    """A table's recording, and all of its current on the even grid."""
    file = tmp_path / "a.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    options = Options(form, rate, None if mapping is None else parse_mapping(mapping))
    recording = open_recording(file, options)
    blocks = list(recording.blocks())
    current = np.full(max(block.stop for block in blocks), np.nan)
    for block in blocks:
        current[block.start : block.stop] = block.current
    return recording, current


@pytest.mark.parametrize(
    "text",
    [
        "t,i\n0,0.5\n0.25,1.5\n0.5,2.5\n",
        "t;i\n0;0,5\n0,25;1,5\n0,5;2,5\n",
        "t\ti\r\n0\t0.5\r\n0.25\t1.5\r\n0.5\t2.5\r\n",
        '"t","i"\n"0","0.5"\n"0.25","1.5"\n"0.5","2.5"\n',
        '"t","i"\n"0","0,5"\n"0,25","1,5"\n"0,5","2,5"\n',
        "\ufefft,i\n0,0.5\n0.25,1.5\n0.5,2.5",
        "# a logger's comment\n\n T , I \n0, 0.5\n0.25, 1.5\n0.5, 2.5\n",
        'note,t,i\nfirst,0,0.5\n"second",0.25,1.5\n,0.5,2.5\n',
        "t,i\n0,5e-1\n+0.25,15E-1\n0.5,2.5\n",
    ],
)
def test_the_usual_ways_to_write_a_table_say_the_same(tmp_path, text):
    recording, current = read(tmp_path, text)
    assert recording.rate == 4
    assert current == pytest.approx([0.5, 1.5, 2.5])


def test_units_and_column_numbers(tmp_path):
    recording, current = read(
        tmp_path, "0,7,3300\n2,8,3300\n4,9,3300\n", "time=1,time_unit=ms,current=2,unit=nA,voltage=3,voltage_unit=mV"
    )
    assert recording.rate == 500
    assert current == pytest.approx([7e-9, 8e-9, 9e-9])
    assert next(recording.blocks()).voltage == pytest.approx([3.3] * 3)


def test_dates_are_times(tmp_path):
    text = '"Wall-clock time (UTC)","Arc Main Current (A)"\n'
    text += "".join(f'"2026-01-02 03:04:05.{n:03d}","0.001"\n' for n in range(0, 100, 10))
    recording, current = read(tmp_path, text, None)
    assert recording.format == "otii"
    assert recording.rate == pytest.approx(100)
    assert len(current) == 10


def test_slow_channels_hold_their_last_value(tmp_path):
    text = "Timestamp (s),Arc Main Current (mA),Arc Main Voltage (V),Arc GPI1,Arc GPI2\n"
    text += "0,1,3.0,0,1\n0.1,2,,,\n0.2,3,3.2,1,1\n0.3,4,,,\n"
    recording, current = read(tmp_path, text, None)
    block = next(recording.blocks())
    assert current == pytest.approx([1e-3, 2e-3, 3e-3, 4e-3])
    assert block.voltage == pytest.approx([3.0, 3.0, 3.2, 3.2])
    assert block.codes.tolist() == [2, 2, 3, 3]
    assert recording.counts.uncertain_codes == 2


def test_missing_values_and_missing_rows_are_gaps(tmp_path):
    recording, current = read(
        tmp_path, "t,i\n0,1\n1,NaN\n2,\n3,4\n7,8\n8,9\n" + "".join(f"{n},1\n" for n in range(9, 99))
    )
    assert np.flatnonzero(np.isnan(current)).tolist() == [1, 2, 4, 5, 6]
    assert recording.counts.lost == 2
    assert current[7] == 8


def test_a_gap_longer_than_a_block_takes_no_memory(tmp_path):
    text = (
        "t,i\n"
        + "".join(f"{n / 1000:.3f},1\n" for n in range(100))
        + "".join(f"{80000 + n / 1000:.3f},2\n" for n in range(9))
    )
    file = tmp_path / "a.csv"
    file.write_text(text)
    blocks = list(open_recording(file, Options(mapping=parse_mapping(MAP))).blocks())
    assert [(block.start, len(block.current)) for block in blocks] == [(0, 100), (80_000_000, 9)]


def test_times_coarser_than_samples_need_the_rate_and_are_counted(tmp_path):
    text = "t,i\n" + "".join(f"{n // 4 / 1000:.3f},{n}\n" for n in range(100)) + "0.095,100\n"
    with pytest.raises(PowerError, match="the times are coarser than the samples; give --rate"):
        read(tmp_path, text)
    recording, current = read(tmp_path, text, rate=4000)
    assert recording.counts.repeated_times == 75
    assert np.isnan(current).sum() == pytest.approx(284, abs=4)
    assert current[:100] == pytest.approx(np.arange(100))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("t,i\n0,1\n1,2\n2,3,4\n3,4\n", "a.csv:4: 3 columns, where the first row has 2"),
        ("t,i\n0,1\n1,2\n2;3\n3,4\n", "a.csv:4: 1 columns, where the first row has 2"),
        ("t,i\n0,1\n1,2,5\n", "a.csv:3: 3 columns, where the first row has 2"),
        ("t,i\n0,1\n1,oops\n2,3\n", "a.csv:3: i is 'oops', not a number"),
        ("t,i\n0,1\n2,2\n1,3\n", "a.csv:4: the time goes back by 1 s"),
        ("t,i\n0,1\n1,2\nnan,3\n", "a.csv:4: the time is missing or no number"),
        ("t,i\n0,1\n1,2\n2,1e99\n", "a.csv:4: the current is infinite"),
        ("t,i\n0,1\n1,2\n2,inf\n", "a.csv:4: the current is infinite"),
        ("t,i\n0,1\n1,2\n1e9,3\n", "a.csv:4: the time jumps by 1e+09 s"),
        ("t,i\n0,1\n1,2\n2.4,3\n3.1,3\n4.9,3\n", "the samples are not even in time"),
        ("t,j\n0,1\n1,2\n", "a.csv:1: no column 'i' for current; there are: t, j"),
        ("t,i\n", "a.csv has no rows"),
        ("", "a.csv is empty"),
        ("t,i\n0,1,5\n", "a.csv:2: 3 columns, where the first row has 2"),
        ("a" * 100_000, "a.csv:1: a line longer than"),
        ("t,i\n0,1\n" + "9" * 100_000, "a.csv:3: a line longer than"),
        ("t,i\r0,1\r1,2\r", "or without a line end"),
        (b"t,i\n0,1\n\0\0\n", "a.csv is no text: a zero byte at offset 8"),
        ("t,i\n0,1\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
    ],
)
def test_what_does_not_hold_is_named_with_file_and_line(tmp_path, text, complaint):
    with pytest.raises(PowerError) as error:
        read(tmp_path, text)
    assert complaint in str(error.value)


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(PowerError, match="cannot be read"):
            open_recording(path)


def test_a_table_of_no_known_instrument_asks_for_a_mapping_and_lists_its_columns(tmp_path):
    with pytest.raises(PowerError, match=r"no export that is known \(when, amps, who\).*--map time=1"):
        read(tmp_path, "when,amps,who\n0,1,x\n", None)


def test_two_columns_without_header_are_joulescopes_and_swapped_ones_are_noticed(tmp_path):
    with pytest.raises(PowerError, match=r"two columns and no times.*give --rate"):
        read(tmp_path, "0.001,3.3\n0.002,3.3\n", None)
    recording, current = read(tmp_path, "0.001,3.3\n0.002,3.3\n", None, rate=1000)
    assert recording.format == "joulescope-csv"
    assert current == pytest.approx([0.001, 0.002])
    with pytest.raises(PowerError, match=r"column 2 should be the voltage, and is 0\.0015 V"):
        read(tmp_path, "3.3,0.001\n3.3,0.002\n", None, rate=1000)


def test_several_otii_currents_are_not_picked_from(tmp_path):
    text = "Timestamp (s),Arc Main Current (A),File Main Current (A)\n0,1,1\n1,1,1\n"
    with pytest.raises(PowerError, match=r"several currents.*pick one with --map"):
        read(tmp_path, text, None)


def test_codes_that_are_none_are_named(tmp_path):
    with pytest.raises(PowerError, match=r"a\.csv:3: the digital channels are 1\.5, not whole numbers up to 255"):
        read(tmp_path, "t,i,c\n0,1,1\n1,1,1.5\n", MAP + ",codes=c")
    with pytest.raises(PowerError, match=r"a\.csv:3: the digital channels are 0, 2, not whole numbers up to 1"):
        read(tmp_path, "t,i,c,d\n0,1,1,1\n1,1,0,2\n", MAP + ",channels=c+d")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("time", "--map: 'time' is not key=column"),
        ("time=1", "--map: current: Field required; keys: current, unit, time"),
        ("current=1,unit=kA", "--map: unit: Input should be 'A', 'mA', 'uA' or 'nA'"),
        ("current=1,colour=2", "--map: colour: Extra inputs"),
        ("current=1,current=2", "--map: current is given twice"),
        ("current=1,rate=-1", "--map: rate: Input should be greater than 0"),
        ("current=1,codes=2,channels=3+4", "--map: codes and channels are two ways"),
        ("current=1,channels=" + "+".join("123456789"), "--map: channels: at most 8"),
        ("no.toml", "no.toml cannot be read"),
    ],
)
def test_a_mapping_that_does_not_hold_says_which_key(text, complaint):
    with pytest.raises(PowerError) as error:
        parse_mapping(text)
    assert complaint in str(error.value)


def test_a_mapping_may_be_a_file(tmp_path):
    file = tmp_path / "meter.toml"
    file.write_text('time = 1\ncurrent = "I, A"\nchannels = ["D 1", 4]\nrate = 50\ninstrument = "bench meter"\n')
    assert parse_mapping(str(file)) == Mapping(
        time="1", current="I, A", channels=("D 1", "4"), rate=50, instrument="bench meter"
    )
    file.write_text("current = ")
    with pytest.raises(PowerError, match=r"meter\.toml: "):
        parse_mapping(str(file))


def test_a_title_with_a_comma_can_be_mapped(tmp_path):
    assert parse_mapping("time=t, s,current=I, A,unit=mA").current == "I, A"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary(max_size=120) | st.text('01.,;\t\n\r"-e naitNX', max_size=120).map(str.encode))
def test_any_bytes_are_a_table_or_are_refused_in_one_sentence(tmp_path, text):
    for options in (Options(rate=10), Options("csv", 10, parse_mapping("current=1"))):
        file = tmp_path / "any.csv"
        file.write_bytes(text)
        try:
            blocks = list(open_recording(file, options).blocks())
        except PowerError as error:
            assert str(file) in str(error)
            assert str(error).isprintable()
        else:
            assert all(not np.isinf(block.current).any() for block in blocks)


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(st.one_of(st.just(1), st.integers(1, 20), st.integers(900, 5000)), min_size=1, max_size=60),
    cuts=st.lists(st.integers(1, 60), max_size=4),
    block=st.sampled_from([7, 64, 1 << 18]),
)
def test_rows_land_where_their_times_say_however_they_are_cut(steps, cuts, block):
    places = np.cumsum([0, *steps])
    times = places / 250.0
    clock = EvenTime(250.0)
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("power.traces.even_time.BLOCK", block)
        for part in np.split(np.arange(len(times)), sorted({cut for cut in cuts if cut < len(times)})):
            at = clock.place(times[part], lambda row, what: AssertionError(f"{row}: {what}"))
            found += list(spread(at, part.astype(np.float32), None, part.astype(np.uint8)))
    assert all(1 <= len(each.current) <= block for each in found)
    assert all(before.stop <= after.start for before, after in itertools.pairwise(found))
    measured = {each.start + k: value for each in found for k, value in enumerate(each.current) if not np.isnan(value)}
    assert measured == {int(place): float(row) for row, place in enumerate(places)}
