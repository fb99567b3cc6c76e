"""Landmarks: mean fingerprints, how they are compared, and the figures of difficulty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics.pairwise import cosine_similarity

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import reference_points
from tutelage.data.surveys import simulated_survey
from tutelage.methods.calibration import landmarks_of
from tutelage.runtime.landmarks import Landmarks, difficulty, nearest_landmarks

SURVEY = simulated_survey(seed=5, n_train=240, n_test=40, n_access_points=20, n_floors=2)


def landmarks(train: FingerprintSet, seed: int = 0) -> Landmarks:
    return landmarks_of(train, train.access_points, seed)


def dense(scans: FingerprintSet, marks: Landmarks) -> np.ndarray:
    by = RssRepresentation("powed", marks.rss_min_dbm, SURVEY.train.access_points)
    return np.asarray(by.transform(scans).toarray())


def as_rows(marks: Landmarks) -> np.ndarray:
    value = marks.value
    rows = sparse.csr_array((value.data, value.indices, value.indptr), shape=value.shape)
    return np.asarray(rows.toarray())


def similarity(marks: Landmarks, scans: FingerprintSet) -> np.ndarray:
    return marks.similarity(scans.aligned_to(SURVEY.train.access_points).rss_dbm)


def test_each_is_the_mean_of_its_points_scans() -> None:
    marks = landmarks(SURVEY.train)
    point = reference_points(SURVEY.train)
    value = dense(SURVEY.train, marks)
    assert len(marks.position_m) == point.max() + 1
    for i in (0, 7, point.max()):
        mean = value[point == i].mean(axis=0)
        np.testing.assert_allclose(as_rows(marks)[i], mean, atol=1e-6)
        np.testing.assert_allclose(marks.position_m[i], SURVEY.train.known_position_m[point == i][0])


def test_similarity_is_the_cosine() -> None:
    marks = landmarks(SURVEY.train)
    asked = SURVEY.test
    assert asked is not None
    expected = cosine_similarity(dense(asked, marks), as_rows(marks))
    np.testing.assert_allclose(similarity(marks, asked), expected, atol=1e-6)


def test_a_scan_of_nothing_known_resembles_nothing() -> None:
    stranger = FingerprintSet.from_scans([{"a bus": -50.0}])
    assert not similarity(landmarks(SURVEY.train), stranger).any()


def test_too_many_points_are_thinned_to_a_thousand_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutelage.methods.calibration.trial._MOST", 10)
    one, same, other = (landmarks(SURVEY.train, seed).position_m for seed in (0, 0, 1))
    assert len(one) == 10
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@given(st.permutations(range(20)))
def test_the_order_of_access_points_does_not_matter(order: list[int]) -> None:
    scans = SURVEY.train[np.arange(30)]
    names = tuple(scans.access_points[i] for i in order)
    shuffled = replace(scans, rss_dbm=scans.rss_dbm[:, order], access_points=names)
    one = landmarks(scans)
    other = landmarks(shuffled)
    found = other.similarity(shuffled.rss_dbm)
    np.testing.assert_allclose(found, one.similarity(scans.rss_dbm), atol=1e-6)


def test_difficulty_matches_a_loop_over_scans() -> None:
    rng = np.random.default_rng(2)
    similarity = rng.uniform(0, 0.99, (6, 12))
    mark_m = rng.uniform(0, 50, (12, 2))
    n_known = rng.integers(1, 30, 6)
    position_m = rng.uniform(0, 50, (6, 2))
    found = difficulty(nearest_landmarks(similarity), mark_m, n_known, position_m)
    for i in range(6):
        near = np.argsort(-similarity[i])[:5]
        weight = np.array([1 / (1 - similarity[i, j]) for j in near])
        weight /= weight.sum()
        mean = sum(w * mark_m[j] for w, j in zip(weight, near, strict=True))
        variance = sum(w * ((mark_m[j] - mean) ** 2).sum() for w, j in zip(weight, near, strict=True))
        expected = [
            np.log(1 - similarity[i].max() + 0.01),
            np.log(np.sqrt(variance) + 1),
            np.log(np.hypot(*(position_m[i] - mean)) + 1),
            np.log(n_known[i] + 1),
        ]
        np.testing.assert_allclose(found[i], expected)


def test_difficulty_of_fewer_landmarks_than_five_uses_them_all() -> None:
    near = nearest_landmarks(np.array([[0.5, 0.5]]))
    mark_m = np.array([[0.0, 0.0], [6.0, 0.0]])
    found = difficulty(near, mark_m, np.array([3]), np.array([[3.0, 4.0]]))
    np.testing.assert_allclose(found, [[np.log(0.51), np.log(4), np.log(5), np.log(4)]])
