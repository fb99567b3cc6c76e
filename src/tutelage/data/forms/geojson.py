"""GeoJSON (RFC 7946): a FeatureCollection with a Point a scan.

    {"type": "FeatureCollection", "features": [
      {"type": "Feature", "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
       "properties": {"scan_id": "s1", "floor": "2", "rss_dbm": {"00:0b:86:27:36:c1": -61}}}]}

Coordinates are longitude and latitude in degrees (WGS 84), as the RFC requires, and are projected.
A member `crs`, which QGIS and older programs write, names another system; PROJ then converts. Properties are
`rss_dbm` (access point to dBm; else a list of objects with address and strength, or members with addresses
for names), `scan_id` (else the feature's `id`, else its number), `floor`,
`building`, `place` (else `room`), `device`, `user`, `time` and `split` as in a table; others are passed over.
A building without an EPSG code has no degrees. Its features have no geometry (null, which the RFC allows) and
the properties `x_m` and `y_m`, or `place` alone.

Two members of the collection are not in the RFC: `epsg`, the system to project into, and `access_points`, all
access points in order, heard or not. With them a survey that was written is the same when it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.data.fingerprints import LABELS, FingerprintSet
from tutelage.data.forms import json_text
from tutelage.data.forms.fields import METRES, PLACE
from tutelage.data.forms.form import Form, ScanTables, read_text
from tutelage.data.forms.geojson_system import named_epsg
from tutelage.data.forms.known_columns import reading_of
from tutelage.data.forms.located_table import LocatedTable
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError
from tutelage.files.atomic import atomic_file
from tutelage.runtime.access_point_names import is_mac, normalised_name
from tutelage.runtime.degrees import is_true_to_scale, to_degrees, to_wgs84

__all__ = ["FORM"]

_TYPES = "Feature|FeatureCollection|GeometryCollection|(?:Multi)?(?:Point|LineString|Polygon)"
_GEOJSON = re.compile(rf'"type"\s*:\s*"(?:{_TYPES})"')
_TEXTS = (*LABELS, "time", "split")
_OTHER_NAMES = {"floor": "level", "time": "timestamp", PLACE: "room"}  # of OpenStreetMap, and usual ones
_TITLES = {name: f"properties.{name}" for name in ("scan_id", *METRES, *_TEXTS)}
_TITLES |= {"lat": "geometry.coordinates", "lon": "geometry.coordinates"}


# -- reading --------------------------------------------------------------------------------------


def _recognises(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if not file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            return False
    return _GEOJSON.search(read_text(path)) is not None


def _read(path: Path, options: ReadOptions) -> ScanTables:
    collection = json_text.parse_json(read_text(path), path)
    features = collection.get("features")
    if collection.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise BadInputError(
            "this GeoJSON is no survey; write a FeatureCollection with a list of features, a Point a scan",
            file=path,
        )
    if not features:
        raise BadInputError("there is no feature in the collection; add one a scan", file=path)
    scans = [_Scan(feature, number, path) for number, feature in enumerate(features, start=1)]
    readings = _readings(path, scans)
    names = _access_points(collection, path)
    table = _scans(path, scans, options.located)
    table, epsg = _in_its_system(table, collection, path)
    return ScanTables(path.stem, table, readings, names, epsg)


class _Scan:
    """A feature whose parts have the right kind; their values are not checked yet."""

    def __init__(self, feature: Any, number: int, path: Path) -> None:
        self.number = number
        self._path = path
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise self._error('write {"type": "Feature", "geometry": ..., "properties": ...}')
        properties = feature.get("properties")
        self.properties: dict[str, Any] = properties if isinstance(properties, dict) else {}
        self.lon_lat = self._coordinates(feature.get("geometry"))
        self.readings = self._readings()
        id_given = self.properties.get("scan_id", feature.get("id", self.properties.get("id", number)))
        self.scan_id = json_text.label_text(id_given)

    def _readings(self) -> list[tuple[str, Any]]:
        """Return the readings: an object, a list of them, or members with addresses for names."""
        given = self.properties.get("rss_dbm")
        if isinstance(given, dict):
            return list(given.items())
        for value in [given] if given is not None else self.properties.values():
            listed = [reading_of(each) for each in value] if isinstance(value, list) and value else [None]
            if None not in listed:
                return [(name, rss) for name, rss, _ in filter(None, listed)]
        flat = [(name, rss) for name, rss in self.properties.items() if is_mac(name)]
        if given is not None or not flat:
            raise self._error("write an object {access point: dBm}", "properties.rss_dbm")
        return [(name, rss) for name, rss in flat if rss is not None]

    def _coordinates(self, geometry: Any) -> tuple[Any, Any]:
        if geometry is None:
            return None, None
        point = geometry.get("coordinates") if isinstance(geometry, dict) else None
        if not isinstance(point, list) or geometry.get("type") != "Point" or len(point) < 2:
            raise self._error('write {"type": "Point", "coordinates": [longitude, latitude]}', "geometry")
        return point[0], point[1]

    def _error(self, message: str, column: str | None = None) -> BadInputError:
        return BadInputError(message, file=self._path, row=self.number, column=column, row_name="feature")


def _scans(path: Path, scans: Sequence[_Scan], located: bool) -> LocatedTable:
    columns: dict[str, object] = {"scan_id": [scan.scan_id for scan in scans]}
    if located or all(None not in scan.lon_lat for scan in scans):
        columns |= _places(scans)
    for name in _TEXTS:
        key = name if any(name in scan.properties for scan in scans) else _OTHER_NAMES.get(name, name)
        if any(isinstance(scan.properties.get(key), (str, int, float)) for scan in scans):
            columns[name] = [json_text.label_text(scan.properties.get(key)) for scan in scans]
    rows = np.array([scan.number for scan in scans], dtype=np.int64)
    return LocatedTable(path, pa.table(columns), rows, "feature", _TITLES)


def _places(scans: Sequence[_Scan]) -> dict[str, object]:
    columns: dict[str, object] = {}
    if any(scan.lon_lat != (None, None) for scan in scans):
        for axis, name in ((1, "lat"), (0, "lon")):
            columns[name] = json_text.cells([scan.lon_lat[axis] for scan in scans])
    for name in METRES:
        if any(name in scan.properties for scan in scans):
            columns[name] = json_text.cells([scan.properties.get(name) for scan in scans])
    return columns


def _readings(path: Path, scans: Sequence[_Scan]) -> LocatedTable:
    entries = [(scan, normalised_name(name.strip()), rss) for scan in scans for name, rss in scan.readings]
    columns = {
        "scan_id": pa.array([scan.scan_id for scan, _, _ in entries], pa.string()),
        "ap": pa.array([name for _, name, _ in entries], pa.string()),
        "rss_dbm": json_text.cells([rss for _, _, rss in entries]),
    }
    rows = np.array([scan.number for scan, _, _ in entries], dtype=np.int64)
    titles = {"scan_id": "properties.scan_id", "ap": "properties.rss_dbm", "rss_dbm": "properties.rss_dbm"}
    return LocatedTable(path, pa.table(columns), rows, "feature", titles)


def _access_points(collection: dict[str, Any], path: Path) -> tuple[str, ...] | None:
    """Return the names that the collection lists, None if it lists none."""
    listed = collection.get("access_points")
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(name, str) and name for name in listed):
        raise BadInputError("write a list of names", file=path, column="access_points")
    names = tuple(normalised_name(name) for name in listed)
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise BadInputError(f"{twice!r} appears twice; keep one", file=path, column="access_points")
    return names


def _epsg(collection: dict[str, Any], path: Path) -> int | None:
    epsg = collection.get("epsg")
    if epsg is not None and (not isinstance(epsg, int) or isinstance(epsg, bool)):
        raise BadInputError(f"{epsg!r} is no EPSG code; write a whole number", file=path, column="epsg")
    return epsg


def _in_its_system(
    table: LocatedTable, collection: dict[str, Any], path: Path
) -> tuple[LocatedTable, int | None]:
    """Read coordinates in the system that a member `crs` names, as QGIS wrote it before the RFC."""
    epsg = _epsg(collection, path)
    crs = collection.get("crs")
    if crs is None or "lat" not in table.names:
        return table, epsg
    named = named_epsg(crs, path)
    if named is None:
        return table, epsg
    x, y = (table.numbers(field, "a coordinate is a number") for field in ("lon", "lat"))
    lat_lon = to_wgs84(np.column_stack([x, y]), named)
    for row in np.flatnonzero(np.isfinite(x) & ~np.isfinite(lat_lon).all(axis=1))[:1].tolist():
        raise table.error(
            f"({x[row]:g}, {y[row]:g}) is no place in EPSG:{named}, which crs names", row, "lat"
        )
    if is_true_to_scale(named):
        fields = {"x_m": pa.array(x), "y_m": pa.array(y)}
        epsg = epsg or named
    else:  # as in web maps, whose metres are longer than metres
        fields = {"lat": pa.array(lat_lon[:, 0]), "lon": pa.array(lat_lon[:, 1])}
    rest = {name: table.columns[name] for name in table.names if name not in ("lat", "lon")}
    titles = {**table.titles, "x_m": "geometry.coordinates", "y_m": "geometry.coordinates"}
    note = f"coordinates are read in EPSG:{named}, as crs says"
    return replace(
        table, columns=pa.table({**rest, **fields}), titles=titles, notes=(*table.notes, note)
    ), epsg


# -- writing --------------------------------------------------------------------------------------


def _write(splits: Mapping[str, FingerprintSet], path: Path) -> None:
    scans = FingerprintSet.join(list(splits.values()))
    split = np.repeat(list(splits), [len(part) for part in splits.values()])
    head: dict[str, Any] = {"type": "FeatureCollection"}
    if scans.frame.epsg is not None:
        head["epsg"] = scans.frame.epsg
    head["access_points"] = list(scans.access_points)
    with atomic_file(path) as beside, beside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [')
        for i, feature in enumerate(_features(scans, split)):
            file.write((",\n" if i else "\n") + json.dumps(feature, ensure_ascii=False))
        file.write("\n]}\n")


def _features(scans: FingerprintSet, split: np.ndarray) -> Iterator[dict[str, Any]]:
    epsg = scans.frame.epsg
    geometry: list[Any] = [None] * len(scans)
    properties: list[dict[str, Any]] = [{"scan_id": name} for name in scans.scan_id.tolist()]
    if scans.position_m is not None and epsg is None:
        for members, (x, y) in zip(properties, scans.absolute_position_m.tolist(), strict=True):
            members |= {"x_m": x, "y_m": y}
    elif scans.position_m is not None and epsg is not None:
        lon_lat = to_degrees(scans.absolute_position_m, epsg)[:, ::-1]
        geometry = [{"type": "Point", "coordinates": place} for place in lon_lat.tolist()]
    for name, values in _labels(scans, split).items():
        for members, value in zip(properties, values, strict=True):
            members[name] = value
    names = scans.access_points
    rss_dbm = scans.rss_dbm
    dbm = [_shortest(value) for value in rss_dbm.data]
    for i, (begin, end) in enumerate(zip(rss_dbm.indptr[:-1], rss_dbm.indptr[1:], strict=True)):
        readings = zip(rss_dbm.indices[begin:end].tolist(), dbm[begin:end], strict=True)
        properties[i]["rss_dbm"] = {names[j]: value for j, value in readings}
        yield {"type": "Feature", "geometry": geometry[i], "properties": properties[i]}


def _labels(scans: FingerprintSet, split: np.ndarray) -> dict[str, list[str | None]]:
    columns: dict[str, list[str | None]] = {
        name: getattr(scans, name).tolist() for name in LABELS if getattr(scans, name) is not None
    }
    if scans.time is not None:
        times = np.datetime_as_string(scans.time, unit="ms").tolist()
        columns["time"] = [None if time == "NaT" else time for time in times]
    return columns | ({"split": split.tolist()} if len(np.unique(split)) > 1 else {})


def _shortest(dbm: np.float32) -> float:
    """Return the number with the fewest digits that is this reading in single precision."""
    value = float(str(dbm))
    return int(value) if value.is_integer() else value


FORM = Form("geojson", _recognises, _read, _write, (".geojson",))
