"""The nearest fingerprints of a scan, each described beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.runtime.compared_scans import ComparedScans
from tutelage.runtime.fingerprint_index import FingerprintIndex
from tutelage.runtime.likelihood import LIKELIHOOD_FEATURES, HeardAround
from tutelage.runtime.pair_features import PAIR_FEATURES, describe_pairs
from tutelage.runtime.rows import CompressedRows, Rows, part, stacked

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
_BLOCK = 128  # scans at a time: in arrays of this size memory is used again, not asked for anew
_MOST = 20.0  # a list of like candidates has gaps of many standard deviations


class CandidateLists(NamedTuple):
    """The candidates of n scans, nearest first."""

    feature: np.ndarray
    """[n, k, len(FEATURES)] float32."""
    row: np.ndarray
    """[n, k] rows of the fingerprints."""


class DescribedMap(NamedTuple):
    """A radio map in the positive representation, and what is heard around each of its reference points."""

    strength: Rows
    """[n, n_ap], the fingerprints."""
    point: np.ndarray
    """[n] the reference point of each."""
    near: Rows
    """[points, n_ap], means over the points next to each; what is not heard counts as 0."""
    near_share: np.ndarray
    """How much of the scans there hears, at the entries of `near`."""
    near_square: np.ndarray
    """Means of squares there."""
    wide: Rows
    """Means over a wider circle of points."""


class CandidateSearch:
    """Finds and describes the candidates of scans among fingerprints.

    A candidate is described as it was scanned, smoothed over the reference points next to it and over a wider
    circle of them, and by how likely the scan is among those next to it.
    """

    def __init__(self, known: DescribedMap) -> None:
        n, n_ap = known.strength.shape
        n_hearing = np.bincount(known.strength.indices, minlength=n_ap)
        rarity = np.log((1 + n) / (1 + n_hearing))
        self._point = known.point
        self._heard_around = HeardAround(known.near, known.near_share, known.near_square)
        # One table below the other, so that a candidate is described by all three at once.
        kinds = [known.strength, known.near, known.wide]
        self._first = np.cumsum([0, *(kind.shape[0] for kind in kinds[:-1])])
        self._described = ComparedScans(stacked(kinds), rarity)
        self._index = FingerprintIndex(_powed(self._described, n), "sorensen")

    def candidates(self, strength: Rows, n_candidates: int) -> CandidateLists:
        """The fingerprints nearest to scans [n, n_ap] by Sorensen distance on the powed representation.

        Parameters
        ----------
        strength : the positive representation of the scans
        n_candidates : k, or as many as there are
        """
        if strength.shape[0] <= _BLOCK:
            return self._of_block(strength, n_candidates)
        starts = range(0, strength.shape[0], _BLOCK)
        lists = [self._of_block(part(strength, first, first + _BLOCK), n_candidates) for first in starts]
        return CandidateLists(*map(np.concatenate, zip(*lists, strict=True)))

    def _of_block(self, strength: Rows, n_candidates: int) -> CandidateLists:
        queries = ComparedScans(strength, self._described.rarity)
        distance, row = self._index.nearest(_powed(queries, len(queries)), n_candidates)
        query, candidate = np.repeat(np.arange(len(queries)), row.shape[1]), row.ravel()
        point = self._point[candidate]
        rows = [first + at for first, at in zip(self._first, (candidate, point, point), strict=True)]
        pairs = describe_pairs(queries, self._described, np.tile(query, len(rows)), np.concatenate(rows))
        scanned, near, wide = pairs.reshape(len(rows), *row.shape, len(PAIR_FEATURES))
        likelihood = self._heard_around.describe(queries, query, point).reshape(
            *row.shape, len(LIKELIHOOD_FEATURES)
        )
        place = np.broadcast_to(np.arange(row.shape[1]) / n_candidates, row.shape)[..., None]
        unlikely = [-likelihood[:, :, LIKELIHOOD_FEATURES.index(name)] for name in _RANKED]
        ranked = [distance, near[:, :, _SORENSEN], wide[:, :, _SORENSEN], *unlikely]
        of_scan, of_near, of_wide, *of_likelihood = _in_list(np.stack(ranked))
        features = [scanned, place, of_scan, near, of_near, wide, of_wide]
        features += [likelihood, *(each[:, :, :2] for each in of_likelihood)]
        return CandidateLists(np.concatenate(features, axis=2, dtype=np.float32), row)


def _in_list(distance: np.ndarray) -> np.ndarray:
    """[..., k, 3]: how each candidate's distance [..., k] stands among those of its list."""
    if not distance.size:
        return np.empty((*distance.shape, 3))
    best, middle = distance.min(axis=-1, keepdims=True), distance.mean(axis=-1, keepdims=True)
    from_middle = distance - middle
    spread = np.sqrt((from_middle**2).mean(axis=-1, keepdims=True))
    features = [distance - best, from_middle / (spread + 1e-6), distance / (best + 1e-3)]
    return np.asarray(np.clip(np.stack(features, axis=-1), -_MOST, _MOST))


def _powed(scans: ComparedScans, n: int) -> CompressedRows:
    """The powed representation of the first n scans."""
    first = part(scans.strength, 0, n)
    return first._replace(data=scans.powed[: len(first.data)])
