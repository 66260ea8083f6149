"""Generates the front end's constant tables from its parameters: `python -m firmware.pipeline.frontend_tables`.

Window, twiddles, gains and log2 depend on the window alone; the mel bands on the sample rate too, so that a board links
the tables of its own microphone's rate and the host those of every rate.

Mel scale: HTK's (S. Young et al., The HTK Book, 5.4: mel = 2595 log10(1 + f / 700)), triangles of peak one whose
corners are the neighbours' centres.
"""

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOG2_BITS = 8
"""Of a number, below its first, that log2 looks at; it errs by at most 0.005 octaves."""

GAIN_LIMIT = 0.88 * 2**29
"""The energy that a window times its gain may have (spectrum.h)."""

GAIN_EXPONENT = 6
"""A window has at least an energy of 2^this, times four, so that its gain stays below 2^31 in Q18."""

NOISE = 2.6
"""What rounding adds to a bin's power, times four, on average: with it, bands of speech far below the strongest
one have no bias."""

NARROW_BINS = 4
"""Segments up to this width sum in full what the others sum by quarters (mel.h)."""


@dataclass(frozen=True)
class FrontEnd:
    """Parameters of the front end; lengths in samples, band edges in Hz."""

    window: int = 512
    hop: int = 256
    bands: int = 40
    low_hz: float = 60.0
    high_hz: float = 7600.0

    def __post_init__(self) -> None:
        """Refuse what the fixed-point FFT cannot do."""
        if self.window != 512:
            raise ValueError(f"window is {self.window} samples; it must be 512: the FFT is 8 x 8 x 8")
        if self.hop != self.window // 2:
            raise ValueError(f"hop is {self.hop} samples; it must be {self.window // 2}, half a window")
        if self.bands != 40:
            raise ValueError(f"{self.bands} bands; there must be 40: the kernels lay out rows of 40 values")


SHIPPED = FrontEnd()
"""What every board and every shipped model uses."""


@dataclass(frozen=True)
class Segment:
    """Bins between two corners: one band falls over them, the next one rises with what is left.

    The falling weight of a bin that `n` more bins of the segment follow is n * slope + last.
    """

    sum: int
    """Where the sum of the bins' power, times four, starts: below zero by what rounding adds to it."""
    before: int
    """Where the sum of these sums starts, above zero to make up for the former."""
    bins: int
    slope_q31: int
    """Times four unless narrow."""
    last_q31: int
    narrow: bool


def mel_segments(front_end: FrontEnd, rate_hz: int) -> tuple[int, list[Segment]]:
    """The mel bands: the first bin, and bands + 1 segments from there on.

    Raises:
        ValueError: the highest band lies above half the rate, or a band holds no bin.
    """
    if front_end.high_hz > rate_hz / 2:
        raise ValueError(f"bands reach {front_end.high_hz:g} Hz, above half the rate of {rate_hz} Hz")
    low, high = (2595 * math.log10(1 + f / 700) for f in (front_end.low_hz, front_end.high_hz))
    step = (high - low) / (front_end.bands + 1)
    corner_hz = [700 * (10 ** ((low + i * step) / 2595) - 1) for i in range(front_end.bands + 2)]
    corner = [hz * front_end.window / rate_hz for hz in corner_hz]
    edge = [math.ceil(bin_) for bin_ in corner]
    for band in range(front_end.bands):
        if edge[band] == edge[band + 2]:
            raise ValueError(f"band {band} holds no bin at {rate_hz} Hz: use a longer window")
    return edge[0], [_segment(corner[i], corner[i + 1]) for i in range(front_end.bands + 1)]


def _segment(low: float, high: float) -> Segment:
    """Between two corners, in bins."""
    bins, width = math.ceil(high) - math.ceil(low), high - low
    narrow = width <= NARROW_BINS
    # The sums start at -NOISE * bins and grow by NOISE a bin. A quarter, rounded down, loses 3/8, of three numbers.
    before = NOISE * bins * (bins + 1) / 2
    if not narrow:
        before = before / 4 + 3 * 3 / 8 * bins
    slope, last = (1 if narrow else 4) / width, (high - math.ceil(high) + 1) / width
    return Segment(
        sum=-round(NOISE * bins),
        before=round(before),
        bins=bins,
        # A slope above one has no second bin to fall to.
        slope_q31=min(2**31 - 1, round(2**31 * slope)),
        last_q31=min(2**31 - 1, round(2**31 * last)),
        narrow=narrow,
    )


def gains() -> list[tuple[int, int]]:
    """Gain in Q18 and the log2 of 2^31 units of power over one PCM LSB squared, Q8, by energy.

    For energies times four of 2^GAIN_EXPONENT and twice it, by quarters of these. A unit of power is half of
    |2 gain / 32|^2.
    """
    largest = [2 ** (GAIN_EXPONENT + double) * (1 + (quarter + 1) / 4) for double in (0, 1) for quarter in range(4)]
    gain = [math.sqrt(GAIN_LIMIT * 4 / energy) for energy in largest]
    return [(int(2**18 * g), round(256 * (31 + 1 + 2 * math.log2(16 / g)))) for g in gain]


def _array(c_type: str, name: str, values: Sequence[int], per_line: int = 12) -> Iterable[str]:
    yield f"{c_type} {name}[{len(values)}] = {{"
    for i in range(0, len(values), per_line):
        yield "    " + ", ".join(str(v) for v in values[i : i + per_line]) + ","
    yield "};"


def header(front_end: FrontEnd, rates_hz: Sequence[int]) -> str:
    """C header: the parameters as macros, and the tables' declarations."""
    lines = [
        "/* Generated by frontend_tables.py. */",
        "#ifndef EARSHOT_FRONTEND_TABLES_H",
        "#define EARSHOT_FRONTEND_TABLES_H",
        "",
        "#include <stdint.h>",
        "",
        f"#define FRONTEND_WINDOW {front_end.window}",
        f"#define FRONTEND_HOP {front_end.hop}",
        f"#define FRONTEND_BANDS {front_end.bands}",
        f"#define FRONTEND_LOG2_BITS {LOG2_BITS}",
        f"#define FRONTEND_GAIN_EXPONENT {GAIN_EXPONENT}",
        "",
        "/* The rising half of the window. */",
        "extern const int32_t frontend_hann_q30[FRONTEND_WINDOW / 2];",
        "",
        "/* Pairs cos + j sin in Q15, all even. A row turns eight values, each but the first, which has an eighth of",
        " * a turn in its place. Row 8 i + m is for values i + 8 m of 64, by so many of 512 a value; then a zero. */",
        "extern const uint32_t frontend_twiddle[64 * 8 + 2];",
        "/* Row i turns by i + 1 of 64. */",
        "extern const uint32_t frontend_twiddle_64[7 * 8];",
        "",
        "/* By energy: twice four quarters of an octave. */",
        "struct frontend_gain {",
        "    uint32_t gain_q18;",
        "    int32_t base_q8; /* log2 of 2^31 units of power at this gain over one PCM LSB squared */",
        "};",
        "extern const struct frontend_gain frontend_gain[8];",
        "",
        "/* Fraction of the log2 of a number by the bits below its first. */",
        "extern const uint8_t frontend_log2_q8[1 << FRONTEND_LOG2_BITS];",
        "",
        "/* Bins over which one band falls and the next one rises with what is left. */",
        "struct frontend_segment {",
        "    int32_t sum, before; /* where these start */",
        "    uint32_t bins;",
        "    int32_t slope_q31, last_q31; /* falling weight: slope times the bins still to come, plus last */",
        "};",
        "",
        "struct frontend_tables {",
        "    uint32_t rate_hz;",
        "    uint32_t first_bin;",
        "    uint32_t narrow; /* so many segments; the others have four times the slope */",
        "    const struct frontend_segment *segments; /* FRONTEND_BANDS + 1 */",
        "};",
    ]
    lines += [f"extern const struct frontend_tables frontend_tables_{rate};" for rate in rates_hz]
    return "\n".join([*lines, "", "#endif", ""])


def twiddle(turns: float) -> int:
    """cos + j sin as a pair: Q15 in steps of two, so that Q14 holds it as well."""
    cos, sin = (min(32766, 2 * round(2**14 * f(2 * math.pi * turns))) for f in (math.cos, math.sin))
    return (cos & 0xFFFF) | (sin & 0xFFFF) << 16


def _twiddle_row(turns: float) -> list[int]:
    return [twiddle(1 / 8), *(twiddle(k * turns) for k in range(1, 8))]


def source(front_end: FrontEnd, rates_hz: Sequence[int]) -> str:
    """C source: the tables themselves."""
    hann = [round(2**30 * math.sin(math.pi * i / front_end.window) ** 2) for i in range(front_end.window // 2)]
    twiddles = [w for i in range(8) for m in range(8) for w in _twiddle_row((i + 8 * m) / 512)]
    twiddles_64 = [w for i in range(1, 8) for w in _twiddle_row(i / 64)]
    steps = 2**LOG2_BITS
    log2 = [min(255, round(256 * math.log2(1 + (i + 0.5) / steps))) for i in range(steps)]
    lines = ["/* Generated by frontend_tables.py. */", '#include "frontend_tables.h"', ""]
    lines += _array("const int32_t", "frontend_hann_q30", hann)
    lines += _array("const uint32_t", "frontend_twiddle", [*twiddles, 0, 0], 8)
    lines += _array("const uint32_t", "frontend_twiddle_64", twiddles_64, 8)
    lines += ["const struct frontend_gain frontend_gain[8] = {"]
    lines += [f"    {{{gain}u, {base}}}," for gain, base in gains()]
    lines += ["};"]
    lines += _array("const uint8_t", "frontend_log2_q8", log2)
    for rate in rates_hz:
        first, segments = mel_segments(front_end, rate)
        lines += [f"static const struct frontend_segment segments_{rate}[{len(segments)}] = {{"]
        lines += [f"    {{{s.sum}, {s.before}, {s.bins}u, {s.slope_q31}, {s.last_q31}}}," for s in segments]
        lines += [
            "};",
            f"const struct frontend_tables frontend_tables_{rate} = {{",
            f"    .rate_hz = {rate}u,",
            f"    .first_bin = {first}u,",
            f"    .narrow = {sum(s.narrow for s in segments)}u,",
            f"    .segments = segments_{rate},",
            "};",
        ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Write frontend_tables.h and frontend_tables.c."""
    parser = argparse.ArgumentParser(description="Generate the front end's tables.")
    parser.add_argument("--rate", type=int, action="append", required=True, help="sample rate in Hz; may be repeated")
    parser.add_argument("--out", type=Path, required=True, help="folder for frontend_tables.h and .c")
    options = parser.parse_args()
    try:
        texts = header(SHIPPED, options.rate), source(SHIPPED, options.rate)
    except ValueError as error:
        parser.error(str(error))
    options.out.mkdir(parents=True, exist_ok=True)
    for suffix, text in zip("hc", texts, strict=True):
        (options.out / f"frontend_tables.{suffix}").write_text(text)


if __name__ == "__main__":
    main()
