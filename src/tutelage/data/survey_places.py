"""Which scans of a survey were taken at one place: sections of walks, and positions measured anew."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["coordinates_m", "distance_m", "remeasured_points", "walk_sections"]

_GAP = np.timedelta64(10, "s")  # phones that scan as often as they may do so every 2 to 5 s
_SECTION_M = 5.0  # about the spacing of surveyed points
_FEWEST = 5  # fewer scans in a row come from somebody who stops at each point
_SAME_M = 0.25
_PLACE_M = 5.0  # a wider chain of positions is a way, not a place; as long as a section of a walk
_NEIGHBOURS = 9  # enough to hold a place together, however many its scans
_STOREY_M = 1e5  # between two floors or buildings: out of reach of each other


def coordinates_m(*sets: FingerprintSet) -> list[np.ndarray]:
    """Return the positions of scans with their floors and buildings as further coordinates, far apart.

    Parameters
    ----------
    *sets : FingerprintSet
        Sets of scans with positions, in one frame. A label counts if every set has it.

    Returns
    -------
    list of numpy.ndarray
        Coordinates of each set in metres, [n, 2], [n, 3] or [n, 4].
    """
    columns = [np.concatenate([scans.known_position_m for scans in sets])]
    for labels in ([scans.floor for scans in sets], [scans.building for scans in sets]):
        known = [label for label in labels if label is not None]
        if len(known) == len(sets):
            columns.append(_STOREY_M * np.unique(np.concatenate(known), return_inverse=True)[1])
    ends = np.cumsum([len(scans) for scans in sets])[:-1]
    return np.split(np.column_stack(columns), ends)


def distance_m(survey: FingerprintSet, queries: FingerprintSet) -> np.ndarray:
    """Return how far the nearest scan of a survey is, on the same floor and in the same building.

    Parameters
    ----------
    survey, queries : FingerprintSet
        Scans with positions, in one frame.

    Returns
    -------
    numpy.ndarray
        Distance from each of the m queries in metres, [m].
    """
    surveyed, asked = coordinates_m(survey, queries)
    return np.asarray(KDTree(surveyed).query(asked)[0])


def walk_sections(scans: FingerprintSet, point: np.ndarray) -> np.ndarray:
    """Find the sections of walks: 5 m of the way of one user, or of one device where no users are known.

    A walk is five scans or more on one floor. Each is the only scan at its position, and none comes over 10 s
    after the one before it. Neighbours in a walk are a step and a moment apart, so they resemble each other
    more than a later scan resembles either.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions.
    point : numpy.ndarray
        Number of the position of each scan, [n] int.

    Returns
    -------
    numpy.ndarray
        Section of each scan from 0, [n] int; -1 for scans outside walks.
    """
    section = np.full(len(scans), -1)
    if scans.time is None:
        return section
    single = np.flatnonzero((np.bincount(point)[point] == 1) & ~np.isnat(scans.time))
    if len(single) < _FEWEST:
        return section
    labels = [scans.device if scans.user is None else scans.user, scans.floor, scans.building]
    codes = [np.unique(label[single], return_inverse=True)[1] for label in labels if label is not None]
    time = scans.time[single]
    order = np.lexsort((time, *codes))
    rows = single[order]
    continues = np.diff(time[order]) <= _GAP
    for code in codes:
        continues &= np.diff(code[order]) == 0
    walk = np.concatenate([[0], np.cumsum(~continues)])
    step_m = np.linalg.norm(np.diff(scans.known_position_m[rows], axis=0), axis=1) * continues
    along_m = np.concatenate([[0.0], np.cumsum(step_m)])
    first = np.searchsorted(walk, walk)  # where the walk of each scan begins
    part = np.floor((along_m - along_m[first]) / _SECTION_M)
    is_new = np.concatenate([[0], (np.diff(walk) != 0) | (np.diff(part) != 0)])
    is_walk = np.bincount(walk)[walk] >= _FEWEST
    section[rows[is_walk]] = np.cumsum(is_new)[is_walk]
    return section


def remeasured_points(position_m: np.ndarray, storey: np.ndarray) -> np.ndarray:
    """Find which distinct positions of a survey are one place.

    A tracked or estimated position differs a little from scan to scan. Where most positions have another one
    within 25 cm, positions so close belong to one place. A place wider than 5 m is cut into cells of 5 m. In
    other surveys every position is a place.

    Parameters
    ----------
    position_m : numpy.ndarray
        Distinct positions in metres, [p, 2].
    storey : numpy.ndarray
        Number of the floor and building of each position, [p] int.

    Returns
    -------
    numpy.ndarray
        Place of each position from 0 without gaps, [p] int.
    """
    p = len(position_m)
    if p < 2:
        return np.arange(p)
    place_3d = np.column_stack([position_m, storey])  # storeys are 1 m apart, more than one place is wide
    distance, near = KDTree(place_3d).query(place_3d, k=min(_NEIGHBOURS, p))
    if np.median(distance[:, 1]) > _SAME_M:
        return np.arange(p)
    is_same = distance <= _SAME_M
    edges = np.nonzero(is_same)[0], near[is_same]
    graph = sparse.coo_array((np.ones(len(edges[0])), edges), shape=(p, p))
    place = connected_components(graph, directed=False)[1]
    cell = np.floor(position_m / _PLACE_M) * _is_wide(position_m, place)[:, None]
    codes = np.unique(np.column_stack([place, cell]), axis=0, return_inverse=True)[1]
    return np.asarray(codes).ravel()


def _is_wide(position_m: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return whether the place of each position [p] is wider than one place is."""
    low = np.full((place.max() + 1, 2), np.inf)
    high = -low
    np.minimum.at(low, place, position_m)
    np.maximum.at(high, place, position_m)
    is_wide = (high - low).max(axis=1) > _PLACE_M
    return np.asarray(is_wide[place])
