"""Logs of the app GetSensorData, in which the IPIN competitions give their data.

Text lines `TYPE;field;field...`, those beginning with % are comments. The header that the app writes into
each log is the specification (https://github.com/lopsi/GetSensorData_Android, MainActivity.java, 2.1):

    WIFI;AppTimestamp(s);SensorTimeStamp(s);Name_SSID;MAC_BSSID;Frequency;RSS(dBm)   before 2.1 no Frequency
    BLE4;AppTimestamp(s);iBeacon;MAC;RSSI(dBm);Power;MajorID;MinorID;UUID
    BLE4;AppTimestamp(s);Eddystone;MAC;RSSI(dBm);instanceID;...
    BLE4;AppTimestamp(s);MajorID;MinorID;RSS(dBm)                                    the first versions
    POSI;Timestamp(s);Counter;Latitude(degrees);Longitude(degrees);floor ID;Building ID

Lines of other sensors are passed over. The app gives all WIFI lines of one scan result one AppTimestamp:
together they are a scan. Where a scan was taken is interpolated between its marks: `marks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from tutelage.datasets.forms.form import Form, decoded
from tutelage.datasets.forms.marks import Marks, positions_between
from tutelage.datasets.located_table import LocatedTable
from tutelage.datasets.scan_tables import LeftOut, ScanTables, counted
from tutelage.errors import BadInputError
from tutelage.names import NO_MAP, is_mac, plain_name

__all__ = ["FORM"]

_LINE = re.compile(r"[A-Z0-9]{4};")
_HEADER = "% LogFile created by"
_BEACON_AGE_S = 5.0  # someone who walks is a few metres further by then
_BEACON_KINDS = ("iBeacon", "Eddystone")
_MODEL = re.compile(r"%\s*(Manufacturer|Model):\s*(.*)")


@dataclass(frozen=True)
class _Heard:
    """A reading as it stands in its line."""

    time_s: float
    time: str
    name: str
    rss: str
    row: int


@dataclass
class _Log:
    """What is of use in a log, in the order of its lines."""

    path: Path
    wifi: list[_Heard] = field(default_factory=list)
    beacons: list[_Heard] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)
    device: list[str] = field(default_factory=list)
    unmapped: set[str] = field(default_factory=set)

    def error(self, message: str, row: int | None = None, column: str | None = None) -> BadInputError:
        return BadInputError(message, file=self.path, row=row, column=column)

    def seconds(self, text: str, row: int, column: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise self.error(f"{text!r} is no time; it is a number of seconds", row, column)
        return value


@dataclass(frozen=True)
class _Scan:
    """One scan: its id, when it was, where it begins in the log, and what it heard."""

    scan_id: str
    time_s: float
    row: int
    heard: tuple[_Heard, ...]


def _recognises(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        for raw in file:
            line = raw.decode("utf-8-sig", errors="replace").strip()
            if line.startswith(_HEADER) or _LINE.match(line):
                return True
            if line and not line.startswith("%"):
                return False
    return False


def _read(path: Path, located: bool) -> ScanTables:
    log = _parsed(path)
    scans, left_out = _scans_of(log)
    if not scans:
        raise log.error(
            "no line WIFI or BLE4: the log heard nothing; record again with the radios switched on"
        )
    columns: dict[str, object] = {}
    kept = np.arange(len(scans))
    if located:
        columns, kept, lost = positions_between(
            log.marks, np.array([scan.time_s for scan in scans]), log.error
        )
        left_out += [_left_out(scans, *each) for each in lost]
    chosen = [scans[i] for i in kept]
    columns = {"scan_id": [scan.scan_id for scan in chosen], **columns}
    if log.device:
        columns["device"] = [" ".join(log.device)] * len(chosen)
    rows = np.array([scan.row for scan in chosen], dtype=np.int64)
    table = LocatedTable(path, pa.table(columns), rows, titles={"scan_id": "AppTimestamp"})
    return ScanTables(path.stem, table, _readings(path, chosen), left_out=tuple(left_out))


# -- lines ----------------------------------------------------------------------------------------


def _parsed(path: Path) -> _Log:
    log = _Log(path)
    readers: dict[str, Callable[[_Log, list[str], int], None]] = {
        "WIFI;": _add_wifi,
        "BLE4;": _add_beacon,
        "POSI;": _add_mark,
    }
    for row, line in enumerate(decoded(path).splitlines(), start=1):
        reader = readers.get(line[:5])
        if reader is not None:
            fields = [cell.strip() for cell in line.rstrip("; \t").split(";")]
            reader(log, fields, row)
        elif line.startswith("%") and (told := _MODEL.match(line)) and told[2].strip():
            log.device.append(told[2].strip())
    return log


def _add_wifi(log: _Log, fields: list[str], row: int) -> None:
    # From behind, since the name of a network may hold semicolons.
    place = next((i for i in (-2, -3) if len(fields) >= 4 - i and is_mac(fields[i])), None)
    if place is None:
        raise log.error(
            "no MAC address where one belongs; a line is WIFI;AppTimestamp;SensorTimeStamp;Name_SSID;"
            "MAC_BSSID;Frequency;RSS (Frequency may be missing)",
            row,
        )
    mac = plain_name(fields[place])
    if ";".join(fields[3:place]).endswith(NO_MAP):
        log.unmapped.add(mac)
    time_s = log.seconds(fields[1], row, "AppTimestamp")
    log.wifi.append(_Heard(time_s, fields[1], mac, fields[-1], row))


def _add_beacon(log: _Log, fields: list[str], row: int) -> None:
    if len(fields) >= 5 and fields[2] in _BEACON_KINDS and is_mac(fields[3]):
        name = plain_name(fields[3])
    elif len(fields) == 5 and fields[2].isdecimal() and fields[3].isdecimal():
        name = f"beacon-{fields[2]}-{fields[3]}"
    else:
        raise log.error(
            "no beacon; a line is BLE4;AppTimestamp;iBeacon or Eddystone;MAC;RSSI;... or, in old logs, "
            "BLE4;AppTimestamp;MajorID;MinorID;RSS",
            row,
        )
    log.beacons.append(_Heard(log.seconds(fields[1], row, "AppTimestamp"), fields[1], name, fields[4], row))


def _add_mark(log: _Log, fields: list[str], row: int) -> None:
    if len(fields) < 7:
        raise log.error(
            f"{len(fields)} fields; a mark is POSI;Timestamp;Counter;Latitude;Longitude;floor ID;Building ID",
            row,
        )
    log.marks.add(log.seconds(fields[1], row, "Timestamp"), fields[3:7], row)


# -- scans ----------------------------------------------------------------------------------------


def _scans_of(log: _Log) -> tuple[list[_Scan], list[LeftOut]]:
    """Scan results with the beacons heard shortly before; without Wi-Fi, one scan a second."""
    groups: dict[float, list[_Heard]] = {}
    for heard in log.wifi:
        groups.setdefault(heard.time_s, []).append(heard)
    stray: list[_Heard] = []
    if groups:
        stray = _join_beacons(log.beacons, groups)
        ids = {time: heard[0].time for time, heard in groups.items()}
    else:
        for heard in log.beacons:
            groups.setdefault(float(np.floor(heard.time_s)), []).append(heard)
        groups = {time: _last_of_each(heard) for time, heard in groups.items()}
        ids = {time: f"{time:.0f}" for time in groups}
    scans = [
        _Scan(
            ids[time],
            time,
            groups[time][0].row,
            tuple(heard for heard in groups[time] if heard.name not in log.unmapped),
        )
        for time in sorted(groups)
    ]
    return scans, [*_told_unmapped(log), *_told_stray(stray, len(log.beacons))]


def _join_beacons(beacons: list[_Heard], groups: dict[float, list[_Heard]]) -> list[_Heard]:
    """Give each beacon's line to the scan result that follows it; those that no result follows soon."""
    times = np.array(sorted(groups))
    following: dict[float, list[_Heard]] = {}
    stray = []
    for heard in beacons:
        place = int(np.searchsorted(times, heard.time_s))
        if place < len(times) and times[place] - heard.time_s <= _BEACON_AGE_S:
            following.setdefault(float(times[place]), []).append(heard)
        else:
            stray.append(heard)
    for time, heard_then in following.items():
        groups[time] += _last_of_each(heard_then)
    return stray


def _last_of_each(heard: list[_Heard]) -> list[_Heard]:
    return list({each.name: each for each in heard}.values())


def _told_unmapped(log: _Log) -> list[LeftOut]:
    rows = tuple(heard.row for heard in log.wifi if heard.name in log.unmapped)
    if not rows:
        return []
    advice = f"a network whose name ends in {NO_MAP} is not to be used for positioning"
    return [LeftOut("nomap", f"{counted(len(rows), len(log.wifi), 'reading')} left out", advice, rows)]


def _told_stray(stray: list[_Heard], n: int) -> list[LeftOut]:
    if not stray:
        return []
    message = f"{counted(len(stray), n, 'reading')} of beacons left out"
    advice = f"a beacon counts for the Wi-Fi scan result that follows it within {_BEACON_AGE_S:g} s"
    return [LeftOut("stray_beacons", message, advice, tuple(heard.row for heard in stray))]


def _left_out(scans: list[_Scan], code: str, which: np.ndarray, why: str, advice: str) -> LeftOut:
    gone = [scans[i] for i in which]
    message = f"{counted(len(gone), len(scans), 'scan')} left out: taken {why}"
    return LeftOut(code, message, advice, tuple(s.row for s in gone), tuple(s.scan_id for s in gone))


def _readings(path: Path, scans: list[_Scan]) -> LocatedTable:
    heard = [each for scan in scans for each in scan.heard]
    columns = {
        "scan_id": [scan.scan_id for scan in scans for _ in scan.heard],
        "ap": [each.name for each in heard],
        "rss_dbm": [each.rss for each in heard],
    }
    typed = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    rows = np.array([each.row for each in heard], dtype=np.int64)
    return LocatedTable(path, pa.table(typed), rows, titles={"ap": "MAC", "rss_dbm": "RSS"})


FORM = Form("getsensordata", _recognises, _read)
