"""Blocks of scans within places: what is held out where scans have places and no positions.

A model is asked about a place that was surveyed, at another time and perhaps by another person. So what
somebody scanned in a place on one day is held out, and the rest stays. Scans of one visit resemble each other
more than a later scan resembles them. So visits are cut, in the order of time, only where few places were
visited twice.
"""

from __future__ import annotations

import numpy as np

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["are_few", "blocks_to_hold_out", "place_blocks", "walks"]

_PAUSE = np.timedelta64(5, "m")  # after a longer one, the next scan begins another walk
_FEWEST_PARTS = 5  # of each place, where visits are cut and it has so many scans
_FEW = 1 / 3  # of the scans that half of the places have
_ENOUGH_BLOCKS = 50  # that may be held out: half of them promise sets at 95 %


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
    """Return the block of each scan within its place.

    A block is what one user scanned with one device on one day. Where these are too few, it is a visit, which
    ends when nothing was scanned for five minutes, or else a part of a visit.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with places; a scan whose place is unknown counts as one of a place called "".

    Returns
    -------
    numpy.ndarray
        Block from 0 without gaps, [n] int.
    """
    place = np.unique(scans.known_place, return_inverse=True)[1]
    day = _codes(place, _days(scans))
    if _n_of_several(place, day) >= _ENOUGH_BLOCKS:
        return day
    visit = _codes(place, walks(scans))
    if _n_of_several(place, visit) >= _ENOUGH_BLOCKS:
        return visit
    return _parts(scans, place, visit)


def _days(scans: FingerprintSet) -> np.ndarray:
    """Return a number for each user, device and day, [n] int."""
    labels = [label for label in (scans.user, scans.device) if label is not None]
    codes = [np.unique(label, return_inverse=True)[1] for label in labels]
    days = np.zeros(len(scans)) if scans.time is None else scans.time.astype("M8[D]").astype(np.int64)
    return _codes(days, *codes)


def _n_of_several(place: np.ndarray, block: np.ndarray) -> int:
    """Count the blocks of places that have several."""
    n_blocks = np.bincount(np.unique(np.column_stack([place, block]), axis=0)[:, 0])
    return int(n_blocks[n_blocks > 1].sum())


def _parts(scans: FingerprintSet, place: np.ndarray, visit: np.ndarray) -> np.ndarray:
    """Cut the visits to each place into parts of about equal numbers of scans, in the order of time."""
    n = len(scans)
    n_visits = np.bincount(np.unique(np.column_stack([place, visit]), axis=0)[:, 0])
    n_parts = np.ceil(max(_FEWEST_PARTS, _ENOUGH_BLOCKS / max(1, len(n_visits))) / n_visits[place])
    time = np.arange(n) if scans.time is None else scans.time
    order = np.lexsort((np.arange(n), time, visit))
    nth = np.empty(n, dtype=np.int64)
    nth[order] = np.arange(n) - np.searchsorted(visit[order], visit[order])
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


def are_few(n_scans: np.ndarray) -> np.ndarray:
    """Tell which places have far fewer scans than others: less than a third of what half of them have.

    Parameters
    ----------
    n_scans : numpy.ndarray
        Scans of each place, [p] int.

    Returns
    -------
    numpy.ndarray
        [p] bool.
    """
    return np.asarray(n_scans < _FEW * np.median(n_scans)) if len(n_scans) else np.zeros(0, dtype=bool)


def _codes(*columns: np.ndarray) -> np.ndarray:
    """Return the group of rows equal in every column for each row, [n] int from 0 without gaps."""
    return np.asarray(np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1]).ravel()
