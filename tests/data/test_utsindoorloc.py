"""UTSIndoorLoc: the real test file, and the two-file layout made from its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage.data.sets.utsindoorloc import read_split
from tutelage.data.surveys import dataset_table, load
from tutelage.errors import DataUnavailableError

pytestmark = pytest.mark.real_data


@pytest.fixture
def two_files(data_dir: Path, tmp_path: Path) -> Path:
    """Data folder whose training file holds the header and the first 100 rows of the test file."""
    content = (data_dir / "utsindoorloc" / "UTS_test.csv").read_bytes()
    folder = tmp_path / "utsindoorloc"
    folder.mkdir()
    (folder / "UTS_test.csv").write_bytes(content)
    (folder / "UTS_training.csv").write_bytes(b"".join(content.splitlines(keepends=True)[:101]))
    return tmp_path


def test_uts_split_holds_what_its_authors_say(data_dir: Path) -> None:
    scans = read_split(data_dir / "utsindoorloc" / "UTS_test.csv")
    assert (len(scans), scans.n_access_points) == (388, 589)
    assert scans.floor is not None
    assert scans.building is not None
    assert scans.time is not None
    assert (scans.scan_id[0], scans.floor[0], scans.building[0]) == ("test-2", "8", "New IT")
    assert "-1" in scans.floor
    assert scans.time[0] == np.datetime64("2019-03-08T06:47")
    np.testing.assert_allclose(scans.absolute_position_m[0], [25.7107, 17.0455])


def test_uts_names_are_not_those_of_ujiindoorloc(data_dir: Path) -> None:
    scans = read_split(data_dir / "utsindoorloc" / "UTS_test.csv")
    assert scans.access_points[0] == "uts-WAP001"


def test_uts_loads_from_the_two_file_layout(two_files: Path) -> None:
    survey = load("utsindoorloc", data_dir=two_files)
    assert survey.test is not None
    assert (len(survey.train), len(survey.test)) == (100, 388)
    assert survey.train.frame == survey.test.frame
    assert survey.licence == "none stated; not redistributed"
    np.testing.assert_allclose(
        survey.train.absolute_position_m, survey.test.absolute_position_m[:100], atol=1e-9
    )


def test_uts_is_not_cached_as_its_training_file_cannot_be_verified(two_files: Path) -> None:
    load("utsindoorloc", data_dir=two_files)
    status = {s.name: s for s in dataset_table(two_files)}["utsindoorloc"]
    assert (status.where, status.verified) == ("local", False)


def test_uts_with_the_test_file_alone_says_which_is_missing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_args: object, **_options: object) -> str:
        raise ConnectionError("no network")

    monkeypatch.setattr("pooch.retrieve", unreachable)
    with pytest.raises(DataUnavailableError, match=r"needs UTS_training\.csv, not found") as caught:
        load("utsindoorloc", data_dir=data_dir)
    assert "\n" not in str(caught.value)
    status = {s.name: s for s in dataset_table(data_dir)}["utsindoorloc"]
    assert status.where == "partly here"
