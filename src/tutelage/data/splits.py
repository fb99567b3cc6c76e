"""Splits that do not leak: scans that were measured together stay on one side.

Scans of one reference point, session, device or user resemble each other far more than a new scan resembles
any of them. A split of single scans therefore measures memory, not localization. Every split here holds
out whole groups, as many as come closest to the share of scans to hold out. It returns
`(rest_rows, held_out_rows)`: sorted index arrays that partition the scans, neither of them empty.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.place_blocks import place_blocks
from tutelage.data.survey_places import remeasured_points, walk_sections
from tutelage.errors import BadInputError

__all__ = [
    "is_spread",
    "n_reference_points",
    "reference_points",
    "split_by_device",
    "split_by_position",
    "split_by_time",
    "split_by_user",
    "split_groups",
]

_SplitRows = tuple[np.ndarray, np.ndarray]


def reference_points(scans: FingerprintSet, cell_m: float | None = None) -> np.ndarray:
    """Find the reference point of each scan, or its cell of a square grid.

    A point on another floor or in another building is another point. Scans taken on the way share a
    point over 5 m of a walk (`walk_sections`). Positions measured anew for each scan share a point where they
    lie closest (`remeasured_points`). Scans with places alone share a point if they are one block of scans
    within a place (`place_blocks`).

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions or places.
    cell_m : float, optional
        Side of a cell in metres; None numbers points.

    Returns
    -------
    numpy.ndarray
        Point of each scan from 0 without gaps, [n] int.

    Raises
    ------
    BadInputError
        If the scans carry neither positions nor places, or `cell_m` is not above 0.
    """
    if scans.position_m is None and scans.place is not None:
        return place_blocks(scans)
    place = scans.known_position_m
    if cell_m is not None:
        if not (cell_m > 0 and math.isfinite(cell_m)):
            raise BadInputError(f"cell_m is {cell_m:g}; a cell has a side of more than 0 m")
        place = np.floor(place / cell_m)
    labels = [label for label in (scans.floor, scans.building) if label is not None]
    point = _groups(place[:, 0], place[:, 1], *labels)
    if cell_m is not None:
        return point
    rows = np.unique(point, return_index=True)[1]
    storey = _groups(*(label[rows] for label in labels)) if labels else np.zeros(len(rows))
    point = remeasured_points(place[rows], storey)[point]
    section = walk_sections(scans, point)
    return _groups(np.where(section < 0, len(scans) + point, section))


def n_reference_points(scans: FingerprintSet) -> int:
    """Count the reference points of scans with positions.

    Parameters
    ----------
    scans : FingerprintSet

    Returns
    -------
    int
        0 without scans.
    """
    return int(reference_points(scans).max(initial=-1)) + 1


def is_spread(scans: FingerprintSet) -> bool:
    """Return whether scans come from several reference points at several positions, which learning needs.

    Parameters
    ----------
    scans : FingerprintSet
        Scans with positions, or with places alone, of which two are needed.

    Returns
    -------
    bool
        False also without scans.
    """
    if scans.position_m is None:
        return len(np.unique(scans.known_place)) > 1
    if not len(scans) or not np.ptp(scans.known_position_m, axis=0).any():
        return False
    return bool(reference_points(scans).any())


def split_by_position(
    scans: FingerprintSet, fraction: float = 0.1, seed: int = 0, cell_m: float | None = None
) -> _SplitRows:
    """Hold out whole reference points, or whole cells of a square grid.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions. A point on another floor or in another building is another point.
    fraction : float, default 0.1
        Share of the n scans to hold out, in (0, 1).
    seed : int, default 0
        Random seed; it decides which points are held out.
    cell_m : float, optional
        Side of a cell in metres. None holds out points of equal coordinates, and 5 m sections of walks.

    Returns
    -------
    rest_rows, held_out_rows : numpy.ndarray
        Sorted rows of the scans that stay and of those that are held out.

    Raises
    ------
    BadInputError
        If the scans carry no positions or were all taken at one point.

    Examples
    --------
    >>> import tutelage as tt
    >>> scans = tt.simulated_survey(n_train=200, n_test=20).train
    >>> rest, held_out = tt.split_by_position(scans, 0.2)
    >>> len(rest), len(held_out)
    (180, 44)
    """
    if scans.position_m is None:
        raise BadInputError("these scans have no positions; add the columns x_m and y_m")
    return split_groups(reference_points(scans, cell_m), fraction, seed, "reference point")


def split_by_time(scans: FingerprintSet, fraction: float = 0.1) -> _SplitRows:
    """Hold out the latest sessions.

    Scans with one time stamp belong to one session. Where users are known, scans of one user and day do too.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with times. Sessions are ordered by their first scan.
    fraction : float, default 0.1
        Share of the n scans to hold out, in (0, 1).

    Returns
    -------
    rest_rows, held_out_rows : numpy.ndarray
        Sorted rows of the scans that stay and of those that are held out.

    Raises
    ------
    BadInputError
        If a time is missing, or all scans belong to one session.

    Examples
    --------
    >>> import tutelage as tt
    >>> scans = tt.simulated_survey(n_train=200, n_test=20).train
    >>> rest, held_out = tt.split_by_time(scans, 0.25)
    >>> bool(scans.time[rest].max() < scans.time[held_out].min())
    True
    """
    if scans.time is None:
        raise BadInputError("these scans have no times; add the column time")
    missing = np.flatnonzero(np.isnat(scans.time))
    if len(missing):
        raise BadInputError(
            f"scan {str(scans.scan_id[missing[0]])!r} has no time; add it or leave the scan out"
        )
    session = _sessions(scans.time, scans.user)
    by_time = np.argsort(scans.time, kind="stable")
    first_row = np.unique(session[by_time], return_index=True)[1]
    return _hold_out(session, np.argsort(first_row)[::-1], fraction, "session")


def split_by_device(scans: FingerprintSet, fraction: float = 0.1, seed: int = 0) -> _SplitRows:
    """Hold out whole devices.

    Parameters
    ----------
    scans : FingerprintSet
        n scans, each with its device.
    fraction : float, default 0.1
        Share of the n scans to hold out, in (0, 1).
    seed : int, default 0
        Random seed; it decides which devices are held out.

    Returns
    -------
    rest_rows, held_out_rows : numpy.ndarray
        Sorted rows of the scans that stay and of those that are held out.

    Raises
    ------
    BadInputError
        If a scan's device is unknown, or all scans come from one device.

    Examples
    --------
    >>> import tutelage as tt
    >>> scans = tt.simulated_survey(n_train=200, n_test=20).train
    >>> rest, held_out = tt.split_by_device(scans, 0.5)
    >>> sorted(set(scans.device[held_out])) == sorted(set(scans.device) - set(scans.device[rest]))
    True
    """
    return _split_by_label(scans, scans.device, "device", fraction, seed)


def split_by_user(scans: FingerprintSet, fraction: float = 0.1, seed: int = 0) -> _SplitRows:
    """Hold out whole users.

    Parameters
    ----------
    scans : FingerprintSet
        n scans, each with its user.
    fraction : float, default 0.1
        Share of the n scans to hold out, in (0, 1).
    seed : int, default 0
        Random seed; it decides which users are held out.

    Returns
    -------
    rest_rows, held_out_rows : numpy.ndarray
        Sorted rows of the scans that stay and of those that are held out.

    Raises
    ------
    BadInputError
        If a scan's user is unknown, or all scans come from one user.

    Examples
    --------
    >>> import tutelage as tt
    >>> scans = tt.simulated_survey(n_train=200, n_test=20).train
    >>> rest, held_out = tt.split_by_user(scans, 0.5)
    >>> sorted(set(scans.user[held_out])) == sorted(set(scans.user) - set(scans.user[rest]))
    True
    """
    return _split_by_label(scans, scans.user, "user", fraction, seed)


def _split_by_label(
    scans: FingerprintSet, label: np.ndarray | None, name: str, fraction: float, seed: int
) -> _SplitRows:
    if label is None:
        raise BadInputError(f"the {name} of these scans is unknown; add the column {name}")
    missing = np.flatnonzero(label == "")
    if len(missing):  # it may be one of those held out
        scan_id = str(scans.scan_id[missing[0]])
        raise BadInputError(f"the {name} of scan {scan_id!r} is unknown; name it or leave the scan out")
    return split_groups(_groups(label), fraction, seed, name)


def split_groups(group: np.ndarray, fraction: float, seed: int, what: str) -> _SplitRows:
    """Hold out whole groups, drawn at random.

    Parameters
    ----------
    group : numpy.ndarray
        Group of each scan from 0 without gaps, [n] int.
    fraction : float
        Share of the n scans to hold out, in (0, 1).
    seed : int
        Random seed; it decides which groups are held out.
    what : str
        One of the groups, for the error.

    Returns
    -------
    rest_rows, held_out_rows : numpy.ndarray
        Sorted rows of the scans that stay and of those that are held out.

    Raises
    ------
    BadInputError
        If there is one group, or `fraction` is not between 0 and 1.
    """
    order = np.random.default_rng(seed).permutation(int(group.max(initial=-1)) + 1)
    return _hold_out(group, order, fraction, what)


def _sessions(time: np.ndarray, user: np.ndarray | None) -> np.ndarray:
    """Return the session of each scan, [n] int."""
    stamp = _groups(time)
    if user is None:
        return stamp
    visit = _groups(user, time.astype("datetime64[D]"))
    n = len(stamp)
    # Two walkers at one instant join their visits: a session is a connected part of the graph in
    # which each scan is an edge between its time stamp and its visit.
    edges = sparse.coo_array((np.ones(n), (stamp, n + visit)), shape=(2 * n, 2 * n))
    return np.asarray(connected_components(edges, directed=False)[1][stamp])


def _groups(*columns: np.ndarray) -> np.ndarray:
    """Return the group of rows equal in every column for each row, [n] int from 0 without gaps."""
    codes = np.column_stack([np.unique(column, return_inverse=True)[1] for column in columns])
    return np.asarray(np.unique(codes, axis=0, return_inverse=True)[1]).ravel()


def _hold_out(group: np.ndarray, order: np.ndarray, fraction: float, what: str) -> _SplitRows:
    """Hold out the first groups of `order`: at least one, and all but two at most if there are three or more.

    scikit-learn's GroupShuffleSplit counts groups, not scans, and groups differ widely in size.
    """
    if not 0 < fraction < 1:
        raise BadInputError(f"fraction is {fraction:g}; the share to hold out lies between 0 and 1")
    if len(order) < 2:
        raise BadInputError(f"{len(order)} {what} cannot be split; at least two are needed")
    n_scans = np.cumsum(np.bincount(group)[order])[: max(1, len(order) - 2)]
    n_groups = int(np.argmin(np.abs(n_scans - fraction * len(group)))) + 1
    is_held_out = np.isin(group, order[:n_groups])
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
