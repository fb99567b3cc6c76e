"""Logs of the app GetSensorData, in which the IPIN competitions give their data.

Text lines `TYPE;field;field...`; lines that begin with % are comments. The header that the app writes into
each log is the specification (https://github.com/lopsi/GetSensorData_Android, MainActivity.java, 2.1):

    WIFI;AppTimestamp(s);SensorTimeStamp(s);Name_SSID;MAC_BSSID;Frequency;RSS(dBm)   before 2.1 no Frequency
    BLE4;AppTimestamp(s);iBeacon;MAC;RSSI(dBm);Power;MajorID;MinorID;UUID
    BLE4;AppTimestamp(s);Eddystone;MAC;RSSI(dBm);instanceID;...
    BLE4;AppTimestamp(s);MajorID;MinorID;RSS(dBm)                                    the first versions
    POSI;Timestamp(s);Counter;Latitude(degrees);Longitude(degrees);floor ID;Building ID

Lines of other sensors are passed over. The app gives all WIFI lines of one scan result one AppTimestamp;
together they are a scan. The place of a scan is interpolated between marks (`marks`). A folder of logs is a
survey; ids of scans then begin with the name of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import pyarrow as pa

from tutelage.data.forms.form import Form, LeftOut, ScanTables
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.log_lines import Log, LogReading, is_log, read_log
from tutelage.data.forms.marks import positions_between
from tutelage.data.forms.read_options import ReadOptions
from tutelage.runtime.access_point_names import NO_MAP

__all__ = ["FORM"]

_BEACON_AGE_S = 5.0  # someone who walks is a few metres further by then


@dataclass(frozen=True)
class _Scan:
    """One scan: its id, its time, its first line in the log, and its readings."""

    scan_id: str
    time_s: float
    row: int
    readings: tuple[LogReading, ...]


def _recognises(path: Path) -> bool:
    return any(map(is_log, _files(path)))


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def _read(path: Path, options: ReadOptions) -> ScanTables:
    logs = [file for file in _files(path) if is_log(file)]
    parts = [_read_one(log, options.located, f"{log.stem}/" if path.is_dir() else "") for log in logs]
    left_out = [reduce(add, same) for same in zip(*(part.left_out for part in parts), strict=True)]
    readings = [part.readings for part in parts if part.readings is not None]
    return ScanTables(
        path.resolve().stem,
        _joined(path, [part.scans for part in parts]),
        _joined(path, readings),
        left_out=tuple(each for each in left_out if each.rows),
    )


def _joined(path: Path, tables: Sequence[LocatedTable]) -> LocatedTable:
    if len(tables) == 1:
        return tables[0]
    columns = pa.concat_tables([table.columns for table in tables], promote_options="default")
    rows = np.concatenate([table.rows for table in tables])
    files = [table.file for table in tables for _ in range(len(table))]
    return LocatedTable(path, columns, rows, titles=tables[0].titles, files=files)


def _read_one(path: Path, located: bool, prefix: str) -> ScanTables:
    """Read the tables of a log, with an entry for each kind of thing left out, also where nothing is."""
    log = read_log(path)
    scans, left_out = _scans_of(log, prefix)
    if not scans:
        raise log.error(
            "no line WIFI or BLE4: the log heard nothing; record again with the radios switched on"
        )
    columns: dict[str, object] = {}
    rows_with_place = np.arange(len(scans))
    if located:
        time_s = np.array([scan.time_s for scan in scans])
        columns, rows_with_place, reasons = positions_between(log.marks, time_s, log.error)
        left_out += [_left_out(scans, *each) for each in reasons]
    located_scans = [scans[i] for i in rows_with_place]
    columns = {"scan_id": [scan.scan_id for scan in located_scans], **columns}
    if log.device:
        columns["device"] = [" ".join(log.device)] * len(located_scans)
    rows = np.array([scan.row for scan in located_scans], dtype=np.int64)
    table = LocatedTable(path, pa.table(columns), rows, titles={"scan_id": "AppTimestamp"})
    return ScanTables(path.stem, table, _readings(path, located_scans), left_out=tuple(left_out))


# -- scans ----------------------------------------------------------------------------------------


def _scans_of(log: Log, prefix: str) -> tuple[list[_Scan], list[LeftOut]]:
    """Combine scan results with the beacons heard shortly before; without Wi-Fi, make one scan a second."""
    groups: dict[float, list[LogReading]] = {}
    for reading in log.wifi:
        groups.setdefault(reading.time_s, []).append(reading)
    stray: list[LogReading] = []
    if groups:
        stray = _join_beacons(log.beacons, groups)
        ids = {time: group[0].time for time, group in groups.items()}
    else:
        for reading in log.beacons:
            groups.setdefault(float(np.floor(reading.time_s)), []).append(reading)
        groups = {time: _last_of_each(group) for time, group in groups.items()}
        ids = {time: f"{time:.0f}" for time in groups}
    scans = [
        _Scan(
            f"{prefix}{ids[time]}",
            time,
            groups[time][0].row,
            tuple(reading for reading in groups[time] if reading.name not in log.unmapped),
        )
        for time in sorted(groups)
    ]
    unmapped = tuple(reading.row for reading in log.wifi if reading.name in log.unmapped)
    why = f"a network whose name ends in {NO_MAP} is not to be used for positioning"
    late = f"no Wi-Fi scan result follows them within {_BEACON_AGE_S:g} s"
    return scans, [
        LeftOut("nomap", "reading", len(log.wifi), why, "nothing is to be done", unmapped),
        LeftOut(
            "stray_beacons",
            "beacon reading",
            len(log.beacons),
            late,
            "scan for Wi-Fi more often if they are many",
            tuple(reading.row for reading in stray),
        ),
    ]


def _join_beacons(beacons: list[LogReading], groups: dict[float, list[LogReading]]) -> list[LogReading]:
    """Give each beacon's line to the scan result that follows it; those that no result follows soon."""
    times = np.array(sorted(groups))
    following: dict[float, list[LogReading]] = {}
    stray = []
    for reading in beacons:
        place = int(np.searchsorted(times, reading.time_s))
        if place < len(times) and times[place] - reading.time_s <= _BEACON_AGE_S:
            following.setdefault(float(times[place]), []).append(reading)
        else:
            stray.append(reading)
    for time, beacons_then in following.items():
        groups[time] += _last_of_each(beacons_then)
    return stray


def _last_of_each(readings: list[LogReading]) -> list[LogReading]:
    return list({each.name: each for each in readings}.values())


def _left_out(scans: Sequence[_Scan], code: str, which: np.ndarray, why: str, advice: str) -> LeftOut:
    absent = [scans[i] for i in which]
    rows = tuple(scan.row for scan in absent)
    ids = tuple(scan.scan_id for scan in absent)
    return LeftOut(code, "scan", len(scans), f"taken {why}", advice, rows, ids)


def _readings(path: Path, scans: list[_Scan]) -> LocatedTable:
    all_readings = [each for scan in scans for each in scan.readings]
    columns = {
        "scan_id": [scan.scan_id for scan in scans for _ in scan.readings],
        "ap": [each.name for each in all_readings],
        "rss_dbm": [each.rss for each in all_readings],
    }
    typed = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    rows = np.array([each.row for each in all_readings], dtype=np.int64)
    return LocatedTable(path, pa.table(typed), rows, titles={"ap": "MAC", "rss_dbm": "RSS"})


FORM = Form("getsensordata", _recognises, _read)
