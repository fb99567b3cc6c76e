"""What two scans look like beside each other, without naming an access point.

What tells two scans of one place from two scans of two places is alike in every building: how many access
points both hear, how their strengths differ, what only one of them hears. Described so, what is learnt in one
building holds in another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.runtime.compared_scans import STRONGEST, ComparedScans
from tutelage.runtime.rows import taken, which_of

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
    """Features of P pairs of a query and a fingerprint.

    Work grows with the access points the candidates heard.

    Parameters
    ----------
    queries, radio_map : over the same access points
    query, candidate : [P] rows of them

    Returns
    -------
    [P, len(PAIR_FEATURES)] float32
    """
    pairs = _Pairs(queries, radio_map, query, candidate)
    found = {**_overlap(pairs), **_counts(pairs), **_differences(pairs), **_strongest(pairs)}
    return np.array([found[name] for name in PAIR_FEATURES], dtype=np.float32).T


class _Pairs:
    """P pairs, and the readings of access points that both of a pair hear.

    pair : [s] which pair each shared reading belongs to
    q, c : [s] its places among the readings of the queries and of the radio map
    only_candidate : strengths of the readings of the candidates alone, pair by pair
    n_both, n_only_query, n_only_candidate : [P] how many readings of each kind
    """

    def __init__(
        self, queries: ComparedScans, radio_map: ComparedScans, query: np.ndarray, candidate: np.ndarray
    ) -> None:
        self.queries, self.radio_map, self.query, self.candidate = queries, radio_map, query, candidate
        pair, entry = which_of(radio_map.n_heard[candidate]), radio_map.entries(candidate)
        found = queries.find(taken(query, pair), taken(radio_map.strength.indices, entry))
        shared = np.flatnonzero(found >= 0)
        self.pair, self.c, self.q = pair[shared], entry[shared], found[shared]
        self.only_candidate = radio_map.strength.data[entry[found < 0]]
        self.n_both = np.bincount(self.pair, minlength=len(query))
        self.n_only_query = queries.n_heard[query] - self.n_both
        self.n_only_candidate = radio_map.n_heard[candidate] - self.n_both
        self.q_strength, self.c_strength = queries.strength.data[self.q], radio_map.strength.data[self.c]
        self.mean_difference = self.mean(self.q_strength - self.c_strength)

    def sum(self, value: np.ndarray) -> np.ndarray:
        """[s] figures of the shared readings to [P] sums."""
        return np.bincount(self.pair, weights=value, minlength=len(self.query))

    def mean(self, value: np.ndarray) -> np.ndarray:
        """The same to means, 0 where nothing is shared."""
        return np.asarray(self.sum(value) / np.maximum(self.n_both, 1))

    def correlation(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Pearson correlation of two figures of the shared readings, 0 where one does not vary."""
        da, db = a - self.mean(a)[self.pair], b - self.mean(b)[self.pair]
        varied = np.sqrt(self.sum(da * da) * self.sum(db * db))
        return np.where(varied > _CONSTANT, self.sum(da * db) / np.maximum(varied, _CONSTANT), 0.0)


def _overlap(pairs: _Pairs) -> dict[str, np.ndarray]:
    queries, radio_map, query, candidate = pairs.queries, pairs.radio_map, pairs.query, pairs.candidate
    q_powed, c_powed = queries.powed[pairs.q], radio_map.powed[pairs.c]
    rarity = radio_map.rarity[radio_map.strength.indices[pairs.c]]
    total = queries.total[query] + radio_map.total[candidate]
    total_powed = queries.total_powed[query] + radio_map.total_powed[candidate]
    total_rare = queries.total_rare[query] + radio_map.total_rare[candidate]
    moved = pairs.q_strength - pairs.mean_difference[pairs.pair]

    def sorensen(q: np.ndarray, c: np.ndarray, total: np.ndarray, weight: Any = 1.0) -> np.ndarray:
        return np.asarray(1 - 2 * pairs.sum(np.minimum(q, c) * weight) / np.maximum(total, _TINY))

    def cosine(q: np.ndarray, c: np.ndarray, q_norm: np.ndarray, c_norm: np.ndarray) -> np.ndarray:
        return np.asarray(pairs.sum(q * c) / np.maximum(q_norm[query] * c_norm[candidate], _TINY))

    q, c = pairs.q_strength, pairs.c_strength
    return {
        "sorensen": sorensen(q, c, total),
        "sorensen_powed": sorensen(q_powed, c_powed, total_powed),
        "sorensen_rare": sorensen(q_powed, c_powed, total_rare, rarity),
        "sorensen_offset": sorensen(moved, c, total - pairs.n_both * pairs.mean_difference),
        "cosine": cosine(q, c, queries.norm, radio_map.norm),
        "cosine_powed": cosine(q_powed, c_powed, queries.norm_powed, radio_map.norm_powed),
    }


def _counts(pairs: _Pairs) -> dict[str, np.ndarray]:
    n_query, n_candidate = pairs.queries.n_heard[pairs.query], pairs.radio_map.n_heard[pairs.candidate]
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
    queries, radio_map, query, candidate = pairs.queries, pairs.radio_map, pairs.query, pairs.candidate
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
    """Strengths of the readings of each pair's query that its candidate does not hear, pair by pair."""
    queries, query = pairs.queries, pairs.query
    entry = queries.entries(query)
    n_heard = queries.n_heard[query]
    begin = np.cumsum(n_heard) - n_heard - queries.strength.indptr[query]
    unheard = np.ones(len(entry), dtype=bool)
    unheard[begin[pairs.pair] + pairs.q] = False
    return np.asarray(queries.strength.data[entry[unheard]])


def _differences_at_strongest(
    of: ComparedScans, row: np.ndarray, pairs: _Pairs, shared: np.ndarray, other_strength: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """[P, STRONGEST] strengths of the strongest of `row`, and by how much the other hears them weaker.

    shared, other_strength : [s] the pairs' shared readings in `of`, and how strong the other hears them
    """
    access_point, strength = (array[row] for array in of.strongest)
    place = of.place[shared]
    among = np.flatnonzero(place < STRONGEST)
    heard = np.zeros(strength.shape)
    heard[pairs.pair[among], place[among].astype(np.int64)] = other_strength[among]
    return strength, np.where(access_point >= 0, strength - heard, 0.0)


def _largest(strength: np.ndarray, n_each: np.ndarray) -> np.ndarray:
    """[P] the largest of the strengths of each pair, which has so many of them; 0 for none."""
    largest = np.zeros(len(n_each))
    some = np.flatnonzero(n_each)
    if len(some):
        largest[some] = np.maximum.reduceat(strength, (np.cumsum(n_each) - n_each)[some])
    return largest
