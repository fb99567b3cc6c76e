"""Nearest fingerprints of a radio map, on sparse data throughout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from scipy import sparse
from sklearn.metrics.pairwise import cosine_distances, euclidean_distances, manhattan_distances

from tutelage.errors import UnknownNameError
from tutelage.sparse_rows import laid_end_to_end

__all__ = ["FingerprintIndex", "Metric", "distances", "nearest"]

Metric = Literal["euclidean", "manhattan", "cosine", "sorensen"]
Distances = Callable[[sparse.csr_array], np.ndarray]
Prepare = Callable[[sparse.csr_array], Distances]

_BLOCK_ENTRIES = 200_000  # distances held at a time: 1.6 MB stay in a core's cache


def _sorensen_to(radio_map: sparse.csr_array) -> Distances:
    """sum |q - x| / sum (q + x); 1 where nothing is shared (Sorensen, or Bray-Curtis, on values >= 0).

    As |q - x| = q + x - 2 min(q, x), only access points that both heard have to be visited: the radio map is
    kept by access point.
    """
    heard, total = sparse.csc_array(radio_map), radio_map.sum(axis=1)
    n_hearing, n_map = np.diff(heard.indptr), len(total)

    def distances(queries: sparse.csr_array) -> np.ndarray:
        asking = np.repeat(np.arange(queries.shape[0]) * n_map, np.diff(queries.indptr))
        reading, entry = laid_end_to_end(heard.indptr[queries.indices], n_hearing[queries.indices])
        both = np.bincount(
            asking[reading] + heard.indices[entry],
            weights=np.minimum(queries.data[reading], heard.data[entry]),
            minlength=queries.shape[0] * n_map,
        ).reshape(queries.shape[0], n_map)
        sum_of_both = queries.sum(axis=1)[:, None] + total[None, :]
        return np.asarray(1 - 2 * both / np.maximum(sum_of_both, 1e-12))

    return distances


def _to(pairwise: Callable[[sparse.csr_array, sparse.csr_array], np.ndarray]) -> Prepare:
    return lambda radio_map: lambda queries: pairwise(queries, radio_map)


_METRICS: dict[str, Prepare] = {
    "euclidean": _to(euclidean_distances),
    "manhattan": _to(manhattan_distances),
    "cosine": _to(cosine_distances),
    "sorensen": _sorensen_to,
}


class FingerprintIndex:
    """A radio map, ready to be asked for distances again and again.

    Parameters
    ----------
    radio_map : representation of RSS [n_map, n_ap]
    metric : euclidean, manhattan, cosine or sorensen

    Raises
    ------
    UnknownNameError
        If `metric` is none of them.
    """

    def __init__(self, radio_map: sparse.csr_array, metric: str) -> None:
        if metric not in _METRICS:
            raise UnknownNameError("metric", metric, get_args(Metric))
        self._distances, self._n_map = _METRICS[metric](radio_map), radio_map.shape[0]

    def distances(self, queries: sparse.csr_array) -> np.ndarray:
        """Distances [n_queries, n_map] between representations of RSS."""
        return self._distances(queries)

    def nearest(self, queries: sparse.csr_array, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest fingerprints of each query [n_queries, n_ap], nearest first.

        Returns
        -------
        distance, row : [n_queries, min(k, n_map)]; distances equal to six decimals keep the order of the map
        """
        k = min(k, self._n_map)
        found = [(np.empty((0, k)), np.empty((0, k), dtype=np.int64))]
        n_block = max(1, _BLOCK_ENTRIES // self._n_map)
        for first in range(0, queries.shape[0], n_block):
            distance = self.distances(queries[first : first + n_block])
            row = _k_smallest(distance, k)
            found.append((np.take_along_axis(distance, row, axis=1), row))
        return np.concatenate([d for d, _ in found]), np.concatenate([r for _, r in found])


def distances(queries: sparse.csr_array, radio_map: sparse.csr_array, metric: str) -> np.ndarray:
    """`FingerprintIndex.distances` of a radio map that is asked once."""
    return FingerprintIndex(radio_map, metric).distances(queries)


def nearest(
    queries: sparse.csr_array, radio_map: sparse.csr_array, metric: str, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """`FingerprintIndex.nearest` of a radio map that is asked once."""
    return FingerprintIndex(radio_map, metric).nearest(queries, k)


def _k_smallest(distance: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k smallest entries of each row, sorted by (distance to six decimals, column).

    Surveys repeat scans, so ties are common, and rounding errors would break them at random: each entry gets
    a whole number, exact in float64, that orders by distance first and by column second.
    """
    n_map = distance.shape[1]
    key = np.rint(distance * 1e6)
    key *= n_map
    key += np.arange(n_map)
    key.partition(k - 1, axis=1)
    return np.asarray(np.sort(key[:, :k], axis=1).astype(np.int64) % n_map)
