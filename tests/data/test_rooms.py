"""Polygons of rooms: which room a scan lies in, and what is refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tutelage.data.check import check_survey
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.rooms import labelled, read_rooms
from tutelage.data.surveys import load
from tutelage.errors import BadInputError, LeftOutWarning, ReadAsWarning
from tutelage.runtime.degrees import to_metres
from tutelage.runtime.frames import LocalFrame

EPSG = 32632
PLAN: dict[str, Any] = {"crs": None}


def rectangle(x: float, y: float, width: float, height: float) -> dict[str, Any]:
    """Return the geometry of a rectangle by its lower left corner."""
    corners = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    return {"type": "Polygon", "coordinates": [[[x + dx, y + dy] for dx, dy in corners]]}


def feature(geometry: Any, properties: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties or {}, **members}


def written(path: Path, features: Sequence[Any], **members: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", **members, "features": list(features)}))
    return path


def scans_at(*position_m: tuple[float, float], floor: str | None = None, epsg: int | None = None) -> Any:
    """Return scans at positions; one hears as much as another."""
    scans = FingerprintSet.from_scans([{"ap": -50.0}] * len(position_m))
    floors = None if floor is None else np.full(len(position_m), floor)
    return replace(scans, position_m=np.array(position_m), frame=LocalFrame((0.0, 0.0), epsg), floor=floors)


# -- which room ---------------------------------------------------------------------------------------------


@given(
    st.floats(-170, 170),
    st.floats(-70, 70),
    st.floats(1e-4, 1e-3),
    st.floats(0.05, 0.95),
    st.floats(0.05, 0.95),
)
def test_a_point_inside_a_rectangle_in_degrees_gets_its_name(
    tmp_path_factory: pytest.TempPathFactory, lon: float, lat: float, side: float, along: float, up: float
) -> None:
    epsg = 32600 + int((lon + 180) // 6) + 1 + (100 if lat < 0 else 0)
    assume(abs(lat) > 0.01)
    path = tmp_path_factory.getbasetemp() / "drawn.geojson"
    rooms = read_rooms(written(path, [feature(rectangle(lon, lat, side, side), {"name": "lab"})]))
    inside, outside = (lat + up * side, lon + along * side), (lat + 2 * side, lon)
    x_y = to_metres(np.array([inside, outside]), epsg)
    assert rooms.places_of(scans_at(*map(tuple, x_y), epsg=epsg)).tolist() == ["lab", ""]


def test_smallest_room_counts_and_a_hole_is_outside(tmp_path: Path) -> None:
    court = rectangle(0, 0, 10, 10)
    court["coordinates"] += rectangle(6, 6, 2, 2)["coordinates"]
    wings = {
        "type": "MultiPolygon",
        "coordinates": [rectangle(x, 20, 2, 2)["coordinates"] for x in (0, 8)],
    }
    shapes = [
        feature(court, {"room": "court"}),
        feature(rectangle(1, 1, 2, 2), {"ref": 7}),
        feature(wings, id="w"),
    ]
    rooms = read_rooms(written(tmp_path / "a.geojson", shapes, **PLAN))
    at = scans_at((2, 2), (5, 5), (7, 7), (1, 21), (5, 21), (9, 21))
    assert rooms.places_of(at).tolist() == ["7", "court", "", "w", "", "w"]


def test_a_room_holds_scans_of_its_floor(tmp_path: Path) -> None:
    square = rectangle(0, 0, 5, 5)
    shapes = [feature(square, {"name": f"{n}", "level": level}) for n, level in [("low", 0), ("high", "1;2")]]
    rooms = read_rooms(written(tmp_path / "a.geojson", shapes, **PLAN))
    assert [rooms.places_of(scans_at((1, 1), floor=floor))[0] for floor in "012"] == ["low", "high", "high"]
    with pytest.raises(
        BadInputError, match=r"'0' has no floor and lies in 'low' and in 'high'.*column floor"
    ):
        rooms.places_of(scans_at((1, 1)))
    with pytest.raises(BadInputError, match=r"no floor of the scans \(EG\) is one of the rooms \(0, 1, 2\)"):
        rooms.places_of(scans_at((1, 1), floor="EG"))


def test_a_system_that_crs_names_is_obeyed(tmp_path: Path) -> None:
    x, y = to_metres(np.array([[50.0, 8.0]]), EPSG)[0]
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{EPSG}"}}
    rooms = read_rooms(
        written(tmp_path / "a.geojson", [feature(rectangle(x, y, 4, 4), {"name": "lab"})], crs=crs)
    )
    assert rooms.places_of(scans_at((x + 1, y + 3.9), (x - 1, y), epsg=EPSG)).tolist() == ["lab", ""]


def imdf(folder: Path) -> Path:
    """Write two units, above one another, as IMDF."""
    levels = [
        feature(None, {"ordinal": i, "short_name": {"en": name}}, id=f"l{i}", feature_type="level")
        for i, name in enumerate(("1", "2"))
    ]
    units = [
        feature(
            rectangle(8, 50, 1e-3, 1e-3), {"name": name, "level_id": f"l{i}"}, id="9c", feature_type="unit"
        )
        for i, name in enumerate(({"de": "Halle", "en": "hall"}, {"de": "Labor"}, None))
        for i in [i % 2]
    ]
    written(folder / "level.geojson", levels)
    written(folder / "unit.geojson", units)
    return folder


def zipped(folder: Path) -> Path:
    archive = folder / "venue.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("unit.geojson", "level.geojson"):
            file.write(folder / name, f"venue/{name}")
    return archive


@pytest.mark.parametrize("give", [lambda folder: folder, zipped, lambda folder: folder / "unit.geojson"])
@pytest.mark.parametrize(("floors", "places"), [("12", ["hall", "Labor"]), ("01", ["hall", "Labor"])])
def test_imdf_names_floors_in_two_ways(
    tmp_path: Path, give: Callable[[Path], Path], floors: str, places: list[str]
) -> None:
    rooms = read_rooms(give(imdf(tmp_path)))
    assert rooms.left_out == ("1 of 3 features left out: no name",)
    x, y = to_metres(np.array([[50.0005, 8.0005]]), EPSG)[0]
    scans = replace(scans_at((x, y), (x, y), epsg=EPSG), floor=np.array(list(floors)))
    assert rooms.places_of(scans).tolist() == places


def test_a_place_that_a_survey_names_stays(tmp_path: Path) -> None:
    rooms = read_rooms(
        written(tmp_path / "a.geojson", [feature(rectangle(0, 0, 5, 5), {"name": "hall"})], **PLAN)
    )
    scans = replace(scans_at((1, 1), (2, 2), (9, 9)), place=np.array(["", "my desk", ""]))
    named, n_outside = labelled(scans, rooms)
    assert (named.known_place.tolist(), n_outside) == (["hall", "my desk", ""], 1)


# -- what is refused ----------------------------------------------------------------------------------------

BOW_TIE = {"type": "Polygon", "coordinates": [[[0, 0], [4, 4], [4, 0], [0, 4], [0, 0]]]}
OPEN = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4]]]}
TEXT = {"type": "Polygon", "coordinates": [[[0, 0], [4, "0"], [4, 4], [0, 0]]]}


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (
            [feature(BOW_TIE, {"name": "hall"})],
            r"feature 1: room 'hall' is no plain polygon \(Self-intersection",
        ),
        ([feature(OPEN, {"name": "hall"})], "feature 1: room 'hall' has a ring that is not closed"),
        ([feature(TEXT, {"name": "hall"})], r"feature 1: room 'hall' has a ring that is no list of four"),
        ([feature({"type": "Polygon"}, {"name": "hall"})], "room 'hall' has no coordinates"),
        ([feature({"type": "MultiPolygon", "coordinates": [3]}, {"name": "a"})], "has no coordinates"),
        (["room"], 'feature 1: write {"type": "Feature"'),
        (
            [feature({"type": "Point", "coordinates": [0, 0]})],
            "1 of 1 features left out: no polygon of a room",
        ),
        ([feature(rectangle(0, 0, 1, 1))], "1 of 1 features left out: no name"),
        ([], r"there is no room in the file \(no feature\)"),
    ],
)
def test_a_bad_feature_is_refused_with_file_and_number(
    tmp_path: Path, features: list[Any], said: str
) -> None:
    with pytest.raises(BadInputError, match=rf"a\.geojson.*{said}"):
        read_rooms(written(tmp_path / "a.geojson", features))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not readable as JSON"),
        ("[]", "rooms are a GeoJSON FeatureCollection"),
        ("", "not readable as JSON"),
    ],
)
def test_what_is_no_collection_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.geojson").write_text(text)
    with pytest.raises(BadInputError, match=said):
        read_rooms(tmp_path / "a.geojson")
    with pytest.raises(BadInputError, match=r"is a folder without unit\.geojson"):
        read_rooms(tmp_path)
    with pytest.raises(BadInputError, match="cannot be read"):
        read_rooms(tmp_path / "none.geojson")


def test_a_unit_on_an_unknown_level_is_refused(tmp_path: Path) -> None:
    written(imdf(tmp_path) / "level.geojson", [])
    with pytest.raises(
        BadInputError, match=r"unit\.geojson, feature 1: level_id 'l0' is no feature of level"
    ):
        read_rooms(tmp_path)


def test_metres_of_a_plan_and_degrees_do_not_mix(tmp_path: Path) -> None:
    shape = [feature(rectangle(0, 0, 5, 5), {"name": "hall"})]
    degrees = read_rooms(written(tmp_path / "a.geojson", shape))
    plan = read_rooms(written(tmp_path / "b.geojson", shape, **PLAN))
    wide = read_rooms(written(tmp_path / "c.geojson", [feature(rectangle(0, 0, 500, 5), {"name": "hall"})]))
    with pytest.raises(BadInputError, match=r"give --epsg CODE for the scans, or add \"crs\": null"):
        degrees.places_of(scans_at((1, 1)))
    assert plan.places_of(scans_at((1, 1))).tolist() == wide.places_of(scans_at((1, 1))).tolist() == ["hall"]
    with pytest.raises(BadInputError, match=rf"metres of a plan, but the scans are in EPSG:{EPSG}"):
        wide.places_of(scans_at((1, 1), epsg=EPSG))
    other = {"properties": {"name": "my grid"}}
    with pytest.raises(BadInputError, match="the system 'my grid' is not known"):
        read_rooms(written(tmp_path / "d.geojson", shape, crs=other))


# -- a survey -----------------------------------------------------------------------------------------------


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """A survey of three scans in metres of a plan, one of them a test scan."""
    path = tmp_path / "survey.csv"
    rows = ["s1,1,1,train,-50", "s2,8,1,train,-60", "s3,2,2,test,-55"]
    path.write_text("\n".join(["scan_id,x_m,y_m,split,00:0b:86:27:36:c1", *rows]))
    return path


def test_load_says_how_many_scans_lie_in_rooms(tmp_path: Path, survey: Path) -> None:
    shapes = [feature(rectangle(0, 0, 5, 5), {"name": "hall"}), feature(None)]
    file = written(tmp_path / "rooms.geojson", shapes, **PLAN)
    with (
        pytest.warns(ReadAsWarning, match="2 of 3 scans lie in 1 room and 1 outside every room of"),
        pytest.warns(LeftOutWarning, match="1 of 2 features left out: no polygon of a room"),
    ):
        read = load(survey, rooms=file)
    assert read.test is not None
    assert (read.train.known_place.tolist(), read.test.known_place.tolist()) == (["hall", ""], ["hall"])
    findings = {each.code: each.message for each in check_survey(survey, rooms=file).findings}
    assert findings["rooms"].startswith("2 of 3 scans lie in 1 room and")


def test_rooms_elsewhere_and_rooms_of_a_public_set_are_refused(tmp_path: Path, survey: Path) -> None:
    file = written(tmp_path / "rooms.geojson", [feature(rectangle(50, 0, 5, 5), {"name": "hall"})], **PLAN)
    with pytest.raises(BadInputError, match=r"no scan lies in a room: .* between \(50, 0\) and \(55, 5\) m"):
        load(survey, rooms=file)
    with pytest.raises(BadInputError, match="rooms are for your own files"):
        load("simulated", rooms=file)
