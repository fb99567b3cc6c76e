"""Nearest fingerprints of a radio map, on sparse data throughout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from scipy import sparse
from sklearn.metrics.pairwise import cosine_distances, euclidean_distances, manhattan_distances

from tutelage.errors import UnknownNameError

__all__ = ["Metric", "distances", "nearest"]

Metric = Literal["euclidean", "manhattan", "cosine", "sorensen"]

_BLOCK_ENTRIES = 4_000_000  # distances held at a time: 32 MB


def _sorensen(queries: sparse.csr_array, radio_map: sparse.csr_array) -> np.ndarray:
    """sum |q - x| / sum (q + x); 1 where nothing is shared (Sorensen, or Bray-Curtis, on values >= 0)."""
    total = queries.sum(axis=1)[:, None] + radio_map.sum(axis=1)[None, :]
    return np.asarray(manhattan_distances(queries, radio_map) / np.maximum(total, 1e-12))


_METRICS: dict[str, Callable[[sparse.csr_array, sparse.csr_array], np.ndarray]] = {
    "euclidean": euclidean_distances,
    "manhattan": manhattan_distances,
    "cosine": cosine_distances,
    "sorensen": _sorensen,
}


def distances(queries: sparse.csr_array, radio_map: sparse.csr_array, metric: str) -> np.ndarray:
    """Distances [n_queries, n_map] between representations of RSS.

    Raises
    ------
    UnknownNameError
        If `metric` is none of euclidean, manhattan, cosine, sorensen.
    """
    if metric not in _METRICS:
        raise UnknownNameError("metric", metric, get_args(Metric))
    return _METRICS[metric](queries, radio_map)


def nearest(
    queries: sparse.csr_array, radio_map: sparse.csr_array, metric: str, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest fingerprints of each query, nearest first.

    Parameters
    ----------
    queries, radio_map : representations [n_queries, n_ap] and [n_map, n_ap]
    metric : see `distances`
    k : at most n_map are returned

    Returns
    -------
    distance, row : [n_queries, min(k, n_map)]; distances equal to six decimals keep the order of the map
    """
    k, n_map = min(k, radio_map.shape[0]), radio_map.shape[0]
    found = [(np.empty((0, k)), np.empty((0, k), dtype=np.int64))]
    n_block = max(1, _BLOCK_ENTRIES // n_map)
    for first in range(0, queries.shape[0], n_block):
        distance = distances(queries[first : first + n_block], radio_map, metric)
        row = _k_smallest(distance, k)
        found.append((np.take_along_axis(distance, row, axis=1), row))
    return np.concatenate([d for d, _ in found]), np.concatenate([r for _, r in found])


def _k_smallest(distance: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k smallest entries of each row, sorted by (distance to six decimals, column).

    Surveys repeat scans, so ties are common, and rounding errors would break them at random: each entry gets
    a whole number that orders by distance first and by column second.
    """
    n_map = distance.shape[1]
    key = np.rint(distance * 1e6).astype(np.int64) * n_map + np.arange(n_map)
    smallest = np.partition(key, k - 1, axis=1)[:, :k]
    return np.asarray(np.sort(smallest, axis=1) % n_map)
