"""A survey written as a table is the table that a user would give: reading it back gives the survey."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import export_survey, export_table, load, require_exportable, simulated_survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.runtime.frames import LocalFrame

FIELDS = ("scan_id", "floor", "building", "device", "user", "time")


@pytest.fixture(scope="module")
def survey() -> Survey:
    """A building far from the origin of its coordinates."""
    simulated = simulated_survey(seed=2, n_train=60, n_test=20, n_access_points=8)
    assert simulated.test is not None
    frame = LocalFrame((482_113.25, 4_863_257.5), 25830)
    return Survey("depot", replace(simulated.train, frame=frame), replace(simulated.test, frame=frame))


def assert_same(one: FingerprintSet, other: FingerprintSet) -> None:
    assert one.content_hash() == other.content_hash()
    np.testing.assert_array_equal(one.rss_dbm.toarray(), other.rss_dbm.toarray())
    np.testing.assert_allclose(one.absolute_position_m, other.absolute_position_m, rtol=0, atol=1e-6)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_export_read_back_is_the_survey(survey: Survey, tmp_path: Path, ending: str) -> None:
    export_table(survey, tmp_path / f"table.{ending}")
    read = load(tmp_path / f"table.{ending}")
    assert survey.test is not None
    assert read.test is not None
    assert_same(read.train, survey.train)
    assert_same(read.test, survey.test)


@pytest.mark.parametrize("split", ["train", "test"])
def test_export_of_one_split_has_no_column_split(survey: Survey, tmp_path: Path, split: str) -> None:
    path = tmp_path / "table.csv"
    export_table(survey, path, split=split)
    assert '"split"' not in path.read_text(encoding="utf-8").splitlines()[0]
    read = load(path)
    assert read.test is None
    assert_same(read.train, getattr(survey, split))


def test_export_keeps_what_is_missing_missing(survey: Survey, tmp_path: Path) -> None:
    time = survey.train.time
    assert time is not None
    gaps = np.where(np.arange(len(time)) % 2, time, np.datetime64("NaT", "ms"))
    export_table(
        Survey("gaps", replace(survey.train, time=gaps, floor=None), None),
        tmp_path / "table.csv",
        split="train",
    )
    read = load(tmp_path / "table.csv").train
    np.testing.assert_array_equal(read.time, gaps)
    assert read.floor is None


def test_reading_of_zero_dbm_is_no_empty_cell(survey: Survey, tmp_path: Path) -> None:
    rss_dbm = survey.train.rss_dbm.copy()
    rss_dbm.data[0] = 0.0
    loud = replace(survey.train, rss_dbm=rss_dbm)
    export_table(Survey("loud", loud, None), tmp_path / "table.csv", split="train")
    assert load(tmp_path / "table.csv").train.n_heard.tolist() == loud.n_heard.tolist()


@pytest.mark.parametrize("name", ["floor", "split"])
def test_access_point_called_like_a_field_is_refused(survey: Survey, tmp_path: Path, name: str) -> None:
    names = (name, *survey.train.access_points[1:])
    clash = Survey("clash", replace(survey.train, access_points=names), None)
    with pytest.raises(BadInputError, match=f"'{name}' is the name of an access point and of a field"):
        export_table(clash, tmp_path / "table.csv", split="train")
    assert list(tmp_path.iterdir()) == []


def test_wrong_export_is_refused_and_keeps_the_old_table(survey: Survey, tmp_path: Path) -> None:
    old = tmp_path / "table.csv"
    old.write_text("the old one")
    with pytest.raises(UnknownNameError, match="Did you mean train"):
        export_table(survey, old, split="trian")
    with pytest.raises(BadInputError, match="depot has no test split; give --split train"):
        export_table(replace(survey, test=None), old, split="test")
    with pytest.raises(BadInputError, match=r"must end in \.csv or \.parquet"):
        export_table(survey, tmp_path / "table.xlsx")
    with pytest.raises(BadInputError, match="position"):
        export_table(replace(survey, train=replace(survey.train, position_m=None)), old, split="train")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the old one"]


def test_a_survey_without_test_scans_is_written_whole_unless_told_otherwise(
    survey: Survey, tmp_path: Path
) -> None:
    written = export_survey(replace(survey, test=None), tmp_path / "table.csv")
    assert written == {"train": len(survey.train)}
    export_survey(survey, tmp_path / "train.csv", split="train")
    assert (tmp_path / "table.csv").read_bytes() == (tmp_path / "train.csv").read_bytes()


@pytest.mark.parametrize("name", ["table.csv", "table.geojson", "tables"])
def test_one_split_alone_is_read_back_as_training_scans_in_every_form(
    survey: Survey, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    written = export_survey(survey, path, form="comford" if name == "tables" else None, split="test")
    assert survey.test is not None
    assert written == {"test": len(survey.test)}
    read = load(path, epsg=None if name.endswith("geojson") else 25830)
    assert read.test is None
    assert len(read.train) == len(survey.test)


def test_what_cannot_be_written_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown split 'tset'"):
        require_exportable(tmp_path / "a.csv", None, "tset")
    with pytest.raises(BadInputError, match=r"a table's name must end in \.csv or \.parquet"):
        require_exportable(tmp_path / "a.txt", "table")
