"""Fingerprints averaged over neighbouring reference points: one scan is a noisy sample of its place."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

__all__ = ["smoothed"]

_POINTS = 6  # averaged for each, itself among them


def smoothed(
    strength: sparse.csr_array, position_m: np.ndarray, storey: np.ndarray
) -> tuple[sparse.csr_array, np.ndarray]:
    """What the surroundings of each reference point hear.

    The scans of a point are averaged, then the point with its nearest ones on the same storey, weighted by
    exp(-distance / (2 spacing)); the spacing is the storey's median distance from a point to the next. An
    access point that is not heard counts as 0: an average says how strong and how often.

    Parameters
    ----------
    strength : CSR [n, n_ap], the positive representation of scans
    position_m : [n, 2]
    storey : [n] int, scans of one floor of one building have the same

    Returns
    -------
    CSR [n_points, n_ap], and [n] which point each scan was taken at
    """
    places, point = np.unique(np.column_stack([position_m, storey]), axis=0, return_inverse=True)
    point = point.ravel()
    n, n_points = len(point), len(places)
    share = 1 / np.bincount(point)[point]
    of_points = sparse.csr_array((share, (point, np.arange(n))), shape=(n_points, n))
    rows, columns, weights = [], [], []
    for number in np.unique(storey):
        here = np.flatnonzero(places[:, 2] == number)
        distance, near = _nearest(places[here, :2])
        spacing = max(float(np.median(distance[:, 1])) if len(here) > 1 else 1.0, 1e-3)
        weight = np.exp(-distance / (2 * spacing))
        rows.append(np.repeat(here, near.shape[1]))
        columns.append(here[near].ravel())
        weights.append((weight / weight.sum(axis=1, keepdims=True)).ravel())
    entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    over_points = sparse.csr_array(entries, shape=(n_points, n_points))
    return sparse.csr_array(over_points @ (of_points @ strength)), point


def _nearest(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[n, k] distances and rows of the nearest of n places, each itself first."""
    k = min(_POINTS, len(place))
    distance, row = KDTree(place).query(place, k=k)
    return distance.reshape(-1, k), row.reshape(-1, k)
