"""The nearest fingerprints of a scan, each described beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.neighbours import FingerprintIndex
from tutelage.scorer.features import PAIR_FEATURES, describe_pairs
from tutelage.scorer.scans import ComparedScans
from tutelage.scorer.smoothing import smoothed

__all__ = ["FEATURES", "CandidateLists", "CandidateSearch"]

_LIST_FEATURES = ("place", "gap", "z_score", "ratio")
FEATURES = (
    *PAIR_FEATURES,
    *_LIST_FEATURES,
    *(f"smoothed_{name}" for name in (*PAIR_FEATURES, *_LIST_FEATURES[1:])),
)
_MOST = 20.0  # a list of like candidates has gaps of many standard deviations


class CandidateLists(NamedTuple):
    """The candidates of n scans, nearest first."""

    feature: np.ndarray
    """[n, k, len(FEATURES)] float32."""
    row: np.ndarray
    """[n, k] rows of the fingerprints."""


class CandidateSearch:
    """Finds and describes the candidates of scans among fingerprints.

    A candidate is described twice: as it was scanned, and smoothed over its neighbouring reference points.

    Parameters
    ----------
    strength : CSR [n, n_ap], the positive representation of the fingerprints
    position_m : [n, 2]
    storey : [n] int, the floor of its building that each was taken on
    """

    def __init__(self, strength: sparse.csr_array, position_m: np.ndarray, storey: np.ndarray) -> None:
        n, n_ap = strength.shape
        n_hearing = np.bincount(strength.indices, minlength=n_ap)
        rarity = np.log((1 + n) / (1 + n_hearing))
        surroundings, self._point = smoothed(strength, position_m, storey)
        self._scans, self._surroundings = ComparedScans(strength, rarity), ComparedScans(surroundings, rarity)
        self._index = FingerprintIndex(_powed(self._scans), "sorensen")

    def candidates(self, strength: sparse.csr_array, n_candidates: int) -> CandidateLists:
        """The fingerprints nearest to scans [n, n_ap] by Sorensen distance on the powed representation.

        Parameters
        ----------
        strength : the positive representation of the scans
        n_candidates : k, or as many as there are
        """
        queries = ComparedScans(strength, self._scans.rarity)
        distance, row = self._index.nearest(_powed(queries), n_candidates)
        query, candidate = np.repeat(np.arange(len(queries)), row.shape[1]), row.ravel()
        of_scan, of_surroundings = (
            described.reshape(*row.shape, len(PAIR_FEATURES))
            for described in (
                describe_pairs(queries, self._scans, query, candidate),
                describe_pairs(queries, self._surroundings, query, self._point[candidate]),
            )
        )
        to_surroundings = of_surroundings[:, :, PAIR_FEATURES.index("sorensen_powed")]
        place = np.broadcast_to(np.arange(row.shape[1]) / n_candidates, row.shape)[..., None]
        features = (of_scan, place, _in_list(distance), of_surroundings, _in_list(to_surroundings))
        return CandidateLists(np.concatenate(features, axis=2, dtype=np.float32), row)


def _in_list(distance: np.ndarray) -> np.ndarray:
    """[n, k, 3]: how each candidate's distance stands among those of its list."""
    if not distance.size:
        return np.empty((*distance.shape, 3))
    best = distance.min(axis=1, keepdims=True)
    middle, spread = distance.mean(axis=1, keepdims=True), distance.std(axis=1, keepdims=True)
    features = [distance - best, (distance - middle) / (spread + 1e-6), distance / (best + 1e-3)]
    return np.asarray(np.clip(np.stack(features, axis=2), -_MOST, _MOST))


def _powed(scans: ComparedScans) -> sparse.csr_array:
    like = scans.strength
    return sparse.csr_array((scans.powed, like.indices, like.indptr), shape=like.shape)
