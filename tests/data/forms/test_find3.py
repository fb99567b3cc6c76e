"""FIND3: lines, arrays and single objects; labels that have a place and labels that have none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changed import change, refusal

from tutelage.data.surveys import load, read_scans
from tutelage.errors import LeftOutWarning
from tutelage.runtime.degrees import to_degrees

# Of doc/api.md in the repository of FIND3, with places.
POSTED: dict[str, Any] = {
    "d": "DEVICE",
    "f": "FAMILY",
    "t": 1520424248897,
    "l": "LOCATION",
    "s": {
        "bluetooth": {"20:25:64:b7:91:42": -72, "20:25:64:b8:06:38": -81},
        "wifi": {"20:25:64:b7:91:40": -73, "70:4d:7b:11:3a:c8": -81, "88:d7:f6:a7:2a:4c": -39},
    },
    "gps": {"lat": 12.1, "lon": 10.1, "alt": 54},
}


def posted(**changes: Any) -> dict[str, Any]:
    return {**POSTED, **changes}


def written(folder: Path, text: str) -> Path:
    path = folder / "found.json"
    path.write_text(text)
    return path


TWO = [POSTED, posted(t=1520424248898, l="OTHER", gps={"lat": 12.1001, "lon": 10.1})]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_and_lines_are_the_same_survey(tmp_path: Path, indent: int | None) -> None:
    as_array = load(written(tmp_path, json.dumps(TWO, indent=indent))).train
    as_lines = load(written(tmp_path, "\n".join(map(json.dumps, TWO)))).train
    assert as_array.content_hash() == as_lines.content_hash()
    assert as_lines.scan_id.tolist() == ["DEVICE-1520424248897", "DEVICE-1520424248898"]
    assert as_lines.time is not None
    assert as_lines.time.astype(str).tolist() == ["2018-03-07T12:04:08.897", "2018-03-07T12:04:08.898"]
    assert as_lines.n_heard.tolist() == [5, 5]
    assert as_lines.frame.epsg is not None
    lat_lon = to_degrees(as_lines.absolute_position_m, as_lines.frame.epsg)
    np.testing.assert_allclose(lat_lon, [[12.1, 10.1], [12.1001, 10.1]], rtol=0, atol=1e-9)


def test_a_single_object_over_many_lines_is_a_scan_to_be_located(tmp_path: Path) -> None:
    scans = read_scans(written(tmp_path, json.dumps(posted(l=""), indent=3)))
    assert (len(scans), scans.position_m, scans.n_heard.tolist()) == (1, None, [5])


def test_labels_have_the_places_of_the_table_beside_whatever_their_case(made: Path) -> None:
    with pytest.warns(LeftOutWarning, match=r"3 of 21 scans left out: no label \(l\)"):
        train = load(made / "home.jsons").train
    assert len(train) == 18
    assert len(np.unique(train.known_position_m, axis=0)) == 3
    assert train.frame.epsg is not None
    lat_lon = to_degrees(train.absolute_position_m, train.frame.epsg)
    np.testing.assert_allclose(lat_lon[0], [39.99301801, -0.06797655], rtol=0, atol=1e-9)
    assert train.floor is not None
    assert set(train.floor) == {"0"}
    assert train.access_points[-1] == "20:25:64:b7:91:42"  # written in capitals


def test_labels_may_have_places_in_metres(made: Path) -> None:
    table = "label,x_m,y_m\nkitchen,2,2\nliving room,10,3\noffice,17,6\n"
    (made / "home_labels.csv").write_text(table)
    with pytest.warns(LeftOutWarning):
        train = load(made / "home.jsons").train
    assert train.absolute_position_m[:3].tolist() == [[2, 2], [10, 3], [17, 6]]
    assert train.frame.epsg is None


def test_scans_to_be_located_need_no_labels(made: Path) -> None:
    (made / "home_labels.csv").unlink()
    assert len(read_scans(made / "home.jsons")) == 21


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
def test_a_label_without_a_place_is_told_what_is_needed(made: Path) -> None:
    change(made / "home_labels.csv", "office", "attic")
    error = refusal(made / "home.jsons")
    assert (error.row, error.column) == (3, "l")
    assert "label 'office' is not in home_labels.csv; add it there" in str(error)


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
def test_a_label_is_the_place_with_a_position_or_without(made: Path) -> None:
    positioned = load(made / "home.jsons").train
    (made / "home_labels.csv").unlink()
    train = load(made / "home.jsons").train
    assert train.position_m is None
    assert positioned.position_m is not None
    assert train.known_place.tolist() == positioned.known_place.tolist()
    assert train.known_place[:3].tolist() == ["kitchen", "living room", "office"]
    scans = read_scans(made / "home.jsons")
    assert (scans.position_m, sorted({*scans.known_place.tolist()})[0]) == (None, "")


def test_floors_of_labels_without_positions(made: Path) -> None:
    (made / "home_labels.csv").write_text("label,floor\nkitchen,0\nliving room,0\nOffice,1\n")
    with pytest.warns(LeftOutWarning):
        train = load(made / "home.jsons").train
    assert train.position_m is None
    assert train.floor is not None
    assert train.floor[:3].tolist() == ["0", "0", "1"]


def test_positions_of_phones_are_kept_or_left_out(tmp_path: Path) -> None:
    texts = [
        json.dumps(posted(l=f"room {i}", t=POSTED["t"] + i, gps={"lat": 12 + i / 1e4, "lon": 7}))
        for i in range(2)
    ]
    path = written(tmp_path, "\n".join(texts))
    assert load(path).train.position_m is not None
    assert load(path, columns="lat=,lon=").train.position_m is None
    written(tmp_path, "\n".join([*texts, json.dumps(posted(l="room 2", t=POSTED["t"] + 9, gps={}))]))
    error = refusal(path)
    assert (error.row, error.column) == (3, "l")
    assert "nor has the scan a gps, as others have" in str(error)
    assert load(path, columns="lat=,lon=").train.known_place.tolist() == ["room 0", "room 1", "room 2"]


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
@pytest.mark.parametrize(
    ("old", "new", "row", "column", "said"),
    [
        ("office", "living room", 4, "label", "label 'living room' appears twice"),
        ("39.993", "139.993", 2, "lat", "139.993 is no latitude"),
        (",-0.06797655", ",", 2, "lon", "no coordinate"),
        ("39.993", "here", 2, "lat", "is not allowed here"),
        ("label,", "name,", None, None, "column label is missing"),
        (",lon", ",x", None, None, "column lon is missing"),
    ],
)
def test_a_fault_in_the_table_of_labels_is_refused_with_its_place(
    made: Path, old: str, new: str, row: int | None, column: str | None, said: str
) -> None:
    change(made / "home_labels.csv", old, new)
    error = refusal(made / "home.jsons")
    assert Path(str(error.file)).name == "home_labels.csv"
    assert (error.row, error.column) == (row, column), str(error)
    assert said in str(error)


def beside(text: str) -> str:
    """A line, after a sound one."""
    return f"{json.dumps(TWO[1])}\n{text}\n"


WIFI = POSTED["s"]["wifi"]


@pytest.mark.parametrize(
    ("text", "row", "column", "said"),
    [
        (beside("{broken}"), 2, 2, "not readable as JSON"),
        (beside('{"s": {"wifi": {"a": -1, "a": -2}}}'), 2, None, "'a' stands twice in one object"),
        (beside('{"s": {"wifi": {"a": NaN}}}'), 2, None, "NaN is no number in JSON"),
        (beside('{"fingerprint": 1}'), 2, None, "no JSON of a form that is known"),
        (beside(json.dumps(posted(t="noon"))), 2, "t", "'noon' is no time"),
        (beside(json.dumps(posted(d=" "))), 2, "d", "no device"),
        (beside(json.dumps(posted(s={"wifi": [-50]}))), 2, "s.wifi", "write an object {MAC: dBm}"),
        (beside(json.dumps(posted(gps=[1, 2]))), 2, "gps", "write an object"),
        (beside(json.dumps(posted(gps={"lat": 12.1}))), 2, "l", "has no position, nor has the scan a gps"),
        (beside(json.dumps(posted(gps={"lat": 91, "lon": 0}))), 2, "gps.lat", "91 is no latitude"),
        (beside(json.dumps(posted(gps={"lat": "N", "lon": 0}))), 2, "gps.lat", "'N' is not allowed here"),
        (beside(json.dumps(posted(s={"wifi": {"a": 20}}))), 2, "s", "20 is outside [-120, 0] dBm"),
        (beside(json.dumps(posted(s={"wifi": {"a": "loud"}}))), 2, "s", "'loud' is not allowed here"),
        (beside(json.dumps(TWO[1])), 2, "d and t", "'DEVICE-1520424248898' appears twice"),
        (json.dumps([POSTED, posted(d="")]), 2, "d", "found.json, entry 2, column d: no device"),
        (json.dumps([posted(l="")]), None, None, "no scan has a label (l)"),
        ("[]", None, None, "there is no scan in the file"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_its_place(
    tmp_path: Path, text: str, row: int | None, column: str | int | None, said: str
) -> None:
    error = refusal(written(tmp_path, text))
    assert (error.row, error.column) == (row, column), str(error)
    assert said in str(error)
