"""Nearest fingerprints, against dense distances and a full sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.spatial.distance import cdist

from tutelage.errors import UnknownNameError
from tutelage.runtime import fingerprint_index
from tutelage.runtime.fingerprint_index import distances, nearest

IN_SCIPY = {
    "euclidean": "euclidean",
    "manhattan": "cityblock",
    "cosine": "cosine",
    "sorensen": "braycurtis",
}
LEVELS = st.sampled_from([0.0, 0.25, 0.5, 1.0])  # few, so that ties are common

every_metric = pytest.mark.parametrize("metric", IN_SCIPY)
law = settings(max_examples=40)


def scans(values: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    """Dense scans [n, 5], each hearing something: two of the distances are undefined for blank ones."""
    shape = st.tuples(st.integers(1, 8), st.just(5))
    return arrays(np.float64, shape, elements=values).filter(lambda a: bool(a.any(axis=1).all()))


representations = scans(st.just(0.0) | st.floats(0.001, 1.0))


@every_metric
@law
@given(queries=representations, radio_map=representations)
def test_distances_are_those_of_scipy_on_dense_scans(
    metric: str, queries: np.ndarray, radio_map: np.ndarray
) -> None:
    found = distances(sparse.csr_array(queries), sparse.csr_array(radio_map), metric)
    # the Euclidean distance of near-identical scans is the root of a rounding error
    np.testing.assert_allclose(found, cdist(queries, radio_map, IN_SCIPY[metric]), atol=1e-7)


@every_metric
@law
@given(queries=scans(LEVELS), radio_map=scans(LEVELS), k=st.integers(1, 10))
def test_nearest_is_a_stable_full_sort_with_ties_in_map_order(
    metric: str, queries: np.ndarray, radio_map: np.ndarray, k: int
) -> None:
    dense = cdist(queries, radio_map, IN_SCIPY[metric])
    expected = np.argsort(np.round(dense, 6), axis=1, kind="stable")[:, :k]
    distance, row = nearest(sparse.csr_array(queries), sparse.csr_array(radio_map), metric, k)
    np.testing.assert_array_equal(row, expected)
    np.testing.assert_allclose(distance, np.take_along_axis(dense, expected, axis=1), atol=1e-7)


def test_nearest_of_identical_scans_are_the_first_of_the_map() -> None:
    radio_map = sparse.csr_array(np.tile([0.3, 0.0, 0.7], (50, 1)))
    for metric in IN_SCIPY:
        _, row = nearest(radio_map[:2], radio_map, metric, 4)
        np.testing.assert_array_equal(row, [[0, 1, 2, 3]] * 2)


def test_nearest_with_k_beyond_the_map_gives_the_whole_map() -> None:
    radio_map = sparse.csr_array(np.eye(3))
    distance, row = nearest(radio_map[[1]], radio_map, "manhattan", 99)
    np.testing.assert_array_equal(row, [[1, 0, 2]])
    np.testing.assert_allclose(distance, [[0, 2, 2]])


def test_nearest_does_not_depend_on_the_size_of_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    queries, radio_map = (sparse.csr_array(rng.random((n, 6))) for n in (23, 11))
    whole = nearest(queries, radio_map, "sorensen", 3)
    monkeypatch.setattr(fingerprint_index, "_BLOCK_ENTRIES", 50)  # four queries at a time
    for one_by_one, at_once in zip(nearest(queries, radio_map, "sorensen", 3), whole, strict=True):
        np.testing.assert_array_equal(one_by_one, at_once)


def test_nearest_of_no_queries_is_empty() -> None:
    radio_map = sparse.csr_array(np.eye(3))
    distance, row = nearest(radio_map[:0], radio_map, "cosine", 2)
    assert distance.shape == row.shape == (0, 2)


def test_sorensen_is_1_where_nothing_is_shared() -> None:
    radio_map = sparse.csr_array([[0.0, 0.4], [0.2, 0.0]])
    blank = sparse.csr_array((1, 2))
    np.testing.assert_allclose(distances(radio_map[[1]], radio_map, "sorensen"), [[1, 0]])
    np.testing.assert_allclose(distances(blank, radio_map, "sorensen"), [[1, 1]])


def test_unknown_metric_is_refused_with_the_near_miss() -> None:
    one = sparse.csr_array([[1.0]])
    with pytest.raises(UnknownNameError, match="Did you mean sorensen"):
        distances(one, one, "sorenson")


@every_metric
def test_identical_scans_are_no_distance_apart(metric: str) -> None:
    rng = np.random.default_rng(1)
    scans = sparse.csr_array(np.where(rng.random((40, 60)) < 0.3, rng.random((40, 60)), 0))
    between = np.diag(distances(scans, scans, metric))
    np.testing.assert_allclose(between, 0, atol=1e-14)
