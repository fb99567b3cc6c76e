"""Models of some reference points: what they learnt and what they are asked about never meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tutelage.data.surveys import simulated_survey
from tutelage.evaluation.compare import Candidate
from tutelage.evaluation.compare.held_out import Trial, folds, surveyed_points

KNN = Candidate("knn", "knn", settings={"metric": "sorensen", "representation": "powed", "k": 3})


@given(n_points=st.integers(2, 200), n_folds=st.integers(2, 6), seed=st.integers(0, 99))
def test_each_point_is_in_one_fold_and_folds_are_of_nearly_one_size(
    n_points: int, n_folds: int, seed: int
) -> None:
    found = folds(n_points, n_folds, np.random.default_rng(seed))
    assert sorted(np.concatenate([held for _, held in found]).tolist()) == list(range(n_points))
    assert all(set(others) == set(range(n_points)) - set(held) for others, held in found)
    sizes = [len(held) for _, held in found]
    assert max(sizes) - min(sizes) <= 1


def test_answers_are_those_of_a_model_of_the_learnt_points_about_the_held_ones() -> None:
    office = simulated_survey(seed=6, n_train=200, n_access_points=20)
    points = surveyed_points(office, [KNN], source_too=False)
    learnt, held = np.arange(5, len(points), 2), np.array([0, 4])
    [found] = points.answers([Trial(KNN, learnt, held)], "asking", seed=0, progress=False)
    assert set(points.point[found.row]) == {0, 4}
    model = KNN.localizer(calibrate=False).fit(points.scans[np.isin(points.point, learnt)])
    expected = model.predict(points.scans[np.isin(points.point, held)])
    np.testing.assert_array_equal(found.positions.position_m, expected.position_m)
    np.testing.assert_array_equal(found.positions.scan_id, points.scans.scan_id[found.row])
    assert found.fit_seconds > 0


def test_surveyed_points_are_of_training_scans_that_hear_anything() -> None:
    office = simulated_survey(seed=6, n_train=200, n_access_points=20)
    deaf = office.train[:3].aligned_to(["unheard"]).aligned_to(office.train.access_points)
    points = surveyed_points(
        replace(office, train=deaf.joined([deaf, office.train[3:]])), [], source_too=False
    )
    assert points.name == office.name
    assert set(points.scans.scan_id) == set(office.train.scan_id[3:][office.train.n_heard[3:] > 0])
    assert set(points.point) == set(range(len(points)))
