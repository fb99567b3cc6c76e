"""Checks of how a survey was captured: faults that make every figure about its model wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist

from tutelage.data.check.access_point_findings import check_units
from tutelage.data.check.findings import Finding, Split, quantity
from tutelage.data.check.scan_findings import check_extent, readings_hash
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.hold_out import unsaid
from tutelage.data.place_blocks import walks
from tutelage.data.representation import RssRepresentation
from tutelage.data.splits import reference_points

__all__ = ["capture_warnings", "check_capture"]

_APART_M = 3.0  # a phone hears something else three metres on
_STALE_SHARE = 0.01  # of the scans; now and then two scans agree by chance
_FEWEST_HEARD = 3  # with fewer access points, scans often agree by chance
_MOST_COMPARED = 500
_FEWEST_COMPARED = 20
_DECIMALS = 5
_NO_BETTER = 0.8  # of the distance between two scans drawn at random
_NEAREST = 10
_FEWEST_READINGS = 100
_UPSIDE_DOWN = -0.3  # correlation; in sound surveys it is above 0.1
_FLOORS_APART_M = 1e4
_SECONDS = 15.0  # between scans; a walker who comes back takes longer
_ONCE = 0.8  # share of the places that one walk alone passed


def check_capture(split: Split) -> Iterator[Finding]:
    """Check how the scans of one split were captured.

    Parameters
    ----------
    split : Split
        The scans; with places alone only the order of their strengths is checked.

    Yields
    ------
    Finding
        Each kind of fault.
    """
    if not len(split.scans):
        return
    yield from _upside_down(split)
    if split.scans.position_m is None:
        return
    yield from _stale(split)
    yield from _all_alike(split)
    yield from _seconds_apart(split)
    yield from _few_walks(split)


def capture_warnings(scans: FingerprintSet) -> list[Finding]:
    """Return what makes every figure about a model of these scans wrong.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans.

    Returns
    -------
    list of Finding
        Faults of capture that are warnings.
    """
    split = Split("train", scans, np.arange(1, len(scans) + 1))
    findings = [*check_capture(split), *check_units(split), *check_extent(split)]
    return [finding for finding in findings if finding.severity == "warning"]


def _upside_down(split: Split) -> Iterator[Finding]:
    """Find strengths in the wrong order: strong readings where scans nearby do not hear the access point."""
    scans, where = split.scans, _where(split.scans)
    if where is None or len(scans) < _FEWEST_COMPARED:
        return
    asked = np.sort(np.random.default_rng(0).permutation(len(scans))[:_MOST_COMPARED])
    near = KDTree(where).query(where[asked], k=_NEAREST + 1)[1][:, 1:]
    rss = scans.rss_dbm
    is_heard = csr_array((np.ones_like(rss.data), rss.indices, rss.indptr), rss.shape)
    row = np.repeat(np.arange(len(asked)), _NEAREST)
    share = csr_array((np.full(near.size, 1 / _NEAREST), (row, near.ravel())), (len(asked), len(scans)))
    rss = rss[asked]
    heard_near = (share @ is_heard).toarray()[
        np.repeat(np.arange(len(asked)), np.diff(rss.indptr)), rss.indices
    ]
    if len(rss.data) < _FEWEST_READINGS or not np.ptp(rss.data) or not np.ptp(heard_near):
        return
    if np.corrcoef(rss.data, heard_near)[0, 1] < _UPSIDE_DOWN:
        yield split.finding(
            "upside_down",
            "warning",
            np.empty(0, dtype=np.int64),
            "access points are missed most where they are heard strongest, as if the order of strengths were "
            "turned round",
            "are these percent of signal quality with a minus sign? Remove the signs, and pass --units "
            "rss=percent",
        )


def _where(scans: FingerprintSet) -> np.ndarray | None:
    """Return coordinates, far apart for different floors or places, [n, k]; None if nothing is known."""
    apart = [
        _FLOORS_APART_M * np.unique(label, return_inverse=True)[1]
        for label in (scans.building, scans.floor, scans.place if scans.position_m is None else None)
        if label is not None
    ]
    if scans.position_m is not None:
        apart = [*apart, *scans.position_m.T]
    if not apart:
        return None
    where = np.column_stack(apart).astype(np.float64)
    return where + np.random.default_rng(0).normal(0.0, 1e-3, where.shape)  # so that ties are of any scans


def _stale(split: Split) -> Iterator[Finding]:
    """Find scans that repeat the readings of another place, as phones do for half a minute."""
    scans = split.scans
    rows = np.flatnonzero(split.whole & (scans.n_heard >= _FEWEST_HEARD))
    if not len(rows):
        return
    same = np.unique(readings_hash(scans)[rows], return_inverse=True)[1].ravel()
    order = np.argsort(same, kind="stable")
    first = np.concatenate([[0], np.flatnonzero(np.diff(same[order])) + 1])
    place_m = scans.known_position_m[rows[order]]
    extent_m = np.maximum.reduceat(place_m, first) - np.minimum.reduceat(place_m, first)
    apart_m = np.linalg.norm(extent_m, axis=1)
    stale = rows[(apart_m > _APART_M)[same]]
    if len(stale) > _STALE_SHARE * len(scans):
        yield split.finding(
            "stale_scan",
            "warning",
            stale,
            f"{quantity(len(stale), 'scan', 'hear')} exactly what a scan of another place hears, up to "
            f"{apart_m.max():.0f} m away",
            "phones repeat their last scan for up to 30 s: keep the first scan of each, or scan less often",
        )


def _all_alike(split: Split) -> Iterator[Finding]:
    """Find surveys whose readings say nothing about the place."""
    point = reference_points(split.scans)
    rows = np.unique(point[split.scans.n_heard > 0], return_index=True)[1]
    rows = np.flatnonzero(split.scans.n_heard > 0)[rows]
    if len(rows) < _FEWEST_COMPARED:
        return
    rng = np.random.default_rng(0)
    queries = split.scans[np.sort(rng.permutation(rows)[:_MOST_COMPARED])]
    value = RssRepresentation.fit(queries, "powed").transform(queries).toarray()
    length = np.linalg.norm(value, axis=1)
    cosine = value @ value.T / np.maximum(np.outer(length, length), 1e-12)
    np.fill_diagonal(cosine, -1.0)
    nearest = cosine.round(_DECIMALS).argmax(axis=1)  # or rounding errors choose among scans that are alike
    place_m = queries.known_position_m
    error_m = float(np.median(np.linalg.norm(place_m[nearest] - place_m, axis=1)))
    random_m = float(np.median(pdist(place_m)))
    if error_m > _NO_BETTER * random_m:
        yield split.finding(
            "all_alike",
            "warning",
            np.empty(0, dtype=np.int64),
            f"scans do not tell places apart: the place of the most similar scan is {error_m:.0f} m off "
            f"(median), a place at random {random_m:.0f} m",
            "look whether each scan has its own readings and its own position, in the right order",
        )


def _seconds_apart(split: Split) -> Iterator[Finding]:
    """Find surveys whose scans of a place are one look: one walk alone, seconds between the scans."""
    scans = split.scans
    if scans.time is None:
        return
    point = reference_points(scans)
    walk = walks(scans)
    n_visits = np.bincount(np.unique(np.column_stack([point, walk]), axis=0)[:, 0])
    order = np.lexsort((scans.time, walk, point))
    is_same = (np.diff(point[order]) == 0) & (np.diff(walk[order]) == 0)
    gap = np.diff(scans.time[order])[is_same]
    gap = gap[~np.isnat(gap)]
    if len(gap) < _FEWEST_COMPARED or np.mean(n_visits == 1) < _ONCE:
        return
    usual_s = float(np.median(gap / np.timedelta64(1, "s")))
    if usual_s < _SECONDS:
        yield split.finding(
            "seconds_apart",
            "note",
            np.empty(0, dtype=np.int64),
            f"scans of one place are {usual_s:.0f} s apart (median), so they show one moment",
            "come back on another day, or with another phone; more scans at once bring little",
        )


def _few_walks(split: Split) -> Iterator[Finding]:
    words = unsaid(split.scans)
    if words:
        yield split.finding(
            "one_sided",
            "note",
            np.empty(0, dtype=np.int64),
            words,
            "what fit says of its accuracy holds for them alone; measure with scans of another day",
        )
