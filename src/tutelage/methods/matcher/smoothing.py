"""Fingerprints averaged over neighbouring reference points: one scan is a noisy sample of its place."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from tutelage.runtime.candidate_lists import CandidateSearch, DescribedMap

__all__ = ["Surroundings", "candidate_search", "described_map"]

_N_NEAR = 6  # reference points that are averaged
_N_WIDE = 16
_FARTHEST = 50.0  # spacings; a farther point's weight would be 0, which is not stored beside the others


class Surroundings:
    """Averages of the scans of a survey around each of its reference points.

    The scans of a point are averaged, then the point with its nearest ones on the same storey, weighted by
    exp(-distance / (2 spacing)). The spacing is the storey's median distance from a point to the next.
    Without positions, the scans of each place are averaged, and nothing is known to be next to it.

    Parameters
    ----------
    position_m : ndarray [n, 2], or None
    storey : ndarray [n] of int
        The same number for scans of one floor of one building; without positions, of one place.
    n_points : int
        How many points are averaged for each, itself among them; at least 2.

    Attributes
    ----------
    point : ndarray [n] of int
        Reference point of each scan.
    weights : csr_array [points, n]
        Weight of each scan in the average of each point; each row sums to 1.
    """

    def __init__(self, position_m: np.ndarray | None, storey: np.ndarray, n_points: int) -> None:
        columns = [storey] if position_m is None else [position_m, storey]
        places, point = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
        self.point = point.ravel()
        n = len(self.point)
        share = 1 / np.bincount(self.point)[self.point]
        point_means = sparse.csr_array((share, (self.point, np.arange(n))), shape=(len(places), n))
        self.weights = (
            point_means
            if position_m is None
            else sparse.csr_array(_neighbour_weights(places, n_points) @ point_means)
        )

    def mean(self, values: sparse.csr_array) -> sparse.csr_array:
        """Average values around each point; an access point that is not heard counts as 0.

        Averages of values that are stored at the same places are stored at the same places too.

        Parameters
        ----------
        values : csr_array [n, n_ap]

        Returns
        -------
        csr_array [points, n_ap]
        """
        mean = sparse.csr_array(self.weights @ values)
        mean.sort_indices()
        return mean


def _neighbour_weights(places: np.ndarray, n_points: int) -> sparse.csr_array:
    """Give the weights [p, p] of points [p, 3] (x, y, storey) in the average of each."""
    rows = []
    columns = []
    weights = []
    for storey in np.unique(places[:, 2]):
        here = np.flatnonzero(places[:, 2] == storey)
        distance, neighbour = _nearest(places[here, :2], n_points)
        spacing = max(float(np.median(distance[:, 1])) if len(here) > 1 else 1.0, 1e-3)
        weight = np.exp(-np.minimum(distance / spacing, _FARTHEST) / 2)
        rows.append(np.repeat(here, neighbour.shape[1]))
        columns.append(here[neighbour].ravel())
        weights.append((weight / weight.sum(axis=1, keepdims=True)).ravel())
    entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array(entries, shape=(len(places), len(places)))


def _nearest(place: np.ndarray, n_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Give distances and rows [p, k] of the places nearest to each of p, itself first."""
    k = min(n_points, len(place))
    distance, row = KDTree(place).query(place, k=k)
    return distance.reshape(-1, k), row.reshape(-1, k)


def described_map(
    strength: sparse.csr_array, position_m: np.ndarray | None, storey: np.ndarray
) -> DescribedMap:
    """Compute what the features of candidates are made from.

    Parameters
    ----------
    strength : csr_array [n, n_ap]
        RSS of the fingerprints in the positive representation.
    position_m : ndarray [n, 2], or None
    storey : ndarray [n] of int
        The floor of its building on which each was taken; without positions, its place.
    """
    near, wide = (Surroundings(position_m, storey, n_points) for n_points in (_N_NEAR, _N_WIDE))
    is_heard = strength.copy()
    is_heard.data = np.ones_like(strength.data)
    square = strength.copy()
    square.data = strength.data**2
    return DescribedMap(
        strength,
        near.point,
        near.mean(strength),
        near.mean(is_heard).data,
        near.mean(square).data,
        wide.mean(strength),
    )


def candidate_search(
    strength: sparse.csr_array, position_m: np.ndarray | None, storey: np.ndarray
) -> CandidateSearch:
    """Make a search for candidates among fingerprints; the parameters are those of `described_map`."""
    return CandidateSearch(described_map(strength, position_m, storey))
