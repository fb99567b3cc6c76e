"""Traces of Microsoft's Indoor Location Competition 2.0, also at Kaggle: a text file a walk.

Lines are fields between tabs (https://github.com/location-competition/indoor-location-competition-20):

    #   SiteName:NAME   FloorName:B1
    MILLISECONDS  TYPE_WIFI      ssid  bssid  RSSI  frequency  last seen
    MILLISECONDS  TYPE_BEACON    uuid  major  minor  tx power  RSSI  distance  MAC  time
    MILLISECONDS  TYPE_WAYPOINT  x  y

Wi-Fi lines of one time are a scan; a beacon joins the scan that follows within 5 s. Without Wi-Fi, a second
of beacons is a scan. The place of a scan is interpolated between waypoints, in metres of the floor's plan.
The floor is that of the header, else the name of the folder. A folder of traces, or of folders of them, is a
survey.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from tutelage.data.forms.form import Form, LeftOut, ScanTables, beginning, read_text
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import NO_MAP, normalised_name

__all__ = ["FORM"]

_LINE = re.compile(r"^\d{10,}\tTYPE_[A-Z_]+\t", flags=re.MULTILINE)
_HEADER = re.compile(r"\b(SiteName|FloorName|Brand|Model):([^\t\n]*)")
_BEACON_AGE_MS = 5000.0
_TITLES = {"scan_id": "time", "ap": "bssid", "rss_dbm": "RSSI", "x_m": "x", "y_m": "y"}


@dataclass
class _Trace:
    """Lines of a trace: the time in milliseconds, the fields and the row of each."""

    path: Path
    about: dict[str, str] = field(default_factory=dict)
    wifi: list[tuple[float, list[str], int]] = field(default_factory=list)
    beacons: list[tuple[float, list[str], int]] = field(default_factory=list)
    waypoints: list[tuple[float, list[str], int]] = field(default_factory=list)


@dataclass(frozen=True)
class _Scan:
    """A scan of a trace, with (name, RSS, row) for each reading."""

    scan_id: str
    time_ms: float
    row: int
    readings: tuple[tuple[str, str, int], ...]


def _recognises(path: Path) -> bool:
    return any(_LINE.search(beginning(file)) for file in _files(path))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for pattern in ("*.txt", "*/*.txt") for file in path.glob(pattern))


def _read(path: Path, options: ReadOptions) -> ScanTables:
    files = [file for file in _files(path) if _LINE.search(beginning(file))]
    scans: dict[str, list[object]] = {}
    readings: dict[str, list[str]] = {"scan_id": [], "ap": [], "rss_dbm": []}
    rows: list[int] = []
    reading_rows: list[int] = []
    of_scan: list[Path] = []
    of_reading: list[Path] = []
    outside: list[_Scan] = []
    n_scans = n_wifi = 0
    unmapped: list[int] = []
    for file in files:
        trace = _trace(file)
        own, hidden = _scans(trace, f"{file.stem}/" if path.is_dir() else "")
        n_scans, n_wifi = n_scans + len(own), n_wifi + len(trace.wifi)
        unmapped += hidden
        place_m, within = _places(trace, own, located=options.located)
        outside += [scan for scan, is_within in zip(own, within, strict=True) if not is_within]
        for scan, xy in ((scan, xy) for scan, xy, ok in zip(own, place_m, within, strict=True) if ok):
            for name, value in _columns(trace, scan, xy, options).items():
                scans.setdefault(name, []).append(value)
            rows.append(scan.row)
            of_scan.append(file)
            for ap, rss, row in scan.readings:
                for name, cell in zip(readings, (scan.scan_id, ap, rss), strict=True):
                    readings[name].append(cell)
                reading_rows.append(row)
                of_reading.append(file)
    if not rows:
        raise BadInputError(
            "no scan was taken between two TYPE_WAYPOINT lines; such a trace can be located, not learnt from",
            file=path,
        )
    is_folder = path.is_dir()
    table = LocatedTable(
        path, pa.table(scans), np.array(rows), titles=_TITLES, files=of_scan if is_folder else ()
    )
    typed = {name: pa.array(cells, pa.string()) for name, cells in readings.items()}
    read = LocatedTable(
        path,
        pa.table(typed),
        np.array(reading_rows, dtype=np.int64),
        titles=_TITLES,
        files=of_reading if is_folder else (),
    )
    left_out = _left_out(outside, n_scans, unmapped, n_wifi)
    return ScanTables(path.resolve().stem, table, read, left_out=left_out)


def _left_out(
    outside: Sequence[_Scan], n_scans: int, unmapped: list[int], n_wifi: int
) -> tuple[LeftOut, ...]:
    nomap = f"a network whose name ends in {NO_MAP} is not to be used for positioning"
    all_of_them = (
        LeftOut(
            "outside_marks",
            "scan",
            n_scans,
            "taken before the first waypoint or after the last",
            "set a waypoint at the beginning and at the end of a walk",
            tuple(scan.row for scan in outside),
            tuple(scan.scan_id for scan in outside),
        ),
        LeftOut("nomap", "reading", n_wifi, nomap, "nothing is to be done", tuple(unmapped)),
    )
    return tuple(each for each in all_of_them if each.rows)


def _trace(path: Path) -> _Trace:
    trace = _Trace(path)
    kinds = {
        "TYPE_WIFI": (trace.wifi, 5),
        "TYPE_BEACON": (trace.beacons, 8),
        "TYPE_WAYPOINT": (trace.waypoints, 4),
    }
    for row, line in enumerate(read_text(path).split("\n"), start=1):
        if line.startswith("#"):
            trace.about.update({name: value.strip() for name, value in _HEADER.findall(line)})
            continue
        fields = line.split("\t")
        if len(fields) < 2 or fields[1] not in kinds:
            continue
        lines, n_fields = kinds[fields[1]]
        if len(fields) < n_fields or not fields[0].isdecimal() or len(fields[0]) > 15:
            raise BadInputError(
                f"a line {fields[1]} has a time in milliseconds and at least {n_fields} fields between tabs",
                file=path,
                row=row,
            )
        lines.append((float(fields[0]), fields, row))
    return trace


def _scans(trace: _Trace, prefix: str) -> tuple[list[_Scan], list[int]]:
    """Return scans in order of time, and the lines of networks that are not to be used."""
    unmapped = {fields[3] for _, fields, _ in trace.wifi if fields[2].endswith(NO_MAP)}
    groups: dict[float, list[tuple[str, str, int]]] = {}
    for time, fields, row in trace.wifi:
        group = groups.setdefault(time, [])
        if fields[3] not in unmapped:
            group.append((normalised_name(fields[3]), fields[4], row))
    times = np.array(sorted(groups))
    for time, fields, row in trace.beacons:
        at = int(np.searchsorted(times, time))
        near = at < len(times) and times[at] - time <= _BEACON_AGE_MS
        if not trace.wifi or near:
            key = float(times[at]) if near else float(time // 1000 * 1000)
            groups.setdefault(key, []).append((f"beacon-{fields[3]}-{fields[4]}", fields[6], row))
    rows = {time: row for time, _, row in reversed([*trace.wifi, *trace.beacons])}
    scans = [
        _Scan(f"{prefix}{time:.0f}", time, rows.get(time, group[0][2] if group else 1), tuple(group))
        for time, group in sorted(groups.items())
    ]
    return scans, [row for _, fields, row in trace.wifi if fields[3] in unmapped]


def _places(trace: _Trace, scans: Sequence[_Scan], *, located: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each scan and whether it has one; all are kept where none is needed."""
    times = np.array([scan.time_ms for scan in scans])
    if not located:
        return np.full((len(scans), 2), np.nan), np.ones(len(scans), dtype=bool)
    marks = []
    for time, fields, row in trace.waypoints:
        try:
            x, y = float(fields[2]), float(fields[3])
        except ValueError:
            x = y = np.nan
        if not np.isfinite([x, y]).all():
            raise BadInputError("a waypoint has x and y in metres", file=trace.path, row=row)
        marks.append((time, x, y))
    if not marks:
        return np.full((len(scans), 2), np.nan), np.zeros(len(scans), dtype=bool)
    at, x, y = np.array(sorted(marks)).T
    within = (times >= at[0]) & (times <= at[-1])
    return np.column_stack([np.interp(times, at, x), np.interp(times, at, y)]), within


def _columns(trace: _Trace, scan: _Scan, xy: np.ndarray, options: ReadOptions) -> dict[str, object]:
    columns: dict[str, object] = {"scan_id": scan.scan_id, "time": np.datetime64(int(scan.time_ms), "ms")}
    if options.located:
        columns |= {"x_m": float(xy[0]), "y_m": float(xy[1])}
    device = " ".join(filter(None, (trace.about.get("Brand"), trace.about.get("Model"))))
    floor = trace.about.get("FloorName") or trace.path.resolve().parent.name
    return columns | {"floor": floor, "building": trace.about.get("SiteName", ""), "device": device}


FORM = Form("kaggle_trace", _recognises, _read)
