"""`--rooms`: the scans of a survey get the rooms in which they lie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command, assert_refused

from tutelage.data.surveys import load


def rooms_file(path: Path, **members: object) -> Path:
    """Write two rooms that fill the simulated building, west and east of x = 20 m."""
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, -1], [x + 21, -1], [x + 21, 25], [x, 25], [x, -1]]],
            },
        }
        for name, x in (("west", -1), ("east", 20))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", **members, "features": features}))
    return path


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_surveys_read_with_rooms_have_places(tables: Path, tmp_path: Path, tutelage: Command) -> None:
    survey, truth, rooms = (
        tables / "survey.csv",
        tables / "truth.csv",
        rooms_file(tmp_path / "r.geojson", crs=None),
    )
    scans = load(survey, rooms=rooms).train
    assert (
        scans.known_place == ["west" if x < 20 else "east" for x in scans.absolute_position_m[:, 0]]
    ).all()
    n = len(scans) + 40
    said = f"{n} of {n} scans lie in 2 rooms and 0 outside"
    model = tmp_path / "m"
    fitted = tutelage("fit", survey, "--rooms", rooms, "--method", "knn", "--no-calibration", "--out", model)
    assert (fitted.code, said in " ".join(fitted.stderr.split())) == (0, True), fitted.stderr
    evaluated = tutelage("evaluate", model, "--on", truth, "--rooms", rooms, "--json")
    assert (evaluated.code, "40 of 40 scans lie in 2 rooms" in evaluated.stderr) == (0, True), (
        evaluated.stderr
    )
    checked = tutelage("data", "check", survey, "--rooms", rooms)
    assert said in " ".join(checked.stdout.replace("│", " ").split()), checked.stdout


@pytest.mark.parametrize("verb", [("fit", "--out", "m"), ("compare",), ("data", "check")])
def test_rooms_that_do_not_go_with_the_survey_are_refused(
    tables: Path, tmp_path: Path, tutelage: Command, verb: tuple[str, ...]
) -> None:
    command = (
        [*verb[:2], tables / "survey.csv"]
        if verb[0] == "data"
        else [verb[0], tables / "survey.csv", *verb[1:]]
    )
    in_degrees = rooms_file(tmp_path / "d.geojson")
    assert_refused(
        tutelage(*command, "--rooms", in_degrees),
        f"error: {in_degrees}: rooms are in degrees, but the scans are in metres of no system; give "
        "--epsg CODE",
    )
    missing = tmp_path / "none.geojson"
    assert_refused(tutelage(*command, "--rooms", missing), f"error: {missing}: cannot be read")
    public = [*verb[:2], "simulated"] if verb[0] == "data" else [verb[0], "simulated", *verb[1:]]
    assert_refused(
        tutelage(*public, "--rooms", in_degrees), "rooms are for your own files; simulated has its own"
    )


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_located_positions_get_the_room_in_which_they_lie(
    tables: Path, tmp_path: Path, tutelage: Command
) -> None:
    rooms = rooms_file(tmp_path / "r.geojson", crs=None)
    model = tmp_path / "m"
    fit = ("fit", tables / "survey.csv", "--method", "knn", "--no-calibration", "--out", model)
    assert tutelage(*fit).code == 0
    located = tutelage("locate", model, tables / "truth.csv", "--rooms", rooms, "--json")
    assert located.code == 0, located.stderr
    records = json.loads(located.stdout)
    assert [each["place"] for each in records] == ["west" if each["x_m"] < 20 else "east" for each in records]
    assert {each["place_probability"] for each in records} == {None}
    assert tutelage(*fit, "--rooms", rooms).code == 0
    refused = tutelage("locate", model, tables / "truth.csv", "--rooms", rooms)
    assert_refused(refused, f"error: {rooms}: the model answers places itself; leave the rooms out")
