"""Bodies of location services: geosubmit and geolocate of Ichnaea, beaconDB and Google.

Their specification is that of Ichnaea (https://ichnaea.readthedocs.io, "Geosubmit Version 2", "Geolocate"):

    {"items": [{"timestamp": ms, "position": {"latitude": ..., "longitude": ...},
                "wifiAccessPoints": [{"macAddress": MAC, "signalStrength": dBm}], "bluetoothBeacons": [...]}]}
    {"wifiAccessPoints": [{"macAddress": MAC, "signalStrength": dBm}]}

Readings without a strength, and networks whose name ends in _nomap, are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tutelage.data.forms import json_text
from tutelage.data.forms.form import Form, LeftOut, ScanTables, beginning
from tutelage.data.forms.heard_scans import HeardScan, scan_tables
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import NO_MAP

__all__ = ["FORM"]

_LISTS = ("wifiAccessPoints", "bluetoothBeacons")
_TITLES = {
    "lat": "position.latitude",
    "lon": "position.longitude",
    "ap": "macAddress",
    "rss_dbm": "signalStrength",
}


def _recognises(path: Path) -> bool:
    text = beginning(path)
    return text.lstrip().startswith(("{", "[")) and any(f'"{name}"' in text for name in _LISTS)


def _read(path: Path, options: ReadOptions) -> ScanTables:
    row_name, objects = json_text.read_objects(path)
    items = [item for _, value in objects for item in _items(value)]
    if not objects or len(items) != len(objects):
        row_name, numbered = "item", list(enumerate(items, start=1))
    else:
        numbered = [(row, item) for (row, _), item in zip(objects, items, strict=True)]
    scans: list[HeardScan] = []
    silent: list[int] = []
    unmapped: list[int] = []
    for row, item in numbered:
        scans.append(_scan(item, row, path, row_name, silent, unmapped))
    n = sum(len(scan.readings) for scan in scans) + len(silent) + len(unmapped)
    nomap = f"a network whose name ends in {NO_MAP} is not to be used for positioning"
    left_out = (
        LeftOut("no_strength", "reading", n, "no signalStrength", "nothing is to be done", tuple(silent)),
        LeftOut("nomap", "reading", n, nomap, "nothing is to be done", tuple(unmapped)),
    )
    told = tuple(each for each in left_out if each.rows)
    return scan_tables(path, scans, options, row_name=row_name, titles=_TITLES, left_out=told)


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        return list(value["items"])
    return [value]


def _scan(
    item: Any, row: int, path: Path, row_name: str, silent: list[int], unmapped: list[int]
) -> HeardScan:
    if not isinstance(item, dict):
        raise BadInputError('write {"wifiAccessPoints": [...]}', file=path, row=row, row_name=row_name)
    readings: list[tuple[str, Any]] = []
    for name in _LISTS:
        heard = item.get(name) or []
        if not isinstance(heard, list) or not all(isinstance(each, dict) for each in heard):
            raise BadInputError(
                'write a list of {"macAddress": MAC, "signalStrength": dBm}',
                file=path,
                row=row,
                column=name,
                row_name=row_name,
            )
        for each in heard:
            address, strength, network = (each.get(key) for key in ("macAddress", "signalStrength", "ssid"))
            if isinstance(network, str) and network.endswith(NO_MAP):
                unmapped.append(row)
            elif not isinstance(address, str) or not address or strength is None:
                silent.append(row)
            else:
                readings.append((address, strength))
    position = item.get("position") or {}
    place = (
        (position.get("latitude"), position.get("longitude")) if isinstance(position, dict) else (None, None)
    )
    time = item.get("timestamp")
    is_time = isinstance(time, (int, float)) and not isinstance(time, bool) and 0 < time < 1 << 63
    return HeardScan(row, readings, lat_lon=place, time=time if is_time else None)


FORM = Form("geosubmit", _recognises, _read)
