"""How likely a scan is around a reference point, against a plain loop over dense scans."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from tutelage.methods.matcher.smoothing import Surroundings
from tutelage.runtime.compared_scans import ComparedScans
from tutelage.runtime.likelihood import LIKELIHOOD_FEATURES, HeardAround

N_AP = 8
NOISE = 0.05
RARE = 0.02
MOST = 25.0


def heard_around(strength: sparse.csr_array, surroundings: Surroundings) -> HeardAround:
    heard = strength.astype(bool).astype(float)
    share, square = (surroundings.mean(values).data for values in (heard, strength.power(2)))
    return HeardAround(surroundings.mean(strength), share, square)


def by_hand(query: np.ndarray, scans: np.ndarray, weight: np.ndarray) -> list[float]:
    """Features of one scan at one place whose surroundings are the scans with these weights."""
    squared = []
    density = []
    heard = 0.0
    silent = 0.0
    for q, column in zip(query, scans.T, strict=True):
        share = float(weight[column > 0].sum())
        if q > 0 and share > 0:
            mean = float((weight * column).sum()) / share
            variance = max(float((weight * column**2).sum()) / share - mean**2, 0) + NOISE**2
            squared.append(min((q - mean) ** 2 / variance, MOST))
            density.append(-squared[-1] / 2 - math.log(math.sqrt(variance) / NOISE))
        if q > 0:
            heard += math.log(min(max(share, RARE), 1 - RARE))
        elif share > 0:
            silent += math.log(min(max(1 - share, RARE), 1 - RARE))
    n = max(int((query > 0).sum()), 1)
    return [
        float(np.mean(squared)) if squared else 0.0,
        float(np.mean(density)) if density else 0.0,
        heard / n,
        silent / n,
        (sum(density) + heard + silent) / n,
    ]


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9), st.integers(2, 6))
@settings(max_examples=60)
def test_features_are_those_of_a_plain_loop(seed: int, share_heard: float, n_points: int) -> None:
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((12, N_AP)) < share_heard, rng.uniform(0.05, 0.95, (12, N_AP)), 0)
    queries = dense[:3]
    fingerprints = dense[3:]
    place = rng.integers(0, 3, (9, 2)).astype(float)
    storey = rng.integers(0, 2, 9)
    surroundings = Surroundings(place, storey, n_points)
    around = heard_around(sparse.csr_array(fingerprints), surroundings)
    query, candidate = np.divmod(np.arange(27), 9)
    point = surroundings.point[candidate]
    compared = ComparedScans(sparse.csr_array(queries), np.ones(N_AP))
    weights = surroundings.weights.toarray()
    expected = [by_hand(queries[q], fingerprints, weights[at]) for q, at in zip(query, point, strict=True)]
    np.testing.assert_allclose(around.describe(compared, query, point), expected, atol=1e-9)


def test_known_values() -> None:
    """One point, heard by all and by half of its scans; the query hears the first one as always."""
    scans = sparse.csr_array(np.array([[0.5, 0.4], [0.5, 0.0]]))
    surroundings = Surroundings(np.zeros((2, 2)), np.zeros(2, dtype=int), 6)
    queries = ComparedScans(sparse.csr_array(np.array([[0.5, 0.0]])), np.ones(2))
    zero = np.zeros(1, dtype=int)
    found = dict(
        zip(
            LIKELIHOOD_FEATURES,
            heard_around(scans, surroundings).describe(queries, zero, zero)[0],
            strict=True,
        )
    )
    assert found == pytest.approx(
        {
            "squared_difference": 0.0,
            "log_density": 0.0,
            "log_heard": math.log(0.98),
            "log_silent": math.log(0.5),
            "log_likelihood": math.log(0.98) + math.log(0.5),
        }
    )


def test_a_scan_is_likeliest_where_it_was_taken() -> None:
    rng = np.random.default_rng(0)
    place = np.column_stack([np.repeat(np.arange(10.0), 4), np.zeros(40)])
    centre = 0.2 + 0.06 * np.abs(place[:, :1] - np.arange(10)[None])
    strength = np.clip(centre + rng.normal(0, 0.02, centre.shape), 0.01, 1)
    surroundings = Surroundings(place, np.zeros(40, dtype=int), 2)
    around = heard_around(sparse.csr_array(strength), surroundings)
    queries = ComparedScans(sparse.csr_array(strength), np.ones(10))
    query, point = np.divmod(np.arange(400), 10)
    log_likelihood = around.describe(queries, query, point)[:, -1].reshape(40, 10)
    assert (np.abs(log_likelihood.argmax(axis=1) - surroundings.point) <= 1).all()
