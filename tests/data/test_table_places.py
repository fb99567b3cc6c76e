"""Tables with places in degrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage.data.surveys import load, read_scans
from tutelage.errors import BadInputError
from tutelage.runtime.degrees import to_degrees

TABLE = """\
scan_id,lat,lon,split,ap1
s1,39.993,-0.068,train,-50
s2,39.9931,-0.0679,train,-60
s3,40,-0.07,test,-70
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "map.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("lat", "lon"), [("lat", "lon"), ("latitude", "longitude")])
def test_degrees_are_projected_to_the_zone_of_the_survey(tmp_path: Path, lat: str, lon: str) -> None:
    survey = load(written(tmp_path, TABLE.replace("lat,lon", f"{lat},{lon}")))
    assert survey.test is not None
    assert survey.train.frame == survey.test.frame
    assert survey.train.frame.epsg == 32630
    places = to_degrees(survey.train.absolute_position_m, 32630)
    np.testing.assert_allclose(places, [[39.993, -0.068], [39.9931, -0.0679]], rtol=0, atol=1e-10)
    assert np.abs(survey.train.known_position_m).max() < 20
    assert survey.train.access_points == ("ap1",)


def test_a_code_names_another_system(tmp_path: Path) -> None:
    assert load(written(tmp_path, TABLE), epsg=25830).train.frame.epsg == 25830


def test_scans_to_be_located_may_have_degrees_or_none(tmp_path: Path) -> None:
    scans = read_scans(written(tmp_path, TABLE))
    assert scans.position_m is not None
    assert scans.frame.epsg == 32630
    assert read_scans(written(tmp_path, "scan_id,lat,lon,ap1\ns1,,,-50\n")).position_m is None
    some = written(tmp_path, "scan_id,x_m,y_m,ap1\ns1,,,-50\ns2,1,2,-50\n")
    assert read_scans(some, with_positions=False).position_m is None
    with pytest.raises(BadInputError, match="no coordinate"):
        read_scans(some)


@pytest.mark.parametrize(
    ("old", "new", "row", "column", "said"),
    [
        ("39.9931", "north", 3, "lat", "a coordinate is a number of degrees"),
        ("39.9931", "", 3, "lat", "no coordinate; give every position in degrees"),
        ("39.9931", "4431098", 3, "lat", "4.4311e+06 is no latitude"),
        ("39.9931,-0.0679", "-100.5,40", 3, "lat", "are latitude and longitude swapped?"),
        ("39.9931,-0.0679", "0,0.0", 3, "lat", "is what a phone without a fix writes; remove the row"),
        (
            "-0.0679",
            "750320",
            3,
            "lon",
            "is no longitude, which is from -180 to 180 degrees; metres belong into x_m",
        ),
        ("lat,lon", "lat,x_m", None, None, "places are given twice, as x_m and y_m and as lat and lon"),
        ("lat,lon", "lat,l", None, None, "column lon is missing"),
    ],
)
def test_a_fault_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, row: int | None, column: str | None, said: str
) -> None:
    with pytest.raises(BadInputError) as caught:
        load(written(tmp_path, TABLE.replace(old, new)))
    assert (caught.value.row, caught.value.column) == (row, column), str(caught.value)
    assert said in str(caught.value)


def test_a_survey_near_a_pole_needs_a_code(tmp_path: Path) -> None:
    path = written(tmp_path, "scan_id,lat,lon,ap1\ns1,89,0,-50\ns2,88,1,-60\n")
    with pytest.raises(BadInputError, match=r"map\.csv: latitude 88\.5 is beyond the UTM zones"):
        load(path)
    assert load(path, epsg=3413).train.frame.epsg == 3413


@pytest.mark.parametrize("epsg", [4326, 12345, 2263])
def test_a_code_that_has_no_metres_is_refused(tmp_path: Path, epsg: int) -> None:
    for text in (TABLE, TABLE.replace("lat,lon", "x_m,y_m")):
        with pytest.raises(BadInputError, match=f"EPSG:{epsg} "):
            load(written(tmp_path, text), epsg=epsg)
