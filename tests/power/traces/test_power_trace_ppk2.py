"""Power Profiler files: sample layout, lost samples, and what is damaged or lacks something."""

import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from power.errors import PowerError
from power.traces import ppk2
from power.traces.recognize import Options, open_recording

HEADER = "Timestamp(ms),Current(uA),D0-D7\n"


def archive(path, samples: bytes, metadata: object = None, **others: bytes):
    """A .ppk2 file."""
    facts = {"metadata": {"samplesPerSecond": 1000}, "formatVersion": 2} if metadata is None else metadata
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("session.raw", samples)
        file.writestr("metadata.json", facts if isinstance(facts, (str, bytes)) else json.dumps(facts))
        for name, content in others.items():
            file.writestr(name, content)
    return path


def sample(micro: float, pairs: int) -> bytes:
    """Six bytes as the app writes them."""
    return np.float32(micro).tobytes() + pairs.to_bytes(2, "big")


def blocks(path, **options):
    recording = open_recording(path, Options(**options))
    found = list(recording.blocks())
    return recording, np.concatenate([b.current for b in found]), np.concatenate([b.codes for b in found])


def test_a_sample_is_a_little_endian_float_and_big_endian_pairs(tmp_path):
    # Channel 0 high, all others low: pairs 01 01 01 01 01 01 01 10.
    file = archive(tmp_path / "a.ppk2", sample(1.5, 0b0101010101010110) + sample(2.5, 0b1001010101010101))
    recording, current, codes = blocks(file)
    assert current == pytest.approx([1.5e-6, 2.5e-6])
    assert codes.tolist() == [1, 128]
    assert recording.rate == 1000


def test_a_channel_that_was_both_or_unknown_keeps_its_level(tmp_path):
    high, both, unknown, low = 0x5556, 0x5557, 0x5554, 0x5555
    file = archive(tmp_path / "a.ppk2", b"".join(sample(9, pairs) for pairs in (both, high, both, unknown, low, both)))
    recording, _, codes = blocks(file)
    assert codes.tolist() == [0, 1, 1, 1, 0, 0]
    assert recording.counts.uncertain_codes == 4


def test_what_the_instrument_lost_is_a_gap_and_keeps_the_levels(tmp_path):
    lost = sample(0.2, 0x5555)
    file = archive(tmp_path / "a.ppk2", sample(9, 0x5556) + lost + sample(float("nan"), 0x5555) + sample(0.0, 0x5556))
    recording, current, codes = blocks(file)
    assert np.isnan(current).tolist() == [False, True, True, False]
    assert codes.tolist() == [1, 1, 1, 1]
    assert recording.counts.lost == 2
    assert recording.counts.uncertain_codes == 0


def test_bytes_after_the_last_whole_sample_are_counted_and_left_out(tmp_path):
    recording, current, _ = blocks(archive(tmp_path / "a.ppk2", sample(1, 0x5555) * 3 + b"123"))
    assert len(current) == 3
    assert recording.counts.cut_short


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ({"metadata": {}}, "metadata.json does not hold: KeyError: 'samplesPerSecond'"),
        ({"metadata": {"samplesPerSecond": 0}}, "samplesPerSecond is 0"),
        ({"metadata": {"samplesPerSecond": "fast"}}, "metadata.json does not hold"),
        ({"metadata": {"samplesPerSecond": 1000, "startSystemTime": 1e300}}, "metadata.json does not hold"),
        ({"metadata": {"samplesPerSecond": 1000}, "formatVersion": 3}, "format version 3; 2 is the newest"),
        ([], "metadata.json does not hold"),
        ("{", "metadata.json does not hold"),
    ],
)
def test_metadata_that_does_not_hold_is_refused(tmp_path, metadata, complaint):
    with pytest.raises(PowerError, match=r"a\.ppk2") as error:
        open_recording(archive(tmp_path / "a.ppk2", sample(1, 0x5555), metadata))
    assert complaint in str(error.value)


def test_an_infinite_current_is_named_with_its_offset(tmp_path):
    file = archive(tmp_path / "a.ppk2", sample(1, 0x5555) * 7 + sample(float("inf"), 0x5555))
    with pytest.raises(PowerError, match=r"sample 7 \(offset 42 of session\.raw\) is infinite"):
        blocks(file)


def test_archives_that_are_no_traces_say_what_they_hold(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("holiday.jpg", b"x")
    with pytest.raises(PowerError, match=r"no trace: it holds holiday\.jpg"):
        open_recording(tmp_path / "a.zip")
    with pytest.raises(PowerError, match=r"session\.raw holds no sample"):
        open_recording(archive(tmp_path / "b.ppk2", b""))


def test_an_archive_cut_short_is_refused(files, tmp_path):
    whole = files["ppk2"].read_bytes()
    cut = tmp_path / "cut.ppk2"
    for keep in (30, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:keep])
        with pytest.raises(PowerError, match="damaged or cut short"):
            open_recording(cut)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_archive_is_read_or_refused_in_one_sentence(tmp_path, data):
    whole = bytearray(archive(tmp_path / "a.ppk2", sample(1, 0x5555) * 50 + sample(3, 0x5556) * 50).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path / "damaged.ppk2"
    file.write_bytes(whole)
    try:
        read = sum(len(block.current) for block in open_recording(file).blocks())
    except PowerError as error:
        assert str(file) in str(error)
    else:
        assert 0 < read <= 100


def write(tmp_path, text: str):
    file = tmp_path / "a.csv"
    file.write_text(text)
    return file


def test_every_choice_of_columns_is_read(tmp_path):
    for header, row in (
        ("Timestamp(ms),Current(uA)", "{t},7.5"),
        ("Timestamp(ms),Current(uA),D0-D7", "{t},7.5,10100000"),
        ("Timestamp(ms),Current(uA),D0,D1,D2,D3,D4,D5,D6,D7", "{t},7.5,1,0,1,0,0,0,0,0"),
        ("Timestamp(ms),Current(uA),D0-D7,D0,D1,D2,D3,D4,D5,D6,D7", "{t},7.5,10100000,1,0,1,0,0,0,0,0"),
    ):
        text = header + "\n" + "".join(row.format(t=n / 100) + "\n" for n in range(10))
        recording = open_recording(write(tmp_path, text))
        (block,) = recording.blocks()
        assert recording.rate == 100_000
        assert block.current == pytest.approx(np.full(10, 7.5e-6))
        if "D0" in header:
            assert block.codes.tolist() == [5] * 10
        else:
            assert block.codes is None


def test_without_times_the_rate_must_be_given(tmp_path):
    file = write(tmp_path, "Current(uA)\n" + "5.0\n" * 4)
    with pytest.raises(PowerError, match=r"no column Timestamp\(ms\); give --rate"):
        open_recording(file)
    assert len(next(open_recording(file, Options(rate=1000)).blocks()).current) == 4


def test_uncertain_letters_keep_the_level(tmp_path):
    rows = ["01000000", "0X000000", "0-000000", "00000000", "XX000000"]
    text = HEADER + "".join(f"{n},9.000,{bits}\n" for n, bits in enumerate(rows))
    recording, _, codes = blocks(write(tmp_path, text))
    assert codes.tolist() == [2, 2, 2, 0, 0]
    assert recording.counts.uncertain_codes == 3


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("0,1.0,00000000\n1,1.0,0000000\n2,1.0,00000000\n", "a.csv:3: D0-D7 is '0000000', not 8 letters"),
        ("0,1.0,00000000\n1,1.0,00000002\n", "a.csv:3: the channels are '00000002', not of 0, 1, X and -"),
        ("0,1.0,00000000\n1,x,00000000\n", "a.csv:3: Current(uA) is 'x', not a number"),
        ("0,1.0,00000000\n1,1.0\n2,1.0,00000000\n", "a.csv:3: 2 columns, where the first row has 3"),
        ("0,1.0,00000000\n2,1.0,00000000\n1,1.0,00000000\n", "a.csv:4: the time goes back by 0.001 s"),
        ("0,1.0,00000000\n1,1.0,00000000\n,1.0,00000000\n", "a.csv:4: the time is missing or no number"),
        ("0,1.0,00000000\n1,inf,00000000\n", "a.csv:3: the current is infinite"),
        ("0,1.0,00000000\n1,1.0,00000000\n1e15,1.0,00000000\n", "a.csv:4: the time jumps by 1e+12 s"),
        ("", "a header and no rows"),
        ("0,1.0,00000000\n", "one row only"),
    ],
)
def test_a_row_that_does_not_hold_is_named_with_its_line(tmp_path, rows, complaint):
    with pytest.raises(PowerError) as error:
        blocks(write(tmp_path, HEADER + rows))
    assert complaint in str(error.value)


def test_some_of_the_channels_alone_are_refused(tmp_path):
    with pytest.raises(PowerError, match="no column D3, though there are others"):
        open_recording(write(tmp_path, "Timestamp(ms),Current(uA),D0,D1,D2\n0,1,0,0,0\n1,1,0,0,0\n"))


def test_a_row_that_is_cut_short_is_counted_and_left_out(tmp_path):
    text = HEADER + "".join(f"{n},9.000,00000000\n" for n in range(5)) + "5,9.0"
    recording, current, _ = blocks(write(tmp_path, text))
    assert len(current) == 5
    assert recording.counts.cut_short


def test_missing_rows_are_gaps_and_blank_lines_are_none(tmp_path):
    text = HEADER + "".join(f"{n},9.000,00000000\n" for n in (0, 1, 2, 5, 6)) + "\n7,9.000,10000000\n\n"
    _, current, codes = blocks(write(tmp_path, text))
    assert np.isnan(current).tolist() == [False, False, False, True, True, False, False, False]
    assert codes.tolist() == [0] * 7 + [1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_csv_is_read_or_refused_in_one_sentence(tmp_path, data):
    text = bytearray((HEADER + "".join(f"{n / 10},9.{n:03d},0{n % 2}000000\n" for n in range(30))).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        piece = data.draw(
            st.binary(max_size=3) | st.sampled_from([b",", b"\n", b'"', b"nan", b"-", b";", b"\r", b"1e9"])
        )
        text[at : at + data.draw(st.integers(0, 3))] = piece
    file = tmp_path / "damaged.csv"
    file.write_bytes(text)
    try:
        read = list(open_recording(file).blocks())
    except PowerError as error:
        assert str(file) in str(error)
        assert str(error).isprintable()
    else:
        assert all(block.current.dtype == np.float32 and not np.isinf(block.current).any() for block in read)


def test_pairs_and_levels_agree_with_the_apps_conversion():
    high, certain = ppk2._pair_table()
    for level in (0, 0b10110001, 255):
        # The app's convertBits16, written anew: bit n to the pair 01 or 10 at 2n.
        pairs = sum((2 if level >> n & 1 else 1) << (2 * n) for n in range(8))
        assert high[pairs] == level
        assert certain[pairs] == 255
