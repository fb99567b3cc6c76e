"""Nearest fingerprints of a radio map; the work grows with the access points heard."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Literal, NamedTuple, get_args

import numpy as np

from tutelage.errors import UnknownNameError
from tutelage.runtime.compiled import compiled_loops, map_blocks, zeros_of_thread
from tutelage.runtime.rows import (
    CompressedRows,
    Rows,
    gather,
    index_ranges,
    row_lengths,
    row_numbers,
    row_sums,
    slice_rows,
    transpose,
)

__all__ = ["FingerprintIndex", "Metric", "distances", "nearest"]

Metric = Literal["euclidean", "manhattan", "cosine", "sorensen"]

_BLOCK_ENTRIES = 200_000  # distances held at a time: 1.6 MB stay in a core's cache
_LOOP_BLOCK = 256  # queries that a thread takes at a time
_TINY = 1e-12  # instead of dividing by zero


class _Parts(NamedTuple):
    """A distance as a sum over the access points that both scans hear, and a sum over each scan."""

    of_shared: Callable[[np.ndarray, np.ndarray], np.ndarray]
    of_scan: Callable[[Rows], np.ndarray]
    joined: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _square_sums(rows: Rows) -> np.ndarray:
    """Sum squares in the same order as products of two scans, so that identical scans are exactly 0 apart."""
    return np.bincount(row_numbers(rows), weights=rows.data**2, minlength=rows.shape[0])


# On values >= 0, |q - x| = q + x - 2 min(q, x) and (q - x)^2 = q^2 + x^2 - 2 q x.
_METRICS: dict[str, _Parts] = {
    "euclidean": _Parts(
        np.multiply, _square_sums, lambda both, q, x: np.sqrt(np.maximum(q + x - 2 * both, 0))
    ),
    "manhattan": _Parts(np.minimum, row_sums, lambda both, q, x: np.maximum(q + x - 2 * both, 0)),
    "cosine": _Parts(
        np.multiply,
        _square_sums,
        lambda both, q, x: np.clip(1 - both / np.maximum(np.sqrt(q) * np.sqrt(x), _TINY), 0, 2),
    ),
    "sorensen": _Parts(np.minimum, row_sums, lambda both, q, x: 1 - 2 * both / np.maximum(q + x, _TINY)),
}


class FingerprintIndex:
    """A radio map, stored by access point for repeated searches.

    The Sorensen (Bray-Curtis) distance is sum |q - x| / sum (q + x); it is 1 where nothing is shared.

    Parameters
    ----------
    radio_map : Rows
        Representation of RSS, [n_map, n_ap], values >= 0.
    metric : str
        "euclidean", "manhattan", "cosine" or "sorensen".

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    """

    def __init__(self, radio_map: Rows, metric: str) -> None:
        if metric not in _METRICS:
            raise UnknownNameError("metric", metric, get_args(Metric))
        self._number = get_args(Metric).index(metric)  # as the compiled loop knows it
        self._metric = _METRICS[metric]
        self._n_map = radio_map.shape[0]
        self._heard = transpose(_in_double(radio_map))
        self._of_map = self._metric.of_scan(_in_double(radio_map))
        self._n_hearing = row_lengths(self._heard)

    def distances(self, queries: Rows) -> np.ndarray:
        """Compute distances between queries and the radio map.

        Parameters
        ----------
        queries : Rows
            Representation of RSS, [n_queries, n_ap].

        Returns
        -------
        numpy.ndarray
            Distances, [n_queries, n_map] float64.
        """
        queries = _in_double(queries)
        loops = compiled_loops(queries.shape[0])
        if loops is None:
            return self._distances(queries, self._shared(queries))
        both = np.zeros((queries.shape[0], self._n_map))
        loops.shared_sums(self._number, _in_loop_types(queries), self._for_loops[0], both)
        return self._distances(queries, both)

    def _distances(self, queries: Rows, both: np.ndarray) -> np.ndarray:
        return self._metric.joined(both, self._metric.of_scan(queries)[:, None], self._of_map[None, :])

    def _shared(self, queries: Rows) -> np.ndarray:
        """Sum what each query shares with each fingerprint, [n_queries, n_map]."""
        n = queries.shape[0]
        by_access_point = self._heard
        n_hearing = self._n_hearing[queries.indices]
        entry = index_ranges(by_access_point.indptr[queries.indices], n_hearing)
        return np.bincount(
            np.repeat(row_numbers(queries) * self._n_map, n_hearing) + gather(by_access_point.indices, entry),
            weights=self._metric.of_shared(
                np.repeat(queries.data, n_hearing), gather(by_access_point.data, entry)
            ),
            minlength=n * self._n_map,
        ).reshape(n, self._n_map)

    def nearest(self, queries: Rows, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the k nearest fingerprints of each query, nearest first.

        Parameters
        ----------
        queries : Rows
            Representation of RSS, [n_queries, n_ap].
        k : int
            Number of fingerprints; a smaller radio map gives all.

        Returns
        -------
        distance : numpy.ndarray
            Distances, [n_queries, min(k, n_map)].
        row : numpy.ndarray
            Rows of the radio map, of the same shape. Distances equal to six decimals keep the map's order.
        """
        k = min(k, self._n_map)
        queries = _in_double(queries)
        loops = compiled_loops(queries.shape[0])
        if loops is not None:
            return self._nearest_by_loops(loops, queries, k)
        blocks = [(np.empty((0, k)), np.empty((0, k), dtype=np.int64))]
        n_block = max(1, _BLOCK_ENTRIES // self._n_map)
        for first in range(0, queries.shape[0], n_block):
            block = slice_rows(queries, first, first + n_block)
            distance = self._distances(block, self._shared(block))
            row = _k_smallest(distance, k)
            blocks.append((np.take_along_axis(distance, row, axis=1), row))
        return np.concatenate([d for d, _ in blocks]), np.concatenate([r for _, r in blocks])

    def _nearest_by_loops(self, loops: ModuleType, queries: Rows, k: int) -> tuple[np.ndarray, np.ndarray]:
        of_query = self._metric.of_scan(queries)
        distance = np.empty((queries.shape[0], k))
        row = np.empty((queries.shape[0], k), dtype=np.int64)
        data, indices, indptr = _in_loop_types(queries)

        def search(first: int, end: int) -> None:
            loops.nearest_rows(
                self._number,
                (data, indices, indptr[first : end + 1]),
                of_query[first:end],
                *self._for_loops,
                zeros_of_thread(self._n_map),
                distance[first:end],
                row[first:end],
            )

        map_blocks(search, queries.shape[0], _LOOP_BLOCK)
        return distance, row

    @cached_property
    def _for_loops(self) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
        """The radio map by access point, the sums of its rows, and the rows in the order of these."""
        # Scans that share nothing are 1 apart by these metrics, so that the map's order decides.
        is_by_row = self._number >= get_args(Metric).index("cosine")
        by_sum = np.arange(self._n_map) if is_by_row else np.argsort(self._of_map, kind="stable")
        return _in_loop_types(self._heard), self._of_map, by_sum


def _in_double(rows: Rows) -> CompressedRows:
    return CompressedRows(rows.data.astype(np.float64, copy=False), rows.indices, rows.indptr, rows.shape)


def _in_loop_types(rows: Rows) -> tuple[np.ndarray, ...]:
    """Return strengths, columns and beginnings in types that the loops are compiled for."""
    kinds = ((rows.data, np.float64), (rows.indices, np.int32), (rows.indptr, np.int64))
    return tuple(array.astype(kind, copy=False) for array, kind in kinds)


def distances(queries: Rows, radio_map: Rows, metric: str) -> np.ndarray:
    """Compute distances to a radio map that is searched once; see `FingerprintIndex.distances`.

    Parameters
    ----------
    queries, radio_map : Rows
        Representations of RSS, [n_queries, n_ap] and [n_map, n_ap].
    metric : str
        As for `FingerprintIndex`.

    Returns
    -------
    numpy.ndarray
        Distances, [n_queries, n_map].
    """
    return FingerprintIndex(radio_map, metric).distances(queries)


def nearest(queries: Rows, radio_map: Rows, metric: str, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest fingerprints of a radio map that is searched once; see `FingerprintIndex.nearest`.

    Parameters
    ----------
    queries, radio_map : Rows
        Representations of RSS, [n_queries, n_ap] and [n_map, n_ap].
    metric : str
        As for `FingerprintIndex`.
    k : int
        Number of fingerprints.

    Returns
    -------
    distance, row : numpy.ndarray
        Distances and rows, [n_queries, min(k, n_map)].
    """
    return FingerprintIndex(radio_map, metric).nearest(queries, k)


def _k_smallest(distance: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the k smallest entries of each row, sorted by (distance to six decimals, column).

    Surveys repeat scans, so ties are common, and rounding errors would break them at random. Each entry gets
    a whole number, exact in float64, that orders by distance first and by column second.
    """
    n_map = distance.shape[1]
    key = np.rint(distance * 1e6)
    key *= n_map
    key += np.arange(n_map)
    key.partition(k - 1, axis=1)
    return np.asarray(np.sort(key[:, :k], axis=1).astype(np.int64) % n_map)
