"""Models of some reference points: what they learnt and what they are asked about never meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tutelage.data.surveys import simulated_survey
from tutelage.evaluation.compare import candidate
from tutelage.evaluation.compare.held_out import Part, folds, surveyed_points
from tutelage.training import RunOptions

KNN = candidate("knn", settings={"metric": "sorensen", "representation": "powed", "k": 3})


@given(n_points=st.integers(2, 200), n_folds=st.integers(2, 6), seed=st.integers(0, 99))
def test_each_point_is_in_one_fold_and_folds_are_of_nearly_one_size(
    n_points: int, n_folds: int, seed: int
) -> None:
    divisions = folds(n_points, n_folds, np.random.default_rng(seed))
    assert sorted(np.concatenate([held_out for _, held_out in divisions]).tolist()) == list(range(n_points))
    assert all(set(others) == set(range(n_points)) - set(held_out) for others, held_out in divisions)
    sizes = [len(held_out) for _, held_out in divisions]
    assert max(sizes) - min(sizes) <= 1


def test_answers_are_those_of_a_model_of_the_learnt_points_about_the_held_ones() -> None:
    office = simulated_survey(seed=6, n_train=200, n_access_points=20)
    points = surveyed_points(office, [KNN], source_too=False)
    training_points = np.arange(5, len(points), 2)
    held_out_points = np.array([0, 4])
    [answers] = points.answers([Part(KNN, training_points, held_out_points)], "asking", RunOptions())
    assert set(points.point[answers.row]) == {0, 4}
    model = KNN.localizer(RunOptions(), calibrate=False)
    model.fit(points.scans[np.isin(points.point, training_points)])
    expected = model.predict(points.scans[np.isin(points.point, held_out_points)])
    np.testing.assert_array_equal(answers.positions.position_m, expected.position_m)
    np.testing.assert_array_equal(answers.positions.scan_id, points.scans.scan_id[answers.row])
    assert answers.fit_seconds > 0


def test_surveyed_points_are_of_training_scans_that_hear_anything() -> None:
    office = simulated_survey(seed=6, n_train=200, n_access_points=20)
    deaf = office.train[:3].aligned_to(["unheard"]).aligned_to(office.train.access_points)
    points = surveyed_points(replace(office, train=deaf.join([deaf, office.train[3:]])), [], source_too=False)
    assert points.name == office.name
    assert set(points.scans.scan_id) == set(office.train.scan_id[3:][office.train.n_heard[3:] > 0])
    assert set(points.point) == set(range(len(points)))
