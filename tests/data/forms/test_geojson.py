"""GeoJSON: points in degrees, buildings without them, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changed import change, refusal

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import export_survey, load, read_scans, simulated_survey
from tutelage.runtime.degrees import to_degrees
from tutelage.runtime.frames import LocalFrame

APS = ("00:0b:86:27:36:c1", "00:0b:86:27:36:d1", "00:0b:86:aa:10:20")


def collection(*features: Any, **members: Any) -> str:
    return json.dumps({"type": "FeatureCollection", **members, "features": list(features)})


def feature(place: Any = (1.5, 40.5), **properties: Any) -> dict[str, Any]:
    geometry = None if place is None else {"type": "Point", "coordinates": list(place)}
    return {"type": "Feature", "geometry": geometry, "properties": {"rss_dbm": {"a": -50}, **properties}}


def written(folder: Path, text: str) -> Path:
    path = folder / "map.geojson"
    path.write_text(text)
    return path


TWO = (feature(), feature((1.5, 40.5001)))
LINE = {**feature(), "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}}
RSS = "properties.rss_dbm"
PLACE = "geometry.coordinates"


def test_points_are_longitude_and_latitude_and_are_projected(made: Path) -> None:
    train = load(made / "corridor.geojson").train
    points = [
        f["geometry"]["coordinates"] for f in json.loads((made / "corridor.geojson").read_text())["features"]
    ]
    assert train.frame.epsg == 32630
    np.testing.assert_allclose(
        to_degrees(train.absolute_position_m, 32630), np.array(points)[:, ::-1], atol=1e-9
    )
    assert (train.access_points, train.scan_id[:2].tolist()) == (APS, ["p0", "p1"])
    assert train.floor is not None
    assert train.device is not None
    assert train.time is not None
    assert (set(train.floor), set(train.device)) == ({"2"}, {"Pixel 4"})
    assert str(train.time[1]) == "2024-05-01T09:30:01.000"


def test_a_code_chooses_the_projection(made: Path, tmp_path: Path) -> None:
    train = load(made / "corridor.geojson", epsg=25830).train
    assert train.frame.epsg == 25830
    assert load(written(tmp_path, collection(*TWO, epsg=3857))).train.frame.epsg == 3857
    assert load(tmp_path / "map.geojson", epsg=25831).train.frame.epsg == 25831


def test_features_of_a_building_without_degrees_have_no_geometry(tmp_path: Path) -> None:
    survey = simulated_survey(seed=3, n_train=40, n_test=12, n_access_points=6)
    export_survey(survey, tmp_path / "plan.geojson")
    first = json.loads((tmp_path / "plan.geojson").read_text())["features"][0]
    assert first["geometry"] is None
    assert [first["properties"][name] for name in ("x_m", "y_m")] == survey.train.absolute_position_m[
        0
    ].tolist()
    read = load(tmp_path / "plan.geojson")
    assert read.train.frame.epsg is None
    assert read.test is not None
    assert len(read.test) == 12
    assert read.train.content_hash() == survey.train.content_hash()


def test_a_geographic_building_is_drawn_where_it_is(tmp_path: Path) -> None:
    simulated = simulated_survey(seed=3, n_train=40, n_test=12, n_access_points=6)
    frame = LocalFrame((750_320.0, 4_431_098.0), 25830)
    survey = Survey("plan", replace(simulated.train, frame=frame))
    export_survey(survey, tmp_path / "plan.geojson", split="train")
    told = json.loads((tmp_path / "plan.geojson").read_text())
    longitude, latitude = told["features"][0]["geometry"]["coordinates"]
    assert (round(longitude, 2), round(latitude, 2)) == (-0.07, 39.99)
    assert "x_m" not in told["features"][0]["properties"]
    assert told["epsg"] == 25830


def test_scans_to_be_located_need_no_place(tmp_path: Path) -> None:
    scans = read_scans(written(tmp_path, collection(feature(None), feature())))
    assert (scans.position_m, scans.scan_id.tolist()) == (None, ["1", "2"])


@pytest.mark.parametrize(
    ("text", "row", "column", "said"),
    [
        ('{"type": "Feature"}', None, None, "write a FeatureCollection with a list of features"),
        ('{"type": "FeatureCollection", "features": {}}', None, None, "a list of features"),
        (collection(), None, None, "there is no feature in the collection"),
        (collection(feature(), "x"), 2, None, '"type": "Feature"'),
        (collection(*TWO)[:-3], 1, None, "not readable as JSON"),
        (collection(feature(), feature((1, 2), rss_dbm=[-50])), 2, RSS, "{access point: dBm}"),
        (collection(feature(), feature(rss_dbm={"a": 3})), 2, RSS, "3 is outside [-120, 0]"),
        (collection(feature(), feature(rss_dbm={"a": "x"})), 2, RSS, "'x' is not allowed here"),
        (collection(feature(), feature((40.5, 91))), 2, PLACE, "91 is no latitude"),
        (collection(feature(), feature((181, 40))), 2, PLACE, "181 is no longitude"),
        (collection(feature(), feature(("e", 40))), 2, PLACE, "'e' is not allowed here"),
        (collection(feature(), feature((1,))), 2, "geometry", '"type": "Point"'),
        (collection(feature(), LINE), 2, "geometry", '"type": "Point"'),
        (collection(feature(), feature(None)), 2, PLACE, "no coordinate"),
        (collection(feature(None), feature(None)), None, None, "x_m, y_m is missing"),
        (collection(*TWO, feature(x_m=1, y_m=2)), None, None, "places are given twice"),
        (collection(feature(scan_id="s"), feature(scan_id="s")), 2, "properties.scan_id", "appears twice"),
        (collection(feature(split="train"), feature(split="dev")), 2, "properties.split", "is no split"),
        (collection(feature(time="now"), feature(time="now")), 1, "properties.time", "ISO 8601"),
        (collection(*TWO, access_points=["b"]), 1, RSS, "no access point 'a' in the list"),
        (collection(*TWO, access_points=["a", "a"]), None, "access_points", "'a' appears twice"),
        (collection(*TWO, access_points="a"), None, "access_points", "write a list of names"),
        (collection(*TWO, epsg="UTM"), None, "epsg", "'UTM' is no EPSG code"),
        (collection(*TWO, epsg=4326), None, None, "EPSG:4326 is a system of degrees"),
        (collection(feature(), feature()), None, PLACE, "all 2 training scans were taken at"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_its_feature(
    tmp_path: Path, text: str, row: int | None, column: str | None, said: str
) -> None:
    error = refusal(written(tmp_path, text))
    assert (error.row, error.column) == (row, column) or "JSON" in said, str(error)
    assert said in str(error)
    assert row is None or "JSON" in said or f"feature {row}" in str(error)


def test_a_file_that_was_edited_is_read_where_it_now_is(made: Path) -> None:
    change(made / "corridor.geojson", "[-0.068, 39.993]", "[-0.0681, 39.993]")
    moved = load(made / "corridor.geojson").train.absolute_position_m[0]
    assert (
        np.abs(
            moved - load(Path(__file__).parent / "made" / "corridor.geojson").train.absolute_position_m[0]
        )[0]
        > 8
    )
