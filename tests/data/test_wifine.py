"""WiFine: whole walks, read from the real files."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import load

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def wifine() -> Survey:
    return load("wifine")


def walk_of(scans: FingerprintSet) -> np.ndarray:
    """The walk of each scan, by name."""
    assert scans.user is not None
    return scans.user


def floors(scans: FingerprintSet) -> set[str]:
    assert scans.floor is not None
    return set(scans.floor.tolist())


def test_every_scan_of_every_walk_is_read(wifine: Survey) -> None:
    assert wifine.test is not None
    assert (len(wifine.train), len(wifine.test)) == (19_448, 3_862)
    assert tuple(len(np.unique(walk_of(scans))) for scans in (wifine.train, wifine.test)) == (120, 85)
    assert wifine.train.n_access_points == 436
    assert floors(wifine.train) == floors(wifine.test) == {"4", "5", "6"}


def test_a_line_of_the_file_is_one_scan(wifine: Survey) -> None:
    scan = wifine.train[np.flatnonzero(wifine.train.scan_id == "train_4_1-002")]
    assert scan.absolute_position_m.round(3).tolist() == [[14.391, 0.494]]
    assert floors(scan) == {"4"}
    assert scan.n_heard.tolist() == [42]
    assert scan.time is not None
    assert scan.time.astype("datetime64[s]").tolist()[0].second == 3


def test_walks_are_in_the_order_of_their_times(wifine: Survey) -> None:
    time, walks = wifine.train.time, walk_of(wifine.train)
    assert time is not None
    for walk in np.unique(walks)[:10]:
        assert (np.diff(time[walks == walk]) > np.timedelta64(0)).all()
