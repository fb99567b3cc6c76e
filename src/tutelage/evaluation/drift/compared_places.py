"""Recent scans beside the radio map: place by place, what is heard and what was to be expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.runtime.landmarks import Landmarks, nearest_landmarks
from tutelage.runtime.readings import readings_of, represented
from tutelage.runtime.rows import part

__all__ = ["Places", "compared_places"]

_SCANS = 4096  # at a time: 33 MB of cosines


class Places(NamedTuple):
    """P places, each the surroundings of one landmark, over the access points of a model.

    Scans taken at one place hear alike, so that a place counts once, however many scans it has.
    """

    expected_dbm: np.ndarray
    """[P, n_ap] mean of the landmarks most like the scans there; NaN where these hear nothing."""
    found_dbm: np.ndarray
    """[P, n_ap] mean of the scans there, taken in the same way; the model's lowest RSS where none hears."""
    share: np.ndarray
    """[P, n_ap] of the scans there that hear the access point."""
    n_scans: np.ndarray
    """[P]"""


def compared_places(marks: Landmarks, rss_dbm: sparse.csr_array) -> Places:
    """Scans [n, n_ap] by the landmark most like each; scans that share nothing with any are left out.

    Both sides are means of the powed representation in which "not heard" is 0, so that an access point that
    half of the scans hear is as faint on either side.
    """
    shape = len(marks.position_m), rss_dbm.shape[1]
    expected, found, heard = (np.zeros(shape) for _ in range(3))
    n_scans = np.zeros(shape[0])
    for rows, take in _taken(marks, rss_dbm):
        n, at = rows.shape[0], take.nearest
        place = sparse.csr_array((np.ones(len(at)), (at, np.flatnonzero(take.known))), shape=(shape[0], n))
        strength = represented(rows.data, "powed", marks.rss_min_dbm)
        expected += (place @ take.weight @ _values(marks)).toarray()
        found += (place @ _like(rows, strength)).toarray()
        heard += (place @ _like(rows, np.ones(rows.nnz))).toarray()
        n_scans += np.bincount(at, minlength=shape[0])
    at = np.flatnonzero(n_scans)
    expected, found, share = (sums[at] / n_scans[at, None] for sums in (expected, found, heard))
    expected_dbm, found_dbm = (readings_of(value, "powed", marks.rss_min_dbm) for value in (expected, found))
    return Places(np.where(expected > 0, expected_dbm, np.nan), found_dbm, share, n_scans[at])


class _Taken(NamedTuple):
    known: np.ndarray
    """[n] bool: something is shared with a landmark."""
    nearest: np.ndarray
    """[n known] landmark."""
    weight: sparse.csr_array
    """[n, n_marks] of the most similar landmarks."""


def _taken(marks: Landmarks, rss_dbm: sparse.csr_array) -> Iterator[tuple[sparse.csr_array, _Taken]]:
    """Blocks of scans, and where each was taken by the landmarks."""
    for first in range(0, rss_dbm.shape[0], _SCANS):
        block = part(rss_dbm, first, first + _SCANS)
        rows = sparse.csr_array((block.data, block.indices, block.indptr), shape=block.shape)
        similarity = marks.similarity(rows)
        near, weight = nearest_landmarks(similarity)
        n, k = near.shape
        known = similarity.max(axis=1) > 0
        spread = sparse.csr_array(
            (weight.ravel(), near.ravel(), k * np.arange(n + 1)), shape=similarity.shape
        )
        yield rows, _Taken(known, similarity[known].argmax(axis=1), spread)


def _values(marks: Landmarks) -> sparse.csr_array:
    value = marks.value
    return sparse.csr_array((value.data, value.indices, value.indptr), shape=value.shape)


def _like(rows: sparse.csr_array, data: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array((data, rows.indices, rows.indptr), shape=rows.shape)
