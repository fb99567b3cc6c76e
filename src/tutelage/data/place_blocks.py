"""Blocks of scans within places: what is held out where scans have places and no positions.

A model is asked about a place that was surveyed, at another time. So a visit to a place is held out, and the
other visits to it stay. A place with few visits is cut into parts of them, in the order of time.
"""

from __future__ import annotations

import numpy as np

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["blocks_to_hold_out", "place_blocks", "walks"]

_PAUSE = np.timedelta64(5, "m")  # after a longer one, the next scan begins another walk
_FEWEST_BLOCKS = 5  # of each place, if it has so many scans
_ENOUGH_BLOCKS = 50  # of all places: half of them promise sets at 95 %


def walks(scans: FingerprintSet) -> np.ndarray:
    """Return the walk of each scan: one user and device, until nothing was scanned for five minutes.

    Parameters
    ----------
    scans : FingerprintSet
        n scans. Without times a user's scans with one device are one walk.

    Returns
    -------
    numpy.ndarray
        Walk of each scan from 0 without gaps, [n] int.
    """
    labels = [label for label in (scans.user, scans.device) if label is not None]
    codes = [np.unique(label, return_inverse=True)[1] for label in labels]
    time = np.zeros(len(scans), "datetime64[ms]") if scans.time is None else scans.time
    order = np.lexsort((time, *codes))
    begins = np.diff(time[order]) > _PAUSE
    for code in codes:
        begins |= np.diff(code[order]) != 0
    walk = np.empty(len(scans), dtype=np.int64)
    walk[order] = np.concatenate([[0], np.cumsum(begins)])
    return walk


def place_blocks(scans: FingerprintSet) -> np.ndarray:
    """Return the block of each scan: a visit to a place, or a part of one where the place has few visits.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with places; a scan whose place is unknown counts as one of a place called "".

    Returns
    -------
    numpy.ndarray
        Block from 0 without gaps, [n] int.
    """
    n = len(scans)
    place = np.unique(scans.known_place, return_inverse=True)[1]
    visit = _codes(place, walks(scans))
    place_of_visit = np.zeros(visit.max(initial=-1) + 1, dtype=np.int64)
    place_of_visit[visit] = place
    n_visits = np.bincount(place_of_visit)[place]
    n_blocks = max(_FEWEST_BLOCKS, _ENOUGH_BLOCKS / max(1, place.max(initial=0) + 1))
    n_parts = np.ceil(n_blocks / n_visits)
    time = np.arange(n) if scans.time is None else scans.time
    order = np.lexsort((np.arange(n), time, visit))
    first = np.searchsorted(visit[order], visit[order])
    nth = np.empty(n, dtype=np.int64)
    nth[order] = np.arange(n) - first
    part = nth * n_parts // np.bincount(visit)[visit]
    return _codes(visit, part.astype(np.int64))


def blocks_to_hold_out(
    place: np.ndarray, block: np.ndarray, fraction: float, seed: int, is_asked: np.ndarray | None = None
) -> np.ndarray:
    """Draw blocks to hold out, until they hold a share of the scans; each place keeps one at least.

    Parameters
    ----------
    place : numpy.ndarray
        Place of each scan, [n] str.
    block : numpy.ndarray
        Block of each scan from 0 without gaps, [n] int; a block lies within a place.
    fraction : float
        Share of the scans, in (0, 1).
    seed : int
        Random seed.
    is_asked : numpy.ndarray, optional
        Which scans may be held out, [n] bool: of a block of others, nothing is drawn. By default all.

    Returns
    -------
    numpy.ndarray
        Numbers of the blocks, [k] int; none if each place has one block.
    """
    code = np.unique(place, return_inverse=True)[1]
    size = np.bincount(block)
    code_of_block = np.zeros(len(size), dtype=np.int64)
    code_of_block[block] = code
    left = np.bincount(code_of_block)
    asked = block if is_asked is None else block[is_asked]
    may_go = np.isin(np.arange(len(size)), asked)
    chosen: list[int] = []
    n_scans = 0
    for each in np.random.default_rng(seed).permutation(len(size)).tolist():
        if n_scans >= fraction * len(asked):
            break
        if may_go[each] and left[code_of_block[each]] > 1:
            left[code_of_block[each]] -= 1
            chosen.append(each)
            n_scans += int(size[each])
    return np.sort(np.asarray(chosen, dtype=np.int64))


def _codes(*columns: np.ndarray) -> np.ndarray:
    """Return the group of rows equal in every column for each row, [n] int from 0 without gaps."""
    return np.asarray(np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1]).ravel()
