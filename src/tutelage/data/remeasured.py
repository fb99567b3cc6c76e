"""Positions measured anew for each scan, though the surveyor stood at one place."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

__all__ = ["remeasured_points"]

_SAME_M = 0.25
_PLACE_M = 5.0  # a wider chain of positions is a way, not a place; as long as a section of a walk
_NEIGHBOURS = 9  # enough to hold a place together, however many its scans


def remeasured_points(position_m: np.ndarray, storey: np.ndarray) -> np.ndarray:
    """Which of the distinct positions of a survey are one place.

    A tracked or estimated position differs a little from scan to scan. Where most positions have another
    within 25 cm, those that lie so close are of one place, and what is wider than 5 m is cut into cells of
    5 m. Other surveys have a place for every position.

    Parameters
    ----------
    position_m : [p, 2] distinct positions
    storey : [p] int, equal for those of one floor and building

    Returns
    -------
    [p] int : the place of each, from 0 without gaps
    """
    p = len(position_m)
    if p < 2:
        return np.arange(p)
    of_storey = np.column_stack([position_m, storey])  # storeys are 1 m apart, more than one place is wide
    distance, near = KDTree(of_storey).query(of_storey, k=min(_NEIGHBOURS, p))
    if np.median(distance[:, 1]) > _SAME_M:
        return np.arange(p)
    is_same = distance <= _SAME_M
    edges = np.nonzero(is_same)[0], near[is_same]
    graph = sparse.coo_array((np.ones(len(edges[0])), edges), shape=(p, p))
    place = connected_components(graph, directed=False)[1]
    cell = np.floor(position_m / _PLACE_M) * _is_wide(position_m, place)[:, None]
    of_cell = np.unique(np.column_stack([place, cell]), axis=0, return_inverse=True)[1]
    return np.asarray(of_cell).ravel()


def _is_wide(position_m: np.ndarray, place: np.ndarray) -> np.ndarray:
    """[p] bool: whether the place of each position is wider than one is."""
    low = np.full((place.max() + 1, 2), np.inf)
    high = -low
    np.minimum.at(low, place, position_m)
    np.maximum.at(high, place, position_m)
    is_wide = (high - low).max(axis=1) > _PLACE_M
    return np.asarray(is_wide[place])
