"""UJI library: months, the six rows without a floor, time stamps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage.data.sets.uji_library import parse_months
from tutelage.data.surveys import load
from tutelage.errors import BadInputError


@pytest.mark.parametrize(
    ("given", "months"),
    [("1", (1,)), ("3-5", (3, 4, 5)), ("3,1", (1, 3)), ("1-2, 2,25", (1, 2, 25)), ([2, 1], (1, 2))],
)
def test_months_read_spans_and_lists(given: str | list[int], months: tuple[int, ...]) -> None:
    assert parse_months(given) == months


@pytest.mark.parametrize("given", ["", "0", "26", "5-3", "1-", "one", [], [0]])
def test_months_outside_the_survey_are_refused(given: str | list[int]) -> None:
    with pytest.raises(BadInputError, match="1 to 25"):
        parse_months(given)


@pytest.mark.real_data
def test_library_loads_the_first_month_unless_asked(data_dir: Path) -> None:
    survey = load("uji_library", data_dir=data_dir)
    train = survey.train
    test = survey.test
    assert test is not None
    assert (len(train), len(test), train.n_access_points) == (8_640 - 6, 3_120, 620)
    assert train.floor is not None
    assert np.unique(train.floor).tolist() == ["3", "5"]
    assert train.time is not None
    assert (train.scan_id[0], train.time[0]) == (
        "01-trn01-00001",
        np.datetime64("2016-06-02T15:52:17.232"),
    )
    np.testing.assert_allclose(train.absolute_position_m[0], [12.91385188, 29.21654402])


@pytest.mark.real_data
def test_library_months_join_in_one_frame(data_dir: Path) -> None:
    survey = load("uji_library:2,25", data_dir=data_dir)
    assert survey.test is not None
    assert (len(survey.train), len(survey.test)) == (576 + 1_152, 3_120 + 6_240)
    assert {scan[:2] for scan in survey.test.scan_id} == {"02", "25"}
    assert survey.test.frame == survey.train.frame
    by_option = load("uji_library", data_dir=data_dir, months=[25, 2])
    assert by_option.train.content_hash() == survey.train.content_hash()
