"""The features of a pair, against a plain loop over dense scans."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from tutelage.runtime import compared_scans
from tutelage.runtime.compared_scans import STRONGEST, ComparedScans
from tutelage.runtime.pair_features import PAIR_FEATURES, describe_pairs

N_AP = 12


def sorensen(a: np.ndarray, b: np.ndarray, weight: np.ndarray | float = 1.0) -> float:
    total = float((weight * (a + b)).sum())
    return float((weight * np.abs(a - b)).sum()) / total if total else 1.0


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 1 and a.std() > 1e-6 and b.std() > 1e-6 else 0.0


def places(scan: np.ndarray) -> np.ndarray:
    """0 for the strongest access point, 1 for the next, ..."""
    return np.argsort(np.argsort(-scan, kind="stable"))


def by_hand(q: np.ndarray, c: np.ndarray, rarity: np.ndarray) -> dict[str, float]:
    both = (q > 0) & (c > 0)
    d = (q - c)[both]
    moved = np.where(both, q - d.mean() if both.any() else 0, q)
    shared = np.minimum(moved, c)[both].sum()
    n = int(both.sum())
    found = {
        "sorensen": sorensen(q, c),
        "sorensen_powed": sorensen(q**math.e, c**math.e),
        "sorensen_rare": sorensen(q**math.e, c**math.e, rarity),
        "sorensen_offset": 1 - 2 * shared / (moved.sum() + c.sum()),
        "cosine": cosine(q, c),
        "cosine_powed": cosine(q**math.e, c**math.e),
        "n_query": math.log1p((q > 0).sum()),
        "n_candidate": math.log1p((c > 0).sum()),
        "n_both": math.log1p(n),
        "n_only_query": math.log1p(((q > 0) & (c == 0)).sum()),
        "n_only_candidate": math.log1p(((c > 0) & (q == 0)).sum()),
        "share_both": n / ((q > 0) | (c > 0)).sum(),
        "share_of_query": n / (q > 0).sum(),
        "share_of_candidate": n / (c > 0).sum(),
        "mean_difference": d.mean() if n else 0.0,
        "sd_difference": d.std() if n else 0.0,
        "mean_abs_difference": np.abs(d).mean() if n else 0.0,
        "correlation": correlation(q[both], c[both]),
        "rank_correlation": correlation(places(q)[both].astype(float), places(c)[both].astype(float)),
        "strongest_only_query": max([0.0, *q[(q > 0) & (c == 0)]]),
        "strongest_only_candidate": max([0.0, *c[(c > 0) & (q == 0)]]),
        "same_strongest": float(np.argmax(q) == np.argmax(c)),
    }
    for i in range(STRONGEST):
        for name, scan, other in (("query", q, c), ("candidate", c, q)):
            at = int(np.argsort(-scan, kind="stable")[i])
            heard = scan[at] > 0
            found[f"{name}_difference_{i}"] = float(scan[at] - other[at]) if heard else 0.0
            found[f"{name}_strength_{i}"] = float(scan[at]) if heard else 0.0
    return found


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
@settings(max_examples=60)
def test_features_are_those_of_a_plain_loop(seed: int, share_heard: float) -> None:
    rng = np.random.default_rng(seed)
    scans = np.where(rng.random((8, N_AP)) < share_heard, rng.uniform(0.05, 0.95, (8, N_AP)), 0)
    scans[:, rng.integers(N_AP)] += 0.01 * (scans.sum(axis=1) == 0)  # no blank scans
    rarity = rng.uniform(0.1, 3, N_AP)
    queries, radio_map = (ComparedScans(sparse.csr_array(part), rarity) for part in (scans[:3], scans[3:]))
    query, candidate = np.divmod(np.arange(15), 5)
    found = describe_pairs(queries, radio_map, query, candidate)
    for pair in range(15):
        expected = by_hand(scans[query[pair]], scans[3 + candidate[pair]], rarity)
        np.testing.assert_allclose(
            found[pair], [expected[name] for name in PAIR_FEATURES], atol=2e-4, err_msg=str(PAIR_FEATURES)
        )


def test_a_blank_scan_has_features() -> None:
    scans = ComparedScans(sparse.csr_array(np.array([[0.0, 0.0], [0.5, 0.0]])), np.ones(2))
    found = describe_pairs(scans, scans, np.array([0, 1, 0]), np.array([1, 0, 0]))
    assert np.isfinite(found).all()
    assert found[:, PAIR_FEATURES.index("sorensen")] == pytest.approx([1, 1, 1])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_names_of_access_points_do_not_matter(seed: int) -> None:
    """Relabelled columns: the same features, so nothing of a building's identity is in them."""
    rng = np.random.default_rng(seed)
    scans = np.where(rng.random((6, N_AP)) < 0.5, rng.uniform(0.05, 0.95, (6, N_AP)), 0)
    rarity = rng.uniform(0.1, 3, N_AP)
    order = rng.permutation(N_AP)
    pairs = np.divmod(np.arange(9), 3)

    def features(values: np.ndarray, rarity: np.ndarray) -> np.ndarray:
        queries, radio_map = (
            ComparedScans(sparse.csr_array(part), rarity) for part in (values[:3], values[3:])
        )
        return describe_pairs(queries, radio_map, *pairs)

    np.testing.assert_allclose(features(scans, rarity), features(scans[:, order], rarity[order]), atol=1e-6)


def test_readings_are_ranked_within_their_scan_in_blocks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    dense = np.round(rng.random((50, 12)), 1) * (rng.random((50, 12)) < 0.6)  # with ties and blank scans
    strength = sparse.csr_array(dense)
    rarity = np.ones(12)
    whole = ComparedScans(strength, rarity).place
    monkeypatch.setattr(compared_scans, "_ROWS", 7)
    np.testing.assert_array_equal(ComparedScans(strength, rarity).place, whole)
    scan = strength[[3]]
    first = whole[strength.indptr[3] : strength.indptr[4]]
    np.testing.assert_array_equal(np.argsort(first), np.argsort(-scan.data, kind="stable"))
