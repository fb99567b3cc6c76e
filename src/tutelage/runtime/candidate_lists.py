"""Candidate lists: the nearest fingerprints of a scan, with features that describe each."""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import numpy as np

from tutelage.runtime.compared_scans import ComparedScans
from tutelage.runtime.compiled import compiled_loops, map_blocks
from tutelage.runtime.fingerprint_index import FingerprintIndex
from tutelage.runtime.likelihood import LIKELIHOOD_FEATURES, HeardAround
from tutelage.runtime.pair_features import PAIR_FEATURES, describe_pairs
from tutelage.runtime.rows import CompressedRows, Rows, slice_rows, stack_rows

__all__ = ["FEATURES", "CandidateLists", "CandidateSearch", "DescribedMap"]

_IN_LIST = ("gap", "z_score", "ratio")
_RANKED = ("log_density", "log_likelihood")
FEATURES = (
    *PAIR_FEATURES,
    *("place", *_IN_LIST),
    *(f"smoothed_{name}" for name in (*PAIR_FEATURES, *_IN_LIST)),
    *(f"wide_{name}" for name in (*PAIR_FEATURES, *_IN_LIST)),
    *LIKELIHOOD_FEATURES,
    *(f"{name}_{place}" for name in _RANKED for place in _IN_LIST[:2]),
)
_SORENSEN = PAIR_FEATURES.index("sorensen_powed")
_BLOCK = 128  # scans at a time: arrays of this size reuse memory instead of allocating it
_MOST = 20.0  # among like candidates a gap can be many standard deviations


class CandidateLists(NamedTuple):
    """The candidates of n scans, nearest first.

    Attributes
    ----------
    feature : numpy.ndarray
        Features of each candidate, [n, k, len(FEATURES)] float32.
    row : numpy.ndarray
        Rows of the candidates among the fingerprints, [n, k].
    """

    feature: np.ndarray
    row: np.ndarray


class DescribedMap(NamedTuple):
    """A radio map in the positive representation, with averages around each of its reference points.

    Attributes
    ----------
    strength : Rows
        The fingerprints, [n, n_ap].
    point : numpy.ndarray
        Reference point of each fingerprint, [n].
    near : Rows
        Means over the points next to each point, [n_points, n_ap]; a silent access point counts as 0.
    near_share : numpy.ndarray
        Share of the scans there that hear the access point, at the entries of `near`.
    near_square : numpy.ndarray
        Means of squares there, at the entries of `near`.
    wide : Rows
        Means over a wider circle of points, [n_points, n_ap].
    """

    strength: Rows
    point: np.ndarray
    near: Rows
    near_share: np.ndarray
    near_square: np.ndarray
    wide: Rows


class CandidateSearch:
    """Search for the nearest fingerprints of scans, and describe them.

    A candidate is described three times: as it was scanned, averaged over the reference points next to it,
    and averaged over a wider circle of them. Further features say how likely the scan is next to it.

    Parameters
    ----------
    radio_map : DescribedMap
        The fingerprints to search.
    """

    def __init__(self, radio_map: DescribedMap) -> None:
        n, n_ap = radio_map.strength.shape
        n_hearing = np.bincount(radio_map.strength.indices, minlength=n_ap)
        rarity = np.log((1 + n) / (1 + n_hearing))
        self._point = radio_map.point
        self._heard_around = HeardAround(radio_map.near, radio_map.near_share, radio_map.near_square)
        # One table below the other, so that a candidate is described by all three at once.
        kinds = [radio_map.strength, radio_map.near, radio_map.wide]
        self._first = np.cumsum([0, *(kind.shape[0] for kind in kinds[:-1])])
        self._described = ComparedScans(stack_rows(kinds), rarity)
        self._index = FingerprintIndex(_powed(self._described, n), "sorensen")
        self._log1p = np.log1p(np.arange(n_ap + 1))

    def candidates(self, strength: Rows, n_candidates: int) -> CandidateLists:
        """Find the fingerprints nearest to scans, by Sorensen distance in the powed representation.

        Parameters
        ----------
        strength : Rows
            Scans in the positive representation, [n, n_ap].
        n_candidates : int
            Number of candidates, k; a smaller radio map gives all its fingerprints.

        Returns
        -------
        CandidateLists
            Candidates of each scan, nearest first.
        """
        if strength.shape[0] <= _BLOCK:
            return self._block_candidates(strength, n_candidates)
        lists = map_blocks(
            lambda first, end: self._block_candidates(slice_rows(strength, first, end), n_candidates),
            *(strength.shape[0], _BLOCK),
        )
        return CandidateLists(*map(np.concatenate, zip(*lists, strict=True)))

    def _block_candidates(self, strength: Rows, n_candidates: int) -> CandidateLists:
        queries = ComparedScans(strength, self._described.rarity)
        distance, row = self._index.nearest(_powed(queries, len(queries)), n_candidates)
        point = self._point[row]
        rows = np.stack([row, self._first[1] + point, self._first[2] + point], axis=1)
        loops = compiled_loops(0)
        if loops is None:
            pairs, likelihood = self._described_by_numpy(queries, rows, point)
        else:
            pairs, likelihood = self._described_by_loops(loops, queries, rows, point)
        scanned, near, wide = pairs.transpose(1, 0, 2, 3)
        place = np.broadcast_to(np.arange(row.shape[1]) / n_candidates, row.shape)[..., None]
        unlikely = [-likelihood[:, :, LIKELIHOOD_FEATURES.index(name)] for name in _RANKED]
        ranked = [distance, near[:, :, _SORENSEN], wide[:, :, _SORENSEN], *unlikely]
        scan_ranks, near_ranks, wide_ranks, *likelihood_ranks = _in_list(np.stack(ranked))
        features = [scanned, place, scan_ranks, near, near_ranks, wide, wide_ranks]
        features += [likelihood, *(each[:, :, :2] for each in likelihood_ranks)]
        return CandidateLists(np.concatenate(features, axis=2, dtype=np.float32), row)

    def _described_by_numpy(
        self, queries: ComparedScans, rows: np.ndarray, point: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Describe queries beside their rows [n, 3, k] and points [n, k]."""
        query = np.arange(len(queries))
        beside = np.repeat(query, rows.shape[1] * rows.shape[2])
        pairs = describe_pairs(queries, self._described, beside, rows.ravel())
        around = np.repeat(query, point.shape[1])
        likelihood = self._heard_around.describe(queries, around, point.ravel())
        return (
            pairs.reshape(*rows.shape, len(PAIR_FEATURES)),
            likelihood.reshape(*point.shape, len(LIKELIHOOD_FEATURES)),
        )

    def _described_by_loops(
        self, loops: ModuleType, queries: ComparedScans, rows: np.ndarray, point: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Describe queries as `_described_by_numpy` does."""
        pairs = np.empty((*rows.shape, len(PAIR_FEATURES)), dtype=np.float32)
        likelihood = np.empty((*point.shape, len(LIKELIHOOD_FEATURES)))
        if len(queries):
            scans = queries.arrays
            flat = rows.reshape(len(rows), -1)
            loops.describe_pairs(
                *(scans, self._described.arrays, flat, self._described.rarity, self._log1p),
                pairs.reshape(*flat.shape, -1),
            )
            loops.describe_points(scans, self._heard_around.arrays, point, len(self._log1p), likelihood)
        return pairs, likelihood


def _in_list(distance: np.ndarray) -> np.ndarray:
    """Return how each candidate's distance [..., k] compares with those of its list, [..., k, 3]."""
    if not distance.size:
        return np.empty((*distance.shape, 3))
    best = distance.min(axis=-1, keepdims=True)
    middle = distance.mean(axis=-1, keepdims=True)
    deviation = distance - middle
    spread = np.sqrt((deviation**2).mean(axis=-1, keepdims=True))
    features = [distance - best, deviation / (spread + 1e-6), distance / (best + 1e-3)]
    return np.asarray(np.clip(np.stack(features, axis=-1), -_MOST, _MOST))


def _powed(scans: ComparedScans, n: int) -> CompressedRows:
    """Return the powed representation of the first n scans."""
    first = slice_rows(scans.strength, 0, n)
    return first._replace(data=scans.powed[: len(first.data)])
