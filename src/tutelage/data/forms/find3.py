"""FIND3: what is posted to its server, or what the server dumps (`-dump FAMILY` writes FAMILY.learn.N.jsons).

The file holds JSON objects, one a line, or one array of them (https://github.com/schollz/find3, doc/api.md,
POST /data, and server/main/src/models/sensorData.go):

    {"d": device, "f": family, "t": milliseconds since 1970, "l": label,
     "s": {"wifi": {MAC: dBm}, "bluetooth": {MAC: dBm}}, "gps": {"lat": degrees, "lon": degrees}}

`l` and `gps` may be missing; sensors other than the two are passed over. FIND3 knows labels, not positions.
Positions stand in a table beside the file, NAME_labels.csv, with `label`, `x_m` and `y_m` or `lat` and `lon`,
and where known `floor` and `building`. As in FIND3, the case of a label does not matter. Without that table,
`gps` gives the places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.data.forms import json_text
from tutelage.data.forms.fields import place_columns
from tutelage.data.forms.form import Form, LeftOut, ScanTables, read_text
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.table_file import read_located_table
from tutelage.data.forms.table_places import read_coordinates
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import normalised_name

__all__ = ["FORM"]

_SENSORS = ("wifi", "bluetooth")
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]")


@dataclass(frozen=True)
class _Entry:
    """One posted object, and where it stands."""

    row: int
    device: str
    time_ms: int
    label: str
    gps: tuple[Any, Any]
    readings: tuple[tuple[str, Any], ...]

    @property
    def scan_id(self) -> str:
        return f"{self.device}-{self.time_ms}"


def _recognises(path: Path) -> bool:
    """Return whether a file holds any JSON; GeoJSON comes before this form."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _BEGINNING.match(file.read(4096)) is not None


def _read(path: Path, located: bool) -> ScanTables:
    row_name, objects = _objects(path)
    entries = [_entry(value, row, path, row_name) for row, value in objects]
    if not entries:
        raise BadInputError("there is no scan in the file", file=path)
    left_out: list[LeftOut] = []
    places: dict[str, object] = {}
    if located:
        labelled = [entry for entry in entries if entry.label]
        if not labelled:
            raise BadInputError(
                "no scan has a label (l): these are scans to be located, and nothing can be learnt from them",
                file=path,
            )
        if len(labelled) < len(entries):
            left_out.append(_tracking([entry for entry in entries if not entry.label], len(entries)))
        entries = labelled
        places = _places(path, entries, row_name)
    columns = {
        "scan_id": [entry.scan_id for entry in entries],
        "device": [entry.device for entry in entries],
        "time": pa.array([entry.time_ms for entry in entries], pa.timestamp("ms")),
        **places,
    }
    titles = {"scan_id": "d and t", "device": "d", "time": "t", "lat": "gps.lat", "lon": "gps.lon"}
    rows = np.array([entry.row for entry in entries], dtype=np.int64)
    scans = LocatedTable(path, pa.table(columns), rows, row_name, titles)
    return ScanTables(path.stem, scans, _readings(path, entries, row_name), left_out=tuple(left_out))


# -- objects --------------------------------------------------------------------------------------


def _objects(path: Path) -> tuple[str, list[tuple[int, Any]]]:
    """Return what row numbers count, and each object with its row: lines, or else entries of an array."""
    text = read_text(path)
    if text.lstrip().startswith("["):
        return "entry", list(enumerate(json_text.parse_json(text, path), start=1))
    lines = [(row, line) for row, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if lines and lines[0][1].rstrip().endswith("}"):
        return "row", [(row, json_text.parse_json(line, path, row)) for row, line in lines]
    return "entry", [(1, json_text.parse_json(text, path))]  # one object over several lines


def _entry(value: Any, row: int, path: Path, row_name: str) -> _Entry:
    def error(message: str, column: str | None = None) -> BadInputError:
        return BadInputError(message, file=path, row=row, column=column, row_name=row_name)

    if not isinstance(value, dict) or not isinstance(value.get("s"), dict):
        raise error(
            'neither GeoJSON nor FIND3 data, which are objects {"d": device, "f": family, "t": milliseconds, '
            '"l": label, "s": {"wifi": {MAC: dBm}}}'
        )
    time_ms = value.get("t")
    if not isinstance(time_ms, int) or isinstance(time_ms, bool) or not 0 < time_ms < 1 << 53:
        raise error(f"{time_ms!r} is no time; it is a whole number of milliseconds since 1970", "t")
    device = json_text.label_text(value.get("d")).strip()
    if not device:
        raise error("no device; give every scan one", "d")
    named_rss: list[tuple[str, Any]] = []
    for sensor in _SENSORS:
        readings = value["s"].get(sensor) or {}
        if not isinstance(readings, dict):
            raise error("write an object {MAC: dBm}", f"s.{sensor}")
        named_rss += [(normalised_name(name.strip()), rss) for name, rss in readings.items()]
    gps = value.get("gps") or {}
    if not isinstance(gps, dict):
        raise error('write an object {"lat": degrees, "lon": degrees}', "gps")
    label = json_text.label_text(value.get("l")).strip().lower()
    return _Entry(row, device, time_ms, label, (gps.get("lat"), gps.get("lon")), tuple(named_rss))


def _tracking(entries: Sequence[_Entry], n: int) -> LeftOut:
    rows, ids = zip(*((entry.row, entry.scan_id) for entry in entries), strict=True)
    advice = "FIND3 takes such scans for tracking alone"
    return LeftOut("no_label", "scan", n, "no label (l)", advice, rows, ids)


def _readings(path: Path, entries: Sequence[_Entry], row_name: str) -> LocatedTable:
    rows_read = [(entry, name, rss) for entry in entries for name, rss in entry.readings]
    columns = {
        "scan_id": pa.array([entry.scan_id for entry, _, _ in rows_read], pa.string()),
        "ap": pa.array([name for _, name, _ in rows_read], pa.string()),
        "rss_dbm": json_text.cells([rss for _, _, rss in rows_read]),
    }
    rows = np.array([entry.row for entry, _, _ in rows_read], dtype=np.int64)
    return LocatedTable(path, pa.table(columns), rows, row_name, {"ap": "s", "rss_dbm": "s"})


# -- places ---------------------------------------------------------------------------------------


def _places(path: Path, entries: Sequence[_Entry], row_name: str) -> dict[str, object]:
    beside = path.with_name(f"{path.stem}_labels.csv")
    if beside.is_file():
        return _label_places(read_located_table(beside), path, entries, row_name)
    for entry in entries:
        if None in entry.gps:
            raise BadInputError(
                f"label {entry.label!r} has no position, nor has the scan a gps: write {beside.name} beside, "
                "with the columns label, x_m, y_m (metres) or label, lat, lon (degrees), and where known "
                "floor, building",
                file=path,
                row=entry.row,
                column="l",
                row_name=row_name,
            )
    return {
        "lat": json_text.cells([entry.gps[0] for entry in entries]),
        "lon": json_text.cells([entry.gps[1] for entry in entries]),
    }


def _label_places(
    labels: LocatedTable, path: Path, entries: Sequence[_Entry], row_name: str
) -> dict[str, object]:
    pair = place_columns(labels, required=True, key="label")
    assert pair is not None
    place = read_coordinates(labels, pair)
    row_of: dict[str, int] = {}
    for i, name in enumerate(labels.text("label").tolist()):
        if row_of.setdefault(name.lower(), i) != i:
            raise labels.error(f"label {name!r} appears twice; keep one", i, "label")
    for entry in entries:
        if entry.label not in row_of:
            raise BadInputError(
                f"label {entry.label!r} is not in {labels.file.name}; add it there",
                file=path,
                row=entry.row,
                column="l",
                row_name=row_name,
            )
    at = np.array([row_of[entry.label] for entry in entries])
    label_columns = [name for name in ("floor", "building") if name in labels.names]
    return {
        **dict(zip(pair, place[at].T, strict=True)),
        **{name: labels.text(name)[at].astype(object) for name in label_columns},
    }


FORM = Form("find3", _recognises, _read)
