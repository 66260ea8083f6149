"""What changed between two reports, as a structure and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from power.report.markdown import cell
from power.report.shown import rounded, unit_text

LEAST = 5e-4
"""A load that changed by less than this share of the whole is not listed."""
_FIGURE = ("min", "typ", "max", "points", "unit", "status", "source", "conditions", "distribution")
_NO_LOAD: dict[str, Any] = {"mw": 0.0}


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The differences of two documents; changes are relative to `before`, None where that is nothing."""
    return {
        "scenario": _pair(before["scenario"]["name"], after["scenario"]["name"]),
        "board": _pair(before["board"]["name"], after["board"]["name"]),
        "firmware": _pair(before["run"]["firmware"], after["run"]["firmware"]),
        "sampling": _pair(*({key: d["hours"][key] for key in ("days", "seed")} for d in (before, after))),
        "hours": {name: _change(before["hours"][name], after["hours"][name]) for name in ("typ", "p5", "p50", "p95")},
        "power": _change(before["power"]["typ"], after["power"]["typ"]),
        "margin_mv": _change(before["peak"]["margin_mv"]["p5"], after["peak"]["margin_mv"]["p5"]),
        "assumed_mw": _change(before["evidence"]["assumed_mw"], after["evidence"]["assumed_mw"]),
        "components": _components(before, after),
        "work": _work(before, after),
        "figures": _figures(before, after),
        "settings": _settings(before, after),
        "inputs": _inputs(before, after),
    }


def markdown(difference: Mapping[str, Any]) -> str:
    """The differences as Markdown; tables for what changed, and a line for what did not."""
    d = difference
    hours, power = d["hours"], d["power"]
    lines = [
        f"### Battery: {cell(d['scenario']['after'])} on {cell(d['board']['after'])}",
        "",
        f"**{_sentence(hours['typ'])}**",
        "",
    ]
    lines += [
        f"The two are not of one {what}: {cell(d[what]['before'])} before, {cell(d[what]['after'])} after.\n"
        for what in ("scenario", "board", "firmware")
        if d[what]["before"] != d[what]["after"]
    ]
    if d["sampling"]["before"] != d["sampling"]["after"]:
        both = [f"{one['days']} days, seed {one['seed']}" for one in d["sampling"].values()]
        lines.append(f"Sampled differently ({both[0]} before, {both[1]} after): percentiles move by that alone.\n")
    lines += _table("| | before | after | change |", "|---|--:|--:|--:|")
    for name, label in (("typ", "hours, typical"), ("p5", "hours, 5th percentile"), ("p95", "hours, 95th percentile")):
        lines.append(_row(label, hours[name], "h"))
    lines.append(_row("**mW from the cell**", power, "mW"))
    lines += [_row(cell(_load_name(row)), row, "mW") for row in d["components"]]
    lines.append(_row("of it resting on assumptions", d["assumed_mw"], "mW"))
    lines.append(_row("mV above brown-out, 5th percentile", d["margin_mv"], "mV"))
    lines.append("")
    if d["work"]:
        lines += _table(
            "| state | work a second before | after | change | time before | after |", "|---|--:|--:|--:|--:|--:|"
        )
        for row in d["work"]:
            times = [f"{rounded(100 * row['time'][end])} %" for end in ("before", "after")]
            counts = [f"{row[end]:,.0f}" for end in ("before", "after")]
            lines.append(f"| {cell(row['name'])} | {' | '.join(counts)} | {_percent(row)} | {' | '.join(times)} |")
        lines.append("")
    else:
        lines.append("The work in each state is the same.\n")
    lines += _figure_lines(d["figures"])
    if d["settings"]:
        lines += _table("| setting | before | after |", "|---|---|---|")
        lines += [
            f"| `{cell(row['key'])}` | {_value(row['before'])} | {_value(row['after'])} |" for row in d["settings"]
        ]
        lines.append("")
    if d["inputs"]:
        lines += _table("| input | before | after |", "|---|---|---|")
        lines += [
            f"| {cell(row['path'])} | {_digest(row['before'])} | {_digest(row['after'])} |" for row in d["inputs"]
        ]
        lines.append("")
    else:
        lines.append("The inputs are the same.\n")
    return "\n".join(lines).rstrip() + "\n"


def loss(difference: Mapping[str, Any]) -> float:
    """By what share the typical hours fell; negative where they grew."""
    return -float(difference["hours"]["typ"]["relative"] or 0.0)


def _pair(before: Any, after: Any) -> dict[str, Any]:
    return {"before": before, "after": after}


def _change(before: float, after: float) -> dict[str, Any]:
    return {**_pair(before, after), "relative": after / before - 1 if before else None}


def _components(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Loads that changed, the greatest change first."""
    olds = {(row["name"], row["component"]): row for row in before["components"]}
    news = {(row["name"], row["component"]): row for row in after["components"]}
    rows = []
    for key in dict.fromkeys((*olds, *news)):
        change = _change(olds.get(key, _NO_LOAD)["mw"], news.get(key, _NO_LOAD)["mw"])
        if abs(change["after"] - change["before"]) >= LEAST * before["power"]["typ"]:
            rows.append({"name": key[0], "component": key[1], **change})
    return sorted(rows, key=lambda row: -abs(row["after"] - row["before"]))


def _work(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """States whose work a second or whose share of the run's time changed."""
    nothing = {"work_per_s": 0, "time": 0.0}
    olds, news = ({row["name"]: row for row in d["run"]["states"]} for d in (before, after))
    rows = []
    for name in dict.fromkeys((*olds, *news)):
        old, new = olds.get(name, nothing), news.get(name, nothing)
        if (old["work_per_s"], old["time"]) != (new["work_per_s"], new["time"]):
            time = _pair(old["time"], new["time"])
            rows.append({"name": name, **_change(old["work_per_s"], new["work_per_s"]), "time": time})
    return rows


def _figures(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Figures that are new, gone or not as they were."""
    olds, news = ({row["key"]: row for row in d["evidence"]["figures"]} for d in (before, after))
    rows = []
    for key in dict.fromkeys((*olds, *news)):
        old, new = ({name: d[key].get(name) for name in _FIGURE} if key in d else None for d in (olds, news))
        if old != new:
            rows.append({"key": key, **_pair(old, new)})
    return rows


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Numbers of the scenario and what-ifs that are not as they were."""
    olds, news = (
        dict(_flat("scenario", d["scenario"])) | {f"--set {row['key']}": row["value"] for row in d["changes"]}
        for d in (before, after)
    )
    keys = dict.fromkeys((*olds, *news))
    return [{"key": key, **_pair(olds.get(key), news.get(key))} for key in keys if olds.get(key) != news.get(key)]


def _flat(key: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [pair for name, inner in value.items() for pair in _flat(f"{key}.{name}", inner)]
    if isinstance(value, list):
        names = [inner.get("name", at) if isinstance(inner, Mapping) else at for at, inner in enumerate(value)]
        return [pair for name, inner in zip(names, value, strict=True) for pair in _flat(f"{key}.{name}", inner)]
    return [(key, value)]


def _inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    olds, news = (
        # The first is the ledger, whatever its file is called.
        {row["path"] if at else "ledger": row["sha256"] for at, row in enumerate(d["inputs"])}
        for d in (before, after)
    )
    keys = dict.fromkeys((*olds, *news))
    return [{"path": key, **_pair(olds.get(key), news.get(key))} for key in keys if olds.get(key) != news.get(key)]


def _sentence(hours: Mapping[str, Any]) -> str:
    then, now, relative = hours["before"], hours["after"], hours["relative"] or 0.0
    if abs(relative) < LEAST:
        return f"The hours on one charge are the same: {rounded(now)} h typical."
    word = "fewer" if relative < 0 else "more"
    return f"{rounded(100 * abs(relative), 2)} % {word} hours on one charge: {rounded(then)} h became {rounded(now)} h."


def _table(head: str, rule: str) -> list[str]:
    return [head, rule]


def _row(name: str, change: Mapping[str, Any], unit: str) -> str:
    before, after = (f"{rounded(change[end])} {unit}" for end in ("before", "after"))
    return f"| {name} | {before} | {after} | {_percent(change)} |"


def _percent(change: Mapping[str, Any]) -> str:
    if change["before"] == change["after"]:
        return "0 %"
    if change["relative"] is None:
        return "new"
    return f"{rounded(100 * change['relative'], 2, sign=True)} %"


def _load_name(row: Mapping[str, Any]) -> str:
    return f"{row['name']} ({row['component']})" if row["component"] else row["name"]


def _figure_lines(figures: list[dict[str, Any]]) -> list[str]:
    if not figures:
        return ["The figures are the same.\n"]
    lines = _table("| figure | before | after |", "|---|---|---|")
    for row in figures:
        olds, news = row["before"], row["after"]
        if olds is None or news is None:
            both = ["" if one is None else _figure(one, tuple(one)) for one in (olds, news)]
        else:
            changed = tuple(name for name in _FIGURE if olds[name] != news[name])
            both = [_figure(one, changed) for one in (olds, news)]
        lines.append(f"| `{cell(row['key'])}` | {both[0]} | {both[1]} |")
    return [*lines, ""]


def _figure(figure: Mapping[str, Any], changed: tuple[str, ...]) -> str:
    """A figure's values, and whatever else of it changed."""
    said = []
    if any(name in changed for name in ("min", "typ", "max", "unit", "points")):
        if figure["points"]:
            said.append(f"curve of {len(figure['points'])} points")
        else:
            said.append(
                f"{' / '.join(rounded(figure[end], None) for end in ('min', 'typ', 'max'))} {unit_text(figure['unit'])}"
            )
    said += [cell(figure[name]) for name in ("status", "source", "conditions", "distribution") if name in changed]
    return "; ".join(said)


def _value(value: Any) -> str:
    return "" if value is None else rounded(value, None) if isinstance(value, float) else cell(value)


def _digest(sha256: str | None) -> str:
    return "" if sha256 is None else f"`{sha256[:12]}`"
