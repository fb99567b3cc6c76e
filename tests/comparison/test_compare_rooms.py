"""Comparing methods on rooms: wrong places on blocks of scans held out, of which every room keeps some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rooms import first_of_each, rooms_survey
from tutelage.data.fingerprints import Survey
from tutelage.errors import BadInputError
from tutelage.evaluation.compare import candidate, compare, write_comparison
from tutelage.evaluation.compare.held_out import folds, places_of_groups, surveyed_points
from tutelage.tuning import tune

KNN = candidate("knn", settings={"metric": "sorensen", "representation": "powed", "k": 3})
_WIDE = {"metric": "euclidean", "representation": "positive", "k": 400}
WIDE = replace(candidate("knn", settings=_WIDE), name="all neighbours")


@pytest.fixture(scope="module")
def survey() -> Survey:
    return rooms_survey()


def test_wrong_places_are_counted_and_no_metres(survey: Survey, tmp_path: Path) -> None:
    comparison = compare(survey, [KNN, WIDE])
    knn, wide = comparison.standings
    of_scan = knn.evaluation.place_hits
    assert of_scan is not None
    points = surveyed_points(survey, [KNN], source_too=False)
    by_block = np.bincount(points.point, ~of_scan.is_hit) / np.bincount(points.point)
    assert knn.error.mean == pytest.approx(by_block.mean())
    assert knn.error.low < knn.error.mean < knn.error.high
    assert comparison.recommended.standing is knn  # the other is better, but not clearly so
    said = comparison.as_dict()
    assert said["held_out_together"] == "block"
    row = said["methods"][1]
    assert row["against_knn_share"] == pytest.approx(wide.error.mean - knn.error.mean)
    assert not any(name.endswith("_m") and value is not None for name, value in row.items())
    write_comparison(comparison, tmp_path / "c.html")
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert f"knn: {100 * knn.error.mean:.1f} % wrong a block" in page
    assert "percentage points better than k-NN" in page


def test_every_room_keeps_blocks_in_every_fold(survey: Survey) -> None:
    points = surveyed_points(survey, [KNN], source_too=False)
    place = places_of_groups(points.scans, points.groups)
    for rest, held_out in folds(len(points), 3, np.random.default_rng(0), place):
        assert set(place[rest]) == set(place)
        assert np.ptp(np.bincount(place[held_out])) <= 1


def test_points_of_one_place_are_divided_as_without_places() -> None:
    of_one = folds(20, 3, np.random.default_rng(0), np.zeros(20, dtype=int))
    for with_place, without in zip(of_one, folds(20, 3, np.random.default_rng(0)), strict=True):
        np.testing.assert_array_equal(with_place[1], without[1])


def test_a_room_of_one_scan_is_not_asked_about(survey: Survey) -> None:
    rest = np.flatnonzero(survey.train.known_place != "room 0-0")
    one = np.flatnonzero(survey.train.known_place == "room 0-0")[:1]
    comparison = compare(survey.train[np.sort(np.concatenate([rest, one]))], [KNN])
    assert comparison.n_scans == len(rest)


def test_too_few_scans_of_rooms_are_refused_with_the_reason(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="most places have one scan, so that none can be held out"):
        compare(first_of_each(survey.train, 1), [KNN])
    with pytest.raises(BadInputError, match="3 folds of 2 blocks; at least 2 folds"):
        compare(first_of_each(survey.train, 1)[:2], [KNN])


def test_settings_are_not_searched_for_rooms(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="'rooms' has places alone, and settings are searched by errors"):
        tune(survey, "dnn", n_trials=1)
