"""The nearest fingerprints of a scan, each described beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.neighbours import FingerprintIndex
from tutelage.scorer.features import PAIR_FEATURES, describe_pairs
from tutelage.scorer.scans import ComparedScans

__all__ = ["FEATURES", "CandidateLists", "CandidateSearch"]

_LIST_FEATURES = ("place", "gap", "z_score", "ratio")
FEATURES = (*PAIR_FEATURES, *_LIST_FEATURES)
_MOST = 20.0  # a list of like candidates has gaps of many standard deviations
_SPARE = 4  # times as many candidates are looked at where some are left out

LeftOut = Callable[[np.ndarray], np.ndarray]
"""Rows of the fingerprints [n, k] to a mask [n, k] of those that may not be candidates."""


class CandidateLists(NamedTuple):
    """The candidates of n scans, nearest first."""

    feature: np.ndarray
    """[n, k, len(FEATURES)] float32."""
    row: np.ndarray
    """[n, k] rows of the fingerprints."""
    known: np.ndarray
    """[n, k] bool; False fills a list that is shorter than the others."""


class CandidateSearch:
    """Finds and describes the candidates of scans among fingerprints.

    Parameters
    ----------
    strength : CSR [n, n_ap], the positive representation of the fingerprints
    """

    def __init__(self, strength: sparse.csr_array) -> None:
        n, n_ap = strength.shape
        n_hearing = np.bincount(strength.indices, minlength=n_ap)
        self._scans = ComparedScans(strength, np.log((1 + n) / (1 + n_hearing)))
        self._index = FingerprintIndex(_with_values(self._scans.strength, self._scans.powed), "sorensen")

    def __len__(self) -> int:
        return len(self._scans)

    def candidates(
        self, strength: sparse.csr_array, n_candidates: int, left_out: LeftOut | None = None
    ) -> CandidateLists:
        """The fingerprints nearest to scans [n, n_ap] by Sorensen distance on the powed representation.

        Parameters
        ----------
        strength : the positive representation of the scans
        n_candidates : k, or as many as there are
        left_out : which fingerprints are no candidates for a scan
        """
        queries = ComparedScans(strength, self._scans.rarity)
        k = min(n_candidates, len(self))
        found = k if left_out is None else min(_SPARE * k, len(self))
        distance, row = self._index.nearest(_with_values(queries.strength, queries.powed), found)
        known = np.ones(row.shape, dtype=bool)
        if left_out is not None:
            known = ~left_out(row)
            first = np.argsort(~known, axis=1, kind="stable")[:, :k]
            distance, row, known = (
                np.take_along_axis(array, first, axis=1) for array in (distance, row, known)
            )
        query = np.repeat(np.arange(len(queries)), k)
        of_pairs = describe_pairs(queries, self._scans, query, row.ravel()).reshape(
            *row.shape, len(PAIR_FEATURES)
        )
        features = np.concatenate([of_pairs, _of_lists(distance, n_candidates)], axis=2)
        return CandidateLists(features, row, known)


def _of_lists(distance: np.ndarray, n_candidates: int) -> np.ndarray:
    """[n, k, len(_LIST_FEATURES)] float32: how each candidate's distance stands among those of its list."""
    best = distance[:, :1]
    middle, spread = distance.mean(axis=1, keepdims=True), distance.std(axis=1, keepdims=True)
    place = np.broadcast_to(np.arange(distance.shape[1]) / n_candidates, distance.shape)
    features = [place, distance - best, (distance - middle) / (spread + 1e-6), distance / (best + 1e-3)]
    return np.asarray(np.clip(np.stack(features, axis=2), -_MOST, _MOST), dtype=np.float32)


def _with_values(like: sparse.csr_array, values: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array((values, like.indices, like.indptr), shape=like.shape)
