"""FIND, the first version: what is posted to /learn and /track (https://github.com/schollz/find).

The file holds JSON objects, one a line, or one array of them:

    {"group": family, "username": device, "location": label, "time": milliseconds since 1970,
     "wifi-fingerprint": [{"mac": MAC, "rssi": dBm}]}

Labels name places, whose positions may stand in a table beside the file (`heard_scans`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tutelage.data.forms import json_text
from tutelage.data.forms.form import Form, LeftOut, ScanTables, beginning
from tutelage.data.forms.heard_scans import HeardScan, scan_tables
from tutelage.data.forms.known_columns import reading_of
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError

__all__ = ["FORM"]

_READINGS = "wifi-fingerprint"
_TITLES = {
    "scan_id": "username and time",
    "device": "username",
    "label": "location",
    "ap": "mac",
    "rss_dbm": "rssi",
}


def _recognises(path: Path) -> bool:
    text = beginning(path)
    return text.lstrip().startswith(("{", "[")) and f'"{_READINGS}"' in text


def _read(path: Path, options: ReadOptions) -> ScanTables:
    row_name, objects = json_text.read_objects(path)
    scans = [_scan(value, row, path, row_name) for row, value in objects]
    left_out: tuple[LeftOut, ...] = ()
    if options.located and any(scan.label for scan in scans):
        unlabelled = [scan for scan in scans if not scan.label]
        if unlabelled:
            rows = tuple(scan.row for scan in unlabelled)
            ids = tuple(scan.scan_id for scan in unlabelled)
            left_out = (
                LeftOut("no_label", "scan", len(scans), "no location", "name it to learn from it", rows, ids),
            )
        scans = [scan for scan in scans if scan.label]
    return scan_tables(path, scans, options, row_name=row_name, titles=_TITLES, left_out=left_out)


def _scan(value: Any, row: int, path: Path, row_name: str) -> HeardScan:
    readings = value.get(_READINGS) if isinstance(value, dict) else None
    if not isinstance(readings, list):
        raise BadInputError(
            'write {"username": device, "location": label, "time": milliseconds, '
            '"wifi-fingerprint": [{"mac": MAC, '
            '"rssi": dBm}]}',
            file=path,
            row=row,
            row_name=row_name,
        )
    heard = [reading_of(each) for each in readings]
    if None in heard:
        raise BadInputError(
            'a reading is {"mac": MAC, "rssi": dBm}', file=path, row=row, column=_READINGS, row_name=row_name
        )
    device = json_text.label_text(value.get("username")).strip()
    time = value.get("time")
    is_time = isinstance(time, (int, float)) and not isinstance(time, bool) and 0 < time < 1 << 63
    return HeardScan(
        row,
        [(name, rss) for name, rss, _ in filter(None, heard)],
        f"{device or 'scan'}-{time if is_time else row}",
        device,
        json_text.label_text(value.get("location")).strip().lower(),
        time=time if is_time else None,
    )


FORM = Form("find1", _recognises, _read)
