"""tutelage plan, on a user's own table: the curve, the places, the page, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command, assert_refused, files_below

from tutelage.data.fingerprints import Survey
from tutelage.data.splits import reference_points
from tutelage.data.surveys import export_table

pytestmark = pytest.mark.slow  # what they share takes long to make

QUICK = ("--folds", 3, "--rounds", 1)


def test_plan_gives_figures_and_a_page_that_agree(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    report = tmp_path / "plan.html"
    ended = tutelage("plan", tables / "survey.csv", *QUICK, "--report", report, "--json")
    assert ended.code == 0, ended.stderr
    found = json.loads(ended.stdout)
    curve = found["curve"]
    assert curve["now"]["n_points"] == found["n_points"] == len(found["points"])
    assert curve["sizes"][0]["error_m"] > curve["sizes"][-1]["error_m"]
    assert curve["twice"]["gain_low_m"] <= curve["twice"]["gain_m"] <= curve["twice"]["gain_high_m"]
    assert 1 <= len(found["places"]) <= 10
    words: str = curve["words"]
    assert words[0].upper() + words[1:] in report.read_text(encoding="utf-8")


def test_plan_shows_a_table_the_places_and_the_sentence(tutelage: Command, tables: Path) -> None:
    ended = tutelage("plan", tables / "survey.csv", *QUICK)
    assert ended.code == 0, ended.stderr
    assert "twice, " in ended.stdout
    assert "Where more points would help most" in ended.stdout
    assert any(
        words in ended.stdout
        for words in ("twice the points would bring", "more points would bring", "too few")
    )


def test_plan_takes_a_network(tutelage: Command, tables: Path) -> None:
    short = ("--method", "dnn", "--epochs", 1, "--device", "cpu", "--folds", 2, "--rounds", 1)
    ended = tutelage("plan", tables / "survey.csv", *short, "--json")
    assert ended.code == 0, ended.stderr
    assert json.loads(ended.stdout)["method"] == "dnn"


def test_plan_refuses_before_anything_learns(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    survey = tables / "survey.csv"
    assert_refused(tutelage("plan", survey, "--method", "dnm"), "unknown method 'dnm'", "Did you mean dnn?")
    assert_refused(tutelage("plan", survey, "--folds", 5000), "5000 folds of")
    assert_refused(tutelage("plan", survey, "--rounds", 0), "--rounds")
    assert_refused(tutelage("plan", survey, "--report", tmp_path), "is a folder; name a file to write")
    gone = tmp_path / "gone" / "page.html"
    assert_refused(tutelage("plan", survey, "--report", gone), "gone")
    assert_refused(tutelage("plan", tmp_path / "none.csv"), "none.csv")
    none = ("--method", "dnn", "--teachers", tmp_path / "none.teacher")
    assert_refused(tutelage("plan", survey, *none), "none.teacher")
    for option, said in (
        (("--epochs", 3), "knn learns nothing from the parts; leave epochs and minutes out"),
        (("--minutes", 1), "knn learns nothing from the parts; leave epochs and minutes out"),
        (("--teachers", "zoo:dnn-tampere"), "knn takes no surrogate teachers"),
        (("--teachers", "zoo:matcher"), "is a pretrained matcher, no surrogate teacher"),
        (("--pretrained", "none"), "knn takes no pretrained matcher"),
    ):
        assert_refused(tutelage("plan", survey, "--method", "knn", *option), said)
    assert files_below(tmp_path) == {}


@pytest.fixture
def few(building: Survey, tmp_path: Path) -> Path:
    """A table of twelve reference points."""
    scans = building.train[reference_points(building.train) < 12]
    export_table(Survey("few", scans), tmp_path / "few.csv", split="train")
    return tmp_path / "few.csv"


def test_plan_refuses_a_survey_of_a_few_points(tutelage: Command, few: Path, tmp_path: Path) -> None:
    ended = tutelage("plan", few, "--report", tmp_path / "page.html")
    assert_refused(ended, "12 reference points are too few for a learning curve; survey at least 20")
    assert not (tmp_path / "page.html").exists()
