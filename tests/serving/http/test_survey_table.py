"""Surveyed scans as a table that fit reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tutelage.data.surveys import read_scans
from tutelage.errors import BadInputError, ReadAsWarning
from tutelage.serving.store import LabelledScan, SurveyScan
from tutelage.serving.survey_table import READING_COLUMNS, write_survey

ODD = {
    "x_m": -50.0,
    "user": -51.0,
    "floor": -52.0,
    "7": -53.0,
    'q"u,o': -54.0,
    "two\nlines": -55.0,
    "=a": -56.0,
}


def labelled(number: int, **fields: object) -> LabelledScan:
    scan = SurveyScan(f"scan {number}", 1_764_410_000.0 + number, ODD, session="s1")
    place = LabelledScan(scan, "m1", float(number), 2.0, "G", None, 'ro"om,\r\n1')
    return replace(place, **fields)  # type: ignore[arg-type]


def test_an_access_point_may_have_any_name(tmp_path: Path) -> None:
    file = tmp_path / "survey.csv"
    write_survey(file, [labelled(1), labelled(2)])
    with pytest.warns(ReadAsWarning, match="14 rows make 2 scans"):
        read = read_scans(file, columns=READING_COLUMNS)
    heard = dict(zip(read.access_points, read.rss_dbm.toarray()[0].tolist(), strict=True))
    assert heard == {name.replace("\n", " "): rss_dbm for name, rss_dbm in ODD.items()}
    assert read.absolute_position_m.tolist() == [[1.0, 2.0], [2.0, 2.0]]
    assert read.floor is not None
    assert read.place is not None
    assert (read.floor[0], read.place[1]) == ("G", 'ro"om, 1')


def test_places_alone_have_no_position_and_are_not_mixed(tmp_path: Path) -> None:
    alone = labelled(1, x_m=None, y_m=None)
    write_survey(tmp_path / "places.csv", [alone])
    assert "x_m" not in (tmp_path / "places.csv").read_text().splitlines()[0]
    with pytest.raises(BadInputError, match="1 of 2 scans have a place but no position"):
        write_survey(tmp_path / "mixed.csv", [alone, labelled(2)])
