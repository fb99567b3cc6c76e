"""Matrix pairs: public ones and a user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage.data.surveys import load
from tutelage.errors import BadInputError

FILES = {
    "HALL_trnrss.csv": "-50,100\n100,-60\n-70,-71\n",
    "HALL_trncrd.csv": "10.5,20,0,0,1\n11,21,0,0,1\n12,20.5,3.7,1,1\n",
    "HALL_tstrss.csv": "-55,100\n",
    "HALL_tstcrd.csv": "9,22,3.7,1,1\n",
}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def test_own_pair_shares_frame_and_columns(pair: Path) -> None:
    survey = load(f"matrix:{pair}/HALL")
    assert survey.test is not None
    assert survey.train.access_points == survey.test.access_points == ("hall-ap0001", "hall-ap0002")
    assert survey.train.frame == survey.test.frame
    assert survey.train.frame.origin_m == (10.0, 20.0)
    np.testing.assert_array_equal(survey.test.absolute_position_m, [[9, 22]])
    assert survey.train.floor is not None
    assert survey.train.floor.tolist() == ["0", "0", "1"]
    assert survey.train.scan_id.tolist() == ["train-1", "train-2", "train-3"]


def test_own_pair_takes_the_declared_code_and_epsg(pair: Path) -> None:
    for name in ("HALL_trnrss.csv", "HALL_tstrss.csv"):
        (pair / name).write_text(FILES[name].replace("100", "-110"))
    survey = load(f"matrix:{pair}/HALL", not_heard=-110, epsg=3857)
    assert survey.train.n_heard.tolist() == [1, 1, 2]
    assert survey.train.frame.epsg == 3857


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("HALL_trncrd.csv", "10.5,20,0,0,1\n", "1 rows, HALL_trnrss.csv has 3"),
        ("HALL_tstrss.csv", "-55,100,100\n", "3 columns, the training file has 2"),
        ("HALL_tstcrd.csv", "9,22\n", "has other columns than HALL_trncrd.csv"),
        ("HALL_tstcrd.csv", None, "cannot be read"),
    ],
)
def test_files_that_disagree_are_refused_by_name(
    pair: Path, name: str, content: str | None, says: str
) -> None:
    (pair / name).unlink()
    if content is not None:
        (pair / name).write_text(content)
    with pytest.raises(BadInputError, match=says) as caught:
        load(f"matrix:{pair}/HALL")
    assert caught.value.file == str(pair / name)


def test_pair_without_a_prefix_is_refused() -> None:
    with pytest.raises(BadInputError, match="FOLDER/PREFIX"):
        load("matrix:")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "n_train", "n_test", "n_ap", "floors"),
    [
        ("tut1", 1476, 490, 309, 4),
        ("tut5", 446, 982, 489, 3),
        ("tut6", 3116, 7269, 652, 4),
        ("tut7", 2787, 6504, 801, 3),
        ("dsi1", 1369, 348, 157, 1),
    ],
)
def test_public_pair_holds_what_its_authors_say(
    data_dir: Path, name: str, n_train: int, n_test: int, n_ap: int, floors: int
) -> None:
    survey = load(name, data_dir=data_dir)
    assert survey.test is not None
    assert (len(survey.train), len(survey.test), survey.train.n_access_points) == (n_train, n_test, n_ap)
    assert survey.train.floor is not None
    assert len(set(survey.train.floor.tolist())) == floors
    assert survey.train.access_points[0] == f"{name}-ap0001"
    assert survey.licence == "CC BY 4.0"


def test_a_pair_of_training_scans_alone_is_a_survey(pair: Path) -> None:
    for name in ("HALL_tstrss.csv", "HALL_tstcrd.csv"):
        (pair / name).unlink()
    survey = load(f"matrix:{pair}/HALL")
    assert (len(survey.train), survey.test) == (3, None)


def test_files_of_other_names_with_two_columns_of_coordinates(tmp_path: Path) -> None:
    (tmp_path / "geo_rss.csv").write_text("-50,100\n-60,-70\n")
    (tmp_path / "geo_crd.csv").write_text("1.5,2\n3,4\n")
    (tmp_path / "geo_tms.csv").write_text("0,1\n2,3\n")
    survey = load(f"matrix:{tmp_path}/geo")
    assert survey.train.absolute_position_m.tolist() == [[1.5, 2], [3, 4]]
    assert (survey.train.floor, survey.train.n_heard.tolist()) == (None, [1, 2])
    with pytest.raises(BadInputError, match=r"no files of readings and of coordinates begin with 'hall'"):
        load(f"matrix:{tmp_path}/hall")
