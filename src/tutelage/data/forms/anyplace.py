"""Anyplace and Airplace: logs of readings, and radio maps (https://github.com/dmsl/anyplace).

A log has a header that its app repeats, and fields between blanks or commas:

    # Timestamp, X, Y, HEADING, MAC Address of AP, RSS, Floor, BUID

A radio map has a scan a row; its first line says which number means "not heard":

    # NaN -110
    # X, Y, HEADING, 00:0b:86:27:36:c1, 00:0b:86:27:36:c2

In Anyplace, X and Y are latitude and longitude; in Airplace, metres. Numbers tell: no survey of metres fits
into a twentieth of a metre.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from tutelage.data.forms.access_point_columns import with_access_points
from tutelage.data.forms.delimited import require_names
from tutelage.data.forms.form import Form, ScanTables, beginning, read_text
from tutelage.data.forms.known_columns import with_fields
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.not_heard import NotHeard
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.row_a_reading import scans_and_readings
from tutelage.errors import BadInputError

__all__ = ["FORM"]

_LOG = re.compile(r"#\s*Timestamp\s*,\s*X\s*,\s*Y\s*,\s*HEADING\s*,\s*MAC", flags=re.IGNORECASE)
_MAP = re.compile(r"#\s*X\s*,\s*Y\s*,\s*HEADING\b", flags=re.IGNORECASE)
_SILENT = re.compile(r"#\s*NaN\s+(-?\d+(?:\.\d+)?)", flags=re.IGNORECASE)
_LOG_NAMES = ("timestamp", "X", "Y", "heading", "mac", "rss")
_LAST_NAMES = ("floor", "buid")
_NARROW = 0.05  # degrees are 5 km, metres a twentieth of one


def _recognises(path: Path) -> bool:
    text = beginning(path)
    return any(_LOG.match(line) or _MAP.match(line) for line in text.split("\n")[:20])


def _read(path: Path, options: ReadOptions) -> ScanTables:
    options = options.with_file_beside(path)
    lines = read_text(path).split("\n")
    if any(_LOG.match(line) for line in lines):
        table = _log(path, lines)
        table, options = _in_degrees(table, options)
        return scans_and_readings(path.stem, table, options)
    table, code = _radio_map(path, lines)
    table, options = _in_degrees(table, options)
    if code is not None and not options.not_heard:
        options = replace(options, not_heard=NotHeard.of(code))
    table, options = with_fields(table, options)
    ids = pa.array(table.rows.astype(np.str_).astype(object), pa.string())
    table = replace(table, columns=table.columns.add_column(0, "scan_id", ids))
    table, notes = with_access_points(table, options)
    return ScanTables(path.stem, table, notes=notes, options=options)


def _log(path: Path, lines: Sequence[str]) -> LocatedTable:
    rows, cells = _cells(lines)
    width = max(map(len, cells), default=0)
    if width < len(_LOG_NAMES):
        raise BadInputError(
            "a line has fewer fields than Timestamp, X, Y, HEADING, MAC and RSS; write them all", file=path
        )
    n_between = max(0, width - len(_LOG_NAMES) - len(_LAST_NAMES))
    last = _LAST_NAMES[: width - len(_LOG_NAMES) - n_between]
    return _table(path, (*_LOG_NAMES, *(f"field {k + 7}" for k in range(n_between)), *last), rows, cells)


def _radio_map(path: Path, lines: Sequence[str]) -> tuple[LocatedTable, str | None]:
    header = next(line for line in lines if _MAP.match(line))
    silent = next((found[1] for line in lines[:20] if (found := _SILENT.match(line))), None)
    names = [name.strip() for name in header.lstrip("# ").split(",") if name.strip()]
    require_names(path, names, lines.index(header) + 1)
    rows, cells = _cells(lines)
    return _table(path, names, rows, cells), silent


def _cells(lines: Sequence[str]) -> tuple[list[int], list[list[str]]]:
    """Return the numbers of the lines that are no comments, and their fields."""
    kept = [
        (row, line) for row, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")
    ]
    return [row for row, _ in kept], [re.split(r"\s*,\s*|\s+", line.strip().rstrip(",")) for _, line in kept]


def _table(path: Path, names: Sequence[str], rows: list[int], cells: list[list[str]]) -> LocatedTable:
    for row, fields in zip(rows, cells, strict=True):
        if len(fields) != len(names):
            raise BadInputError(
                f"{len(fields)} fields, others have {len(names)}; write every field", file=path, row=row
            )
    if not cells:
        raise BadInputError("there is a header and no line of data; record scans first", file=path)
    columns = {
        name: pa.array(column, pa.string())
        for name, column in zip(names, zip(*cells, strict=True), strict=True)
    }
    return LocatedTable(path, pa.table(columns), np.array(rows, dtype=np.int64))


def _in_degrees(table: LocatedTable, options: ReadOptions) -> tuple[LocatedTable, ReadOptions]:
    """Read X and Y as latitude and longitude, where metres would all lie within centimetres."""
    if {"x_m", "y_m", "lat", "lon"} & {*options.columns}:
        return table, options
    place = np.column_stack(
        [table.numbers(name, "a coordinate is a number") for name in table.names if name in ("X", "Y")]
    )
    within = np.abs(place[np.isfinite(place).all(axis=1)])
    if (
        not len(within)
        or (within > [90, 180]).any()
        or np.ptp(within, axis=0).max() > _NARROW
        or not within.any()
    ):
        return table, options
    note = "X and Y are read as latitude and longitude; if they are metres, say --columns x_m=X,y_m=Y"
    columns = {"lat": "X", "lon": "Y", **options.columns}
    return replace(table, notes=(*table.notes, note)), replace(options, columns=columns)


FORM = Form("anyplace", _recognises, _read)
