"""firmware/nn/PERFORMANCE.md and its plot, from the recorded figures and baseline.toml alone."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from firmware.bench.measure import OUTSIDE
from firmware.bench.plot import Group, Series, bars
from firmware.bench.record import ASR, Record
from firmware.bench.requantization import DEPTH

_BASELINE = Path(__file__).with_name("baseline.toml")
_M4, _M55 = "mps2_an386", "mps3_an547"
_CORES = ((_M4, "m4", "Cortex-M4"), (_M55, "m55", "Cortex-M55"))
_KWS = "kws_ref_model"


@cache
def baseline() -> dict[str, Any]:
    """TFLite Micro's figures and the goals."""
    return tomllib.loads(_BASELINE.read_text(encoding="utf-8"))


def layer_kind(layer: dict[str, Any]) -> str:
    """What a layer is in the tables: the first convolution apart, pointwise ones apart."""
    if layer["kind"] == "CONV_2D":
        if layer["pointwise"]:
            return "pointwise"
        return "first convolution" if layer["operator"] == 0 else "convolution"
    names = {"DEPTHWISE_CONV_2D": "depthwise", "AVERAGE_POOL_2D": "average pool", "FULLY_CONNECTED": "fully connected"}
    return names.get(layer["kind"], layer["kind"].lower().replace("_", " "))


def by_kind(figures: dict[str, Any]) -> dict[str, dict[str, int]]:
    """MACs, instructions and outputs of each kind of layer, in the order of their first ones."""
    kinds: dict[str, dict[str, int]] = {}
    for layer in figures["layers"]:
        total = kinds.setdefault(layer_kind(layer), {"macs": 0, "instructions": 0, "outputs": 0})
        for key in total:
            total[key] += layer[key]
    return {kind: total for kind, total in kinds.items() if total["instructions"]}


def _networks(figures: Record) -> list[tuple[str, dict[str, Any]]]:
    """The recorded networks, the baseline's first, in its order."""
    names = list(baseline()["models"])
    return sorted(
        figures["models"].items(), key=lambda item: (names.index(item[0]) if item[0] in names else 99, item[0])
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> list[str]:
    lines = [" | ".join(head), " | ".join("---" if i < left else "--:" for i in range(len(head)))]
    return [f"| {line} |" for line in [*lines, *(" | ".join(row) for row in rows)]]


def _per_mac(instructions: int, macs: int) -> str:
    return f"{instructions / macs:.2f}" if macs else ""


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}"


def _goal(what: str, theirs: str, goal: float, ours: float, digits: int = 2) -> list[str]:
    """A row of the goals' table; below the goal is met."""
    off = ours / goal - 1
    verdict = f"met, {-100 * off:.0f} % to spare" if ours <= goal else f"**missed** by {100 * off:.0f} %"
    return [what, theirs, f"{goal:,.{digits}f}", f"{ours:,.{digits}f}", verdict]


def _goals(figures: Record) -> list[str]:
    goals, theirs, models = baseline()["goals"], baseline()["models"], figures["models"]
    kws, kinds = theirs[_KWS], by_kind(models[_KWS][_M4])

    def kind(name: str) -> tuple[str, float]:
        their = baseline()["kws_layers"][name]
        return _per_mac(their["m4"], their["macs"]), kinds[name]["instructions"] / kinds[name]["macs"]

    def whole(name: str) -> tuple[str, float]:
        return _per_mac(theirs[name]["m4"], theirs[name]["macs"]), models[name][_M4]["instructions_per_mac"]

    both = f"{kws['m4']:,} ({kws['m4_best']:,} at its fastest)"
    rows = [
        _goal("keyword spotting, instructions", both, goals["kws_instructions"], models[_KWS][_M4]["instructions"], 0)
    ]
    for what, key, (their, ours) in (
        ("its pointwise convolutions, a MAC", "kws_pointwise_per_mac", kind("pointwise")),
        ("its depthwise convolutions, a MAC", "kws_depthwise_per_mac", kind("depthwise")),
        ("its first convolution, a MAC", "kws_first_convolution_per_mac", kind("first convolution")),
        ("anomaly detection, a MAC", "ad01_per_mac", whole("ad01_int8")),
        ("streaming wake word, a MAC", "str_ww_per_mac", whole("str_ww_ref_model")),
    ):
        rows.append(_goal(what, their, goals[key], ours))
    rows.append(
        _goal(
            "requantization, an output",
            str(baseline()["requantization"]["m4"]),
            goals["requantization"],
            figures["requantization"][_M4],
            1,
        )
    )
    their_asr, asr = whole(ASR)
    rows.append(_goal("random network of the recogniser's shape, a MAC", their_asr, goals["asr_per_mac"], asr))
    ear = figures["front_end"][_M4]["simd"]["instructions_a_second"]
    rows.append(_goal("front end, instructions a second of audio", "", goals["front_end_a_second"], ear, 0))
    for name, their in theirs.items():
        ours = models[name][_M55]["instructions"] / their["m55"]
        rows.append(_goal(f"Cortex-M55: {their['title']}, of TFLM's", "1", goals["m55_ratio"], ours))
    for key, what in (("arena", "arena"), ("code", "code")):
        for board, core, title in _CORES:
            for name, their in theirs.items():
                ours = models[name][board][f"{key}_bytes"] / their[f"{key}_{core}"]
                label = f"{what}: {their['title']} on {title}, of TFLM's"
                rows.append(_goal(label, "1", goals[f"{key}_ratio"], ours))
    met = sum("missed" not in row[-1] for row in rows)
    head = ["on Cortex-M4, unless said otherwise", "TFLM + CMSIS-NN", "goal, at most", "Earshot", ""]
    return [f"{met} of {len(rows)} goals are met.", "", *_table(head, rows)]


def _instructions(figures: Record) -> list[str]:
    head = ["network", "MACs"]
    for _, _, title in _CORES:
        head += [f"TFLM {title[7:]}", "a MAC", f"Earshot {title[7:]}", "a MAC", "ratio"]
    head.append("M4 cycles, estimated")
    rows = []
    for name, boards in _networks(figures):
        their = baseline()["models"].get(name)
        row = [name, f"{boards[_M4]['macs']:,}"]
        for board, core, _ in _CORES:
            ours = boards[board]
            row += [f"{their[core]:,}", _per_mac(their[core], their["macs"])] if their else ["", ""]
            row += [f"{ours['instructions']:,}", f"{ours['instructions_per_mac']:.2f}"]
            row.append(_ratio(ours["instructions"], their[core]) if their else "")
        cycles = boards[_M4]["cycles"]
        rows.append([*row, f"{cycles['cycles']:,}" if cycles else ""])
    return _table(head, rows)


def _kinds(figures: Record, name: str) -> list[str]:
    """A network by kind of layer on both cores, beside the baseline where there is one."""
    boards = figures["models"][name]
    kinds = {core: by_kind(boards[board]) for board, core, _ in _CORES}
    theirs = baseline()["kws_layers"] if name == _KWS else {}
    head = ["kind", "MACs"]
    for _, _, title in _CORES:
        head += [f"TFLM {title[7:]}", "a MAC"] if theirs else []
        head += [f"Earshot {title[7:]}", "a MAC", "an output"]
    rows = []
    for kind in kinds["m4"]:
        row = [kind, f"{kinds['m4'][kind]['macs']:,}"]
        for _, core, _ in _CORES:
            ours, their = kinds[core].get(kind), theirs.get(kind)
            if theirs:
                row += [f"{their[core]:,}", _per_mac(their[core], their["macs"])] if their else ["", ""]
            if ours is None:
                row += ["", "", ""]
                continue
            row += [f"{ours['instructions']:,}", _per_mac(ours["instructions"], ours["macs"])]
            row.append(f"{ours['instructions'] / ours['outputs']:.1f}")
        rows.append(row)
    rest = [OUTSIDE, ""]
    for board, _, _ in _CORES:
        rest += [*(["", ""] if theirs else []), f"{boards[board]['outside']:,}", "", ""]
    return _table(head, [*rows, rest])


def _mix(figures: Record) -> list[str]:
    """Shares of the executed instructions, the commonest kind first."""
    mixes = {name: boards[_M4]["cycles"]["mix"] for name, boards in _networks(figures) if boards[_M4]["cycles"]}
    totals: dict[str, int] = {}
    for mix in mixes.values():
        for kind, count in mix.items():
            totals[kind] = totals.get(kind, 0) + count
    kinds = sorted(totals, key=lambda kind: (-totals[kind], kind))
    rows = []
    for name, mix in mixes.items():
        whole = sum(mix.values())
        rows.append([name, *(f"{100 * mix.get(kind, 0) / whole:.1f}" for kind in kinds)])
    return _table(["network", *kinds], rows)


def _memory(figures: Record) -> list[str]:
    head = ["network", "core", "arena", "TFLM's", "ratio", "code", "TFLM's", "ratio", "constants", "stack", "TFLM's"]
    rows = []
    for name, boards in _networks(figures):
        their = baseline()["models"].get(name)
        for board, core, title in _CORES:
            ours = boards[board]
            row = [name, title]
            for key in ("arena", "code"):
                size = ours[f"{key}_bytes"]
                row.append(f"{size:,}")
                if their:
                    full = f"{their[f'{key}_{core}']:,}"
                    least = f" ({their[f'code_int8_{core}']:,})" if key == "code" else ""
                    row += [full + least, _ratio(size, their[f"{key}_{core}"])]
                else:
                    row += ["", ""]
            row += [f"{ours['constant_bytes']:,}", f"{ours['stack_bytes']:,}"]
            rows.append([*row, f"{their[f'stack_{core}']:,}" if their else ""])
    return _table(head, rows, left=2)


def _front_end(figures: Record) -> list[str]:
    head = ["core", "path", "instructions a second", "dearest call", "code", "constants", "CRC-32 of log-mel"]
    rows = []
    for board, _, title in _CORES:
        for path, name in (("portable", "portable C"), ("simd", "with SIMD")):
            each = figures["front_end"][board][path]
            row = [title, name, f"{each['instructions_a_second']:,}", f"{each['instructions_a_call']:,}"]
            rows.append([*row, f"{each['code_bytes']:,}", f"{each['constant_bytes']:,}", each["crc32"]])
    return _table(head, rows, left=2)


def _results(figures: Record) -> list[str]:
    rows = []
    for name, boards in _networks(figures):
        their = baseline()["models"].get(name)
        published = f"{their['crc32_first']} {their['crc32_all']}" if their else ""
        ours = [f"{each['crc32_first']} {each['crc32_all']}" for each in (boards[_M4], boards[_M55])]
        rows.append([name, published, *ours])
    return _table(["network", "TFLite Micro, published", "Cortex-M4", "Cortex-M55"], rows)


def page(figures: Record) -> str:
    """PERFORMANCE.md."""
    source, tools = baseline()["source"], figures["tools"]
    requantization = figures["requantization"]
    lines = [
        "# What the engine costs",
        "",
        "Written by `python -m firmware.bench.report`, which measures everything anew (`EARSHOT_MODELS` names the",
        "folder with the models of MLPerf Tiny and TFLite Micro) and records it in `performance.json`. A test fails",
        "when a count grows by more than 1 % without that record. One network: `python -m firmware.bench",
        "MODEL.tflite --board mps2_an386 --layers`.",
        "",
        "## Goals",
        "",
        *_goals(figures),
        "",
        "![Instructions a multiply-accumulate, Earshot beside TFLite Micro with CMSIS-NN](performance.svg)",
        "",
        "## Instructions an inference",
        "",
        "Exact and repeatable: the second call on the published inputs (xorshift32), counted by QEMU. They are not",
        "cycles: loads and branches weigh more, and on Cortex-M55 a vector instruction takes two. The last column is",
        "an estimate for a Cortex-M4 without wait states, from the executed instructions and the timings of Arm's",
        "manual (`firmware/bench/cycles.py` says what it takes for granted). `asr_shape` is a random network of the",
        "speech recogniser's shape (`firmware/bench/asr_shape.py`): one chunk, four output frames. TFLite Micro takes",
        "the states of `asr_shape` and `vad` in and gives them out, and its caller copies them between calls: that is",
        "in neither its instructions nor its arena, but in both of Earshot's.",
        "",
        "Layers are read in a second image that calls a hook before and after each step. The hook always takes the",
        "same number of instructions; it is measured and taken off. What the image without hooks takes besides the",
        "layers is in the last row: the call's own entry and return, and carrying states.",
        "",
        *_instructions(figures),
        "",
        "### What is executed on Cortex-M4, in per cent",
        "",
        *_mix(figures),
        "",
        "### Keyword spotting, by kind of layer",
        "",
        *_kinds(figures, _KWS),
        "",
        "### The shipped voice detector, by kind of layer",
        "",
        *_kinds(figures, "vad"),
        "",
        "### The recogniser's shape, by kind of layer",
        "",
        *_kinds(figures, ASR),
        "",
        "### Requantization",
        "",
        f"An output costs {requantization[_M4]:.1f} instructions on Cortex-M4 and {requantization[_M55]:.1f} on",
        f"Cortex-M55 besides its multiplications: what pointwise layers of {DEPTH} and {2 * DEPTH} channels in",
        "(125 positions, 64 channels out) extrapolate to at depth zero. That is bias, two roundings, zero point,",
        "clamp, store and the inner loop's set-up. TFLite Micro's 36 are from a profile, without that set-up.",
        "",
        "## Memory",
        "",
        "Bytes. Code: kernels, the emitted network and what they call of the C library; TFLite Micro's: .text and",
        ".rodata without the model, in brackets with its leanest, int8-only registrations; runner and start-up are in",
        "neither. Constants: weights as packed for the core, biases, tables, parameter structs. Stack: of a call.",
        "",
        *_memory(figures),
        "",
        "## Front end",
        "",
        "Log-mel at 16 kHz, over four seconds of something like speech (`python -m firmware.bench --front-end`).",
        "",
        *_front_end(figures),
        "",
        "## Results",
        "",
        "CRC-32 of the first output and of four together, on both cores. The measurement runs TFLite Micro's",
        "interpreter on the same inputs and refuses to go on where a byte differs.",
        "",
        *_results(figures),
        "",
        "## Measured with",
        "",
        f"- {tools['gcc']}; {tools['qemu']}; flags from board.toml",
        f"- the baseline: TFLite Micro {source['tflite_micro']}, CMSIS-NN {source['cmsis_nn']}, {source['compiler']},",
        f"  {source['emulator']}; {source['flags']} (`firmware/bench/baseline.toml`)",
        "",
    ]
    return "\n".join(lines)


def plot(figures: Record) -> str:
    """performance.svg: instructions a multiply-accumulate."""
    series = [
        Series("TFLM + CMSIS-NN, M4", "#b9bec7"),
        Series("Earshot, M4", "#1f6feb"),
        Series("TFLM + CMSIS-NN, M55", "#d9c8a9"),
        Series("Earshot, M55", "#e36209"),
    ]
    goals, groups = baseline()["goals"], []

    def group(title: str, theirs: dict[str, Any], ours: list[float], goal: float | None) -> None:
        their = [theirs[core] / theirs["macs"] for core in ("m4", "m55")]
        m55 = their[1] * goals["m55_ratio"] if "title" in theirs else None
        groups.append(Group(title, (their[0], ours[0], their[1], ours[1]), (None, goal, None, m55)))

    models = figures["models"]
    for name, goal in (
        (_KWS, goals["kws_instructions"] / baseline()["models"][_KWS]["macs"]),
        ("ad01_int8", goals["ad01_per_mac"]),
        ("str_ww_ref_model", goals["str_ww_per_mac"]),
        (ASR, goals["asr_per_mac"]),
        ("vad", None),
    ):
        theirs = baseline()["models"][name]
        group(theirs["title"], theirs, [models[name][board]["instructions_per_mac"] for board in (_M4, _M55)], goal)
        if name == _KWS:
            kinds = [by_kind(models[name][board]) for board in (_M4, _M55)]
            for kind in ("first convolution", "depthwise", "pointwise"):
                ours = [each[kind]["instructions"] / each[kind]["macs"] for each in kinds]
                key = f"kws_{kind.replace(' ', '_')}_per_mac"
                group(f"… {kind}", baseline()["kws_layers"][kind], ours, goals[key])
    return bars("Instructions a multiply-accumulate (less is better)", series, groups)
