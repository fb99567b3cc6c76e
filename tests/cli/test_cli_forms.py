"""Every form from end to end: learn, locate, judge, check and write in another form."""

from __future__ import annotations

import csv
import json
import shutil
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest
from command_line import Command, Ended, assert_refused

from tutelage.data.surveys import load
from tutelage.runtime.degrees import to_degrees

MADE = Path(__file__).parents[1] / "data" / "forms" / "made"
FORMS = ["walk.txt", "home.jsons", "corridor.geojson", "comford"]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MADE, tmp_path / "made"))


def fit(tutelage: Command, survey: Path, *options: object) -> Ended:
    model = survey.parent / "model"
    return tutelage("fit", survey, "--method", "knn", "--set", "k=1", "--out", model, *options)


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_learnt_and_its_scans_are_located_where_they_were(
    tutelage: Command, made: Path, name: str
) -> None:
    ended = fit(tutelage, made / name)
    assert ended.code == 0, ended.stderr
    located = tutelage("locate", made / "model", made / name, "--json")
    rows = {row["scan_id"]: row for row in json.loads(located.stdout)}
    train = load(made / name).train
    answers = [rows[scan_id] for scan_id in train.scan_id.tolist()]
    told_m = np.array([[answer["x_m"], answer["y_m"]] for answer in answers])
    np.testing.assert_allclose(told_m, train.absolute_position_m, rtol=0, atol=1e-3)
    if train.frame.epsg is None:
        assert "lat" not in answers[0]
        return
    told = np.array([[answer["lat"], answer["lon"]] for answer in answers])
    np.testing.assert_allclose(
        told, to_degrees(train.absolute_position_m, train.frame.epsg), rtol=0, atol=1e-7
    )


def test_scans_of_standard_input_are_located_by_what_they_hold(
    tutelage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [f"a0:b1:c2:00:00:0{j}" for j in range(3)]
    rows = "".join(f"{i},{i % 3},{-50 - i},{-60 + i},{-70}\n" for i in range(9))
    (tmp_path / "survey.csv").write_text(f"X,Y,{','.join(addresses)}\n{rows}")
    assert fit(tutelage, tmp_path / "survey.csv").code == 0
    scan = "".join(
        f"BSS {name}(on wlan0)\n\tsignal: {rss}.00 dBm\n"
        for name, rss in zip(addresses, (-54, -56, -70), strict=True)
    )
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(scan.encode())))
    ended = tutelage("locate", tmp_path / "model", "-", "--json")
    assert ended.code == 0, ended.stderr
    [answer] = json.loads(ended.stdout)
    assert (answer["scan_id"], answer["x_m"], answer["y_m"]) == ("standard-input", 4, 1)


def test_fit_says_what_it_takes_and_evaluate_locates_all(tutelage: Command, tmp_path: Path) -> None:
    addresses = [f"a0:b1:c2:00:00:0{j}" for j in range(3)]
    lines = [f"{i % 12},{i % 5},{-50 - i % 12},{-60 + i % 12},{-70 + i % 5}" for i in range(36)]
    head = f"x_m,y_m,{','.join(addresses)}"
    (tmp_path / "checks.csv").write_text("\n".join([head, *lines]))
    (tmp_path / "survey.csv").write_text("\n".join([f"{head},noise_dbm", *(f"{line},-96" for line in lines)]))
    ended = fit(tutelage, tmp_path / "survey.csv")
    assert "3 access points; left out: noise_dbm; take them with --access-points '*'" in ended.stderr
    judged = tutelage("evaluate", tmp_path / "model", "--on", tmp_path / "checks.csv", "--json")
    assert json.loads(judged.stdout)["n_refused"] == 0


def test_a_fit_that_is_off_by_kilometres_does_not_end_quietly(tutelage: Command, tmp_path: Path) -> None:
    rows = [
        f"{4000 * (i // 3 % 6)},{3000 * (i // 18)},{-50 - 7 * (i * i % 5)},{-60 - i % 7}" for i in range(72)
    ]
    (tmp_path / "survey.csv").write_text("\n".join(["x_m,y_m,ap1,ap2", *rows]))
    ended = fit(tutelage, tmp_path / "survey.csv")
    assert "the error to expect of this model is" in ended.stderr
    assert "--columns and --units mend the reading" in ended.stderr


def test_what_is_left_out_is_a_note_on_standard_error(tutelage: Command, made: Path) -> None:
    ended = fit(tutelage, made / "walk.txt", "--json")
    assert ended.code == 0
    assert json.loads(ended.stdout)["n_train"] == 19
    lines = ended.stderr.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("note: ") and "left out" in line for line in lines)


def test_csv_answers_have_degrees_where_the_survey_has_them(tutelage: Command, made: Path) -> None:
    fit(tutelage, made / "corridor.geojson")
    table = tutelage("locate", made / "model", made / "walk.txt").stdout
    rows = list(csv.DictReader(table.splitlines()))
    assert list(rows[0]) == [
        "scan_id",
        "x_m",
        "y_m",
        "lat",
        "lon",
        "radius_m",
        "level",
        "floor",
        "building",
        "n_unknown",
        "reason",
    ]
    assert len(rows) == 26
    assert 39.99 < float(rows[0]["lat"]) < 40


def test_a_model_of_one_form_is_judged_on_another(tutelage: Command, made: Path) -> None:
    fit(tutelage, made / "corridor.geojson")
    ended = tutelage("evaluate", made / "model", "--on", made / "home.jsons", "--json")
    assert json.loads(ended.stdout)["mae_m"] < 12
    assert tutelage("data", "export", made / "home.jsons", made / "home.csv", "--split", "train").code == 0
    again = tutelage("evaluate", made / "model", "--on", made / "home.csv", "--epsg", 32630, "--json")
    assert json.loads(again.stdout)["mae_m"] == pytest.approx(json.loads(ended.stdout)["mae_m"], abs=1e-4)


def test_a_survey_goes_from_form_to_form(tutelage: Command, made: Path) -> None:
    tables, drawn = made / "tables", made / "drawn.geojson"
    assert tutelage("data", "export", made / "comford", drawn, "--epsg", 25830).code == 0
    assert tutelage("data", "export", drawn, tables, "--to", "comford").code == 0
    one, other = load(made / "comford"), load(tables)
    assert one.test is not None
    assert other.test is not None
    for a, b in ((one.train, other.train), (one.test, other.test)):
        assert a.scan_id.tolist() == b.scan_id.tolist()
        assert a.access_points == b.access_points
        np.testing.assert_array_equal(a.rss_dbm.toarray(), b.rss_dbm.toarray())
        np.testing.assert_allclose(a.absolute_position_m, b.absolute_position_m, rtol=0, atol=1e-6)


def test_export_is_refused_before_anything_is_read(tutelage: Command, made: Path) -> None:
    assert_refused(tutelage("data", "export", "nowhere.csv", made / "x.txt"), "else name the form")
    refused = tutelage("data", "export", "nowhere.csv", made / "x.txt", "--to", "geojsno")
    assert_refused(refused, "unknown form 'geojsno'. Did you mean geojson")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("walk.txt", "2412;-45", "2412;7", ["walk.txt, row 23, column RSS", "7 is outside [-120, 0] dBm"]),
        ("walk.txt", "POSI;10.000", "POSI;ten", ["walk.txt, row 52, column Timestamp", "'ten' is no time"]),
        ("home.jsons", '"l": "office"', '"l": "attic"', ["home.jsons, row 3, column l", "'attic' is not in"]),
        ("home.jsons", '"t": 1520424248897', '"t": "now"', ["row 1, column t", "milliseconds since 1970"]),
        ("corridor.geojson", "39.993", "93.993", ["feature 1, column geometry.coordinates", "no latitude"]),
        ("comford/RSSI.csv", "\n0;", "\n99;", ["RSSI.csv, row 2, column sample_id", "no scan '99'"]),
    ],
)  # fmt: skip
def test_bad_input_ends_with_2_and_its_place(
    tutelage: Command, made: Path, name: str, old: str, new: str, said: list[str]
) -> None:
    file = made / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    survey = made / name.partition("/")[0]
    ended = fit(tutelage, survey)
    assert_refused(ended, *said)
    assert not (made / "model").exists()


def test_check_tells_features_as_features(tutelage: Command, made: Path) -> None:
    file = made / "corridor.geojson"
    file.write_text(file.read_text().replace('"00:0b:86:27:36:c1": -', '"00:0b:86:27:36:c1": ', 1))
    ended = tutelage("data", "check", file)
    assert ended.code == 1, ended
    assert "feature 1" in ended.stdout
