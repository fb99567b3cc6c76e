"""Candidate lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from tutelage.methods.matcher.smoothing import Surroundings, candidate_search, described_map
from tutelage.runtime.candidate_lists import FEATURES, CandidateSearch
from tutelage.runtime.compared_scans import ComparedScans
from tutelage.runtime.fingerprint_index import distances, nearest
from tutelage.runtime.likelihood import LIKELIHOOD_FEATURES, HeardAround


def some_scans(n: int, seed: int) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((n, 20)) < 0.4, rng.uniform(0.05, 0.95, (n, 20)), 0)
    values[:, 0] = 0.3
    return sparse.csr_array(values)


def powed(scans: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((scans.data**np.e, scans.indices, scans.indptr), shape=scans.shape)


def spread_out(n: int) -> np.ndarray:
    return np.column_stack([np.arange(n) % 8, np.arange(n) // 8]).astype(float)


def search_of(n: int) -> CandidateSearch:
    return candidate_search(some_scans(n, 0), spread_out(n), np.arange(n) % 2)


def test_candidates_are_the_nearest_by_sorensen_distance_on_powed_values() -> None:
    queries = some_scans(6, 1)
    found = search_of(40).candidates(queries, 10)
    distance, row = nearest(powed(queries), powed(some_scans(40, 0)), "sorensen", 10)
    np.testing.assert_array_equal(found.row, row)
    assert found.feature.shape == (6, 10, len(FEATURES))
    of_pairs = found.feature[:, :, FEATURES.index("sorensen_powed")]
    np.testing.assert_allclose(of_pairs, distance, atol=1e-6)
    place, gap, z_score = (found.feature[:, :, FEATURES.index(name)] for name in ("place", "gap", "z_score"))
    np.testing.assert_allclose(place[0], np.arange(10) / 10, atol=1e-6)
    np.testing.assert_allclose(gap, distance - distance[:, :1], atol=1e-6)
    np.testing.assert_allclose(z_score.mean(axis=1), 0, atol=1e-4)


@pytest.mark.parametrize(("prefix", "n_points"), [("smoothed", 6), ("wide", 16)])
def test_candidates_are_described_by_their_surroundings_too(prefix: str, n_points: int) -> None:
    fingerprints = some_scans(40, 0)
    storey = np.arange(40) % 2
    surroundings = Surroundings(spread_out(40), storey, n_points)
    found = search_of(40).candidates(some_scans(6, 1), 10)
    distance = distances(powed(some_scans(6, 1)), powed(surroundings.mean(fingerprints)), "sorensen")
    expected = np.take_along_axis(distance[:, surroundings.point], found.row, axis=1)
    column = FEATURES.index(f"{prefix}_sorensen_powed")
    np.testing.assert_allclose(found.feature[:, :, column], expected, atol=1e-6)
    gap = FEATURES.index(f"{prefix}_gap")
    np.testing.assert_allclose(
        found.feature[:, :, gap], expected - expected.min(axis=1, keepdims=True), atol=1e-6
    )


def test_candidates_are_described_by_how_likely_the_scan_is_there() -> None:
    fingerprints = some_scans(40, 0)
    queries = ComparedScans(some_scans(6, 1), np.ones(20))
    surroundings = Surroundings(spread_out(40), np.arange(40) % 2, 6)
    found = search_of(40).candidates(some_scans(6, 1), 10)
    query = np.repeat(np.arange(6), 10)
    point = surroundings.point[found.row.ravel()]
    known = described_map(fingerprints, spread_out(40), np.arange(40) % 2)
    around = HeardAround(known.near, known.near_share, known.near_square)
    expected = around.describe(queries, query, point)
    first = FEATURES.index(LIKELIHOOD_FEATURES[0])
    columns = slice(first, first + len(LIKELIHOOD_FEATURES))
    np.testing.assert_allclose(found.feature[:, :, columns].reshape(60, -1), expected, rtol=1e-5)
    log_likelihood = expected[:, -1].reshape(6, 10)
    gap = found.feature[:, :, FEATURES.index("log_likelihood_gap")]
    np.testing.assert_allclose(gap, log_likelihood.max(axis=1, keepdims=True) - log_likelihood, atol=1e-4)


def test_many_scans_at_once_are_described_as_each_alone() -> None:
    search = search_of(40)
    queries = some_scans(300, 4)
    together = search.candidates(queries, 8)
    alone = [search.candidates(queries[[i]], 8) for i in range(300)]
    np.testing.assert_array_equal(together.row, np.concatenate([each.row for each in alone]))
    np.testing.assert_array_equal(together.feature, np.concatenate([each.feature for each in alone]))


def test_a_small_radio_map_gives_short_lists() -> None:
    assert search_of(3).candidates(some_scans(2, 1), 10).row.shape == (2, 3)
    assert search_of(1).candidates(some_scans(2, 1), 10).row.shape == (2, 1)
    assert search_of(3).candidates(some_scans(0, 1), 10).feature.shape == (0, 3, len(FEATURES))


# -- smoothing ---------------------------------------------------------------------------------------------


def smoothed(
    scans: sparse.csr_array, places: np.ndarray, storey: np.ndarray
) -> tuple[sparse.csr_array, np.ndarray]:
    surroundings = Surroundings(places, storey, 6)
    return surroundings.mean(scans), surroundings.point


def test_a_point_alone_on_its_storey_is_the_mean_of_its_scans() -> None:
    scans = sparse.csr_array(np.array([[0.2, 0.0], [0.4, 0.6], [0.9, 0.9]]))
    places = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    storey = np.array([0, 0, 1])
    surroundings, point = smoothed(scans, places, storey)
    np.testing.assert_allclose(surroundings.toarray()[point], [[0.3, 0.3], [0.3, 0.3], [0.9, 0.9]])


def test_neighbours_count_by_distance_in_units_of_the_spacing() -> None:
    """Three points in a row, 4 m apart: weights 1, exp(-1/2), exp(-1) of the first."""
    scans = sparse.csr_array(np.array([[0.8], [0.4], [0.0]]))
    weight = np.exp([0, -0.5, -1.0])
    for metres in (4.0, 40.0):
        places = metres * np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
        surroundings, point = smoothed(scans, places, np.zeros(3, dtype=int))
        found = surroundings.toarray()[point, 0]
        np.testing.assert_allclose(found[0], (0.8 * weight[0] + 0.4 * weight[1]) / weight.sum())


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
@settings(max_examples=30)
def test_smoothing_keeps_a_constant_and_the_order_of_the_scans_does_not_matter(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 5, (n, 2)).astype(float)
    storey = rng.integers(0, 2, n)
    scans = sparse.csr_array(np.column_stack([np.full(n, 0.5), rng.random(n) * (rng.random(n) < 0.5)]))
    surroundings, point = smoothed(scans, places, storey)
    np.testing.assert_allclose(surroundings.toarray()[:, 0], 0.5)
    assert surroundings.max() <= scans.max() + 1e-12
    order = rng.permutation(n)
    again, at = smoothed(scans[order], places[order], storey[order])
    np.testing.assert_allclose(again.toarray()[at], surroundings.toarray()[point][order], atol=1e-12)
