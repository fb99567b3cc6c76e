"""The nearest fingerprints of scans, as `FingerprintIndex.nearest` finds them."""

from __future__ import annotations

import math

import numpy as np

from tutelage.runtime.loops.compile_loop import compile_loop

__all__ = ["nearest_rows", "shared_sums"]

_TINY = 1e-12
_EUCLIDEAN, _MANHATTAN, _COSINE = range(3)  # the last is Sorensen


@compile_loop
def nearest_rows(
    metric: int,
    queries: tuple[np.ndarray, np.ndarray, np.ndarray],
    of_query: np.ndarray,
    heard: tuple[np.ndarray, np.ndarray, np.ndarray],
    of_map: np.ndarray,
    by_sum: np.ndarray,
    both: np.ndarray,
    distance: np.ndarray,
    row: np.ndarray,
) -> None:
    """Find the nearest fingerprints of each query; the work grows with the readings that they share.

    Parameters
    ----------
    metric : int
        Number of the metric: Euclidean, Manhattan, cosine, Sorensen.
    queries : tuple of numpy.ndarray
        Strengths and access points of the queries' readings, and where each of n queries begins.
    of_query, of_map : numpy.ndarray
        The metric's sum over each scan, [n] and [n_map].
    heard : tuple of numpy.ndarray
        Strengths and rows of the map's readings by access point, and where each access point begins.
    by_sum : numpy.ndarray
        Rows in such an order that the distances of those that share nothing ascend, [n_map].
    both : numpy.ndarray
        Zeros, at least n_map; they are zeros again afterwards.
    distance, row : numpy.ndarray
        To be written: distances and rows, nearest first, [n, k].
    """
    touched = np.empty(len(of_map) + 1, dtype=np.int32)  # one more, as the last is written before it counts
    keys = np.empty(row.shape[1])
    begins = queries[2]
    for i in range(len(of_query)):
        n_touched = 0
        for entry in range(begins[i], begins[i + 1]):
            reading = (queries[0][entry], queries[1][entry])
            n_touched = _add_shared(metric, reading, heard, both, touched, n_touched)
        found = _nearest_that_share(metric, of_query[i], of_map, both, touched[:n_touched], keys, row[i])
        _fill_up(metric, of_query[i], of_map, both, by_sum, keys, row[i], found)
        for at in range(len(keys)):
            other = row[i, at]
            distance[i, at] = _joined(metric, both[other], of_query[i], of_map[other])
        for at in range(n_touched):
            both[touched[at]] = 0.0


@compile_loop
def shared_sums(
    metric: int,
    queries: tuple[np.ndarray, np.ndarray, np.ndarray],
    heard: tuple[np.ndarray, np.ndarray, np.ndarray],
    both: np.ndarray,
) -> None:
    """Sum what each query shares with each fingerprint.

    Parameters
    ----------
    metric, queries, heard
        As for `nearest_rows`.
    both : numpy.ndarray
        Zeros to which the sums are added, [n, n_map].
    """
    touched = np.empty(both.shape[1] + 1, dtype=np.int32)
    begins = queries[2]
    for i in range(len(begins) - 1):
        n_touched = 0
        for entry in range(begins[i], begins[i + 1]):
            reading = (queries[0][entry], queries[1][entry])
            n_touched = _add_shared(metric, reading, heard, both[i], touched, n_touched)


@compile_loop
def _joined(metric: int, both: float, q: float, x: float) -> float:
    """Return the distance of two scans from their sums and from what they share."""
    if metric == _EUCLIDEAN:
        return math.sqrt(max(q + x - 2 * both, 0.0))
    if metric == _MANHATTAN:
        return max(q + x - 2 * both, 0.0)
    if metric == _COSINE:
        return min(max(1 - both / max(math.sqrt(q) * math.sqrt(x), _TINY), 0.0), 2.0)
    return 1 - 2 * both / max(q + x, _TINY)


@compile_loop
def _add_shared(
    metric: int,
    reading: tuple[float, int],
    heard: tuple[np.ndarray, np.ndarray, np.ndarray],
    both: np.ndarray,
    touched: np.ndarray,
    n_touched: int,
) -> int:
    """Add what a reading shares with the fingerprints that hear it; return how many rows share something."""
    strength, access_point = reading
    data, rows, begins = heard
    takes_product = metric in (_EUCLIDEAN, _COSINE)
    for entry in range(begins[access_point], begins[access_point + 1]):
        other = data[entry]
        shared = strength * other if takes_product else (strength if strength < other else other)
        row = rows[entry]
        before = both[row]
        touched[n_touched] = row
        n_touched += (before == 0) & (shared != 0)  # without a branch: half the time
        both[row] = before + shared
    return n_touched


@compile_loop
def _nearest_that_share(
    metric: int,
    of_query: float,
    of_map: np.ndarray,
    both: np.ndarray,
    touched: np.ndarray,
    keys: np.ndarray,
    rows: np.ndarray,
) -> int:
    """Write the nearest of the touched rows; return how many were found."""
    found = 0
    last = len(keys) - 1
    for other in touched:
        key = np.rint(_joined(metric, both[other], of_query, of_map[other]) * 1e6)
        if found <= last or key < keys[last] or (key == keys[last] and other < rows[last]):
            found = _insert(key, other, keys, rows, found)
    return found


@compile_loop
def _fill_up(
    metric: int,
    of_query: float,
    of_map: np.ndarray,
    both: np.ndarray,
    by_sum: np.ndarray,
    keys: np.ndarray,
    rows: np.ndarray,
    found: int,
) -> None:
    """Insert those of the rows that share nothing which are nearer, or missing."""
    last = len(keys) - 1
    by_row = metric >= _COSINE  # all that share nothing are 1 apart
    for other in by_sum:
        if both[other] != 0:
            continue
        key = np.rint(_joined(metric, 0.0, of_query, of_map[other]) * 1e6)
        if found > last and key >= keys[last]:
            if key > keys[last] or (by_row and other > rows[last]):
                return
            if other > rows[last]:
                continue
        found = _insert(key, other, keys, rows, found)


@compile_loop
def _insert(key: float, row: int, keys: np.ndarray, rows: np.ndarray, found: int) -> int:
    """Insert a row into the list sorted by key and row, in place of the last if it is full."""
    at = min(found, len(keys) - 1)
    while at > 0 and (keys[at - 1] > key or (keys[at - 1] == key and rows[at - 1] > row)):
        keys[at] = keys[at - 1]
        rows[at] = rows[at - 1]
        at -= 1
    keys[at] = key
    rows[at] = row
    return min(found + 1, len(keys))
