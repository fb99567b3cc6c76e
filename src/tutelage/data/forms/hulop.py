"""Fingerprints of HULOP's BLE localization (https://github.com/hulop/BLELocalization): CSV without a header.

A line is a scan: time in milliseconds, "Beacon", x, y, z, floor, the number of beacons, and for each beacon
its major id, its minor id and its RSS in dBm.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa

from tutelage.data.forms.form import Form, ScanTables, beginning, read_text
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError

__all__ = ["FORM"]

_LINE = re.compile(r"\d+(?:\.\d+)?,Beacon,[-\d.eE]+,[-\d.eE]+,[-\d.eE]+,[-\d.eE]+,\d+,", flags=re.IGNORECASE)
_HEAD = 7
_TITLES = {"scan_id": "line", "x_m": "x", "y_m": "y", "ap": "major and minor", "rss_dbm": "rssi"}


def _recognises(path: Path) -> bool:
    return _LINE.match(beginning(path)) is not None


def _read(path: Path, options: ReadOptions) -> ScanTables:
    scans: dict[str, list[str]] = {"scan_id": [], "time": [], "x_m": [], "y_m": [], "floor": []}
    readings: dict[str, list[str]] = {"scan_id": [], "ap": [], "rss_dbm": []}
    rows: list[int] = []
    reading_rows: list[int] = []
    for row, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.rstrip(", ").split(",")]
        if len(cells) < _HEAD or not cells[6].isdecimal() or len(cells) != _HEAD + 3 * int(cells[6]):
            raise BadInputError(
                f"{len(cells)} cells; a line is time, Beacon, x, y, z, floor, the number n of "
                f"beacons, and n times "
                "major, minor, RSS",
                file=path,
                row=row,
            )
        for name, cell in zip(scans, (str(row), cells[0], cells[2], cells[3], cells[5]), strict=True):
            scans[name].append(cell)
        rows.append(row)
        for k in range(_HEAD, len(cells), 3):
            for name, cell in zip(
                readings, (str(row), f"beacon-{cells[k]}-{cells[k + 1]}", cells[k + 2]), strict=True
            ):
                readings[name].append(cell)
            reading_rows.append(row)
    table = LocatedTable(path, _text(scans), np.array(rows, dtype=np.int64), titles=_TITLES)
    read = LocatedTable(path, _text(readings), np.array(reading_rows, dtype=np.int64), titles=_TITLES)
    return ScanTables(path.stem, table, read, options=options)


def _text(columns: dict[str, list[str]]) -> pa.Table:
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


FORM = Form("hulop", _recognises, _read)
