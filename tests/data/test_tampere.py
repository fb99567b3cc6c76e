"""Tampere as its authors published it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage.data.surveys import load

pytestmark = pytest.mark.real_data


def test_tampere_holds_what_its_authors_say(data_dir: Path) -> None:
    survey = load("tampere", data_dir=data_dir)
    train = survey.train
    test = survey.test
    assert test is not None
    assert (len(train), len(test), train.n_access_points) == (697, 3_951, 992)
    assert len(np.unique(train.rss_dbm.indices)) == 779
    assert train.floor is not None
    assert dict(zip(*np.unique(train.floor, return_counts=True), strict=True)) == {
        "0": 226,
        "1": 197,
        "2": 139,
        "3": 118,
        "4": 17,
    }
    assert test.frame == train.frame


def test_tampere_first_test_scan_reads_like_line_one(data_dir: Path) -> None:
    test = load("tampere", data_dir=data_dir).test
    assert test is not None
    assert test.device is not None
    assert test.time is not None
    np.testing.assert_allclose(test.absolute_position_m[0], [137.24, 19.731])
    assert (test.device[0], test.time[0]) == ("HUAWEI T1 7.0", np.datetime64("2017-08-18T11:59:23"))
