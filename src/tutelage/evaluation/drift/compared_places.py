"""Recent scans beside the radio map: for each place the signals that are heard, and those to expect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from tutelage.runtime.landmarks import Landmarks, nearest_landmarks
from tutelage.runtime.readings import to_dbm, to_strength
from tutelage.runtime.rows import slice_rows

__all__ = ["PlaceComparison", "compare_places"]

_BLOCK_SCANS = 4096  # 33 MB of cosines at a time


class PlaceComparison(NamedTuple):
    """P places, each the surroundings of one landmark, over the access points of a model.

    Scans from one place hear alike, so a place counts once, however many scans it has.
    """

    expected_dbm: np.ndarray
    """Mean RSS of the landmarks most like the scans there [P, n_ap]; NaN where these hear nothing."""
    found_dbm: np.ndarray
    """Mean RSS of the scans there [P, n_ap], in the same way; the model's lowest RSS where none hears."""
    share: np.ndarray
    """Share of the scans there that hear the access point [P, n_ap]."""
    n_scans: np.ndarray
    """Scans there [P]."""


def compare_places(
    landmarks: Landmarks, rss_dbm: sparse.csr_array, is_gone: np.ndarray | None = None
) -> PlaceComparison:
    """Group scans by the landmark most like each, and compare every group with its landmarks.

    Scans that have no access point in common with any landmark are left out. Both sides are means of the
    powed representation, in which "not heard" is 0. An access point that half of the scans hear is therefore
    as faint on either side.

    Parameters
    ----------
    landmarks : Landmarks
        Fingerprints of the survey.
    rss_dbm : scipy.sparse.csr_array
        RSS of recent scans [n, n_ap], over the access points of the model.
    is_gone : ndarray, optional
        Access points known to be gone, bool [n_ap]; scans are not matched by them.

    Returns
    -------
    PlaceComparison
        The places that have scans.
    """
    n_marks = len(landmarks.position_m)
    shape = (n_marks, rss_dbm.shape[1])
    expected_sum = np.zeros(shape)
    strength_sum = np.zeros(shape)
    n_heard = np.zeros(shape)
    n_scans = np.zeros(n_marks)
    matched = landmarks if is_gone is None or not is_gone.any() else _without(landmarks, is_gone)
    for scans, matches in _match_blocks(matched, rss_dbm):
        nearest = matches.nearest
        coordinates = (nearest, np.flatnonzero(matches.has_match))
        place = sparse.csr_array((np.ones(len(nearest)), coordinates), shape=(n_marks, scans.shape[0]))
        value = to_strength(scans.data, "powed", landmarks.rss_min_dbm)
        expected_sum += (place @ matches.weight @ _values(landmarks)).toarray()
        strength_sum += (place @ _like(scans, value)).toarray()
        n_heard += (place @ _like(scans, np.ones(scans.nnz))).toarray()
        n_scans += np.bincount(nearest, minlength=n_marks)
    rows = np.flatnonzero(n_scans)
    n_scans = n_scans[rows]
    expected = expected_sum[rows] / n_scans[:, None]
    strength = strength_sum[rows] / n_scans[:, None]
    share = n_heard[rows] / n_scans[:, None]
    expected_dbm = to_dbm(expected, "powed", landmarks.rss_min_dbm)
    found_dbm = to_dbm(strength, "powed", landmarks.rss_min_dbm)
    return PlaceComparison(np.where(expected > 0, expected_dbm, np.nan), found_dbm, share, n_scans)


class _Matches(NamedTuple):
    has_match: np.ndarray
    """Whether a scan has an access point in common with a landmark, bool [n]."""
    nearest: np.ndarray
    """Most similar landmark of each scan with a match."""
    weight: sparse.csr_array
    """Weights of the most similar landmarks [n, n_marks]."""


def _match_blocks(
    landmarks: Landmarks, rss_dbm: sparse.csr_array
) -> Iterator[tuple[sparse.csr_array, _Matches]]:
    """Yield blocks of scans with the landmarks most like them."""
    for first in range(0, rss_dbm.shape[0], _BLOCK_SCANS):
        block = slice_rows(rss_dbm, first, first + _BLOCK_SCANS)
        rows = sparse.csr_array((block.data, block.indices, block.indptr), shape=block.shape)
        similarity = landmarks.similarity(rows)
        near, weight, _ = nearest_landmarks(similarity)
        n, k = near.shape
        has_match = similarity.max(axis=1) > 0
        weights = sparse.csr_array(
            (weight.ravel(), near.ravel(), k * np.arange(n + 1)), shape=similarity.shape
        )
        yield rows, _Matches(has_match, similarity[has_match].argmax(axis=1), weights)


def _without(landmarks: Landmarks, is_gone: np.ndarray) -> Landmarks:
    value = _values(landmarks).copy()
    value.data = np.where(is_gone[value.indices], 0, value.data).astype(np.float32)
    value.eliminate_zeros()
    return replace(landmarks, value=value)


def _values(landmarks: Landmarks) -> sparse.csr_array:
    value = landmarks.value
    return sparse.csr_array((value.data, value.indices, value.indptr), shape=value.shape)


def _like(rows: sparse.csr_array, data: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array((data, rows.indices, rows.indptr), shape=rows.shape)
