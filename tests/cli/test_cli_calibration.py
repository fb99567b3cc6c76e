"""Radii from the command line: learnt by fit, shown by locate, judged by evaluate."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import Command, assert_refused

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import export_table, load
from tutelage.localizer import Localizer

KNN = ("--method", "knn", "--set", "metric=sorensen", "--set", "representation=powed", "--set", "k=5")


@pytest.fixture
def model(tutelage: Command, tables: Path, tmp_path: Path) -> Path:
    out = tmp_path / "model"
    assert tutelage("fit", tables / "survey.csv", *KNN, "--out", out).code == 0
    return out


def test_fit_says_what_the_radii_rest_on(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", tables / "survey.csv", *KNN, "--out", tmp_path / "m", "--json")
    figures = json.loads(tutelage(*fit).stdout)
    known = Localizer.load(tmp_path / "m").calibration_
    assert known is not None
    assert figures["held_out"].startswith(f"{known.n_points} of ")
    assert figures["radius_highest_level"] == pytest.approx(known.n_points / (known.n_points + 1), abs=1e-3)
    assert figures["false_refusals_at_most"] == pytest.approx(known.false_refusals, abs=1e-3)


def test_fit_and_reports_say_what_is_borrowed(
    tutelage: Command, model: Path, tables: Path, tmp_path: Path
) -> None:
    known = Localizer.load(model).calibration_
    assert known is not None
    assert known.borrowed.startswith("other phones, ")  # the survey has two
    fit = ("fit", tables / "survey.csv", *KNN, "--out", tmp_path / "m")
    assert known.borrowed in " ".join(tutelage(*fit).stdout.split())
    figures = json.loads(tutelage(*fit, "--json").stdout)
    assert figures["borrowed"] == known.borrowed
    page = tmp_path / "report.html"
    assert tutelage("evaluate", model, "--on", tables / "truth.csv", "--report", page).code == 0
    assert f"They are larger than measured by {known.borrowed}." in page.read_text()


def test_fit_on_a_survey_that_lacks_nothing_names_nothing_borrowed(
    tutelage: Command, building: Survey, tmp_path: Path
) -> None:
    nameless = replace(building.train, device=None)
    export_table(Survey("nameless", nameless), tmp_path / "nameless.csv")
    fit = ("fit", tmp_path / "nameless.csv", *KNN, "--out", tmp_path / "m", "--json")
    assert "borrowed" not in json.loads(tutelage(*fit).stdout)


def test_no_calibration_leaves_the_landmarks_out(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", tables / "survey.csv", *KNN, "--out", tmp_path / "m", "--json")
    figures = json.loads(tutelage(*fit, "--no-calibration").stdout)
    assert not {name for name in figures if "radius" in name}
    assert Localizer.load(tmp_path / "m").calibration_ is None


def radii(text: str) -> np.ndarray:
    return np.array([float(row["radius_m"] or "nan") for row in csv.DictReader(io.StringIO(text))])


def test_locate_gives_a_radius_of_the_level_asked(tutelage: Command, model: Path, tables: Path) -> None:
    wide, narrow = (
        radii(tutelage("locate", model, tables / "survey.csv", *level).stdout)
        for level in ((), ("--level", 0.5))
    )
    assert (wide[np.isfinite(wide)] > narrow[np.isfinite(narrow)]).all()
    assert np.isfinite(wide).mean() > 0.95


def test_evaluate_counts_the_truths_within_the_radii(
    tutelage: Command, model: Path, tables: Path, tmp_path: Path
) -> None:
    evaluate = ("evaluate", model, "--on", tables / "truth.csv", "--json")
    figures = json.loads(tutelage(*evaluate, "--level", 0.8).stdout)
    positions = tmp_path / "positions.csv"
    locate = ("locate", model, tables / "truth.csv", "--level", 0.8, "--out", positions)
    assert tutelage(*locate).code == 0
    of_file = json.loads(tutelage("evaluate", positions, "--on", tables / "truth.csv", "--json").stdout)
    assert of_file["level"] == figures["level"] == 0.8
    assert of_file["coverage"] == figures["coverage"]
    assert of_file["radius_m"] == pytest.approx(figures["radius_m"], abs=0.01)
    assert 0.6 < figures["coverage"] < 1


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_share_is_one_message_and_exit_code_2(
    tutelage: Command, made: Path, model: Path, tables: Path, tmp_path: Path, level: float
) -> None:
    bare = tmp_path / "bare"
    Localizer("knn", settings={"k": 1}, calibrate=False).fit(load(tables / "survey.csv")).save(bare)
    for asked in (
        ("locate", model, tables / "survey.csv"),
        ("locate", bare, tables / "survey.csv"),
        ("evaluate", made / "answers.csv", "--on", tables / "truth.csv"),
    ):
        ended = tutelage(*asked, "--level", level)
        said = f"level is {level}; the share of positions within the radius lies between 0 and 1"
        assert_refused(ended, said)


def test_answers_of_one_level_are_not_judged_at_another(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    """`made` located them without --level; a file that does not tell the level takes the one given."""
    evaluate = ("evaluate", made / "answers.csv", "--on", tables / "truth.csv")
    ended = tutelage(*evaluate, "--level", 0.8)
    assert_refused(ended, "answers.csv are of level 0.95, not 0.8", "locate the scans again")
    assert tutelage(*evaluate, "--level", 0.95).code == 0
    rows = list(csv.DictReader((made / "answers.csv").read_text().splitlines()))
    names = [name for name in rows[0] if name != "level"]
    lines = [",".join(names), *(",".join(row[name] for name in names) for row in rows)]
    (tmp_path / "older.csv").write_text("\n".join(lines) + "\n")
    older = ("evaluate", tmp_path / "older.csv", "--on", tables / "truth.csv", "--json")
    for given, level in (((), None), (("--level", 0.8), 0.8)):
        assert json.loads(tutelage(*older, *given).stdout)["level"] == level


def test_the_table_shows_the_level_beside_the_coverage(tutelage: Command, model: Path, tables: Path) -> None:
    shown = tutelage("evaluate", model, "--on", tables / "truth.csv", "--level", 0.8).stdout
    heading = next(line for line in shown.splitlines() if "coverage" in line)
    for name in ("level", "radius", "refused"):
        assert name in heading
    assert "0.8" in shown.split()


def test_a_level_that_no_radius_can_promise_is_said(tutelage: Command, model: Path, tables: Path) -> None:
    for verb in ("locate", model, tables / "truth.csv"), ("evaluate", model, "--on", tables / "truth.csv"):
        ended = tutelage(*verb, "--level", 0.999)
        assert ended.code == 0
        assert f"note: {model} gives no radius at level 0.999" in ended.stderr
        assert "at most; give a lower --level" in ended.stderr
        assert "note" not in tutelage(*verb, "--level", 0.9).stderr
    assert "0.999" in ended.stdout.split()


def test_a_survey_of_too_few_points_for_radii_is_said(tutelage: Command, tmp_path: Path) -> None:
    rows = [f"s{i},{i % 4},{i % 2},{-50 - i},-60" for i in range(8)]
    (tmp_path / "few.csv").write_text("\n".join(["scan_id,x_m,y_m,a,b", *rows]) + "\n")
    fit = ("fit", tmp_path / "few.csv", *KNN[:-1], "k=1", "--out", tmp_path / "m", "--json")
    assert "too few reference points" in json.loads(tutelage(*fit).stdout)["radius"]
    assert "radius" not in json.loads(tutelage(*fit, "--no-calibration").stdout)


@pytest.mark.parametrize("level", ["much", "95", "0"])
def test_a_level_in_a_file_that_is_no_share_is_named_by_row_and_column(
    tutelage: Command, tables: Path, tmp_path: Path, level: str
) -> None:
    (tmp_path / "p.csv").write_text(f"scan_id,x_m,y_m,radius_m,level\na,1,2,3,{level}\n")
    ended = tutelage("evaluate", tmp_path / "p.csv", "--on", tables / "truth.csv")
    assert_refused(ended, f"p.csv, row 2, column level: '{level}': the level of the radii is one number")


def test_a_radius_in_a_file_that_is_no_number_is_named_by_row_and_column(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    (tmp_path / "p.csv").write_text("scan_id,x_m,y_m,radius_m\na,1,2,wide\n")
    ended = tutelage("evaluate", tmp_path / "p.csv", "--on", tables / "truth.csv")
    assert ended.code == 2
    assert "p.csv, row 2, column radius_m: 'wide' is not a number of metres" in ended.stderr


def test_the_report_says_what_the_radii_were_measured_on(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    model = tmp_path / "m"
    assert tutelage("fit", tables / "survey.csv", *KNN, "--out", model).code == 0
    page = tmp_path / "report.html"
    assert tutelage("evaluate", model, "--on", tables / "truth.csv", "--report", page).code == 0
    known = Localizer.load(model).calibration_
    assert known is not None
    assert known.held_out.endswith(" reference points, and 1 of 2 phones")
    assert f"come from {known.held_out}, held out" in page.read_text(encoding="utf-8")
