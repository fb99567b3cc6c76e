"""Features of scans beside fingerprints, as `describe_pairs` and `HeardAround.describe` compute them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.runtime.loops.compile_loop import compile_loop

__all__ = ["describe_pairs", "describe_points"]

_TINY = 1e-30
_CONSTANT = 1e-9
_STRENGTH, _POWED, _PLACE, _OTHER_STRENGTH, _OTHER_POWED, _OTHER_PLACE, _RARITY = range(7)


@compile_loop
def describe_pairs(
    queries: Any, radio_map: Any, rows: np.ndarray, rarity: np.ndarray, log1p: np.ndarray, out: np.ndarray
) -> None:
    """Describe each query beside some rows of the radio map.

    Parameters
    ----------
    queries, radio_map : ScanArrays
        Scans over the same access points; n queries.
    rows : numpy.ndarray
        Rows of the radio map beside each query, [n, k].
    rarity : numpy.ndarray
        Weight of each access point, [n_ap].
    log1p : numpy.ndarray
        log(1 + m) for m = 0, 1, ..., n_ap.
    out : numpy.ndarray
        To be written: `PAIR_FEATURES`, [n, k, len(PAIR_FEATURES)].
    """
    reading = np.full(len(rarity), -1, dtype=np.int64)
    most = max(queries.n_heard.max(), 1)
    shared = np.empty((7, most))
    is_shared = np.zeros(most, dtype=np.bool_)
    for i in range(rows.shape[0]):
        descending = _look_up(queries, i, reading)
        for at in range(rows.shape[1]):
            before = _first_like(rows[i], at)
            if before < at:
                out[i, at] = out[i, before]
                continue
            j = rows[i, at]
            n_both, only_candidate = _meet(queries, i, radio_map, j, rarity, reading, is_shared, shared)
            features = out[i, at]
            _overlap(queries, i, radio_map, j, shared, n_both, features)
            _counts(queries.n_heard[i], radio_map.n_heard[j], n_both, log1p, features)
            _differences(shared, n_both, features)
            features[19] = _strongest_only_query(queries, i, descending, is_shared)
            features[20] = only_candidate
            _strongest(queries, i, radio_map, j, shared, n_both, features)
        _forget(queries, i, reading)


@compile_loop
def describe_points(queries: Any, around: Any, points: np.ndarray, n_ap: int, out: np.ndarray) -> None:
    """Describe how likely each query is around some reference points.

    Parameters
    ----------
    queries : ScanArrays
        n scans over n_ap access points.
    around : AroundArrays
        What is heard around each point.
    points : numpy.ndarray
        Points for each query, [n, k].
    n_ap : int
        Number of access points.
    out : numpy.ndarray
        To be written: `LIKELIHOOD_FEATURES`, [n, k, len(LIKELIHOOD_FEATURES)].
    """
    reading = np.full(n_ap, -1, dtype=np.int64)
    for i in range(points.shape[0]):
        _look_up(queries, i, reading)
        for at in range(points.shape[1]):
            before = _first_like(points[i], at)
            if before < at:
                out[i, at] = out[i, before]
            else:
                _likelihood(queries, i, around, points[i, at], reading, out[i, at])
        _forget(queries, i, reading)


@compile_loop
def _look_up(queries: Any, i: int, reading: np.ndarray) -> np.ndarray:
    """Note the reading of each access point that query i hears; return its readings, strongest first."""
    first = queries.indptr[i]
    descending = np.empty(queries.n_heard[i], dtype=np.int64)
    for at in range(len(descending)):
        reading[queries.indices[first + at]] = first + at
        descending[int(queries.place[first + at])] = at
    return descending


@compile_loop
def _forget(queries: Any, i: int, reading: np.ndarray) -> None:
    for entry in range(queries.indptr[i], queries.indptr[i + 1]):
        reading[queries.indices[entry]] = -1


@compile_loop
def _first_like(rows: np.ndarray, at: int) -> int:
    """Return where the row at `at` stands first: candidates that share a point are described once."""
    for before in range(at):
        if rows[before] == rows[at]:
            return before
    return at


@compile_loop
def _meet(
    queries: Any,
    i: int,
    radio_map: Any,
    j: int,
    rarity: np.ndarray,
    reading: np.ndarray,
    is_shared: np.ndarray,
    shared: np.ndarray,
) -> tuple[int, float]:
    """Collect what both scans hear; return how much, and the strongest that only the candidate hears."""
    n_both = 0
    only_candidate = 0.0
    for entry in range(radio_map.indptr[j], radio_map.indptr[j + 1]):
        access_point = radio_map.indices[entry]
        own = reading[access_point]
        if own < 0:
            only_candidate = max(only_candidate, radio_map.data[entry])
            continue
        is_shared[own - queries.indptr[i]] = True
        shared[_STRENGTH, n_both] = queries.data[own]
        shared[_POWED, n_both] = queries.powed[own]
        shared[_PLACE, n_both] = queries.place[own]
        shared[_OTHER_STRENGTH, n_both] = radio_map.data[entry]
        shared[_OTHER_POWED, n_both] = radio_map.powed[entry]
        shared[_OTHER_PLACE, n_both] = radio_map.place[entry]
        shared[_RARITY, n_both] = rarity[access_point]
        n_both += 1
    return n_both, only_candidate


@compile_loop
def _overlap(
    queries: Any, i: int, radio_map: Any, j: int, shared: np.ndarray, n_both: int, out: np.ndarray
) -> None:
    mean_difference = _mean_difference(shared, n_both)
    least = least_powed = least_rare = least_offset = product = product_powed = 0.0
    for s in range(n_both):
        q, c = shared[_STRENGTH, s], shared[_OTHER_STRENGTH, s]
        q_powed, c_powed = shared[_POWED, s], shared[_OTHER_POWED, s]
        least += min(q, c)
        least_powed += min(q_powed, c_powed)
        least_rare += min(q_powed, c_powed) * shared[_RARITY, s]
        least_offset += min(q - mean_difference, c)
        product += q * c
        product_powed += q_powed * c_powed
    total = queries.total[i] + radio_map.total[j]
    out[0] = 1 - 2 * least / max(total, _TINY)
    out[1] = 1 - 2 * least_powed / max(queries.total_powed[i] + radio_map.total_powed[j], _TINY)
    out[2] = 1 - 2 * least_rare / max(queries.total_rare[i] + radio_map.total_rare[j], _TINY)
    out[3] = 1 - 2 * least_offset / max(total - n_both * mean_difference, _TINY)
    out[4] = product / max(queries.norm[i] * radio_map.norm[j], _TINY)
    out[5] = product_powed / max(queries.norm_powed[i] * radio_map.norm_powed[j], _TINY)


@compile_loop
def _counts(n_query: int, n_candidate: int, n_both: int, log1p: np.ndarray, out: np.ndarray) -> None:
    out[6] = log1p[n_query]
    out[7] = log1p[n_candidate]
    out[8] = log1p[n_both]
    out[9] = log1p[n_query - n_both]
    out[10] = log1p[n_candidate - n_both]
    out[11] = n_both / max(n_query + n_candidate - n_both, 1)
    out[12] = n_both / max(n_query, 1)
    out[13] = n_both / max(n_candidate, 1)


@compile_loop
def _differences(shared: np.ndarray, n_both: int, out: np.ndarray) -> None:
    mean_difference = _mean_difference(shared, n_both)
    squared = absolute = 0.0
    for s in range(n_both):
        difference = shared[_STRENGTH, s] - shared[_OTHER_STRENGTH, s]
        squared += (difference - mean_difference) ** 2
        absolute += abs(difference)
    out[14] = mean_difference
    out[15] = np.sqrt(squared / max(n_both, 1))
    out[16] = absolute / max(n_both, 1)
    out[17] = _correlation(shared[_STRENGTH], shared[_OTHER_STRENGTH], n_both)
    out[18] = _correlation(shared[_PLACE], shared[_OTHER_PLACE], n_both)


@compile_loop
def _strongest(
    queries: Any, i: int, radio_map: Any, j: int, shared: np.ndarray, n_both: int, out: np.ndarray
) -> None:
    n = queries.strongest.shape[1]
    out[21] = 1.0 if queries.strongest[i, 0] == radio_map.strongest[j, 0] else 0.0
    for rank in range(n):
        out[22 + rank] = queries.strongest_strength[i, rank]
        out[22 + n + rank] = queries.strongest_strength[i, rank]
        out[22 + 2 * n + rank] = radio_map.strongest_strength[j, rank]
    for s in range(n_both):
        rank = int(shared[_PLACE, s])
        if rank < n:
            out[22 + n + rank] = queries.strongest_strength[i, rank] - shared[_OTHER_STRENGTH, s]
        rank = int(shared[_OTHER_PLACE, s])
        if rank < n:
            out[22 + 2 * n + rank] = radio_map.strongest_strength[j, rank] - shared[_STRENGTH, s]


@compile_loop
def _strongest_only_query(queries: Any, i: int, descending: np.ndarray, is_shared: np.ndarray) -> float:
    """Return the strongest reading that only the query hears, 0 for none, and forget what is shared."""
    strongest = 0.0
    for at in descending:
        if not is_shared[at]:
            strongest = queries.data[queries.indptr[i] + at]
            break
    is_shared[: len(descending)] = False
    return strongest


@compile_loop
def _mean_difference(shared: np.ndarray, n_both: int) -> float:
    total = 0.0
    for s in range(n_both):
        total += shared[_STRENGTH, s] - shared[_OTHER_STRENGTH, s]
    return total / max(n_both, 1)


@compile_loop
def _mean(values: np.ndarray, n: int) -> float:
    total = 0.0
    for i in range(n):
        total += values[i]
    return total / max(n, 1)


@compile_loop
def _correlation(a: np.ndarray, b: np.ndarray, n: int) -> float:
    """Compute Pearson's correlation of the first n figures; 0 where one does not vary."""
    mean_a = _mean(a, n)
    mean_b = _mean(b, n)
    aa = bb = ab = 0.0
    for i in range(n):
        da = a[i] - mean_a
        db = b[i] - mean_b
        aa += da * da
        bb += db * db
        ab += da * db
    spread = np.sqrt(aa * bb)
    return ab / spread if spread > _CONSTANT else 0.0


@compile_loop
def _likelihood(queries: Any, i: int, around: Any, point: int, reading: np.ndarray, out: np.ndarray) -> None:
    n_both = 0
    squared = density = heard = silent = 0.0
    for entry in range(around.indptr[point], around.indptr[point + 1]):
        own = reading[around.indices[entry]]
        if own < 0:
            silent += around.log_silent[entry]
            continue
        n_both += 1
        difference = queries.data[own] - around.mean[entry]
        bounded = min(difference**2 / around.variance[entry], around.most_squared)
        squared += bounded
        density += -(bounded + around.log_variance[entry]) / 2
        heard += around.log_heard[entry]
    n_heard = queries.n_heard[i]
    heard += (n_heard - n_both) * around.log_rare
    out[0] = squared / max(n_both, 1)
    out[1] = density / max(n_both, 1)
    out[2] = heard / max(n_heard, 1)
    out[3] = silent / max(n_heard, 1)
    out[4] = (density + heard + silent) / max(n_heard, 1)
