"""Checks of single scans, of reference points, and of what train and test share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tutelage.data.check.findings import Finding, Split, quantity
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.table_places import look_like_degrees
from tutelage.data.splits import reference_points

__all__ = ["check_extent", "check_leaks", "check_scans", "readings_hash"]

_TOO_STRONG_DBM = -1.0  # right at an antenna a phone measures about -10 dBm
_FEWEST_SCANS = 3  # a reference point with fewer is reported
_FAR_M = 5_000.0  # from the middle of a survey; a campus is smaller


def check_scans(split: Split) -> Iterator[Finding]:
    """Check the scans of one split.

    Parameters
    ----------
    split : Split
        The scans.

    Yields
    ------
    Finding
        Each kind of fault.
    """
    yield from _blank(split)
    yield from _repeated(split)
    yield from _too_strong(split)
    yield from _unnamed(split)
    if split.scans.position_m is not None and len(split.scans):
        yield from _degrees(split)
        yield from check_extent(split)
        if split.name == "train":
            yield from _few_scans(split)


def check_leaks(train: Split, test: Split) -> Iterator[Finding]:
    """Find test scans that repeat a training scan; an error measured on them is too small.

    Parameters
    ----------
    train, test : Split
        Both sides of a survey.

    Yields
    ------
    Finding
        One finding, if there are such scans.
    """
    names = tuple(dict.fromkeys((*train.scans.access_points, *test.scans.access_points)))
    sides = [readings_hash(side.scans.aligned_to(names)) for side in (train, test)]
    alike = np.isin(sides[1], sides[0][train.whole])
    leaks = np.flatnonzero(alike & test.whole & (test.scans.n_heard > 0))
    if len(leaks):
        yield test.finding(
            "leak",
            "warning",
            leaks,
            f"{quantity(len(leaks), 'scan', 'hear', 'of the test split')} exactly what a training scan hears",
            "leave them out of one of the two; an error measured on them is too small",
        )


def _blank(split: Split) -> Iterator[Finding]:
    blank = np.flatnonzero(split.scans.n_heard == 0)
    if len(blank):
        nothing = len(blank) == len(split.scans)
        yield split.finding(
            "blank_scan",
            "error" if nothing else "warning",
            blank,
            f"{'all' if nothing else ''} {quantity(len(blank), 'scan', 'hear')} no access point".strip(),
            "give their readings; there is nothing to learn from"
            if nothing
            else "leave them out; they say nothing about their place",
        )


def _repeated(split: Split) -> Iterator[Finding]:
    scans = split.scans
    columns = [readings_hash(scans)]
    if scans.position_m is not None:
        columns += [_code(axis) for axis in scans.position_m.T]
    labels = (scans.floor, scans.building, scans.place, scans.device, scans.user, scans.time)
    columns += [_code(label) for label in labels if label is not None]
    whole = np.flatnonzero(split.whole)
    first = np.unique(np.column_stack(columns)[whole], axis=0, return_index=True)[1]
    again = np.delete(whole, first)
    if len(again):
        yield split.finding(
            "duplicate_scan",
            "warning",
            again,
            f"{quantity(len(again), 'scan', 'repeat')} an earlier row in everything but the id",
            "keep one of each; repeats count twice and make held-out errors too small",
        )


def _too_strong(split: Split) -> Iterator[Finding]:
    scans = split.scans
    reading = np.flatnonzero(scans.rss_dbm.data >= _TOO_STRONG_DBM)
    if len(reading):
        row = np.repeat(np.arange(len(scans)), scans.n_heard)[reading]
        columns_read = np.unique(scans.rss_dbm.indices[reading])
        where = f"in {quantity(len(np.unique(row)), 'scan')}"
        yield split.finding(
            "impossible_rss",
            "warning",
            row,
            f"{quantity(len(reading), 'reading', 'are', where)} of "
            f"{_TOO_STRONG_DBM:g} dBm or more, which no receiver measures",
            "find out which phone or program wrote them, and leave these readings empty",
            [scans.access_points[j] for j in columns_read],
        )


def _unnamed(split: Split) -> Iterator[Finding]:
    for what, label in (("floor", split.scans.floor), ("building", split.scans.building)):
        if label is None:
            continue
        rows = np.flatnonzero(label == "")
        if len(rows):
            yield split.finding(
                f"unnamed_{what}",
                "warning",
                rows,
                f"{quantity(len(rows), 'scan', 'have')} no {what}, others have",
                f"name the {what} of each, or leave the column out",
            )


def _degrees(split: Split) -> Iterator[Finding]:
    message = look_like_degrees(split.scans.absolute_position_m)
    if message:
        yield split.finding(
            "degrees",
            "error",
            np.empty(0, dtype=np.int64),
            message,
            "name the columns lat and lon, then they are projected",
        )


def check_extent(split: Split) -> Iterator[Finding]:
    """Find scans too far from the middle of the survey for one campus.

    Parameters
    ----------
    split : Split
        The scans; without positions nothing is found.

    Yields
    ------
    Finding
        One finding, if there are such scans.
    """
    place_m = split.scans.position_m
    if place_m is None or not len(place_m):
        return
    apart_m = np.linalg.norm(place_m - np.median(place_m, axis=0), axis=1)
    far = np.flatnonzero(apart_m > _FAR_M)
    if len(far):
        yield split.finding(
            "far_away",
            "warning",
            far,
            f"{quantity(len(far), 'scan', 'lie')} farther than {_FAR_M / 1000:g} km from the middle of the "
            f"survey, up to {apart_m.max() / 1000:,.0f} km",
            "look for metres in columns of degrees (--columns 'x_m=...,y_m=...'), millimetres or "
            "pixels (--units "
            "place=mm), rows in another system, or digits too many",
        )


def _few_scans(split: Split) -> Iterator[Finding]:
    point = reference_points(split.scans)
    n_scans = np.bincount(point)
    few = np.flatnonzero(n_scans < _FEWEST_SCANS)
    if not len(few):
        return
    usual = int(np.median(n_scans))
    rule = usual >= _FEWEST_SCANS
    yield split.finding(
        "few_scans",
        "warning" if rule else "note",
        np.flatnonzero(np.isin(point, few)) if rule else np.empty(0, dtype=np.int64),
        f"{len(few):,} of {len(n_scans):,} reference points have fewer than {_FEWEST_SCANS} scans "
        f"(half of them have {usual} or more)",
        "scan there again: one scan is a noisy sample"
        if rule
        else "a few scans a point, with the walker turned around, would make every method better",
    )


def readings_hash(scans: FingerprintSet) -> np.ndarray:
    """Hash the readings of each scan; equal readings have equal hashes.

    Parameters
    ----------
    scans : FingerprintSet
        n scans.

    Returns
    -------
    numpy.ndarray
        [n] int64.
    """
    value = scans.rss_dbm.data.view(np.uint32).astype(np.uint64)
    mixed = (scans.rss_dbm.indices.astype(np.uint64) + np.uint64(1)) << np.uint64(32) | value
    # The finaliser of SplitMix64 (Steele et al., OOPSLA 2014); the sum does not depend on their order.
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    before = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    start = scans.rss_dbm.indptr
    return np.asarray((before[start[1:]] - before[start[:-1]]).view(np.int64))


def _code(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.unique(values, return_inverse=True)[1]).reshape(-1)
