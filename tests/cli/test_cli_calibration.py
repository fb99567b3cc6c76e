"""Radii from the command line: learnt by fit, shown by locate, judged by evaluate."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Command

from tutelage.localizer import Localizer

KNN = ("--network", "knn", "--set", "metric=sorensen", "--set", "representation=powed", "--set", "k=5")


@pytest.fixture
def model(tutelage: Command, tables: Path, tmp_path: Path) -> Path:
    out = tmp_path / "model"
    assert tutelage("fit", "--target", tables / "survey.csv", *KNN, "--out", out).code == 0
    return out


def test_fit_says_what_the_radii_rest_on(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", "--target", tables / "survey.csv", *KNN, "--out", tmp_path / "m", "--json")
    figures = json.loads(tutelage(*fit).stdout)
    known = Localizer.load(tmp_path / "m").calibration_
    assert known is not None
    assert figures["radius_from_points"] == known.n_points > 19
    assert figures["radius_highest_level"] == pytest.approx(known.n_points / (known.n_points + 1), abs=1e-3)
    assert figures["false_refusals_at_most"] == pytest.approx(known.false_refusals, abs=1e-3)


def test_no_calibration_leaves_the_landmarks_out(tutelage: Command, tables: Path, tmp_path: Path) -> None:
    fit = ("fit", "--target", tables / "survey.csv", *KNN, "--out", tmp_path / "m", "--json")
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
    assert of_file["coverage"] == figures["coverage"]
    assert of_file["radius_m"] == pytest.approx(figures["radius_m"], abs=0.01)
    assert 0.6 < figures["coverage"] < 1


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_share_is_one_message_and_exit_code_2(
    tutelage: Command, model: Path, tables: Path, level: float
) -> None:
    ended = tutelage("locate", model, tables / "survey.csv", "--level", level)
    assert (ended.code, ended.stdout) == (2, "")
    assert f"level is {level}; the share of positions within the radius lies between 0 and 1" in ended.stderr


def test_a_radius_in_a_file_that_is_no_number_is_named_by_row_and_column(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    (tmp_path / "p.csv").write_text("scan_id,x_m,y_m,radius_m\na,1,2,wide\n")
    ended = tutelage("evaluate", tmp_path / "p.csv", "--on", tables / "truth.csv")
    assert ended.code == 2
    assert "p.csv, row 2, column radius_m: 'wide' is not a number of metres" in ended.stderr
