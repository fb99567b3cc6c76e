"""Surveys of named places, such as rooms: with coordinates, without them, and what is refused."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import export_survey, export_table, load, read_scans
from tutelage.errors import BadInputError, LeftOutWarning
from tutelage.runtime.frames import LocalFrame

pytestmark = pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")

A, B = "a0:b1:c2:00:00:01", "a0:b1:c2:00:00:02"


def put(folder: Path, text: str, name: str = "rooms.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def table(*cells: str, columns: str = "room") -> str:
    """A table of scans with these cells before their readings."""
    rows = [f"{cell},{-50 - i},{-70 + i}\n" for i, cell in enumerate(cells)]
    return f"{columns},{A},{B}\n" + "".join(rows)


@pytest.mark.parametrize("column", ["place", "room", "Room Name", "label", "location", "zone"])
def test_a_table_of_places_without_coordinates_is_a_survey(tmp_path: Path, column: str) -> None:
    train = load(put(tmp_path, table("kitchen", " hall ", "2.0", columns=column))).train
    assert train.position_m is None
    assert train.frame == LocalFrame()
    assert train.known_place.tolist() == ["kitchen", "hall", "2"]
    assert train.access_points == (A, B)


def test_places_and_coordinates_are_both_kept(tmp_path: Path) -> None:
    train = load(put(tmp_path, table("1,2,hall", "3,4,", columns="x_m,y_m,room"))).train
    assert train.absolute_position_m.tolist() == [[1, 2], [3, 4]]
    assert train.known_place.tolist() == ["hall", ""]


def test_a_column_of_places_that_is_empty_is_none(tmp_path: Path) -> None:
    assert load(put(tmp_path, table("1,2,", "3,4,", columns="x_m,y_m,room"))).train.place is None


@pytest.mark.parametrize("empty", ["", "NaN", "None"])
@pytest.mark.parametrize("pair", ["x_m,y_m", "lat,lng", "X,Y"])
def test_coordinates_that_are_all_empty_are_none(tmp_path: Path, pair: str, empty: str) -> None:
    cells = [f"{empty},{empty},{room}" for room in ("kitchen", "hall")]
    path = put(tmp_path, table(*cells, columns=f"{pair},room"))
    for scans in (load(path).train, read_scans(path)):
        assert (scans.position_m, scans.known_place.tolist()) == (None, ["kitchen", "hall"])


def test_scans_without_a_place_are_left_out_and_counted(tmp_path: Path) -> None:
    path = put(tmp_path, table("kitchen", "", "hall", " "))
    with pytest.warns(LeftOutWarning, match="2 of 4 scans left out: no place"):
        train = load(path).train
    assert train.scan_id.tolist() == ["2", "4"]
    assert read_scans(path).known_place.tolist() == ["kitchen", "", "hall", ""]


@pytest.mark.parametrize(
    ("pair", "said"),
    [("x_m,y_m", "x_m=,y_m="), ("easting,northing", "x_m=,y_m="), ("lat,lng", "lat=,lon=")],
)
def test_some_coordinates_are_refused_and_may_be_left_out(tmp_path: Path, pair: str, said: str) -> None:
    path = put(tmp_path, table("1,2,kitchen", ",,hall", columns=f"{pair},room"))
    for read in (load, read_scans):
        with pytest.raises(
            BadInputError, match=f"no coordinate.*column room alone: --columns '{said}'"
        ) as caught:
            read(path)
        assert (caught.value.row, caught.value.column) == (3, pair.split(",")[0])
        scans = read(path, columns=said)
        scans = scans.train if isinstance(scans, Survey) else scans
        assert (scans.position_m, scans.access_points) == (None, (A, B))


def test_one_place_is_no_survey_but_can_be_evaluated(tmp_path: Path) -> None:
    path = put(tmp_path, table("hall", "hall"))
    with pytest.raises(BadInputError, match="all 2 training scans name the place 'hall'"):
        load(path)
    assert load(path, for_training=False).train.known_place.tolist() == ["hall", "hall"]


@pytest.mark.parametrize("columns", ["room", "corner"])
def test_neither_coordinates_nor_places(tmp_path: Path, columns: str) -> None:
    path = put(tmp_path, table("", "", columns=columns))
    with pytest.raises(BadInputError, match=r"x_m, y_m is missing .*or place with names of rooms"):
        load(path)


def test_test_scans_of_places_alone(tmp_path: Path) -> None:
    text = table("kitchen,train", "hall,train", "hall,test", columns="room,split")
    survey = load(put(tmp_path, text))
    assert survey.test is not None
    assert (len(survey.train), survey.test.known_place.tolist()) == (2, ["hall"])


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
def test_rows_of_one_reading_name_their_place(tmp_path: Path) -> None:
    rows = [("kitchen", A, -50, 0), ("kitchen", B, -60, 0), ("hall", A, -70, 5), ("hall", B, -61, 5)]
    rows += [("", A, -40, 9), ("", B, -41, 9)]
    text = "".join(f"{room},{ap},{rss},2024-05-01T09:30:0{s}\n" for room, ap, rss, s in rows)
    train = load(put(tmp_path, f"location,bssid,rssi,time\n{text}")).train
    assert (train.position_m, train.known_place.tolist()) == (None, ["kitchen", "hall"])
    assert train.rss_dbm.toarray().tolist() == [[-50, -60], [-70, -61]]


@pytest.mark.parametrize("name", ["place", "room"])
def test_features_name_their_place(tmp_path: Path, name: str) -> None:
    properties = [{name: room, "rss_dbm": {A: -50}} for room in ("kitchen", 2.0)]
    features = [{"type": "Feature", "geometry": None, "properties": each} for each in properties]
    path = put(tmp_path, json.dumps({"type": "FeatureCollection", "features": features}), "rooms.geojson")
    for scans in (load(path).train, read_scans(path)):
        assert (scans.position_m, scans.known_place.tolist()) == (None, ["kitchen", "2"])


# -- written and read back ------------------------------------------------------------------------

NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=8).filter(
    lambda name: name == name.strip() and not name.endswith((".0", ".00")) and name.isprintable()
)


def survey_of(places: list[str], *, positions: bool) -> Survey:
    scans = FingerprintSet.from_scans([{A: -50.0 - i, B: -70.5} for i in range(len(places))])
    position_m = np.column_stack([np.arange(len(places)), np.zeros(len(places))]) if positions else None
    return Survey("rooms", replace(scans, place=np.array(places), position_m=position_m))


@settings(deadline=None, max_examples=25)
@given(
    places=st.lists(NAMES, min_size=2, max_size=6).filter(lambda names: len({*names}) > 1),
    positions=st.booleans(),
    name=st.sampled_from(["a.csv", "a.parquet", "a.geojson"]),
)
def test_places_are_the_same_when_read_back(places: list[str], positions: bool, name: str) -> None:
    survey = survey_of(places, positions=positions)
    with tempfile.TemporaryDirectory() as folder:
        export_survey(survey, Path(folder) / name)
        read = load(Path(folder) / name).train
    assert read.full_hash() == survey.train.full_hash()
    assert read.known_place.tolist() == places


def test_both_splits_are_written_though_one_alone_names_places(tmp_path: Path) -> None:
    survey = survey_of(["hall", "kitchen"], positions=True)
    test = replace(survey.train, scan_id=np.array(["t0", "t1"]), place=None)
    export_table(replace(survey, test=test), tmp_path / "a.csv")
    read = load(tmp_path / "a.csv")
    assert read.test is not None
    assert (read.train.known_place.tolist(), read.test.known_place.tolist()) == (
        ["hall", "kitchen"],
        ["", ""],
    )


def test_comford_holds_places_beside_coordinates_alone(tmp_path: Path) -> None:
    export_survey(survey_of(["hall", ""], positions=True), tmp_path / "tables", form="comford")
    assert load(tmp_path / "tables").train.known_place.tolist() == ["hall", ""]
    with pytest.raises(BadInputError, match="comford holds no scans without coordinates"):
        export_survey(survey_of(["hall", "attic"], positions=False), tmp_path / "others", form="comford")
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]


def test_scans_of_nowhere_are_not_written(tmp_path: Path) -> None:
    survey = survey_of(["hall", "attic"], positions=False)
    with pytest.raises(BadInputError, match="neither positions nor places"):
        export_survey(replace(survey, train=replace(survey.train, place=None)), tmp_path / "a.csv")
    test = survey_of(["hall", "attic"], positions=True).train
    with pytest.raises(BadInputError, match="one split has positions and the other has none"):
        export_survey(replace(survey, test=test), tmp_path / "a.geojson")
