"""Where the model is least sure: smoothing, gaps and the list, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.evaluation.plan import SurveyedPlaces, surveyed_places
from tutelage.evaluation.plan.surveyed_places import N_NEIGHBOURS
from tutelage.runtime.frames import LocalFrame


def places(
    position_m: np.ndarray,
    error_m: np.ndarray,
    floor: np.ndarray | None = None,
    building: np.ndarray | None = None,
    epsg: int | None = None,
    n_first: int = 10,
) -> SurveyedPlaces:
    """Of one scan a point."""
    n = len(position_m)
    rss = csr_from_dense(np.full((n, 1), -60.0), np.ones((n, 1), bool))
    ids = np.arange(n).astype(np.str_)
    frame = LocalFrame((1000.0, 2000.0), epsg)
    scans = FingerprintSet(rss, ("ap",), ids, position_m, frame, floor=floor, building=building)
    return surveyed_places(scans, np.arange(n), error_m, n_first)


@pytest.fixture
def random() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=(2, 60)).astype(np.str_)
    return rng.uniform(0, 50, (60, 2)), rng.uniform(0, 9, 60), *labels


def test_errors_are_smoothed_and_gaps_measured_within_floor_and_building(
    random: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    position_m, error_m, floor, building = random
    found = places(position_m, error_m, floor, building)
    for i in range(60):
        same = np.flatnonzero((floor == floor[i]) & (building == building[i]))
        distance = np.linalg.norm(position_m[same] - position_m[i], axis=1)
        near = same[np.argsort(distance)][: N_NEIGHBOURS + 1]
        assert found.smoothed_m[i] == pytest.approx(error_m[near].mean())
        assert found.gap_m[i] == pytest.approx(np.sort(distance)[1])
    np.testing.assert_allclose(found.need, found.smoothed_m * found.gap_m)


def test_the_neediest_come_first_and_no_two_are_neighbours(
    random: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    position_m, error_m, _, _ = random
    found = places(position_m, error_m, n_first=5)
    need = found.need[found.first]
    assert len(found.first) == 5
    assert found.first[0] == found.need.argmax()
    assert (np.diff(need) <= 0).all()
    for rank, i in enumerate(found.first):
        nearest = np.argsort(np.linalg.norm(position_m - position_m[i], axis=1))[: N_NEIGHBOURS + 1]
        assert not set(found.first[rank + 1 :]) & set(nearest)


def test_a_place_without_a_position_needs_points_as_one_that_is_as_far_off_as_the_centroid() -> None:
    position_m = np.column_stack([np.arange(20.0) * 3, np.zeros(20)])
    error_m = np.ones(20)
    error_m[19] = np.nan
    found = places(position_m, error_m)
    assert found.first[0] in (17, 18, 19)
    assert found.smoothed_m[19] == pytest.approx((5 * 1 + 28.5) / 6)
    assert found.record(19)["error_m"] is None


def test_a_point_that_is_alone_on_its_floor_is_as_far_from_others_as_any() -> None:
    position_m = np.array([[0, 0], [1, 0], [5, 0], [0, 0]], float)
    found = places(position_m, np.full(4, 2.0), np.array(["0", "0", "0", "1"]))
    np.testing.assert_array_equal(found.gap_m, [1, 1, 4, np.nan])
    assert found.need[3] == found.need.max() == 8
    assert found.record(3)["nearest_point_m"] is None


def test_records_are_in_coordinates_of_the_data_set_with_degrees_where_these_are_known() -> None:
    plain, known = (places(np.array([[1.0, 2.0], [3, 4]]), np.ones(2), epsg=epsg) for epsg in (None, 32630))
    assert (plain.record(0)["x_m"], plain.record(0)["y_m"]) == (1001.0, 2002.0)
    assert "lat" not in plain.record(0)
    assert plain.record(0)["floor"] is None
    assert known.record(0)["lat"] == pytest.approx(0.018, abs=0.01)
