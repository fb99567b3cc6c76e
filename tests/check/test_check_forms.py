"""The survey check on every form: the rows are those of the user's own file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from checked import codes, found

from tutelage.data.check import check_survey
from tutelage.data.surveys import load
from tutelage.errors import BadInputError

MADE = Path(__file__).parents[1] / "data" / "forms" / "made"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MADE, tmp_path / "made"))


def change(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)


@pytest.mark.parametrize("name", ["walk.txt", "home.jsons", "corridor.geojson", "comford"])
def test_a_sound_file_of_each_form_has_no_errors(made: Path, name: str) -> None:
    check = check_survey(made / name)
    assert check.n_errors == 0
    assert check.n_train > 10


def test_what_a_log_leaves_out_stands_with_its_lines(made: Path) -> None:
    check = check_survey(made / "walk.txt")
    outside = found(check, "outside_marks")
    assert (outside.severity, outside.rows, outside.scans) == ("note", (15, 203), ("0.500", "50.500"))
    assert {"nomap", "stray_beacons", "between_floors"} < codes(check)
    lines = (made / "walk.txt").read_text().splitlines()
    assert all("_nomap" in lines[row - 1] for row in found(check, "nomap").rows)


def test_faults_of_a_log_stand_with_their_lines(made: Path) -> None:
    change(made / "walk.txt", ("2412;-45", "2412;loud"), ("2437;-63", "2437;63"))
    check = check_survey(made / "walk.txt")
    assert found(check, "unreadable_rss").rows == found(check, "impossible_rss").rows == (23,)
    assert check.row_name == "row"


def test_faults_of_features_stand_with_their_numbers(made: Path) -> None:
    path = made / "corridor.geojson"
    collection = json.loads(path.read_text())
    features = collection["features"]
    features[2]["geometry"] = None
    features[3]["geometry"]["coordinates"] = [39.9, 93.0]
    features[4]["geometry"]["coordinates"] = ["east", 40.0]
    features[5]["properties"]["rss_dbm"]["00:0b:86:27:36:c1"] = 4
    features[7]["id"] = "p6"
    path.write_text(json.dumps(collection))
    check = check_survey(path)
    assert check.row_name == "feature"
    expected = {
        "no_position": 3,
        "impossible_position": 4,
        "unreadable_position": 5,
        "impossible_rss": 6,
        "duplicate_id": 8,
    }
    assert {code: found(check, code).rows for code in expected} == {c: (row,) for c, row in expected.items()}
    assert check.n_train == 12
    with pytest.raises(BadInputError, match="feature 5, column geometry"):
        load(path)


def test_faults_of_joined_tables_stand_with_the_rows_of_the_readings(made: Path) -> None:
    first = (made / "comford" / "RSSI.csv").read_text().splitlines()
    gone = first[1].replace("0;", "99;", 1)
    new = first[2].replace("00:0b:86:27:36:d1", "new")
    change(made / "comford" / "RSSI.csv", (first[1], gone), (first[2], new))
    check = check_survey(made / "comford")
    assert (found(check, "unknown_scan").rows, found(check, "unknown_scan").scans) == ((2,), ("99",))
    unlisted = found(check, "unknown_access_point")
    assert (unlisted.rows, unlisted.access_points) == ((3,), ("new",))


def test_degrees_of_a_table_are_projected_before_they_are_judged(tmp_path: Path) -> None:
    table = tmp_path / "map.csv"
    rows = "".join(f"s{i},{39.993 + i // 3 * 1e-4},-0.068,-50,{-60 - i}\n" for i in range(9))
    table.write_text("scan_id,lat,lon,a,b\n" + rows)
    assert "degrees" not in codes(check_survey(table))
    table.write_text("scan_id,x_m,y_m,a,b\n" + rows)
    assert "name the columns lat and lon" in found(check_survey(table), "degrees").advice
