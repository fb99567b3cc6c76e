"""Fingerprints averaged over neighbouring reference points: one scan is a noisy sample of its place."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from tutelage.runtime.candidate_lists import CandidateSearch, DescribedMap

__all__ = ["Surroundings", "candidate_search", "described_map"]

_NEAR, _WIDE = 6, 16  # reference points that are averaged
_FARTHEST = 50.0  # spacings; of a farther point nothing is left, and 0 would not be stored beside the others


class Surroundings:
    """Weights with which the scans of a survey make up what the surroundings of each reference point hear.

    The scans of a point are averaged, then the point with its nearest ones on the same storey, weighted by
    exp(-distance / (2 spacing)); the spacing is the storey's median distance from a point to the next.

    Parameters
    ----------
    position_m : [n, 2]
    storey : [n] int, scans of one floor of one building have the same
    n_points : how many points are averaged for each, itself among them; at least 2

    Attributes
    ----------
    point : [n] which point each scan was taken at
    weights : CSR [points, n], each row 1 in all
    """

    def __init__(self, position_m: np.ndarray, storey: np.ndarray, n_points: int) -> None:
        places, point = np.unique(np.column_stack([position_m, storey]), axis=0, return_inverse=True)
        self.point = point.ravel()
        n = len(self.point)
        share = 1 / np.bincount(self.point)[self.point]
        of_points = sparse.csr_array((share, (self.point, np.arange(n))), shape=(len(places), n))
        self.weights = sparse.csr_array(_over_points(places, n_points) @ of_points)

    def mean(self, values: sparse.csr_array) -> sparse.csr_array:
        """CSR [points, n_ap] means of values [n, n_ap]; what is not heard counts as 0.

        All means of values that are stored at the same places are stored at the same places too.
        """
        mean = sparse.csr_array(self.weights @ values)
        mean.sort_indices()
        return mean


def _over_points(places: np.ndarray, n_points: int) -> sparse.csr_array:
    """CSR [p, p] weights of points [p, 3] (x, y, storey) in the mean of each."""
    rows, columns, weights = [], [], []
    for storey in np.unique(places[:, 2]):
        here = np.flatnonzero(places[:, 2] == storey)
        distance, near = _nearest(places[here, :2], n_points)
        spacing = max(float(np.median(distance[:, 1])) if len(here) > 1 else 1.0, 1e-3)
        weight = np.exp(-np.minimum(distance / spacing, _FARTHEST) / 2)
        rows.append(np.repeat(here, near.shape[1]))
        columns.append(here[near].ravel())
        weights.append((weight / weight.sum(axis=1, keepdims=True)).ravel())
    entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array(entries, shape=(len(places), len(places)))


def _nearest(place: np.ndarray, n_points: int) -> tuple[np.ndarray, np.ndarray]:
    """[p, k] distances and rows of the nearest of p places, each itself first."""
    k = min(n_points, len(place))
    distance, row = KDTree(place).query(place, k=k)
    return distance.reshape(-1, k), row.reshape(-1, k)


def described_map(strength: sparse.csr_array, position_m: np.ndarray, storey: np.ndarray) -> DescribedMap:
    """What candidates are found among and described by.

    Parameters
    ----------
    strength : CSR [n, n_ap], the positive representation of the fingerprints
    position_m : [n, 2]
    storey : [n] int, the floor of its building that each was taken on
    """
    near, wide = (Surroundings(position_m, storey, n_points) for n_points in (_NEAR, _WIDE))
    heard, square = strength.copy(), strength.copy()
    heard.data, square.data = np.ones_like(strength.data), strength.data**2
    return DescribedMap(
        strength,
        near.point,
        near.mean(strength),
        near.mean(heard).data,
        near.mean(square).data,
        wide.mean(strength),
    )


def candidate_search(
    strength: sparse.csr_array, position_m: np.ndarray, storey: np.ndarray
) -> CandidateSearch:
    """A search among `described_map`."""
    return CandidateSearch(described_map(strength, position_m, storey))
