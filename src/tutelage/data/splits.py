"""Splits that do not leak: what was measured together stays on one side.

Scans of one reference point, session, device or walker resemble each other far more than a new scan
resembles any of them, so a split of single scans measures memory, not localization. Every split here
holds out whole groups, as many as come closest to the wanted share of the scans, and returns
`(rest_rows, held_rows)`: sorted index arrays that partition the scans, neither of them empty.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.remeasured import remeasured_points
from tutelage.data.walks import walk_sections
from tutelage.errors import BadInputError

__all__ = [
    "is_spread",
    "reference_points",
    "split_by_device",
    "split_by_position",
    "split_by_time",
    "split_by_user",
]

Rows = tuple[np.ndarray, np.ndarray]


def reference_points(scans: FingerprintSet, cell_m: float | None = None) -> np.ndarray:
    """[n] int from 0 without gaps: the reference point of each scan, or its cell of a square grid.

    A point on another floor or in another building is another point; of scans taken on the way, 5 m of a
    walk are one (see `walk_sections`), and positions measured anew for each scan are one where they lie
    closest (see `remeasured_points`). Parameters and errors as of `split_by_position`.
    """
    place = scans.known_position_m
    if cell_m is not None:
        if not (cell_m > 0 and math.isfinite(cell_m)):
            raise BadInputError(f"cell_m is {cell_m:g}; a cell has a side of more than 0 m")
        place = np.floor(place / cell_m)
    labels = [label for label in (scans.floor, scans.building) if label is not None]
    point = _group_of(place[:, 0], place[:, 1], *labels)
    if cell_m is not None:
        return point
    rows = np.unique(point, return_index=True)[1]
    storey = _group_of(*(label[rows] for label in labels)) if labels else np.zeros(len(rows))
    point = remeasured_points(place[rows], storey)[point]
    section = walk_sections(scans, point)
    return _group_of(np.where(section < 0, len(scans) + point, section))


def is_spread(scans: FingerprintSet) -> bool:
    """Whether scans are of several reference points at several positions, as learning from them needs."""
    if not len(scans) or not np.ptp(scans.known_position_m, axis=0).any():
        return False
    return bool(reference_points(scans).any())


def split_by_position(
    scans: FingerprintSet, fraction: float = 0.1, seed: int = 0, cell_m: float | None = None
) -> Rows:
    """Hold out whole reference points, or whole cells of a square grid.

    Parameters
    ----------
    scans : n scans with positions; a point on another floor or in another building is another point
    fraction : wanted share of the n scans, in (0, 1)
    seed : decides which points are held out
    cell_m : side of a cell in metres; None holds out points of equal coordinates, and 5 m sections of walks

    Raises
    ------
    BadInputError
        If the scans carry no positions or were all taken at one point.
    """
    point = reference_points(scans, cell_m)
    return _held_out(point, _shuffled(point, seed), fraction, "reference point")


def split_by_time(scans: FingerprintSet, fraction: float = 0.1) -> Rows:
    """Hold out the latest sessions.

    Scans of one time stamp are of one session; where users are known, so are those of one user and day.

    Parameters
    ----------
    scans : n scans with times; sessions are ordered by their first scan
    fraction : wanted share of the n scans, in (0, 1)

    Raises
    ------
    BadInputError
        If a time is missing, or all scans are of one session.
    """
    if scans.time is None:
        raise BadInputError("these scans have no times; add the column time")
    unknown = np.flatnonzero(np.isnat(scans.time))
    if len(unknown):
        raise BadInputError(
            f"scan {str(scans.scan_id[unknown[0]])!r} has no time; add it or leave the scan out"
        )
    session = _sessions(scans.time, scans.user)
    by_time = np.argsort(scans.time, kind="stable")
    first_row = np.unique(session[by_time], return_index=True)[1]
    return _held_out(session, np.argsort(first_row)[::-1], fraction, "session")


def split_by_device(scans: FingerprintSet, fraction: float = 0.1, seed: int = 0) -> Rows:
    """Hold out whole devices; parameters and errors as for `split_by_user`."""
    return _split_by_label(scans, scans.device, "device", fraction, seed)


def split_by_user(scans: FingerprintSet, fraction: float = 0.1, seed: int = 0) -> Rows:
    """Hold out whole users.

    Parameters
    ----------
    scans : n scans, each with its user
    fraction : wanted share of the n scans, in (0, 1)
    seed : decides which users are held out

    Raises
    ------
    BadInputError
        If a scan's user is unknown, or all scans are of one user.
    """
    return _split_by_label(scans, scans.user, "user", fraction, seed)


def _split_by_label(
    scans: FingerprintSet, label: np.ndarray | None, name: str, fraction: float, seed: int
) -> Rows:
    if label is None:
        raise BadInputError(f"the {name} of these scans is unknown; add the column {name}")
    unknown = np.flatnonzero(label == "")
    if len(unknown):  # it may be one of those held out
        scan_id = str(scans.scan_id[unknown[0]])
        raise BadInputError(f"the {name} of scan {scan_id!r} is unknown; name it or leave the scan out")
    group = _group_of(label)
    return _held_out(group, _shuffled(group, seed), fraction, name)


def _sessions(time: np.ndarray, user: np.ndarray | None) -> np.ndarray:
    """[n] int: the session of each scan."""
    stamp = _group_of(time)
    if user is None:
        return stamp
    visit = _group_of(user, time.astype("datetime64[D]"))
    n = len(stamp)
    # Two walkers at one instant join their visits: a session is a connected part of the graph in
    # which each scan is an edge between its time stamp and its visit.
    edges = sparse.coo_array((np.ones(n), (stamp, n + visit)), shape=(2 * n, 2 * n))
    return np.asarray(connected_components(edges, directed=False)[1][stamp])


def _group_of(*columns: np.ndarray) -> np.ndarray:
    """[n] int from 0 without gaps: equal for rows that are equal in every column."""
    codes = np.column_stack([np.unique(column, return_inverse=True)[1] for column in columns])
    return np.asarray(np.unique(codes, axis=0, return_inverse=True)[1]).ravel()


def _shuffled(group: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(len(np.unique(group)))


def _held_out(group: np.ndarray, order: np.ndarray, fraction: float, what: str) -> Rows:
    """Hold out the first groups of `order`: at least one, and of three or more all but two at most.

    scikit-learn's GroupShuffleSplit counts groups, not scans, and groups differ widely in size.
    """
    if not 0 < fraction < 1:
        raise BadInputError(f"fraction is {fraction:g}; the share to hold out lies between 0 and 1")
    if len(order) < 2:
        raise BadInputError(f"{len(order)} {what} cannot be split; at least two are needed")
    reached = np.cumsum(np.bincount(group)[order])[: max(1, len(order) - 2)]
    n_held = int(np.argmin(np.abs(reached - fraction * len(group)))) + 1
    is_held = np.isin(group, order[:n_held])
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)
