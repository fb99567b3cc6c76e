"""Rooms without coordinates, from the file to the answer, on FIND3's own test data."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.cases_folder import cases_folder
from command_line import Command

from tutelage.runtime import Runtime

pytestmark = pytest.mark.cases


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FIND3's scans of three rooms, without a table of coordinates beside them."""
    folder = tmp_path_factory.mktemp("rooms")
    cases = cases_folder()
    assert cases is not None
    for name in ("home.jsons", "later.jsons"):
        shutil.copy(cases / "01-find3-rooms" / name, folder)
    return folder


def fitted(tutelage: Command, rooms: Path, *options: object) -> Path:
    out = rooms / "model"
    ended = tutelage("fit", rooms / "home.jsons", "--out", out, *options)
    assert ended.code == 0, ended.stderr
    return out


def test_the_room_is_right_in_84_of_84_and_no_metre_is_shown(tutelage: Command, rooms: Path) -> None:
    model = fitted(tutelage, rooms, "--method", "knn")
    (row,) = [json.loads(tutelage("evaluate", model, "--on", rooms / "later.jsons", "--json").stdout)]
    assert (row["n"], row["place_hit"], row["place_balanced"]) == (84, 1.0, 1.0)
    assert row["place_set_coverage"] >= 0.95
    assert row["place_set_size"] < 1.5
    assert {row[name] for name in ("mae_m", "coverage", "radius_m", "ipin_p75_m")} == {None}
    table = tutelage("evaluate", model, "--on", rooms / "later.jsons").stdout
    assert "place hit" in table
    assert "metres" not in table


def test_locate_gives_the_room_its_probability_and_the_set(tutelage: Command, rooms: Path) -> None:
    model = fitted(tutelage, rooms, "--method", "knn")
    first = json.loads(tutelage("locate", model, rooms / "later.jsons", "--json").stdout)[0]
    assert first["place"] == "floor 2 office"
    assert first["place_probability"] > 0.9
    assert first["place_set"] == ["floor 2 office"]
    assert not {"x_m", "y_m", "radius_m"} & first.keys()
    out = rooms / "answers.csv"
    assert tutelage("locate", model, rooms / "later.jsons", "--out", out).code == 0
    with out.open(encoding="utf-8", newline="") as file:
        assert json.loads(next(csv.DictReader(file))["place_set"]) == ["floor 2 office"]
    again = json.loads(tutelage("evaluate", out, "--on", rooms / "later.jsons", "--json").stdout)
    assert (again["place_hit"], again["place_set_size"]) == (1.0, 1.0)


def test_a_scan_of_elsewhere_has_no_room_and_a_reason(tutelage: Command, rooms: Path) -> None:
    model = fitted(tutelage, rooms, "--method", "knn")
    (rooms / "elsewhere.csv").write_text("scan_id,aa:aa:aa:aa:aa:aa\ns1,-50\n")
    (answer,) = json.loads(tutelage("locate", model, rooms / "elsewhere.csv", "--json").stdout)
    assert answer["place"] is None
    assert "no access point that the model knows" in answer["reason"]


def test_the_report_shows_which_room_is_taken_for_which(tutelage: Command, rooms: Path) -> None:
    model = fitted(tutelage, rooms, "--method", "knn")
    page = rooms / "report.html"
    assert tutelage("evaluate", model, "--on", rooms / "later.jsons", "--report", page).code == 0
    text = page.read_text(encoding="utf-8")
    assert '<div id="confusion">' in text
    assert '<div id="map">' not in text
    assert "Mean (m)" not in text


@pytest.mark.parametrize("method", ["knn", "matcher"])
def test_an_exported_model_gives_the_same_rooms(tutelage: Command, rooms: Path, method: str) -> None:
    as_it_is = () if method == "knn" else ("--set", "fine_tune=false")
    model = fitted(tutelage, rooms, "--method", method, *as_it_is)
    out = rooms / f"{method}.zip"
    ended = tutelage("export", model, "--out", out, "--scans", rooms / "home.jsons")
    assert ended.code == 0, ended.stderr
    ours = json.loads(tutelage("locate", model, rooms / "later.jsons", "--json").stdout)
    runtime = Runtime.load(out)
    scans = [json.loads(line)["s"]["wifi"] for line in (rooms / "later.jsons").read_text().splitlines()]
    theirs = runtime.locate(scans, scan_id=[each["scan_id"] for each in ours])
    for one, other in zip(ours, theirs, strict=True):
        assert (one["place"], one["place_set"]) == (other["place"], other["place_set"])
        assert other["place_probability"] == pytest.approx(one["place_probability"], abs=1e-3)


def test_compare_counts_wrong_rooms(tutelage: Command, rooms: Path) -> None:
    compare = ("compare", rooms / "home.jsons", "--method", "knn")
    ended = tutelage(*compare, "--report", rooms / "c.html")
    assert ended.code == 0, ended.stderr
    assert "wrong places at blocks of home held out, in percent" in ended.stdout
    assert {"place hit", "balanced"} <= {each.strip() for each in ended.stdout.replace("┃", "\n").split("\n")}
    assert "take k-NN: nothing was better on the blocks held out" in ended.stdout
    (row,) = json.loads(tutelage(*compare, "--json").stdout)["methods"]
    assert row["low_share"] <= row["error_share"] <= row["high_share"] < 0.1
    assert row["place_balanced"] > 0.95
    assert row["mae_m"] is None
    assert (rooms / "c.html").is_file()


def test_drift_finds_gone_access_points_and_measures_rooms(tutelage: Command, rooms: Path) -> None:
    model = fitted(tutelage, rooms, "--method", "knn")
    rows = [json.loads(line) for line in (rooms / "later.jsons").read_text().splitlines()]
    often = Counter(name for row in rows for name in row["s"]["wifi"])
    gone = {name for name, _ in often.most_common(20)[::2]}
    for row in rows:
        row["s"]["wifi"] = {name: rss for name, rss in row["s"]["wifi"].items() if name not in gone}
    (rooms / "gone.jsons").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    before = json.loads(tutelage("drift", model, rooms / "later.jsons", "--json").stdout)
    assert (before["gone"], before["severity"], before["measured"]["place_hit"]) == ([], "none", 1.0)
    after = json.loads(tutelage("drift", model, rooms / "gone.jsons", "--json").stdout)
    assert {each["access_point"] for each in after["gone"]} <= gone
    assert len(after["gone"]) >= 5
    assert after["severity"] == "resurvey"
    said = tutelage("drift", model, rooms / "gone.jsons").stdout
    assert "right places, estimated" in said
    assert "percentage points fewer" in said
    assert "mean error" not in said
