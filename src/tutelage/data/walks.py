"""Scans taken on the way, without standing still: what is one place in a walk."""

from __future__ import annotations

import numpy as np

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["walk_sections"]

_GAP = np.timedelta64(10, "s")  # phones that scan as often as they may do so every 2 to 5 s
_SECTION_M = 5.0  # about the spacing of surveyed points
_FEWEST = 5  # fewer scans in a row come from somebody who stops at each point


def walk_sections(scans: FingerprintSet, point: np.ndarray) -> np.ndarray:
    """Sections of walks: 5 m of the way of one user, or device where no users are known.

    A walk is five scans or more, each the only one at its position, none over 10 s after the one before it
    and all on one floor. Neighbours in it are a step and a moment apart: they resemble each other more than
    a later scan resembles either.

    Parameters
    ----------
    scans : n scans with positions
    point : [n] int, equal for scans at one position

    Returns
    -------
    [n] int : number of the section from 0, -1 for scans that are not of a walk
    """
    section = np.full(len(scans), -1)
    if scans.time is None:
        return section
    alone = np.flatnonzero((np.bincount(point)[point] == 1) & ~np.isnat(scans.time))
    if len(alone) < _FEWEST:
        return section
    who = [scans.device if scans.user is None else scans.user, scans.floor, scans.building]
    labels = [np.unique(label[alone], return_inverse=True)[1] for label in who if label is not None]
    time = scans.time[alone]
    order = np.lexsort((time, *labels))
    ordered = alone[order]
    goes_on = np.diff(time[order]) <= _GAP
    for label in labels:
        goes_on &= np.diff(label[order]) == 0
    walk = np.concatenate([[0], np.cumsum(~goes_on)])
    step_m = np.linalg.norm(np.diff(scans.known_position_m[ordered], axis=0), axis=1) * goes_on
    along_m = np.concatenate([[0.0], np.cumsum(step_m)])
    first = np.searchsorted(walk, walk)  # where the walk of each scan begins
    part = np.floor((along_m - along_m[first]) / _SECTION_M)
    is_new = np.concatenate([[0], (np.diff(walk) != 0) | (np.diff(part) != 0)])
    walked = np.bincount(walk)[walk] >= _FEWEST
    section[ordered[walked]] = np.cumsum(is_new)[walked]
    return section
