"""Features of two scans beside each other that name no access point.

Two scans of one place resemble each other in the same way in every building: in how many access points both
hear, in how their strengths differ, in what only one of them hears. A model of such features that learns in
one building therefore works in another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.runtime.compared_scans import STRONGEST, ComparedScans
from tutelage.runtime.rows import gather, range_numbers

__all__ = ["PAIR_FEATURES", "describe_pairs"]

_TINY = 1e-30  # instead of dividing by zero
_CONSTANT = 1e-9  # figures that vary less do not vary

PAIR_FEATURES = (
    # distances of the whole scans
    "sorensen",
    "sorensen_powed",
    "sorensen_rare",  # access points weighted by how few fingerprints heard them
    "sorensen_offset",  # after taking the mean difference out, as between two devices
    "cosine",
    "cosine_powed",
    # how many access points are heard, log(1 + n), and shares
    "n_query",
    "n_candidate",
    "n_both",
    "n_only_query",
    "n_only_candidate",
    "share_both",
    "share_of_query",
    "share_of_candidate",
    # strengths of those that both hear
    "mean_difference",
    "sd_difference",
    "mean_abs_difference",
    "correlation",
    "rank_correlation",
    # the strongest of each
    "strongest_only_query",
    "strongest_only_candidate",
    "same_strongest",
    *(f"query_strength_{i}" for i in range(STRONGEST)),
    *(f"query_difference_{i}" for i in range(STRONGEST)),
    *(f"candidate_difference_{i}" for i in range(STRONGEST)),
)


def describe_pairs(
    queries: ComparedScans, radio_map: ComparedScans, query: np.ndarray, candidate: np.ndarray
) -> np.ndarray:
    """Compute features of P pairs of a query and a fingerprint.

    The work grows with the access points that the candidates heard.

    Parameters
    ----------
    queries, radio_map : ComparedScans
        Scans over the same access points.
    query, candidate : numpy.ndarray
        Rows of the queries and of the radio map, [P].

    Returns
    -------
    numpy.ndarray
        Features, [P, len(PAIR_FEATURES)] float32.
    """
    pairs = _Pairs(queries, radio_map, query, candidate)
    features = {**_overlap(pairs), **_counts(pairs), **_differences(pairs), **_strongest(pairs)}
    return np.array([features[name] for name in PAIR_FEATURES], dtype=np.float32).T


class _Pairs:
    """P pairs, and the readings of access points that both scans of a pair hear.

    Attributes
    ----------
    pair : numpy.ndarray
        Pair of each shared reading, [s].
    q, c : numpy.ndarray
        Places of the shared readings among those of the queries and of the radio map, [s].
    only_candidate : numpy.ndarray
        Strengths of the readings that only the candidate has, pair by pair.
    n_both, n_only_query, n_only_candidate : numpy.ndarray
        Number of readings of each kind, [P].
    """

    def __init__(
        self, queries: ComparedScans, radio_map: ComparedScans, query: np.ndarray, candidate: np.ndarray
    ) -> None:
        self.queries = queries
        self.radio_map = radio_map
        self.query = query
        self.candidate = candidate
        pair = range_numbers(radio_map.n_heard[candidate])
        entry = radio_map.entries(candidate)
        reading = queries.find(gather(query, pair), gather(radio_map.strength.indices, entry))
        shared = np.flatnonzero(reading >= 0)
        self.pair = pair[shared]
        self.c = entry[shared]
        self.q = reading[shared]
        self.only_candidate = radio_map.strength.data[entry[reading < 0]]
        self.n_both = np.bincount(self.pair, minlength=len(query))
        self.n_only_query = queries.n_heard[query] - self.n_both
        self.n_only_candidate = radio_map.n_heard[candidate] - self.n_both
        self.q_strength = queries.strength.data[self.q]
        self.c_strength = radio_map.strength.data[self.c]
        self.mean_difference = self.mean(self.q_strength - self.c_strength)

    def sum(self, value: np.ndarray) -> np.ndarray:
        """Sum figures of the shared readings [s] over each pair [P]."""
        return np.bincount(self.pair, weights=value, minlength=len(self.query))

    def mean(self, value: np.ndarray) -> np.ndarray:
        """Average figures of the shared readings [s] over each pair [P]; 0 where nothing is shared."""
        return np.asarray(self.sum(value) / np.maximum(self.n_both, 1))

    def correlation(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Compute Pearson's correlation of two figures of the shared readings; 0 where one does not vary."""
        da = a - self.mean(a)[self.pair]
        db = b - self.mean(b)[self.pair]
        spread = np.sqrt(self.sum(da * da) * self.sum(db * db))
        return np.where(spread > _CONSTANT, self.sum(da * db) / np.maximum(spread, _CONSTANT), 0.0)


def _overlap(pairs: _Pairs) -> dict[str, np.ndarray]:
    queries = pairs.queries
    radio_map = pairs.radio_map
    query = pairs.query
    candidate = pairs.candidate
    q_powed = queries.powed[pairs.q]
    c_powed = radio_map.powed[pairs.c]
    rarity = radio_map.rarity[radio_map.strength.indices[pairs.c]]
    total = queries.total[query] + radio_map.total[candidate]
    total_powed = queries.total_powed[query] + radio_map.total_powed[candidate]
    total_rare = queries.total_rare[query] + radio_map.total_rare[candidate]
    q_offset = pairs.q_strength - pairs.mean_difference[pairs.pair]

    def sorensen(q: np.ndarray, c: np.ndarray, total: np.ndarray, weight: Any = 1.0) -> np.ndarray:
        return np.asarray(1 - 2 * pairs.sum(np.minimum(q, c) * weight) / np.maximum(total, _TINY))

    def cosine(q: np.ndarray, c: np.ndarray, q_norm: np.ndarray, c_norm: np.ndarray) -> np.ndarray:
        return np.asarray(pairs.sum(q * c) / np.maximum(q_norm[query] * c_norm[candidate], _TINY))

    q = pairs.q_strength
    c = pairs.c_strength
    return {
        "sorensen": sorensen(q, c, total),
        "sorensen_powed": sorensen(q_powed, c_powed, total_powed),
        "sorensen_rare": sorensen(q_powed, c_powed, total_rare, rarity),
        "sorensen_offset": sorensen(q_offset, c, total - pairs.n_both * pairs.mean_difference),
        "cosine": cosine(q, c, queries.norm, radio_map.norm),
        "cosine_powed": cosine(q_powed, c_powed, queries.norm_powed, radio_map.norm_powed),
    }


def _counts(pairs: _Pairs) -> dict[str, np.ndarray]:
    n_query = pairs.queries.n_heard[pairs.query]
    n_candidate = pairs.radio_map.n_heard[pairs.candidate]
    n_both = pairs.n_both
    return {
        "n_query": np.log1p(n_query),
        "n_candidate": np.log1p(n_candidate),
        "n_both": np.log1p(n_both),
        "n_only_query": np.log1p(pairs.n_only_query),
        "n_only_candidate": np.log1p(pairs.n_only_candidate),
        "share_both": n_both / np.maximum(n_query + n_candidate - n_both, 1),
        "share_of_query": n_both / np.maximum(n_query, 1),
        "share_of_candidate": n_both / np.maximum(n_candidate, 1),
    }


def _differences(pairs: _Pairs) -> dict[str, np.ndarray]:
    difference = pairs.q_strength - pairs.c_strength
    from_mean = difference - pairs.mean_difference[pairs.pair]
    return {
        "mean_difference": pairs.mean_difference,
        "sd_difference": np.sqrt(pairs.mean(from_mean**2)),
        "mean_abs_difference": pairs.mean(np.abs(difference)),
        "correlation": pairs.correlation(pairs.q_strength, pairs.c_strength),
        "rank_correlation": pairs.correlation(pairs.queries.place[pairs.q], pairs.radio_map.place[pairs.c]),
    }


def _strongest(pairs: _Pairs) -> dict[str, np.ndarray]:
    queries = pairs.queries
    radio_map = pairs.radio_map
    query = pairs.query
    candidate = pairs.candidate
    q_strength, q_difference = _differences_at_strongest(queries, query, pairs, pairs.q, pairs.c_strength)
    _, c_difference = _differences_at_strongest(radio_map, candidate, pairs, pairs.c, pairs.q_strength)
    first = queries.strongest[0][query, 0], radio_map.strongest[0][candidate, 0]
    return {
        "strongest_only_query": _largest(_only_query(pairs), pairs.n_only_query),
        "strongest_only_candidate": _largest(pairs.only_candidate, pairs.n_only_candidate),
        "same_strongest": (first[0] == first[1]).astype(float),
        **{f"query_strength_{i}": q_strength[:, i] for i in range(STRONGEST)},
        **{f"query_difference_{i}": q_difference[:, i] for i in range(STRONGEST)},
        **{f"candidate_difference_{i}": c_difference[:, i] for i in range(STRONGEST)},
    }


def _only_query(pairs: _Pairs) -> np.ndarray:
    """Return the strengths that only the query of each pair hears, pair by pair."""
    queries = pairs.queries
    query = pairs.query
    entry = queries.entries(query)
    n_heard = queries.n_heard[query]
    begin = np.cumsum(n_heard) - n_heard - queries.strength.indptr[query]
    is_only_here = np.ones(len(entry), dtype=bool)
    is_only_here[begin[pairs.pair] + pairs.q] = False
    return np.asarray(queries.strength.data[entry[is_only_here]])


def _differences_at_strongest(
    scans: ComparedScans, row: np.ndarray, pairs: _Pairs, shared: np.ndarray, other_strength: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return strengths of the strongest readings of `row`, and how much weaker the other scan hears them.

    Both are [P, STRONGEST]. `shared` [s] are the pairs' shared readings in `scans`; `other_strength` [s] is
    their strength in the other scan.
    """
    access_point, strength = (array[row] for array in scans.strongest)
    place = scans.place[shared]
    among = np.flatnonzero(place < STRONGEST)
    nearby_strength = np.zeros(strength.shape)
    nearby_strength[pairs.pair[among], place[among].astype(np.int64)] = other_strength[among]
    return strength, np.where(access_point >= 0, strength - nearby_strength, 0.0)


def _largest(strength: np.ndarray, n_each: np.ndarray) -> np.ndarray:
    """Return the largest strength of each pair [P], which has `n_each` of them; 0 for none."""
    largest = np.zeros(len(n_each))
    some = np.flatnonzero(n_each)
    if len(some):
        largest[some] = np.maximum.reduceat(strength, (np.cumsum(n_each) - n_each)[some])
    return largest
