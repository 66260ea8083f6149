"""The report's charts as inline SVG, each drawn from the document alone; labels stand at what they name."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from power.report.scales import Scale, ceiling, hours_step, marks, step
from power.report.shown import Document, Shown, rounded, unit_text, words
from power.report.svg import Drawing, Piece, text_width

WIDTH = 720.0
LABELS = 178.0
"""Where the bars of a chart with rows begin."""
ROW = 24.0
BAR = 14.0
TORNADO_ROWS = 12
LOAD_ROWS = 12
LEAST_SHARE = 0.005
"""A load with less of the whole is only in the table."""

STATE_COLOURS = (
    "hear",
    "listen",
    "send",
    "play",
    "sleep",
    "fault",
    "false_accept",
    "radio",
    "playback",
    "always",
    "fixed",
)
"""States that have a colour of their own (`--state-NAME`); any other is drawn as "other"."""


def state_colour(state: str) -> str:
    """The CSS variable of a state."""
    return f"state-{state if state in STATE_COLOURS else 'other'}"


def loads(document: Document) -> str:
    """Mean power of each load, as bars of its states."""
    rows = [row for row in document.at("components") if row["share"] >= LEAST_SHARE][:LOAD_ROWS]
    drawn = {state for row in rows for state in row["by_state"]}
    states = [state["name"] for state in document.at("states") if state["name"] in drawn]
    drawing = Drawing(
        "loads",
        WIDTH,
        34 + ROW * len(rows),
        "Mean power by component and state",
        "; ".join(f"{row['name']} of {row['component'] or 'the scenario'}: {rounded(row['mw'])} mW" for row in rows),
    )
    x = 0.0
    for state in states:
        drawing.rectangle(x, 2, 11, 11, state_colour(state))
        drawing.text(x + 16, 12, words(state), colour="faint")
        x += 16 + text_width(state) + 18
    scale = Scale(0, max(row["mw"] for row in rows), LABELS, WIDTH - 120)
    for index, row in enumerate(rows):
        y = 28 + ROW * index
        drawing.text(LABELS - 10, y + 11, row["name"], anchor="end")
        left = 0.0
        for state, mw in row["by_state"].items():
            drawing.rectangle(
                scale(left), y, scale(left + mw) - scale(left), BAR, state_colour(state), says=f"{state}: {mw:.3g} mW"
            )
            left += mw
        drawing.line(LABELS, y - 4, LABELS, y + ROW - 4, "rule")
        number = document.number(f"components.{index}.mw", "mW")
        share = document.number(f"components.{index}.share", "%", 2)
        drawing.text(max(scale(left), LABELS + 1) + 8, y + 11, _strong(number, share))
    return drawing.markup()


def timeline(document: Document) -> str:
    """A day: power from the cell above, state of charge below, phases as bands with their names."""
    day = document.at("timeline")
    phases = document.at("phases")
    end = document.at("scenario.day_hours")
    top, split, low, bottom = 42.0, 192.0, 218.0, 318.0
    x = Scale(0, end, 62, WIDTH - 12)
    highest = ceiling(max(day["mw"]) * 1.05)
    power, charge = Scale(0, highest, split, top), Scale(0, 1, bottom, low)
    drawing = Drawing(
        "timeline",
        WIDTH,
        bottom + 38,
        "Power from the cell and state of charge over one day",
        "; ".join(
            f"{number}. {phase['name']}: {phase['hours']:.3g} h at {phase['mw']['typ']:.3g} mW"
            for number, phase in enumerate(phases, 1)
        ),
    )
    for index, phase in enumerate(phases):
        left, right = x(phase["start_h"]), x(phase["start_h"] + phase["hours"])
        if index % 2:
            drawing.rectangle(left, top - 16, right - left, bottom - top + 16, "band")
        name = words(phase["name"])
        label = name if text_width(name, 11) < right - left - 4 else str(index + 1)
        drawing.text((left + right) / 2, top - 20, label, anchor="middle", size=11, colour="faint")
    for mark in marks(0, highest, step(highest, 4)):
        drawing.line(62, power(mark), WIDTH - 12, power(mark))
        drawing.tick(56, power(mark) + 4, rounded(mark, None), anchor="end")
    for mark in (0, 0.5, 1):
        drawing.line(62, charge(mark), WIDTH - 12, charge(mark))
        drawing.tick(56, charge(mark) + 4, f"{100 * mark:.0f} %", anchor="end")
    for mark in marks(0, end, hours_step(end)):
        drawing.line(x(mark), bottom, x(mark), bottom + 4, "faint")
        drawing.tick(x(mark), bottom + 17, rounded(mark, None))
    drawing.text(WIDTH - 12, bottom + 33, "hours of the day", anchor="end", size=11, colour="faint")
    drawing.text(0, top - 20, "mW", size=11, colour="faint")
    drawing.text(0, low - 8, "charge", size=11, colour="faint")

    steps = _stairs(day["hours"], day["mw"], day["ends"][-1])
    outline = [(x(0), power(0)), *((x(at), power(mw)) for at, mw in steps), (x(steps[-1][0]), power(0))]
    drawing.area(outline, "accent", opacity=0.18)
    drawing.polyline([(x(at), power(mw)) for at, mw in steps], "accent", width=1.2)
    drawing.polyline(
        [(x(0), charge(1)), *((x(at), charge(left)) for at, left in zip(day["ends"], day["charge"], strict=True))],
        "state-send",
        width=2,
    )
    if day["empty_h"] is not None:
        empty = document.number("timeline.empty_h", "h")
        drawing.line(x(empty.value), top - 16, x(empty.value), bottom, "miss", width=1.5)
        fits = x(empty.value) + text_width(f"empty after {empty}") < WIDTH - 20
        says = [Piece("empty after ", "miss"), Piece(empty, "miss", bold=True)]
        drawing.text(x(empty.value) + (6 if fits else -6), low + 26, says, anchor="start" if fits else "end")
        return drawing.markup()
    rest = document.number("timeline.left", "%", 2)
    y = charge(rest.value)
    # Below the line while it is high, above it while it is low: on the paper, not on the line.
    drawing.text(WIDTH - 16, y + 16 if rest.value > 0.3 else y - 8, rest, anchor="end", bold=True)
    return drawing.markup()


def _stairs(starts: list[float], values: list[float], end: float) -> list[tuple[float, float]]:
    """A value that holds from its start to the next, as corners."""
    corners = []
    for (start, value), stop in zip(zip(starts, values, strict=True), [*starts[1:], end], strict=True):
        corners += [(start, value), (stop, value)]
    return corners


def waterfall(document: Document) -> str:
    """From the cell's rating to what reaches the loads, in watt-hours."""
    rows = document.at("waterfall")
    gross = rows[0]["wh"]
    drawing = Drawing(
        "waterfall",
        WIDTH,
        ROW * len(rows) + 6,
        "From gross to net energy",
        "; ".join(f"{row['step']}: {rounded(row['wh'])} Wh" for row in rows),
    )
    places = max(0, 3 - math.floor(math.log10(gross)))
    labels = max(LABELS, 14 + max(text_width(row["step"]) for row in rows))
    scale = Scale(0, max(gross, *_totals(rows)), labels, WIDTH - 150)
    running = 0.0
    for index, row in enumerate(rows):
        whole = index in {0, len(rows) - 1}
        y = 4 + ROW * index
        start, stop = (0.0, row["wh"]) if whole else (running, running + row["wh"])
        running = stop
        left, right = sorted((scale(start), scale(stop)))
        drawing.text(labels - 10, y + 11, row["step"], anchor="end", bold=whole)
        colour = "accent" if whole else "loss" if row["wh"] <= 0 else "good"
        drawing.rectangle(left, y, max(right - left, 1.5), BAR, colour)
        if index + 1 < len(rows):
            drawing.line(scale(stop), y + BAR, scale(stop), y + ROW, "faint")
        number = document.number(f"waterfall.{index}.wh", "Wh", places=places, sign=not whole)
        share = (
            [Piece(document.number(f"waterfall.{index}.share", "%", places=1, sign=not whole), "faint")]
            if index
            else []
        )
        drawing.text(right + 8, y + 11, [Piece(number, bold=whole), "  ", *share])
    return drawing.markup()


def _totals(rows: list[dict[str, Any]]) -> list[float]:
    """What is left after each step but the last, which is that total."""
    return list(accumulate(row["wh"] for row in rows[:-1]))


def tornado(document: Document) -> str:
    """What each figure's range is worth in hours about the typical case, widest first."""
    rows = document.at("tornado")[:TORNADO_ROWS]
    middle = document.at("hours.typ")
    ends = [hours for row in rows for hours in (row["hours_at_lowest"], row["hours_at_highest"])]
    low, high = min([middle, *ends]), max([middle, *ends])
    labels = 236.0
    scale = Scale(low, high, labels + 62, WIDTH - 62)
    height = 34 + 30 * len(rows)
    drawing = Drawing(
        "tornado",
        WIDTH,
        height + 24,
        "Hours with one figure at its least and at its greatest",
        "; ".join(
            f"{row['figure']} at {rounded(row['lowest'])} {row['unit']}: {rounded(row['hours_at_lowest'])} h, at "
            f"{rounded(row['highest'])} {row['unit']}: {rounded(row['hours_at_highest'])} h"
            for row in rows
        ),
    )
    drawing.rectangle(labels + 62, 2, 11, 11, "least")
    drawing.text(labels + 78, 12, "figure at its least", colour="faint")
    drawing.rectangle(labels + 210, 2, 11, 11, "greatest")
    drawing.text(labels + 226, 12, "figure at its greatest", colour="faint")
    for mark in marks(low, high, step(high - low)):
        drawing.line(scale(mark), 26, scale(mark), height)
        drawing.tick(scale(mark), height + 15, rounded(mark, None))
    drawing.text(WIDTH, height + 15, "hours", anchor="end", size=11, colour="faint")
    for index, row in enumerate(rows):
        y = 30 + 30 * index
        drawing.text(labels, y + 7, row["figure"], anchor="end")
        span = [document.number(f"tornado.{index}.{end}", trim=True) for end in ("lowest", "highest")]
        drawing.text(
            labels,
            y + 20,
            [span[0], " to ", span[1], f" {unit_text(row['unit'])}"],
            anchor="end",
            size=10.5,
            colour="faint",
        )
        for end, colour in (("lowest", "least"), ("highest", "greatest")):
            hours = document.number(f"tornado.{index}.hours_at_{end}")
            left, right = sorted((scale(middle), scale(hours.value)))
            drawing.rectangle(left, y, right - left, BAR + 4, colour)
        for hours in (document.number(f"tornado.{index}.hours_at_{end}") for end in ("lowest", "highest")):
            if hours.value < middle:
                drawing.text(scale(hours.value) - 5, y + 13, hours, anchor="end", size=11)
            elif hours.value > middle:
                drawing.text(scale(hours.value) + 5, y + 13, hours, size=11)
    drawing.line(scale(middle), 22, scale(middle), height, "ink")
    return drawing.markup()


def distribution(document: Document) -> str:
    """The hours of the sampled days, with the goal, the 5th percentile and the typical case marked."""
    bins = document.at("hours.histogram.bins")
    width = document.at("hours.histogram.bin_hours")
    wanted = document.at("hours.wanted")
    top, bottom = 64.0, 214.0
    x = Scale(0, max(bins[-1][0] + width, wanted) * 1.02, 12, WIDTH - 12)
    y = Scale(0, max(count for _, count in bins), bottom, top)
    drawing = Drawing(
        "distribution",
        WIDTH,
        bottom + 40,
        "Distribution of the hours on one charge",
        f"{rounded(document.at('hours.days'), None)} sampled days: wanted {rounded(wanted, None)} h, "
        f"5th percentile {rounded(document.at('hours.p5'))} h, typical {rounded(document.at('hours.typ'))} h, "
        f"95th percentile {rounded(document.at('hours.p95'))} h",
    )
    for left, count in bins:
        colour = "miss" if left + width <= wanted else "accent"
        drawing.rectangle(x(left), y(count), max(0.5, x(left + width) - x(left) - 0.6), bottom - y(count), colour)
    drawing.line(12, bottom, WIDTH - 12, bottom, "faint")
    for mark in marks(0, x.high, step(x.high, 9)):
        drawing.line(x(mark), bottom, x(mark), bottom + 4, "faint")
        drawing.tick(x(mark), bottom + 17, rounded(mark, None))
    drawing.text(WIDTH - 12, bottom + 33, "hours on one charge", anchor="end", size=11, colour="faint")
    for row, (place, name, colour, digits) in enumerate(
        (
            ("hours.wanted", "wanted", "miss", None),
            ("hours.p5", "5th percentile", "ink", 3),
            ("hours.typ", "typical", "ink", 3),
        )
    ):
        number = document.number(place, "h", digits)
        at, height = x(number.value), 12 + 18 * row
        drawing.line(at, height + 4, at, bottom, colour, width=1.5, dashes="" if row == 0 else "4 3")
        fits = at + 10 + text_width(f"{name}  {number}") < WIDTH
        drawing.text(at + 5 if fits else at - 5, height + 8, _named(name, number), anchor="start" if fits else "end")
    return drawing.markup()


def evidence(document: Document) -> str:
    """How many milliwatts rest on what: each load by the weakest of its figures."""
    statuses = document.at("evidence.mw_by_status")
    total = sum(statuses.values())
    drawing = Drawing(
        "evidence",
        WIDTH,
        62,
        "Milliwatts by what they rest on",
        "; ".join(f"{name}: {rounded(mw)} mW" for name, mw in statuses.items()),
    )
    scale = Scale(0, total, 0, WIDTH)
    left, x = 0.0, 0.0
    for status in statuses:
        mw = document.number(f"evidence.mw_by_status.{status}", "mW")
        if mw.value > 0:
            drawing.rectangle(scale(left), 0, scale(left + mw.value) - scale(left) - 1, 26, f"status-{status}")
        left += mw.value
        drawing.rectangle(x, 40, 11, 11, f"status-{status}")
        drawing.text(x + 16, 50, _named(status, mw))
        x += WIDTH / len(statuses)
    return drawing.markup()


def volts(document: Document) -> str:
    """The cell's terminals at the greatest current, where the cutoff is met, against brown-out."""
    brownout, terminals = document.number("peak.brownout_v", "V", 4), document.number("peak.terminals_v", "V", 4)
    rest = document.number("peak.rest_v", "V", 4)
    drawing = Drawing(
        "volts",
        WIDTH,
        74,
        "Voltage left at the greatest current",
        f"brown-out at {brownout}, terminals at the greatest current {terminals}, without it {rest}",
    )
    values = [brownout.value, terminals.value, rest.value]
    spread = max(max(values) - min(values), 0.01)
    scale = Scale(min(values) - 0.08 * spread, max(values) + 0.08 * spread, 60, WIDTH - 60)
    holds = terminals.value >= brownout.value
    for start, stop, colour in (
        (brownout.value, terminals.value, "good" if holds else "miss"),
        (terminals.value, rest.value, "loss"),
    ):
        left, right = sorted((scale(start), scale(stop)))
        drawing.rectangle(left, 24, right - left, BAR, colour)
    for number, name, above in (
        (brownout, "brown-out", False),
        (terminals, "at the greatest current", True),
        (rest, "without it", False),
    ):
        at = scale(number.value)
        drawing.line(at, 19, at, 43, "ink", width=1.5)
        width = text_width(f"{name}  {number}")
        start = min(max(0.0, at - width / 2), WIDTH - width)
        drawing.text(start, 13 if above else 58, _named(name, number))
    return drawing.markup()


def _strong(number: Shown, share: Shown) -> list[str | Shown | Piece]:
    return [Piece(number, bold=True), "  ", Piece(share, "faint")]


def _named(name: str, number: Shown) -> list[str | Shown | Piece]:
    return [Piece(f"{name} ", "faint"), Piece(number, bold=True)]


CHARTS: dict[str, Callable[[Document], str]] = {
    "loads": loads,
    "timeline": timeline,
    "waterfall": waterfall,
    "tornado": tornado,
    "distribution": distribution,
    "evidence": evidence,
    "volts": volts,
}


def draw(document: Document) -> dict[str, str]:
    """Every chart's SVG by its name."""
    return {name: chart(document) for name, chart in CHARTS.items()}
