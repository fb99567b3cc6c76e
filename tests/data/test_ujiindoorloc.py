"""UJIIndoorLoc as its authors published it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.surveys import load

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def train(data_dir: Path) -> FingerprintSet:
    return load("ujiindoorloc", data_dir=data_dir).train


@pytest.fixture(scope="module")
def test_split(data_dir: Path) -> FingerprintSet:
    test = load("ujiindoorloc", data_dir=data_dir).test
    assert test is not None
    return test


def test_ujiindoorloc_counts_are_the_published_ones(
    train: FingerprintSet, test_split: FingerprintSet
) -> None:
    assert (len(train), len(test_split), train.n_access_points) == (19_937, 1_111, 520)
    assert len(np.unique(train.rss_dbm.indices)) == 465
    assert np.count_nonzero(train.n_heard == 0) == 76


def test_ujiindoorloc_keeps_readings_near_zero(train: FingerprintSet, test_split: FingerprintSet) -> None:
    near_zero = [np.count_nonzero(part.rss_dbm.data >= -1) for part in (train, test_split)]
    assert near_zero == [155, 0]


def test_ujiindoorloc_positions_keep_full_precision(train: FingerprintSet) -> None:
    assert train.frame.epsg == 3857
    assert train.frame.ground_scale == pytest.approx(0.766, abs=5e-4)
    first = train.absolute_position_m[0]
    np.testing.assert_allclose(first, [-7541.2642999999225, 4864920.7782000005], rtol=0, atol=1e-8)


def test_ujiindoorloc_splits_share_frame_and_columns(
    train: FingerprintSet, test_split: FingerprintSet
) -> None:
    assert train.frame == test_split.frame
    assert train.access_points == test_split.access_points
    assert train.access_points[0] == "WAP001"


def test_ujiindoorloc_first_scan_reads_like_line_two(train: FingerprintSet) -> None:
    first = {f: getattr(train, f)[0] for f in ("scan_id", "floor", "building", "user", "device")}
    assert first == {"scan_id": "train-2", "floor": "2", "building": "1", "user": "2", "device": "23"}
    assert train.time is not None
    assert train.time[0] == np.datetime64(1371713733000, "ms")


def test_ujiindoorloc_has_five_floors_and_three_buildings(train: FingerprintSet) -> None:
    assert train.floor is not None
    assert train.building is not None
    assert np.unique(train.floor).tolist() == ["0", "1", "2", "3", "4"]
    assert np.unique(train.building).tolist() == ["0", "1", "2"]
