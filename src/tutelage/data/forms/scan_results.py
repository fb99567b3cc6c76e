"""Lists of scan results: Android's ScanResult, termux-wifi-scaninfo, and JSON of the like.

A list of objects with an address (BSSID, bssid, mac) and a strength (level, rssi, signal) is one scan. So is
such a list within an object; a list of these objects, or one a line, are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tutelage.data.forms import json_text
from tutelage.data.forms.form import Form, LeftOut, ScanTables, beginning
from tutelage.data.forms.heard_scans import HeardScan, scan_tables
from tutelage.data.forms.known_columns import bare_name, published_column, reading_of
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import NO_MAP

__all__ = ["FORM"]


def _recognises(path: Path) -> bool:
    text = beginning(path)
    if not text.lstrip().startswith(("{", "[")) or '"s"' in text:  # FIND3 names addresses as members
        return False
    try:
        return bool(_scans(json_text.read_objects(path)[1]))
    except BadInputError:
        return False


def _read(path: Path, options: ReadOptions) -> ScanTables:
    row_name, objects = json_text.read_objects(path)
    groups = _scans(objects)
    n = sum(len(readings) for _, _, readings in groups)
    unmapped = tuple(
        row for row, _, readings in groups for _, _, network in readings if network.endswith(NO_MAP)
    )
    why = f"a network whose name ends in {NO_MAP} is not to be used for positioning"
    left_out = LeftOut("nomap", "reading", n, why, "nothing is to be done", unmapped)
    scans = [_scan(*group) for group in groups]
    told = (left_out,) if unmapped else ()
    return scan_tables(
        path, scans, options, row_name=row_name, titles={"ap": "address", "label": "place"}, left_out=told
    )


_Group = tuple[int, dict[str, Any], list[tuple[str, Any, str]]]


def _scans(objects: Sequence[tuple[int, Any]]) -> list[_Group]:
    """Return the place of each scan, the object that it stands in, and its readings."""
    single = [reading_of(value) for _, value in objects]
    if single and None not in single:
        return [(1, {}, [each for each in single if each is not None])]
    groups: list[_Group] = []
    for row, value in objects:
        lists = [value] if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        for each in lists:
            readings = [reading_of(part) for part in each] if isinstance(each, list) and each else [None]
            if None not in readings:
                about = value if isinstance(value, dict) else {}
                groups.append((row, about, [reading for reading in readings if reading is not None]))
    return groups if len(groups) == len(objects) else []


def _scan(row: int, about: dict[str, Any], readings: list[tuple[str, Any, str]]) -> HeardScan:
    said = {
        field: about.get(published_column([*about], field) or "") for field in ("lat", "lon", "time", "place")
    }
    time = said["time"]
    is_time = isinstance(time, (int, float)) and not isinstance(time, bool) and 0 < time < 1 << 63
    device = next((about[name] for name in about if bare_name(name) in ("device", "deviceid")), "")
    return HeardScan(
        row,
        [(name, rss) for name, rss, network in readings if not network.endswith(NO_MAP)],
        device=json_text.label_text(device).strip(),
        label=json_text.label_text(said["place"]).strip(),
        lat_lon=(said["lat"], said["lon"]),
        time=time if is_time else None,
    )


FORM = Form("scan_results", _recognises, _read)
