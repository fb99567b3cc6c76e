"""What is written in a form is read back the same: real surveys, whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import export_survey, load
from tutelage.errors import BadInputError, UnknownNameError


def assert_same(one: FingerprintSet, other: FingerprintSet) -> None:
    assert one.access_points == other.access_points
    for part in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(one.rss_dbm, part), getattr(other.rss_dbm, part))
    assert one.frame == other.frame
    np.testing.assert_allclose(one.absolute_position_m, other.absolute_position_m, rtol=0, atol=1e-7)
    for field in ("scan_id", "floor", "building", "device", "user", "time"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", ["ujiindoorloc", "tampere"])
@pytest.mark.parametrize(("form", "file"), [("geojson", "map.geojson"), ("comford", "map")])
def test_a_real_survey_is_the_same_when_read_back(name: str, form: str, file: str, tmp_path: Path) -> None:
    survey = load(name)
    export_survey(survey, tmp_path / file, form=form)
    assert [path.name for path in tmp_path.iterdir()] == [file]
    # comford's tables do not tell the system of their coordinates.
    read = load(tmp_path / file, epsg=survey.train.frame.epsg if form == "comford" else None)
    assert survey.test is not None
    assert read.test is not None
    assert_same(read.train, survey.train)
    assert_same(read.test, survey.test)


def test_a_form_is_named_or_told_by_the_ending(made: Path, tmp_path: Path) -> None:
    survey = load(made / "corridor.geojson")
    export_survey(survey, tmp_path / "a.geojson", split="train")
    export_survey(survey, tmp_path / "a.csv", split="train")
    export_survey(survey, tmp_path / "a.json", form="geojson", split="train")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "a.geojson").read_bytes()
    assert_same(load(tmp_path / "a.csv", epsg=32630).train, survey.train)
    with pytest.raises(BadInputError, match=r"must end in \.csv or \.parquet, a GeoJSON file's in \.geojson"):
        export_survey(survey, tmp_path / "a.txt", split="train")
    with pytest.raises(UnknownNameError, match="Did you mean geojson"):
        export_survey(survey, tmp_path / "a.txt", form="geojso", split="train")
    with pytest.raises(UnknownNameError, match="unknown form 'find3'"):
        export_survey(survey, tmp_path / "a.txt", form="find3", split="train")


def test_a_file_stays_as_it_was_when_writing_fails(made: Path, tmp_path: Path) -> None:
    survey = load(made / "corridor.geojson")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.geojson").write_text("the old one")
    twice = Survey("twice", survey.train, survey.train)
    with pytest.raises(BadInputError, match="appears twice"):
        export_survey(twice, out / "a.geojson")
    assert [path.read_text() for path in out.iterdir()] == ["the old one"]
