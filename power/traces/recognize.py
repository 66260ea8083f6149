"""Opening a trace: what it is, by its content."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from power.errors import PowerError
from power.traces import joulescope, mapped, ppk2, store
from power.traces.mapped import Mapping
from power.traces.samples import Recording
from power.traces.table import Table

FORMATS = {
    "trace": "what `power import` writes",
    "ppk2": "Nordic Power Profiler archive",
    "ppk2-csv": "Nordic Power Profiler CSV export",
    "jls": "Joulescope recording, version 2",
    "joulescope-csv": "Joulescope CSV: current and voltage, no header",
    "otii": "Qoitech Otii CSV export",
    "csv": "any table, with --map",
}
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"


@dataclass(frozen=True)
class Options:
    """What a user says of a file beyond its content."""

    format: str | None = None
    rate: float | None = None
    mapping: Mapping | None = None


def open_recording(path: Path, options: Options = Options()) -> Recording:
    """The trace in a file of any known format; PowerError where there is none."""
    if options.format is not None and options.format not in FORMATS:
        raise PowerError(f"there is no format {options.format!r}; there are: {', '.join(FORMATS)}")
    if options.rate is not None and not 0 < options.rate <= 1e8:
        raise PowerError(f"--rate is {options.rate:g}; give samples a second")
    wanted = options.format or _recognized(path)
    match wanted:
        case "trace":
            return store.open_trace(path)
        case "ppk2":
            return ppk2.open_ppk2(path)
        case "jls":
            return joulescope.open_jls(path)
    mapping = options.mapping
    table = Table(path, mapping.separator, mapping.decimal) if mapping else Table(path)
    if options.format is None and mapping is None:
        wanted = _recognized_table(table)
    match wanted:
        case "ppk2-csv":
            return ppk2.open_ppk2_csv(path, table, options.rate)
        case "joulescope-csv":
            return joulescope.open_joulescope_csv(path, table, options.rate)
        case "otii":
            known = mapped.otii_mapping(table)
            if known is None:
                raise PowerError(f"{path}: Otii's export has a time and a Main Current; this has: {table.titles()}")
            return mapped.open_mapped(path, table, known, options.rate, ("otii", "Qoitech Otii"))
    if mapping is None:
        raise PowerError(
            f"{path} is no export that is known ({table.titles()}); say which columns are what, such as: "
            "--map time=1,current=2,unit=mA"
        )
    return mapped.open_mapped(path, table, mapping, options.rate)


def _recognized(path: Path) -> str:
    """The format of a file that is no table; "csv" for everything that may be one."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        raise PowerError(f"{path} cannot be read: {error.strerror}") from error
    if head.startswith(joulescope.MAGIC):
        return "jls"
    if head.startswith(joulescope.MAGIC_V1):
        raise PowerError(f"{path} is a .jls file of version 1; convert it with the Joulescope software to version 2")
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        return _recognized_archive(path)
    return "csv"


def _recognized_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise PowerError(f"{path} is an archive that is damaged or cut short: {error}") from error
    if store.FACTS in names:
        return "trace"
    if "session.raw" in names:
        return "ppk2"
    raise PowerError(f"{path} is an archive, but no trace: it holds {', '.join(names[:5]) or 'nothing'}")


def _recognized_table(table: Table) -> str:
    if ppk2.is_ppk2_csv(table):
        return "ppk2-csv"
    if joulescope.is_joulescope_csv(table):
        return "joulescope-csv"
    return "otii" if mapped.otii_mapping(table) is not None else "csv"
