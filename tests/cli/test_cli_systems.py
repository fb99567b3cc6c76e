"""Coordinates that cannot be what they are given as, and two systems in one comparison."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from command_line import Command, assert_refused


def changed(survey: Path, out: Path, **columns: list[float] | list[str]) -> Path:
    """The table with other columns: of x_m and y_m, or in their place."""
    table = pacsv.read_csv(survey)
    for name, values in columns.items():
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, pa.array(values))
    if "lat" in columns:
        table = table.drop_columns(["x_m", "y_m"])
    pacsv.write_csv(table, out)
    return out


@pytest.fixture
def survey(tables: Path) -> Path:
    return tables / "survey.csv"


@pytest.fixture
def in_degrees(survey: Path, tmp_path: Path) -> Path:
    table = pacsv.read_csv(survey).to_pydict()
    lat = [39.99 + y / 111_000 for y in table["y_m"]]
    lon = [-0.07 + x / 85_000 for x in table["x_m"]]
    return changed(survey, tmp_path / "degrees.csv", lat=lat, lon=lon)


@pytest.mark.parametrize("command", [("fit", "--method", "knn"), ("compare",), ("plan",)], ids=" ".join)
def test_degrees_given_as_metres_are_refused(
    command: tuple[str, ...], tutelage: Command, survey: Path, tmp_path: Path
) -> None:
    table = pacsv.read_csv(survey).to_pydict()
    lon, lat = ([at + value / 1e5 for value in table[name]] for name, at in (("x_m", -0.07), ("y_m", 39.99)))
    wrong = changed(survey, tmp_path / "wrong.csv", x_m=lon, y_m=lat)
    ended = tutelage(command[0], wrong, *command[1:])
    assert_refused(ended, "these look like degrees", "pass --columns 'lat=y_m,lon=x_m'")


@pytest.mark.parametrize("far", [1e160, -1e9])
def test_a_position_beyond_the_earth_is_refused_with_its_row(
    far: float, tutelage: Command, survey: Path, tmp_path: Path
) -> None:
    x = [float(value) for value in pacsv.read_csv(survey).to_pydict()["x_m"]]
    wrong = changed(survey, tmp_path / "wrong.csv", x_m=[*x[:4], far, *x[5:]])
    said = "farther off than any place on Earth"
    assert_refused(tutelage("fit", wrong, "--method", "knn"), said, "row 6", "x_m")
    checked = tutelage("data", "check", wrong)
    assert checked.code == 1
    assert said in checked.stdout


def test_metres_of_a_plan_and_of_the_earth_are_not_compared(
    tutelage: Command, survey: Path, in_degrees: Path, tmp_path: Path
) -> None:
    models = {of: tmp_path / f"of-{of.stem}" for of in (survey, in_degrees)}
    for of, model in models.items():
        made = tutelage("fit", of, "--method", "knn", "--no-calibration", "--out", model)
        assert made.code == 0, made.stderr
    for of, other in ((survey, in_degrees), (in_degrees, survey)):
        said = ("metres of a plan of their own", "EPSG:32630", "km apart; give both in one system")
        assert_refused(tutelage("evaluate", models[of], "--on", other), *said)
        assert_refused(tutelage("drift", models[of], other), *said)
        update = ("fit", "--update", models[of], other, "--out", tmp_path / "updated")
        assert_refused(tutelage(*update), *said)
    assert not (tmp_path / "updated").exists()


def test_check_says_why_no_position_can_be_read(tutelage: Command, survey: Path, tmp_path: Path) -> None:
    table = pacsv.read_csv(survey).to_pydict()
    commas = changed(survey, tmp_path / "commas.csv", x_m=[f"{x},5" for x in table["x_m"]])
    ended = tutelage("data", "check", commas)
    assert_refused(ended, "cells of x_m are no number", "write a number in metres, with a point", "row 2")
