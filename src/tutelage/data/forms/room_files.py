"""Files of rooms: polygons in GeoJSON (RFC 7946), and the units of IMDF.

GeoJSON is a FeatureCollection with a Polygon or MultiPolygon a room:

    {"type": "FeatureCollection", "features": [
      {"type": "Feature", "properties": {"name": "kitchen", "level": "1"},
       "geometry": {"type": "Polygon", "coordinates": [[[8, 50], [8.1, 50], [8.1, 50.1], [8, 50]]]}}]}

The name is the property `name`, `room`, `place`, `ref` or `id`, else the feature's `id`. The floor is
`level`, `floor` or `level_id`; "1;2" are two floors, and a room without one is on every floor. Coordinates
are longitude and latitude in degrees (WGS 84), or of the system that a member `crs` of the collection names.
With `"crs": null`, or where they cannot be degrees, they are metres of the building's own plan.

IMDF (https://docs.ogc.org/cs/20-094/index.html) is a folder, or a .zip, with unit.geojson and level.geojson.
Features of the first have the `feature_type` unit and names by language. A floor has two names in the second,
`short_name` and `ordinal`, and a survey may use either.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from tutelage.data.forms.file_content import file_content, lenient_text
from tutelage.data.forms.geojson_system import named_epsg
from tutelage.data.forms.json_text import label_text, parse_json
from tutelage.errors import BadInputError
from tutelage.runtime.degrees import to_wgs84

__all__ = ["RoomFile", "RoomShape", "read_room_file"]

_UNITS, _LEVELS = "unit.geojson", "level.geojson"
_NAMES = ("name", "room", "place", "ref", "id")
_FLOORS = ("level", "floor", "level_id")
_LEVEL_NAMES = ("short_name", "ordinal")  # a survey uses the one or the other
_LARGEST = 1e9  # no system of coordinates reaches so far

Fail = Callable[[str], BadInputError]


class RoomShape(NamedTuple):
    """One room.

    Attributes
    ----------
    name : str
        Its name.
    floors : tuple of frozenset of str
        Its floors in each way of naming them; empty sets if it is on every floor.
    polygon : shapely.Geometry
        Its outline, in the coordinates of the file's system.
    """

    name: str
    floors: tuple[frozenset[str], ...]
    polygon: Any


class RoomFile(NamedTuple):
    """What a file of rooms holds.

    Attributes
    ----------
    rooms : list of RoomShape
        Its rooms, in order.
    in_degrees : bool
        Whether coordinates are longitude and latitude (WGS 84); else they are metres of a plan.
    left_out : tuple of str
        How many features are no rooms, and why.
    """

    rooms: list[RoomShape]
    in_degrees: bool
    left_out: tuple[str, ...]


def read_room_file(path: Path) -> RoomFile:
    """Read the rooms of a GeoJSON file or of an IMDF archive.

    Parameters
    ----------
    path : Path
        GeoJSON file, IMDF folder or .zip.

    Returns
    -------
    RoomFile
        At least one room.

    Raises
    ------
    BadInputError
        If the file is of neither kind, or a feature is malformed; names the file and the feature.
    """
    file, collection, levels = _collection(path)
    rooms: list[RoomShape] = []
    left_out: Counter[str] = Counter()
    features = _features(collection, file)
    for number, feature in enumerate(features, start=1):
        room = _room(feature, levels, _failure(file, number))
        if isinstance(room, str):
            left_out[room] += 1
        else:
            rooms.append(room)
    said = tuple(f"{n:,} of {len(features):,} features left out: {why}" for why, n in left_out.items())
    if not rooms:
        raise BadInputError(
            f"there is no room in the file ({'; '.join(said) or 'no feature'}); write a Polygon with a "
            "property name for each",
            file=file,
        )
    return _in_its_system(RoomFile(rooms, True, said), collection, file)


# -- the file ---------------------------------------------------------------------------------------------


def _collection(path: Path) -> tuple[Path, Any, dict[str, Any] | None]:
    """Return the file with the rooms, its content, and the properties of IMDF's levels by their ids."""
    if path.name == _UNITS and path.is_file():
        path = path.parent  # where the names of its floors are
    if path.is_dir():
        if not (path / _UNITS).is_file():
            raise BadInputError(
                f"is a folder without {_UNITS}; give the folder of an IMDF archive, or a GeoJSON file",
                file=path,
            )
        texts = {name: _text(path / name) for name in (_UNITS, _LEVELS) if (path / name).is_file()}
    else:
        texts = _archive(path)
    if not texts:
        return path, parse_json(_text(path), path), None
    file, level_file = path / _UNITS, path / _LEVELS
    levels = _features(parse_json(texts[_LEVELS], level_file), level_file) if _LEVELS in texts else []
    by_id = {
        str(level["id"]): level["properties"]
        for level in levels
        if isinstance(level, dict) and "id" in level and isinstance(level.get("properties"), dict)
    }
    return file, parse_json(texts[_UNITS], file), by_id


def _text(path: Path) -> str:
    return lenient_text(file_content(path).data)


def _archive(path: Path) -> dict[str, str]:
    """Return the texts of an IMDF archive by name; none if the path is no such archive."""
    if not zipfile.is_zipfile(path):
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                PurePosixPath(name).name: name for name in archive.namelist() if "__MACOSX" not in name
            }
            if _UNITS not in members:
                return {}
            wanted = {name: members[name] for name in (_UNITS, _LEVELS) if name in members}
            return {name: lenient_text(archive.read(member)) for name, member in wanted.items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise BadInputError(f"not readable as zip ({error}); pack it again", file=path) from error


def _features(collection: Any, file: Path) -> list[Any]:
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or collection.get("type") != "FeatureCollection":
        raise BadInputError(
            "rooms are a GeoJSON FeatureCollection with a Polygon each, or an IMDF archive", file=file
        )
    return features


def _in_its_system(read: RoomFile, collection: Mapping[str, Any], file: Path) -> RoomFile:
    """Bring rooms into degrees, or say that they are in metres of a plan."""
    import shapely

    if "crs" in collection and collection["crs"] is None:
        return read._replace(in_degrees=False)
    if "crs" not in collection:
        low_x, low_y, high_x, high_y = shapely.total_bounds([room.polygon for room in read.rooms])
        return read._replace(in_degrees=bool(max(-low_x, high_x) <= 180 and max(-low_y, high_y) <= 90))
    epsg = named_epsg(collection["crs"], file)
    if epsg is None:
        return read

    def lon_lat(x_y: np.ndarray) -> np.ndarray:
        return to_wgs84(x_y, epsg)[:, ::-1]

    rooms = [room._replace(polygon=shapely.transform(room.polygon, lon_lat)) for room in read.rooms]
    for room in rooms:
        if not np.isfinite(shapely.get_coordinates(room.polygon)).all():
            raise BadInputError(
                f"room {room.name!r} is at no place in EPSG:{epsg}, which crs names", file=file, column="crs"
            )
    return read._replace(rooms=rooms)


# -- a feature --------------------------------------------------------------------------------------------


def _failure(file: Path, number: int) -> Fail:
    return lambda message: BadInputError(message, file=file, row=number, row_name="feature")


def _room(feature: Any, levels: Mapping[str, Any] | None, fail: Fail) -> RoomShape | str:
    """Return a room, or why a feature is none."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise fail('write {"type": "Feature", "geometry": ..., "properties": ...}')
    given = feature.get("properties")
    properties = (
        {str(name).lower(): value for name, value in given.items()} if isinstance(given, dict) else {}
    )
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    is_unit = feature.get("feature_type") == "unit"
    if kind not in ("Polygon", "MultiPolygon") or (levels is not None and not is_unit):
        return "no polygon of a room"
    if not is_unit:  # the id of a unit is a long number that nobody knows
        properties.setdefault("id", feature.get("id"))
    name = next(
        filter(None, (_name(properties.get(key)) for key in _NAMES if not (is_unit and key == "id"))), ""
    )
    if not name:
        return "no name"
    return RoomShape(name, _floors(properties, levels, fail), _polygon(geometry, name, fail))


def _name(value: Any) -> str:
    """Return a name, out of several languages in English or the first."""
    if isinstance(value, dict):
        value = value.get("en") or next(iter(value.values()), None)
    return label_text(value).strip() if isinstance(value, (str, int, float)) else ""


def _floors(
    properties: Mapping[str, Any], levels: Mapping[str, Any] | None, fail: Fail
) -> tuple[frozenset[str], ...]:
    if levels is None:
        text = next(filter(None, (_name(properties.get(key)) for key in _FLOORS)), "")
        return (frozenset(floor.strip() for floor in text.split(";") if floor.strip()),)
    level_id = _name(properties.get("level_id"))
    if not level_id:
        return tuple(frozenset[str]() for _ in _LEVEL_NAMES)
    if level_id not in levels:
        raise fail(
            f"level_id {level_id!r} is no feature of {_LEVELS}; write the level there, with properties"
        )
    names = (_name(levels[level_id].get(key)) for key in _LEVEL_NAMES)
    return tuple(frozenset([name] if name else ()) for name in names)


def _polygon(geometry: Any, name: str, fail: Fail) -> Any:
    """Return the outline of a room, checked."""
    import shapely

    given = geometry.get("coordinates")
    parts = [given] if geometry["type"] == "Polygon" else given
    if not isinstance(parts, list) or not parts or not all(isinstance(part, list) and part for part in parts):
        raise fail(f"room {name!r} has no coordinates; write a list of rings")
    polygons = []
    for part in parts:
        outer, *holes = (_ring(ring, name, fail) for ring in part)
        polygons.append(shapely.Polygon(outer, holes))
    polygon = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    if not shapely.is_valid(polygon):
        raise fail(f"room {name!r} is no plain polygon ({shapely.is_valid_reason(polygon)}); draw it anew")
    return polygon


def _ring(ring: Any, name: str, fail: Fail) -> np.ndarray:
    positions = list(_positions(ring))
    if len(positions) < 4 or None in positions:
        raise fail(f"room {name!r} has a ring that is no list of four positions [x, y] or more")
    if positions[0] != positions[-1]:
        raise fail(f"room {name!r} has a ring that is not closed; repeat its first position at its end")
    return np.array(positions)


def _positions(ring: Any) -> Iterator[tuple[float, float] | None]:
    for position in ring if isinstance(ring, list) else ():
        x_y = position[:2] if isinstance(position, list) else []
        is_number = [
            isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST
            for value in x_y
        ]
        yield (float(x_y[0]), float(x_y[1])) if len(is_number) == 2 and all(is_number) else None
