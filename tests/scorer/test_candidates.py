"""Candidate lists."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tutelage.neighbours import nearest
from tutelage.scorer.candidates import FEATURES, CandidateSearch
from tutelage.scorer.features import PAIR_FEATURES


def some_scans(n: int, seed: int) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((n, 20)) < 0.4, rng.uniform(0.05, 0.95, (n, 20)), 0)
    values[:, 0] = 0.3
    return sparse.csr_array(values)


def powed(scans: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((scans.data**np.e, scans.indices, scans.indptr), shape=scans.shape)


def test_candidates_are_the_nearest_by_sorensen_distance_on_powed_values() -> None:
    fingerprints, queries = some_scans(40, 0), some_scans(6, 1)
    found = CandidateSearch(fingerprints).candidates(queries, 10)
    distance, row = nearest(powed(queries), powed(fingerprints), "sorensen", 10)
    np.testing.assert_array_equal(found.row, row)
    assert found.known.all()
    assert found.feature.shape == (6, 10, len(FEATURES))
    of_pairs = found.feature[:, :, PAIR_FEATURES.index("sorensen_powed")]
    np.testing.assert_allclose(of_pairs, distance, atol=1e-6)
    np.testing.assert_allclose(
        found.feature[:, :, FEATURES.index("gap")], distance - distance[:, :1], atol=1e-6
    )
    np.testing.assert_allclose(found.feature[0, :, FEATURES.index("place")], np.arange(10) / 10, atol=1e-6)
    np.testing.assert_allclose(found.feature[:, :, FEATURES.index("z_score")].mean(axis=1), 0, atol=1e-4)


def test_what_is_left_out_is_not_known_and_comes_last() -> None:
    fingerprints, queries = some_scans(40, 0), some_scans(6, 1)
    search = CandidateSearch(fingerprints)
    nearest_rows = search.candidates(queries, 10).row
    banned = nearest_rows[:, :1]
    found = search.candidates(queries, 10, lambda row: row == banned)
    assert found.known.all()
    assert not (found.row == banned).any()
    np.testing.assert_array_equal(found.row[:, :9], nearest_rows[:, 1:])
    none_left = search.candidates(queries, 10, lambda row: np.ones(row.shape, dtype=bool))
    assert not none_left.known.any()


def test_a_small_radio_map_gives_short_lists() -> None:
    found = CandidateSearch(some_scans(3, 0)).candidates(some_scans(2, 1), 10)
    assert found.row.shape == (2, 3)
    assert CandidateSearch(some_scans(3, 0)).candidates(some_scans(0, 1), 10).row.shape == (0, 3)
