"""Component and board files: what holds is read, what does not is refused with file, line, key and the next step."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from power import data_files, figures
from power.errors import PowerError
from power.figures import BoardParts, Component, Curve, Figure, Source
from power.kinds import KINDS

REGULATOR = """name = "part"
kind = "regulator"
title = "a buck"

[figures.quiescent]
min = 0.1
typ = 0.2
max = 0.4
unit = "uA"
conditions = "no load"
source = { document = "a datasheet", where = "page 3" }
status = "datasheet"

[curves.efficiency]
x_unit = "mA"
x_scale = "log"
unit = "%"
points = [
    [0.01, 60, 70, 80],
    [1, 80, 90, 95],
]
conditions = "3.7 V to 1.8 V"
source = { document = "a datasheet", revision = "B", where = "figure 7" }
status = "datasheet"
"""


def _parse(tmp_path, text: str) -> Component:
    path = tmp_path / "part.toml"
    path.write_text(text, encoding="utf-8")
    return data_files.read(Component, path)


def test_a_sound_file_loads(tmp_path):
    part = _parse(tmp_path, REGULATOR)
    assert part.figure("quiescent").si == pytest.approx((1e-7, 2e-7, 4e-7))
    assert str(part.curve("efficiency").source) == "a datasheet, B, figure 7"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('status = "datasheet"\n\n', "\n", ":5: figures.quiescent.status: is missing; add it"),
        ('source = { document = "a datasheet", where = "page 3" }\n', "", ":5: figures.quiescent.source: is missing"),
        (
            'document = "a datasheet", where = "page 3"',
            'document = "  "',
            ":11: figures.quiescent.source.document: is e",
        ),
        (', where = "page 3"', "", ":5: figures.quiescent: a figure of a datasheet names the page"),
        ('conditions = "no load"\n', "", ":5: figures.quiescent.conditions: is missing"),
        ('status = "datasheet"\n\n', 'status = "true"\n\n', ":12: figures.quiescent.status: should be 'measured'"),
        (
            'unit = "uA"',
            'unit = "uAh"',
            ":9: figures.quiescent.unit: uAh is a charge, and this must be a current, such as",
        ),
        ('unit = "uA"', 'unit = "furlong"', ":9: figures.quiescent.unit: 'furlong' is no unit"),
        ("min = 0.1", "min = 0.3", ":5: figures.quiescent: min 0.3, typ 0.2, max 0.4 are not in this order"),
        ("min = 0.1", "min = -0.1", ":6: figures.quiescent.min: should be greater than or equal to 0"),
        ("min = 0.1", 'min = "0.1"', ":6: figures.quiescent.min: should be a valid number"),
        ("min = 0.1", "min = true", ":6: figures.quiescent.min: should be a valid number"),
        ("max = 0.4", "max = inf", ":8: figures.quiescent.max: must be a finite number"),
        ("typ = 0.2", "typ = nan", ":7: figures.quiescent.typ: must be a finite number"),
        ("typ = 0.2", "typo = 0.2", ":7: figures.quiescent.typo: is not known here, did you mean 'typ'?"),
        ("[figures.quiescent]", "[figures.quiet]", ": figures.quiescent: is missing, and a regulator must have it"),
        (
            "[figures.quiescent]",
            "[figures.quiet]",
            ":5: figures.quiet: is nothing that a regulator has; there are: qui",
        ),
        (
            'x_unit = "mA"',
            'x_unit = "mAh"',
            ":15: curves.efficiency.x_unit: mAh is a charge, and this must be a current",
        ),
        ('unit = "%"', 'unit = "V"', ":17: curves.efficiency.unit: V is a voltage, and this must be a fraction"),
        (
            "[1, 80, 90, 95]",
            "[1, 80, 90, 105]",
            ":14: curves.efficiency: 105 % is out of bounds: above 0 up to 1 fraction",
        ),
        ("[1, 80, 90, 95]", "[0.01, 80, 90, 95]", ":14: curves.efficiency: x must rise"),
        ("[1, 80, 90, 95]", "[1, 80, 95, 90]", ":14: curves.efficiency: at x = 1: min 80, typ 95, max 90"),
        ("[1, 80, 90, 95]", "[1, 80, 90]", "curves.efficiency.points[1]"),
        ("[0.01, 60", "[-1, 60", ":14: curves.efficiency: x = -1 mA is out of bounds"),
        ('kind = "regulator"', 'kind = "toaster"', ":2: kind: must be one of mcu, microphone"),
        ('kind = "regulator"\n', "", ":1: kind: is missing"),
        ('name = "part"', 'name = "other"', ":1: name: is 'other', but the file is 'part.toml'"),
        ('title = "a buck"', "title = ", ":3: is no TOML"),
        (
            'title = "a buck"',
            'title = "a buck"\ncolour = "red"',
            ":4: colour: is not known here; there are: name, title",
        ),
        ('name = "part"', 'name = "part"\nname = "part"', "is no TOML: Cannot overwrite a value"),
    ],
)
def test_what_does_not_hold_is_refused_with_line_key_and_reason(tmp_path, old, new, complaint):
    assert old in REGULATOR
    (tmp_path / "part.toml").write_text(REGULATOR.replace(old, new, 1))
    part, problems = data_files.check(Component, tmp_path / "part.toml")
    assert part is None
    assert any(complaint in str(problem) for problem in problems), [str(problem) for problem in problems]
    assert all(str(problem).startswith(f"{tmp_path}/part.toml:") for problem in problems)
    with pytest.raises(PowerError, match=r"part\.toml:\d+: "):
        data_files.read(Component, tmp_path / "part.toml")


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_file(tmp_path):
    text = REGULATOR.replace("min = 0.1", "min = -1").replace('unit = "uA"', 'unit = "mV"').replace('"%"', '"A"')
    (tmp_path / "part.toml").write_text(text)
    problems = data_files.check(Component, tmp_path / "part.toml")[1]
    keys = [(problem.line, problem.key) for problem in problems]
    assert keys == [(6, "figures.quiescent.min"), (9, "figures.quiescent.unit"), (17, "curves.efficiency.unit")]
    with pytest.raises(PowerError, match=r"\(and 2 more in this file\)"):
        _parse(tmp_path, text)


def test_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / "part.toml"
    for content, complaint in [
        (b"\xff\xfe", "no text in UTF-8"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"a = " + b"9" * 5000, "is no TOML"),
        (b"#" * 1_000_001, "more than 1000000 bytes"),
    ]:
        path.write_bytes(content)
        with pytest.raises(PowerError, match=complaint):
            data_files.read(Component, path)
    with pytest.raises(PowerError, match="cannot be read"):
        data_files.read(Component, tmp_path)


def _mutations(text: str) -> st.SearchStrategy[bytes]:
    """One damage to a file: a piece cut out, put in, repeated, or a word replaced."""
    data = text.encode()
    at = st.integers(0, len(data))
    words = st.sampled_from(
        [
            "nan",
            "inf",
            "-1",
            "1e999",
            "true",
            '""',
            "[]",
            "{}",
            "'a.b'",
            "9" * 400,
            "1979-05-27",
            "0x10",
            "\n[x]\n",
            "=",
        ]
    )
    piece = st.binary(max_size=6) | words.map(str.encode)
    cut = st.tuples(at, st.integers(0, 40), piece).map(lambda c: data[: c[0]] + c[2] + data[c[0] + c[1] :])
    tokens = [token for line in text.splitlines() for token in line.split(" = ") if token]
    swap = st.tuples(st.sampled_from(tokens), words | st.sampled_from(tokens)).map(
        lambda pair: text.replace(pair[0], pair[1], 1).encode()
    )
    return cut | swap


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=_mutations(REGULATOR))
def test_a_damaged_component_is_a_component_or_is_refused_in_one_printable_line(tmp_path, data):
    path = tmp_path / "part.toml"
    path.write_bytes(data)
    try:
        part = data_files.read(Component, path)
    except PowerError as error:
        assert str(error).isprintable()
        return
    assert set(part.figures) == set(KINDS[part.kind].figures)
    for figure in part.figures.values():
        assert 0 <= figure.si.min <= figure.si.typ <= figure.si.max < math.inf
    assert np.all(part.curve("efficiency").si[:, 1] > 0)


SHIPPED = {name: data_files.find("components", name).read_text(encoding="utf-8") for name in ("apollo3", "cr2032")}


@pytest.mark.parametrize("name", SHIPPED)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_shipped_component_is_a_component_or_is_refused(tmp_path, name, data):
    path = tmp_path / f"{name}.toml"
    path.write_bytes(data.draw(_mutations(SHIPPED[name])))
    part, problems = data_files.check(Component, path)
    assert (part is None) == bool(problems)
    count = path.read_bytes().count(b"\n") + 1
    for problem in problems:
        assert str(problem).isprintable()
        assert 1 <= problem.line <= count
    if part is not None:
        kind = KINDS[part.kind]
        needed = {key for key, wanted in {**kind.figures, **kind.curves}.items() if not wanted.optional}
        assert needed <= {*part.figures, *part.curves}
        assert all(np.all(np.isfinite(figure.si)) for figure in (*part.figures.values(), *part.curves.values()))


BOARD = """name = "part"
title = "a board"
mcu = "apollo3"
microphone = "sph0641"
cell = "cell_300mah"
link_baud = 115_200
ram_kept_kib = 64
ledgers_of = ["artemis"]

[rails.main]
regulator = "tps62840"
volts = 1.8
loads = ["mcu", "microphone"]
"""


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=_mutations(BOARD))
def test_a_damaged_board_is_a_board_or_is_refused(tmp_path, data):
    path = tmp_path / "part.toml"
    path.write_bytes(data)
    try:
        board = data_files.read(BoardParts, path)
    except PowerError as error:
        assert str(error).isprintable()
        return
    assert board.rail_of("mcu") in board.rails
    assert all(figures.component(name) for name in board.component_names)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('mcu = "apollo3"', 'mcu = "apolo3"', ":3: mcu: there is no component 'apolo3', did you mean 'apollo3'?"),
        ('mcu = "apollo3"', 'mcu = "sph0641"', ":3: mcu: sph0641 is a microphone, not a mcu"),
        ("volts = 1.8", "volts = 5.0", ":12: rails.main.volts: is 5 V, and apollo3 runs at 1.755 to 3.63 V"),
        ("volts = 1.8\n", "", ":10: rails.main: a rail has both regulator and volts"),
        ('loads = ["mcu", "microphone"]', 'loads = ["mcu"]', "the microphone hangs on one rail, and here on none"),
        ('"mcu", "microphone"]', '"mcu", "microphone", "radio"]', "feeds the radio, and the board has none"),
        ('"mcu", "microphone"]', '"mcu", "microphone", "mike"]', ":13: rails.main.loads[2]: should be 'mcu'"),
        ('"mcu", "microphone"]', '"mcu", "microphone", "cell"]', "feeds the cell, which hangs on no rail"),
        ("link_baud = 115_200", "link_baud = 0", ":6: link_baud: should be greater than 0"),
        ('regulator = "tps62840"', 'regulator = "ldo"', ":11: rails.main.regulator: there is no component 'ldo'"),
    ],
)
def test_a_board_whose_parts_do_not_fit_is_refused(tmp_path, old, new, complaint):
    assert old in BOARD
    (tmp_path / "part.toml").write_text(BOARD.replace(old, new, 1))
    problems = data_files.check(BoardParts, tmp_path / "part.toml")[1]
    assert any(complaint in str(problem) for problem in problems), [str(problem) for problem in problems]


def _evidence(**more) -> dict:
    return {"conditions": "none", "source": Source(document="the test"), "status": "assumed", **more}


def _figure(low, typ, high, unit="mA", **more) -> Figure:
    return Figure(min=low, typ=typ, max=high, unit=unit, **_evidence(**more))


def test_quantiles_of_the_distributions_are_those_of_the_textbook():
    u = np.array([0.0, 0.125, 0.5, 0.875, 1.0])
    # Triangular from 0 over 1 to 4: below typ the area is 1/4, and P(x) = x^2 / 4 there.
    triangular = _figure(0, 1, 4).quantile(u)
    assert triangular == pytest.approx(np.array([0, math.sqrt(0.5), 4 - math.sqrt(6), 4 - math.sqrt(1.5), 4]) / 1000)
    assert _figure(0, 1, 4, distribution="uniform").quantile(u) == pytest.approx(4 * u / 1000)
    # Normal from 0 over 2 to 4, so one standard deviation is 1; cut off at two of them.
    one_up = (NormalDist().cdf(1) - NormalDist().cdf(-2)) / (NormalDist().cdf(2) - NormalDist().cdf(-2))
    normal = _figure(0, 2, 4, distribution="normal").quantile(np.array([0, 0.5, one_up, 1.0]))
    assert normal == pytest.approx(np.array([0, 2, 3, 4]) / 1000, abs=1e-7)
    # Its upper side three times as wide: the median stays.
    skewed = _figure(0, 2, 8, distribution="normal").quantile(np.array([0.5, one_up]))
    assert skewed == pytest.approx(np.array([2, 5]) / 1000, abs=1e-7)
    assert _figure(3, 3, 3, distribution="fixed").quantile(u) == pytest.approx(0.003)


@given(
    values=st.lists(st.floats(0, 1e6), min_size=3, max_size=3).map(sorted),
    distribution=st.sampled_from(["triangular", "uniform", "normal"]),
    u=st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_quantiles_rise_and_stay_within_min_and_max(values, distribution, u):
    figure = _figure(*values, distribution=distribution)
    found = figure.quantile(np.array([0.0, *sorted(u), 1.0]))
    assert np.all(np.diff(found) >= -1e-9 * figure.si.max)
    assert found[0] == figure.si.min
    assert found[-1] == figure.si.max


def test_a_fixed_figure_has_no_spread():
    with pytest.raises(ValueError, match="is fixed, but min 1 is not max 2"):
        _figure(1, 1, 2, distribution="fixed")


def _curve(points, **more) -> Curve:
    return Curve(points=points, **{"unit": "%", "x_unit": "mA", **_evidence(**more)})


def test_a_curve_is_linear_between_its_points_and_flat_beyond():
    curve = _curve([(0, 0, 10, 20), (10, 50, 60, 70)])
    assert curve.at(np.array([-1.0, 0.0, 0.005, 0.01, 1.0])) == pytest.approx([0.1, 0.1, 0.35, 0.6, 0.6])
    logarithmic = _curve([(0.1, 0, 10, 20), (10, 50, 60, 70)], x_scale="log")
    assert logarithmic.at(np.array([0.0, 1e-4, 1e-3, 1e-2])) == pytest.approx([0.1, 0.1, 0.35, 0.6])


def test_one_draw_moves_a_whole_curve():
    curve = _curve([(0, 10, 20, 30), (10, 50, 60, 70)])
    u = np.array([0.0, 0.5, 1.0])
    at_ends = [curve.at(x, u) for x in (0.0, 0.01)]
    assert at_ends[0] == pytest.approx([0.1, 0.2, 0.3])
    assert at_ends[1] == pytest.approx([0.5, 0.6, 0.7])
    assert curve.at(np.array([[0.0], [0.01]]), u).shape == (2, 3)


def test_a_missing_figure_or_curve_is_named(tmp_path):
    part = _parse(tmp_path, REGULATOR)
    with pytest.raises(PowerError, match=r"part has no figure 'sleep'; add \[figures\.sleep\]"):
        part.figure("sleep")
    with pytest.raises(PowerError, match=r"part has no curve 'ocv'; add \[curves\.ocv\]"):
        part.curve("ocv")
